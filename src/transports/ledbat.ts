/**
 * LEDBAT: how much may be on its way, so that a connection takes what others leave (BEP 29, RFC 6817).
 *
 * What a packet waited in queues is its delay beyond the least that was seen in the last minutes; the window grows while
 * that is below a tenth of a second and shrinks above. It begins as TCP does, doubling, until there is a queue or a loss.
 */
import { LIMITS } from '../limits.js'
import type { Instant } from '../values.js'

const TARGET_US = 100_000
/** The most that the window grows in a round trip, once it does not double any more: two packets. */
const GAIN_BYTES = 3_000
const MINUTE_MS = 60_000
/** Clocks drift, so that the least delay of long ago says nothing. */
const MINUTES = 10
/** The least of so many is taken for the delay: a single packet may be late for other reasons. */
const SAMPLES = 4

/** Of numbers of 32 bits that begin anew. */
const isLess = (left: number, right: number): boolean => ((left - right) | 0) < 0

export class Ledbat {
  readonly #packetBytes: number
  #windowBytes: number
  #thresholdBytes = Number.POSITIVE_INFINITY
  readonly #base: number[] = []
  #minuteAt = 0
  readonly #samples: number[] = []
  #next = 0
  #lostAt = Number.NEGATIVE_INFINITY

  constructor(packetBytes: number) {
    this.#packetBytes = packetBytes
    this.#windowBytes = LIMITS.utpWindowFirstPackets * packetBytes
  }

  get windowBytes(): number {
    return this.#windowBytes
  }

  /** How long a packet of ours was on its way, by the clocks of both. */
  sample(differenceUs: number, now: Instant): void {
    if (differenceUs === 0) return // the other side has had no packet of ours
    if (this.#base.length === 0 || now - this.#minuteAt >= MINUTE_MS) {
      this.#base.push(differenceUs)
      if (this.#base.length > MINUTES) this.#base.shift()
      this.#minuteAt = now
    } else if (isLess(differenceUs, this.#base.at(-1) ?? 0)) this.#base[this.#base.length - 1] = differenceUs
    this.#samples[this.#next % SAMPLES] = differenceUs
    this.#next++
  }

  /** So many bytes arrived, while the window was what held us back, or something else was. */
  acked(bytes: number, limited: boolean): void {
    if (!limited || bytes === 0) return
    const delayUs = this.#queueingUs()
    if (this.#windowBytes < this.#thresholdBytes && delayUs < TARGET_US / 2) {
      this.#grow(bytes)
      return
    }
    this.#thresholdBytes = Math.min(this.#thresholdBytes, this.#windowBytes)
    const offTarget = Math.max(-1, (TARGET_US - delayUs) / TARGET_US)
    this.#grow((GAIN_BYTES * offTarget * bytes) / this.#windowBytes)
  }

  /** Once for all that was lost of one window; false where that was too soon after the last time. */
  lost(now: Instant): boolean {
    if (now - this.#lostAt < LIMITS.utpLossApartMs) return false
    this.#lostAt = now
    this.#windowBytes = Math.max(2 * this.#packetBytes, this.#windowBytes / 2)
    this.#thresholdBytes = this.#windowBytes
    return true
  }

  /** Nothing came for long: what the window was says nothing any more. */
  timedOut(): void {
    this.#thresholdBytes = Math.max(2 * this.#packetBytes, this.#windowBytes / 2)
    this.#windowBytes = this.#packetBytes
  }

  #grow(bytes: number): void {
    const least = 2 * this.#packetBytes
    this.#windowBytes = Math.max(least, Math.min(LIMITS.utpWindowBytesMax, this.#windowBytes + bytes))
  }

  #queueingUs(): number {
    const [first] = this.#samples
    if (first === undefined) return 0
    const least = this.#samples.reduce((low, each) => (isLess(each, low) ? each : low), first)
    const base = this.#base.reduce((low, each) => (isLess(each, low) ? each : low), this.#base[0] ?? 0)
    return Math.max(0, (least - base) | 0)
  }
}
