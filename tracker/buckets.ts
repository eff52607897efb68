/**
 * A hash table's buckets: small numbers (slots) that are found by a hash that somebody else keeps.
 *
 * Strategy: linear probing in one array, of which half is empty at least; removal shifts back those behind, so there are
 * no tombstones to clear away. What is equal is for whoever asks to say, bucket by bucket.
 */
import { assert } from '../src/assert.js'

const LENGTH_AT_FIRST = 1_024

export const NO_SLOT = -1

export class Buckets {
  readonly #hashOf: (slot: number) => number
  /** Slot and one, or 0 for none; its length is a power of two. */
  #buckets = new Int32Array(LENGTH_AT_FIRST)
  #count = 0

  constructor(hashOf: (slot: number) => number) {
    this.#hashOf = hashOf
  }

  get count(): number {
    return this.#count
  }

  /** Where to look first for what has this hash. */
  first(hash: number): number {
    return hash & (this.#buckets.length - 1)
  }

  /** Where to look next, until nothing is there. */
  next(bucket: number): number {
    return (bucket + 1) & (this.#buckets.length - 1)
  }

  at(bucket: number): number {
    return (this.#buckets[bucket] ?? 0) - 1
  }

  /** The slot is not there, and its hash is known. */
  add(slot: number): void {
    if (++this.#count * 2 > this.#buckets.length) this.#grow()
    this.#put(slot)
  }

  remove(slot: number): void {
    const mask = this.#buckets.length - 1
    let hole = this.#hashOf(slot) & mask
    while (this.#buckets[hole] !== slot + 1) {
      assert(this.#buckets[hole] !== 0, 'what is removed is there')
      hole = (hole + 1) & mask
    }
    // Whoever stands behind the hole only because it was filled moves into it, and leaves the next hole.
    for (let at = (hole + 1) & mask; this.#buckets[at] !== 0; at = (at + 1) & mask) {
      const other = (this.#buckets[at] ?? 0) - 1
      const home = this.#hashOf(other) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#buckets[hole] = other + 1
      hole = at
    }
    this.#buckets[hole] = 0
    this.#count--
  }

  #put(slot: number): void {
    let bucket = this.first(this.#hashOf(slot))
    while (this.#buckets[bucket] !== 0) bucket = this.next(bucket)
    this.#buckets[bucket] = slot + 1
  }

  #grow(): void {
    const old = this.#buckets
    this.#buckets = new Int32Array(old.length * 2)
    for (const occupied of old) if (occupied !== 0) this.#put(occupied - 1)
  }
}
