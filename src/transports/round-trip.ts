/** The round trip of a uTP connection: how long it takes, and so how long to wait for an answer (BEP 29). */
import { LIMITS } from '../limits.js'

export class RoundTrip {
  #ms: number | undefined
  #varianceMs = 0

  /** 0 as long as nothing is known. */
  get ms(): number {
    return this.#ms ?? 0
  }

  /** Of a packet that was sent once. */
  took(ms: number): void {
    if (this.#ms === undefined) {
      this.#ms = ms
      this.#varianceMs = ms / 2
      return
    }
    this.#varianceMs += (Math.abs(ms - this.#ms) - this.#varianceMs) / 4
    this.#ms += (ms - this.#ms) / 8
  }

  /** How long to wait, after so many times in a row that nothing came. */
  timeoutMs(timeouts: number): number {
    const ms = this.#ms === undefined ? LIMITS.utpTimeoutFirstMs : this.#ms + 4 * this.#varianceMs
    return Math.min(LIMITS.utpTimeoutMaxMs, Math.max(LIMITS.utpTimeoutMinMs, ms) * 2 ** timeouts)
  }

  /** How long to wait before one packet is sent once more: two round trips, and what an acknowledgement may wait. */
  get reminderMs(): number {
    const ms = this.timeoutMs(0)
    return this.#ms === undefined ? ms : Math.min(ms, 2 * this.#ms + 4 * this.#varianceMs + LIMITS.utpAckAwaitedMs)
  }
}
