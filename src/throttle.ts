/** The throttle: rate limits over all connections, as token buckets that hold reading and sending back. */
import type { Cancel, Clock } from './ports.js'
import type { Instant } from './values.js'

/** What the throttle holds back. */
export interface Throttled {
  pause(): void
  resume(): void
  /** Sends what waits, if it may. */
  flush(): void
}

/** A bucket holds at most this much of a second, so that a pause does not end in a burst. */
const BURST_SECONDS = 0.25
/** How often what is held back looks again. */
const STEP_MS = 20

class Bucket {
  #tokens = 0
  #filledAt: number

  constructor(
    readonly bytesPerSecond: number,
    now: number,
  ) {
    this.#filledAt = now
  }

  take(bytes: number, now: number): void {
    this.#fill(now)
    this.#tokens -= bytes
  }

  /** A debt is paid before anything more may pass. */
  isOpen(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= 0
  }

  #fill(now: number): void {
    const earned = ((now - this.#filledAt) * this.bytesPerSecond) / 1_000
    this.#tokens = Math.min(this.#tokens + earned, this.bytesPerSecond * BURST_SECONDS)
    this.#filledAt = now
  }
}

export class Throttle {
  readonly #clock: Clock
  readonly #down: Bucket | undefined
  readonly #up: Bucket | undefined
  readonly #members = new Set<Throttled>()
  #paused = false
  #timer: Cancel | undefined

  /** Bytes a second; 0 for no limit. */
  constructor(
    clock: Clock,
    readonly limits: { readonly download: number; readonly upload: number },
  ) {
    this.#clock = clock
    const now = clock.now()
    if (limits.download > 0) this.#down = new Bucket(limits.download, now)
    if (limits.upload > 0) this.#up = new Bucket(limits.upload, now)
  }

  join(member: Throttled): void {
    this.#members.add(member)
    if (this.#paused) member.pause()
  }

  leave(member: Throttled): void {
    this.#members.delete(member)
  }

  received(bytes: number): void {
    if (this.#down === undefined) return
    const now = this.#clock.now()
    this.#down.take(bytes, now)
    if (this.#paused || this.#down.isOpen(now)) return
    this.#paused = true
    for (const member of this.#members) member.pause()
    this.#lookAgain()
  }

  /** Takes the bytes into account where it says yes; where it says no, `flush` is called when it may be asked again. */
  maySend(bytes: number): boolean {
    if (this.#up === undefined) return true
    const now = this.#clock.now()
    if (!this.#up.isOpen(now)) {
      this.#lookAgain()
      return false
    }
    this.#up.take(bytes, now)
    return true
  }

  close(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#members.clear()
  }

  /** Whoever was let send comes last the next time, or the first to join would leave nothing to the others. */
  #flush(up: Bucket, now: number): void {
    for (const member of [...this.#members]) {
      if (!up.isOpen(now)) return
      this.#members.delete(member)
      this.#members.add(member)
      member.flush()
    }
  }

  #lookAgain(): void {
    this.#timer ??= this.#clock.wakeAt((this.#clock.now() + STEP_MS) as Instant, () => {
      this.#timer = undefined
      const now = this.#clock.now()
      if (this.#paused && this.#down?.isOpen(now) === true) {
        this.#paused = false
        for (const member of this.#members) member.resume()
      }
      if (this.#paused) this.#lookAgain()
      if (this.#up?.isOpen(now) === true) this.#flush(this.#up, now)
      else if (this.#up !== undefined) this.#lookAgain()
    })
  }
}
