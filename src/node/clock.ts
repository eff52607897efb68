/**
 * The machine's clock: the time of day when the process asked first, carried on by the monotonic timer.
 *
 * So `now` never runs backwards, and neither a user nor a time server that sets the clock can fire or hold back a timer.
 * The price: time in which the machine is asleep may not count, as the system's monotonic timer has it.
 */
import type { Cancel, Clock } from '../ports.js'
import { type Instant, instant } from '../values.js'

/** `setTimeout` takes 31 bits of milliseconds, and fires at once where it is given more. */
const DELAY_MS_MAX = 2 ** 31 - 1

export const nodeClock = (): Clock => {
  const startedAt = Date.now() - performance.now()
  const now = (): Instant => instant(Math.floor(startedAt + performance.now()))

  const wakeAt = (at: Instant, callback: () => void): Cancel => {
    const arm = (): NodeJS.Timeout => {
      const delayMs = Math.min(Math.max(1, at - now()), DELAY_MS_MAX)
      return setTimeout(() => {
        // Node's timers count from the loop's own, older time and may be a millisecond early; a long wait has parts.
        if (now() < at) timer = arm()
        else callback()
      }, delayMs)
    }
    let timer = arm()
    return () => clearTimeout(timer)
  }

  return { now, wakeAt }
}
