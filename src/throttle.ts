/**
 * The throttle: rate limits over all connections of an engine and over those of each transfer, as shares of time.
 *
 * Every few milliseconds what a limit has earned is shared out among the connections that wait for it: alike among
 * transfers, then alike among the connections of each, and what a transfer's own limit does not let it take goes to the
 * others. Who received or sent more than its share (a chunk is as large as it is) waits until shares have made up for
 * it, so that over time nothing is gained by large chunks, and no byte is lost from the count. Where no limit is set
 * nothing is counted at all. What is received counts whole, as protocols and payload cannot be told apart before it is
 * read; of what is sent the blocks count.
 */
import { TorrewindError } from './errors.js'
import type { RateLimits } from './outside.js'
import type { Cancel, Clock } from './ports.js'
import type { Instant } from './values.js'

/** What the throttle holds back. */
export interface Throttled {
  pause(): void
  resume(): void
  /** Sends what waits, if it may. */
  flush(): void
}

/** Throws `OPTION_INVALID`. */
export const readLimits = ({ download, upload }: RateLimits): RateLimits => {
  for (const limit of [download, upload])
    if (!Number.isSafeInteger(limit) || limit < 0)
      throw new TorrewindError('OPTION_INVALID', `a limit is a whole number of bytes a second, not ${String(limit)}`)
  return { download, upload }
}

/** A bucket holds at most this much of a second, so that a pause does not end in a burst. */
const BURST_SECONDS = 0.25
/** How often what was earned is shared out. */
const STEP_MS = 20

/** What one limit has earned, and what of it was given away. */
class Bucket {
  #rate = 0
  #tokens = 0
  #filledAt: number

  constructor(rate: number, now: number) {
    this.#rate = rate
    this.#filledAt = now
  }

  get isLimit(): boolean {
    return this.#rate > 0
  }

  set(rate: number, now: number): void {
    this.fill(now)
    this.#rate = rate
    this.#tokens = Math.min(this.#tokens, rate * BURST_SECONDS)
  }

