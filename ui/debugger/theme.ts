/** Light and dark: as the system has it, or as the reader chose; and the colours of it, for what is drawn on a canvas. */
import { useEffect, useState } from 'preact/hooks'

export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'torrewind-theme'

const stored = (): Theme => {
  try {
    const found = localStorage.getItem(KEY)
    return found === 'light' || found === 'dark' ? found : 'auto'
  } catch {
    return 'auto' // a browser that keeps nothing
  }
}

const isDark = (theme: Theme): boolean =>
  theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)

export interface Themed {
  readonly theme: Theme
  /** Changes whenever what is drawn must be drawn again. */
  readonly dark: boolean
  toggle(): void
}

export const useTheme = (): Themed => {
  const [theme, setTheme] = useState(stored)
  const [dark, setDark] = useState(() => isDark(theme))
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    const query = matchMedia('(prefers-color-scheme: dark)')
    const change = (): void => setDark(isDark(theme))
    change()
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [theme])
  const toggle = (): void => {
    const next: Theme = isDark(theme) ? 'light' : 'dark'
    setTheme(next)
    try {
      localStorage.setItem(KEY, next)
    } catch {
      // It lasts as long as the page.
    }
  }
  return { theme, dark, toggle }
}

/** What a variable of the style sheet comes to just now. */
export const colourOf = (name: string): string => {
  const probe = document.createElement('span')
  probe.className = 'probe'
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}
