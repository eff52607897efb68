/** Small numbers in the order in which they were last seen: the oldest is at hand, and every move takes O(1). */
import { assert } from '../src/assert.js'

const NONE = -1
/** Stands where a number is not in the order, as told from one that has no neighbour. */
const ABSENT = -2

const grown = (old: Int32Array, length: number) => {
  const array = new Int32Array(length).fill(ABSENT, old.length)
  array.set(old)
  return array
}

/** A doubly linked list in packed arrays: 16 bytes a number, no matter how often it is seen. */
export class Recency {
  #older = new Int32Array(0)
  #newer = new Int32Array(0)
  #seenMs = new Float64Array(0)
  #oldest = NONE
  #newest = NONE

  /** The one that was not seen for longest; undefined where there is none. */
  get oldest(): number | undefined {
    return this.#oldest === NONE ? undefined : this.#oldest
  }

  has(item: number): boolean {
    return (this.#older[item] ?? ABSENT) !== ABSENT
  }

  seenMs(item: number): number {
    assert(this.has(item), 'what is asked about was seen')
    return this.#seenMs[item] ?? 0
  }

  /** Time does not run backwards between two calls, or the order would not be that of time. */
  see(item: number, nowMs: number): void {
    if (item >= this.#older.length) this.#grow(item + 1)
    if (this.has(item)) this.forget(item)
    this.#seenMs[item] = nowMs
    this.#older[item] = this.#newest
    this.#newer[item] = NONE
    if (this.#newest === NONE) this.#oldest = item
    else this.#newer[this.#newest] = item
    this.#newest = item
  }

  forget(item: number): void {
    assert(this.has(item), 'what is asked about was seen')
    const older = this.#older[item] ?? NONE
    const newer = this.#newer[item] ?? NONE
    if (older === NONE) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
    this.#older[item] = ABSENT
  }

  #grow(length: number): void {
    const capacity = Math.max(length, this.#older.length * 2, 64)
    this.#older = grown(this.#older, capacity)
    this.#newer = grown(this.#newer, capacity)
    const seenMs = new Float64Array(capacity)
    seenMs.set(this.#seenMs)
    this.#seenMs = seenMs
  }
}