  fill(now: number): void {
    const earned = ((now - this.#filledAt) * this.#rate) / 1_000
    this.#tokens = Math.min(this.#tokens + earned, this.#rate * BURST_SECONDS)
    this.#filledAt = now
  }

  get tokens(): number {
    return this.isLimit ? this.#tokens : Number.POSITIVE_INFINITY
  }

  give(bytes: number): void {
    if (this.isLimit) this.#tokens = Math.min(this.#tokens - bytes, this.#rate * BURST_SECONDS)
  }
}

interface Account {
  readonly member: Throttled
  /** What it may still receive or send; below zero what it had beyond its share. */
  credit: number
}

/** Those of one transfer that wait in one direction. */
interface Share {
  readonly bucket: Bucket
  readonly waiting: Set<Account>
}

/** One direction: who waits for its share, and what they get. */
class Lane {
  readonly root: Bucket
  readonly #waiting = new Set<Share>()
  readonly #feed: (member: Throttled) => void

  constructor(rate: number, now: number, feed: (member: Throttled) => void) {
    this.root = new Bucket(rate, now)
    this.#feed = feed
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0
  }

  isLimited({ bucket }: Share): boolean {
    return this.root.isLimit || bucket.isLimit
  }

  starve(share: Share, account: Account): void {
    share.waiting.add(account)
    this.#waiting.add(share)
  }

  /** What it has left over, or owes, is the others'. */
  leave(share: Share, account: Account): void {
    share.waiting.delete(account)
    if (share.waiting.size === 0) this.#waiting.delete(share)
    if (!this.isLimited(share)) return
    share.bucket.give(-account.credit)
    this.root.give(-account.credit)
  }

  /** Shares out what was earned, the smallest limits first, so that what they leave goes to the others. */
  step(now: number): void {
    this.root.fill(now)
    const shares = [...this.#waiting]
    for (const { bucket } of shares) bucket.fill(now)
    shares.sort((a, b) => (a.bucket.tokens === b.bucket.tokens ? 0 : a.bucket.tokens - b.bucket.tokens))
    const fed: Account[] = []
    let left = this.root.tokens
    shares.forEach((share, index) => {
      const amount = Math.min(left / (shares.length - index), share.bucket.tokens)
      if (amount <= 0) return
      if (amount < Number.POSITIVE_INFINITY) {
        left -= amount
        share.bucket.give(amount)
        this.root.give(amount)
      }
      const each = amount / share.waiting.size
      for (const account of share.waiting) {
        account.credit = each < Number.POSITIVE_INFINITY ? account.credit + each : 0 // there is no limit any more
        if (account.credit <= 0 && this.isLimited(share)) continue
        share.waiting.delete(account)
        fed.push(account)
      }
      if (share.waiting.size === 0) this.#waiting.delete(share)
    })
    for (const { member } of fed) this.#feed(member)
  }
}

/** The connections of one transfer. */
export class ThrottleGroup {
  readonly #throttle: Throttle
  readonly #down: Share
  readonly #up: Share
  readonly #accounts = new Map<Throttled, { readonly down: Account; readonly up: Account }>()
  #limits: RateLimits

  constructor(throttle: Throttle, limits: RateLimits, now: number) {
    this.#throttle = throttle
    this.#limits = limits
    this.#down = { bucket: new Bucket(limits.download, now), waiting: new Set() }
    this.#up = { bucket: new Bucket(limits.upload, now), waiting: new Set() }
  }

  get limits(): RateLimits {
    return this.#limits
  }

  /** Those of all transfers together. */
  get shared(): RateLimits {
    return this.#throttle.limits
  }

  set limits(limits: RateLimits) {
    this.#limits = limits
    const now = this.#throttle.now()
    this.#down.bucket.set(limits.download, now)
    this.#up.bucket.set(limits.upload, now)
    this.#throttle.look()
  }

  join(member: Throttled): void {
    this.#accounts.set(member, { down: { member, credit: 0 }, up: { member, credit: 0 } })
  }

  leave(member: Throttled): void {
    const accounts = this.#accounts.get(member)
    if (accounts === undefined) return
    this.#accounts.delete(member)
    this.#throttle.down.leave(this.#down, accounts.down)
    this.#throttle.up.leave(this.#up, accounts.up)
  }

  received(member: Throttled, bytes: number): void {
    const { down } = this.#throttle
    if (!down.isLimited(this.#down)) return
    const account = this.#accounts.get(member)?.down
    if (account === undefined) return
    account.credit -= bytes
    if (account.credit > 0 || this.#down.waiting.has(account)) return
    down.starve(this.#down, account)
    member.pause()
    this.#throttle.lookLater()
  }

  /** Takes the bytes into account where it says yes; where it says no, `flush` is called when it may be asked again. */
  maySend(member: Throttled, bytes: number): boolean {
    const { up } = this.#throttle
    if (!up.isLimited(this.#up)) return true
    const account = this.#accounts.get(member)?.up
    if (account === undefined) return false
    // The first block of all is let through: its sender makes up for it.
    if (!this.#up.waiting.has(account) && account.credit >= 0) {
      account.credit -= bytes
      return true
    }
    up.starve(this.#up, account)
    this.#throttle.lookLater()
    return false
  }
}

export class Throttle {
  readonly down: Lane
  readonly up: Lane
  readonly #clock: Clock
  #limits: RateLimits
  #timer: Cancel | undefined

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock
    this.#limits = limits
    const now = clock.now()
    this.down = new Lane(limits.download, now, (member) => member.resume())
    this.up = new Lane(limits.upload, now, (member) => member.flush())
  }

  get limits(): RateLimits {
    return this.#limits
  }

  set limits(limits: RateLimits) {
    this.#limits = limits
    const now = this.now()
    this.down.root.set(limits.download, now)
    this.up.root.set(limits.upload, now)
    this.look()
  }

  now(): number {
    return this.#clock.now()
  }

  /** The connections of one more transfer. */
  group(limits: RateLimits = { download: 0, upload: 0 }): ThrottleGroup {
    return new ThrottleGroup(this, limits, this.now())
  }

  close(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  /** Limits changed: who waited for one that is no more goes on. */
  look(): void {
    const now = this.now()
    this.down.step(now)
    this.up.step(now)
    this.lookLater()
  }

  lookLater(): void {
    if (this.down.isIdle && this.up.isIdle) return
    this.#timer ??= this.#clock.wakeAt((this.now() + STEP_MS) as Instant, () => {
      this.#timer = undefined
      this.look()
    })
  }
}
