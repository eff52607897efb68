/** A share of this process's time: what many strangers ask for may take no more of it than that. */
import { CatalogueRefusal } from './catalogue-codes.js'

export class TimeShare {
  readonly #share: number
  readonly #burstMs: number
  readonly #now: () => number
  #spentMs = 0
  #at: number
  readonly #what: string

  /** What may be spent at once is earned again over `burstMs / share`. */
  constructor(what: string, share: number, burstMs: number, now: () => number = () => performance.now()) {
    this.#what = what
    this.#share = share
    this.#burstMs = burstMs
    this.#now = now
    this.#at = now()
  }

  /** Does it, and counts the time that it takes. Throws BUSY where all is spent. */
  spend<Result>(work: () => Result): Result {
    this.check()
    const began = this.#now()
    try {
      return work()
    } finally {
      this.add(this.#now() - began)
    }
  }

  /** Throws BUSY where all is spent. */
  check(): void {
    const now = this.#now()
    this.#spentMs = Math.max(0, this.#spentMs - (now - this.#at) * this.#share)
    this.#at = now
    if (this.#spentMs < this.#burstMs) return
    throw new CatalogueRefusal('BUSY', `too much is being ${this.#what} at this moment: try again`)
  }

  /** Time that was spent. */
  add(ms: number): void {
    this.#spentMs += ms
  }
}
