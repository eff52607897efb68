/** Playing: steps one after the other, as fast as was chosen, and no faster than the states come. */
import { useEffect, useRef } from 'preact/hooks'
import type { Subject } from './api.js'
import type { History } from './history.js'
import { stepFrom, type Unit } from './steps.js'

export const SPEEDS = [1, 2, 5, 10, 30, 100, 300, 1_000, 10_000] as const
/** Faster than this is played by longer steps. */
const STEPS_A_SECOND_MAX = 20

interface Options {
  readonly history: History
  readonly playing: boolean
  readonly unit: Unit
  readonly speed: number
  readonly subject: Subject
  readonly stop: () => void
  readonly failed: (error: unknown) => void
}

export const usePlaying = (options: Options): void => {
  const now = useRef(options)
  now.current = options
  const { playing } = options
  useEffect(() => {
    if (!playing) return
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let owed = 0
    let last = performance.now()
    const tick = async (): Promise<void> => {
      const { history, unit, speed, subject, stop } = now.current
      const at = performance.now()
      owed = Math.min(owed + ((at - last) / 1_000) * speed, speed)
      last = at
      const isThere = history.state?.seq === history.seq
      const units = Math.floor(owed)
      if (units >= 1 && isThere) {
        owed -= units
        const to = await stepFrom(history, unit, subject, units)
        if (gone) return
        if (to === history.seq && history.seq >= history.events - 1) return stop()
        if (to === history.seq) return stop()
        history.seek(to)
      }
      timer = setTimeout(run, 1_000 / STEPS_A_SECOND_MAX)
    }
    const run = (): void => {
      tick().catch((error: unknown) => {
        now.current.stop()
        now.current.failed(error)
      })
    }
    run()
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [playing])
}
