/**
 * How often an address may ask: a bucket of tokens for each, of IPv6 for each network of 64 bits, which is one customer.
 *
 * Strategy: a bucket is the moment when it will be full again, so that there is nothing to fill in between, and one that
 * is full need not be kept. Buckets lie in a table of one size, in rows that a seeded hash spreads addresses over. Where
 * a row has no room, its fullest bucket makes way: that is forgotten which says least, and a flood of addresses that ask
 * once each does not make it forget who asks too often.
 */
import { assert } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import { mix } from '../src/random.js'
import { readUint32 } from '../src/wire/integers.js'

export interface RateSettings {
  /** Requests a second that an address may go on with; a whole number from 1. */
  readonly perSecond: number
  /** Buckets that are kept; a power of two. */
  readonly addressesMax?: number | undefined
  /** Any 32 bits that nobody outside can guess. */
  readonly seed: number
}

const ROW = 8
/** Keys of IPv4 begin with this, which no network of IPv6 does. */
const IPV4 = 0xffff

class Buckets {
  readonly #seed: number
  readonly #rows: number
  /** Two words of each. */
  readonly #keys: Uint32Array
  /** When each will be full, in milliseconds. */
  readonly #fullMs: Float64Array

  constructor({ seed, addressesMax = LIMITS.trackerRateAddressesMax }: RateSettings) {
    assert(addressesMax >= ROW && (addressesMax & (addressesMax - 1)) === 0, 'so many buckets are a power of two')
    this.#seed = seed
    this.#rows = addressesMax / ROW
    this.#keys = new Uint32Array(addressesMax * 2)
    this.#fullMs = new Float64Array(addressesMax)
  }

  /** Takes a token, whose place is filled again after `tokenMs`; false where that would empty it by more than `depthMs`. */
  take(host: Uint8Array, nowMs: number, tokenMs: number, depthMs: number): boolean {
    const first = host.length === 4 ? IPV4 : readUint32(host, 0)
    const second = readUint32(host, host.length === 4 ? 0 : 4)
    const bucket = this.#bucketOf(first, second)
    const isKnown = this.#keys[bucket * 2] === first && this.#keys[bucket * 2 + 1] === second
    const fullMs = Math.max(isKnown ? (this.#fullMs[bucket] ?? 0) : 0, nowMs) + tokenMs
    if (fullMs - nowMs > depthMs) return false
    this.#keys[bucket * 2] = first
    this.#keys[bucket * 2 + 1] = second
    this.#fullMs[bucket] = fullMs
    return true
  }

  /** Its own, or the fullest of those in whose row it would lie. */
  #bucketOf(first: number, second: number): number {
    const start = (mix(mix(this.#seed, first), second) % this.#rows) * ROW
    let fullest = start
    for (let bucket = start; bucket < start + ROW; bucket++) {
      if (this.#keys[bucket * 2] === first && this.#keys[bucket * 2 + 1] === second) return bucket
      if ((this.#fullMs[bucket] ?? 0) < (this.#fullMs[fullest] ?? 0)) fullest = bucket
    }
    return fullest
  }
}

export class Rates {
  readonly perSecond: number
  readonly #proven: Buckets
  readonly #unproven: Buckets
  readonly #tokenMs: number
  readonly #depthMs: number
  #firstMs: number | undefined
  #nowMs = 0

  constructor(settings: RateSettings) {
    this.#proven = new Buckets(settings)
    this.#unproven = new Buckets(settings)
    this.perSecond = settings.perSecond
    this.#tokenMs = 1_000 / settings.perSecond
    this.#depthMs = LIMITS.trackerRateBurstSeconds * 1_000
  }

  /**
   * Whether this address (4 or 16 bytes) may ask now. What need not come from it, as anybody can write its address on a
   * datagram, is counted apart: a stranger can use that up, and nothing else.
   */
  take(host: Uint8Array, nowMs: number, isProven: boolean): boolean {
    this.#firstMs ??= nowMs
    // Small numbers are exact to parts of a millisecond; and a clock that is set back takes no token away.
    this.#nowMs = Math.max(this.#nowMs, nowMs - this.#firstMs)
    return (isProven ? this.#proven : this.#unproven).take(host, this.#nowMs, this.#tokenMs, this.#depthMs)
  }
}
