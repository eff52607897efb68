/** How numbers are shown to people. */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `512 bytes`, `1.5 KiB`, `64.0 MiB`. */
export const showBytes = (bytes: number): string => {
  let value = bytes
  let unit = 0
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${value === 1 && unit === 0 ? 'byte' : UNITS[unit]}`
}

export const showRate = (bytesPerSecond: number): string => `${showBytes(Math.round(bytesPerSecond))}/s`

/** `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`. */
export const showSeconds = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}

/** `1 piece`, `2 pieces`. */
export const showCount = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`

/** A share of a whole, in whole percent that say 100 only at the end. */
export const percent = (part: number, whole: number): number =>
  whole === 0 || part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100))

/** Text of a stranger, without what would move the cursor or turn the direction of writing. */
export const showText = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
