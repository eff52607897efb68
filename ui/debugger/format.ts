/** Numbers and times as people read them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export const showBytes = (bytes: number): string => {
  let unit = 0
  let value = bytes
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

export const showRate = (bytes: number): string => (bytes < 1 ? '–' : `${showBytes(bytes)}/s`)

export const showNumber = (value: number): string => value.toLocaleString('en')

export const showTime = (at: number): string => new Date(at).toISOString().slice(11, 23)

export const showMoment = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 23)

/** `1.2 s`, `3 min`, `5 h`. */
export const showSpan = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`
}

/** A value of the state, in one line. */
export const showValue = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value)
