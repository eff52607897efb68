/** A meter: bytes a second over the last few seconds, folded from events in whole numbers only. */
import { type Instant, ZERO } from '../values.js'

/** Two windows, the one being filled and the one before: a sliding mean without keeping each event. */
export interface Meter {
  total: number
  windowStart: number
  inWindow: number
  inWindowBefore: number
}

const WINDOW_MS = 4_000

export const emptyMeter = (): Meter => ({
  total: ZERO,
  windowStart: ZERO,
  inWindow: ZERO,
  inWindowBefore: ZERO,
})

export const addBytes = (meter: Meter, at: Instant, bytes: number): void => {
  meter.total += bytes
  if (meter.windowStart === 0) meter.windowStart = at
  const age = at - meter.windowStart
  if (age >= WINDOW_MS) {
    meter.inWindowBefore = age < 2 * WINDOW_MS ? meter.inWindow : 0
    meter.inWindow = 0
    meter.windowStart = at - (age % WINDOW_MS)
  }
  meter.inWindow += bytes
}

/** Bytes a second as of `now`. */
export const rateOf = (meter: Readonly<Meter>, now: number): number => {
  const age = now - meter.windowStart
  if (meter.windowStart === 0 || age >= 2 * WINDOW_MS) return 0
  if (age >= WINDOW_MS) return (meter.inWindow * (2 * WINDOW_MS - age)) / WINDOW_MS / (WINDOW_MS / 1_000)
  const before = (meter.inWindowBefore * (WINDOW_MS - age)) / WINDOW_MS
  // Without a window before, the mean is over the time that there was; the first moments would make it jump.
  const spanMs = meter.inWindowBefore === 0 ? Math.max(age, 500) : WINDOW_MS
  return ((meter.inWindow + before) * 1_000) / spanMs
}
