/** A meter: bytes a second over the last few seconds, folded from events in whole numbers only. */
import { type Instant, ZERO } from '../values.js'

/** Two windows, the one being filled and the one before: a sliding mean without keeping each event. */
export interface Meter {
  total: number
  windowStart: number
  inWindow: number
  inWindowBefore: number
}

/** Of a whole transfer, for people to look at. */
const WINDOW_MS = 4_000
/** Of one peer, to rank it by: a slow one brings a block in several seconds. BEP 3 takes twenty seconds, as both windows do. */
export const PEER_WINDOW_MS = 10_000

export const emptyMeter = (): Meter => ({
  total: ZERO,
  windowStart: ZERO,
  inWindow: ZERO,
  inWindowBefore: ZERO,
})

export const addBytes = (meter: Meter, at: Instant, bytes: number, windowMs: number = WINDOW_MS): void => {
  meter.total += bytes
  if (meter.windowStart === 0) meter.windowStart = at
  const age = at - meter.windowStart
  if (age >= windowMs) {
    meter.inWindowBefore = age < 2 * windowMs ? meter.inWindow : 0
    meter.inWindow = 0
    meter.windowStart = at - (age % windowMs)
  }
  meter.inWindow += bytes
}

/** Bytes a second as of `now`. */
export const rateOf = (meter: Readonly<Meter>, now: number, windowMs: number = WINDOW_MS): number => {
  const age = now - meter.windowStart
  if (meter.windowStart === 0 || age >= 2 * windowMs) return 0
  if (age >= windowMs) return (meter.inWindow * (2 * windowMs - age)) / windowMs / (windowMs / 1_000)
  const before = (meter.inWindowBefore * (windowMs - age)) / windowMs
  // Without a window before, the mean is over the time that there was; the first moments would make it jump.
  const spanMs = meter.inWindowBefore === 0 ? Math.max(age, 500) : windowMs
  return ((meter.inWindow + before) * 1_000) / spanMs
}
