/**
 * SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits for short messages, which nobody can guess without the key.
 *
 * Strategy: words of 64 bits are two halves of 32, in local variables: a hash takes a third of a microsecond, where
 * calling the HMAC of `node:crypto` takes several.
 */
import { assert } from '../src/assert.js'

const BLOCK_BYTES = 8

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)

/** Whether a sum of two words of 32 bits went past their end. */
const carry = (sum: number, part: number): number => (sum >>> 0 < part >>> 0 ? 1 : 0)

export class SipHash {
  /** The halves of the last hash, with a sign; as bytes, each of them goes with its lowest first. */
  low = 0
  high = 0
  readonly #key: readonly [number, number, number, number]

  /** `key` has 16 bytes. */
  constructor(key: Uint8Array) {
    assert(key.length === 16, 'a key of SipHash has 16 bytes')
    this.#key = [word(key, 0), word(key, 4), word(key, 8), word(key, 12)]
  }

  /** Leaves the hash of the first `length` bytes in `low` and `high`. */
  hash(bytes: Uint8Array, length = bytes.length): void {
    const [k0l, k0h, k1l, k1h] = this.#key
    let v0l = k0l ^ 0x70736575
    let v0h = k0h ^ 0x736f6d65
    let v1l = k1l ^ 0x6e646f6d
    let v1h = k1h ^ 0x646f7261
    let v2l = k0l ^ 0x6e657261
    let v2h = k0h ^ 0x6c796765
    let v3l = k1l ^ 0x79746573
    let v3h = k1h ^ 0x74656462
    const last = length - (length % BLOCK_BYTES)
    // A block of the message each time, then the rest of it with its length, then what only stirs.
    for (let at = 0; at <= last + BLOCK_BYTES; at += BLOCK_BYTES) {
      let ml = 0
      let mh = 0
      let rounds = 2
      if (at < last) {
        ml = word(bytes, at)
        mh = word(bytes, at + 4)
      } else if (at === last) {
        for (let byte = 0; byte < length - last; byte++) {
          const bits = (bytes[last + byte] ?? 0) << (8 * (byte & 3))
          if (byte < 4) ml |= bits
          else mh |= bits
        }
        mh |= length << 24
      } else {
        v2l ^= 0xff
        rounds = 4
      }
      v3l ^= ml
      v3h ^= mh
      for (; rounds > 0; rounds--) {
        let low = (v0l + v1l) | 0
        let high = (v0h + v1h + carry(low, v1l)) | 0
        // v0 is turned by half, so its halves change places.
        v0l = high
        v0h = low
        high = (v1h << 13) | (v1l >>> 19)
        v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0h
        v1h = high ^ v0l
        low = (v2l + v3l) | 0
        v2h = (v2h + v3h + carry(low, v3l)) | 0
        v2l = low
        high = (v3h << 16) | (v3l >>> 16)
        v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
        v3h = high ^ v2h
        low = (v0l + v3l) | 0
        v0h = (v0h + v3h + carry(low, v3l)) | 0
        v0l = low
        high = (v3h << 21) | (v3l >>> 11)
        v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
        v3h = high ^ v0h
        low = (v2l + v1l) | 0
        high = (v2h + v1h + carry(low, v1l)) | 0
        v2l = high
        v2h = low
        high = (v1h << 17) | (v1l >>> 15)
        v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2h
        v1h = high ^ v2l
      }
      v0l ^= ml
      v0h ^= mh
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l
    this.high = v0h ^ v1h ^ v2h ^ v3h
  }
}
