/** Keys: what is done when one is pressed, but for those that are typed into a field. */
import { useEffect, useRef } from 'preact/hooks'

/** By the name of the key, with `Shift ` before it. */
export type Keys = Readonly<Record<string, () => void>>

const isTyped = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]), select, textarea')

/** A button that is focused takes these for itself. */
const ofButtons: ReadonlySet<string> = new Set([' ', 'Enter'])

export const useKeys = (keys: Keys): void => {
  const now = useRef(keys)
  now.current = keys
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return
      const { target } = event
      if (isTyped(target)) {
        if (event.key === 'Escape' && target instanceof HTMLElement) target.blur()
        return
      }
      if (ofButtons.has(event.key) && target instanceof HTMLElement && target.closest('button, summary, [role=button]'))
        return
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key
      const act = now.current[event.shiftKey ? `Shift ${name}` : name] ?? now.current[name]
      if (act === undefined) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}
