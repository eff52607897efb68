/** Dropping a capsule onto the page. */
import { useEffect, useState } from 'preact/hooks'
import { sendCapsule } from './api.js'

export interface Dropping {
  /** Something is held over the page. */
  readonly over: boolean
  readonly sending: string | undefined
  send(file: File): void
}

export const useDropping = (opened: (id: string) => void, failed: (error: unknown) => void): Dropping => {
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<string>()
  const send = (file: File): void => {
    setSending(file.name)
    sendCapsule(file)
      .then(({ id }) => opened(id))
      .catch((error: unknown) =>
        failed(new Error(`${file.name} was not opened: ${error instanceof Error ? error.message : String(error)}`)),
      )
      .finally(() => setSending(undefined))
  }
  useEffect(() => {
    const hold = (event: DragEvent): void => {
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      setOver(false)
      const file = event.dataTransfer?.files[0]
      if (file !== undefined) send(file)
    }
    addEventListener('dragover', hold)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', hold)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [opened, failed])
  return { over, sending, send }
}
