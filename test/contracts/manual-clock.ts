/** A clock that stands still until it is moved on; what is due at the same time comes in the order of asking. */
import type { Cancel, Clock } from '../../src/ports.js'
import { type Instant, instant } from '../../src/values.js'

interface Wake {
  readonly at: number
  readonly callback: () => void
}

export class ManualClock implements Clock {
  #now = 1_700_000_000_000
  readonly #wakes = new Set<Wake>()

  now(): Instant {
    return instant(this.#now)
  }

  wakeAt(at: Instant, callback: () => void): Cancel {
    const wake: Wake = { at, callback }
    this.#wakes.add(wake)
    return () => this.#wakes.delete(wake)
  }

  /** Callbacks that are still to come. */
  get waiting(): number {
    return this.#wakes.size
  }

  /** Lets time pass, and calls back whatever gets due meanwhile. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#wakes.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }

  #next(end: number): Wake | undefined {
    let first: Wake | undefined
    for (const wake of this.#wakes)
      if (wake.at <= end && wake.at < (first?.at ?? Number.POSITIVE_INFINITY)) first = wake
    return first
  }
}
