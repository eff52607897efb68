/** Small numbers in the order in which they were last seen: the oldest is at hand, and every move takes O(1). */
import { assert } from '../src/assert.js'

const NONE = -1
/** Stands where a number is not in the order, as told from one that has no neighbour. */
const ABSENT = -2

/** Of each number: who was seen before it, who after it, and when it was (two words): all in one place of memory. */
const FIELDS = 4
const OLDER = 0
const NEWER = 1
const NUMBERS_AT_FIRST = 64

/** A doubly linked list in one packed array: 16 bytes a number, no matter how often it is seen. */
export class Recency {
  #links = new Int32Array(0)
  #times = new Float64Array(this.#links.buffer)
  #oldest = NONE
  #newest = NONE

  /** The one that was not seen for longest; undefined where there is none. */
  get oldest(): number | undefined {
    return this.#oldest === NONE ? undefined : this.#oldest
  }

  has(item: number): boolean {
    return this.#older(item) !== ABSENT
  }

  seenMs(item: number): number {
    assert(this.has(item), 'what is asked about was seen')
    return this.#times[(item * FIELDS) / 2 + 1] ?? 0
  }

  /** Time does not run backwards between two calls, or the order would not be that of time. */
  see(item: number, nowMs: number): void {
    if (item * FIELDS >= this.#links.length) this.#grow(item + 1)
    if (this.has(item)) this.forget(item)
    this.#times[(item * FIELDS) / 2 + 1] = nowMs
    this.#links[item * FIELDS + OLDER] = this.#newest
    this.#links[item * FIELDS + NEWER] = NONE
    if (this.#newest === NONE) this.#oldest = item
    else this.#links[this.#newest * FIELDS + NEWER] = item
    this.#newest = item
  }

  forget(item: number): void {
    assert(this.has(item), 'what is asked about was seen')
    const older = this.#older(item)
    const newer = this.#links[item * FIELDS + NEWER] ?? NONE
    if (older === NONE) this.#oldest = newer
    else this.#links[older * FIELDS + NEWER] = newer
    if (newer === NONE) this.#newest = older
    else this.#links[newer * FIELDS + OLDER] = older
    this.#links[item * FIELDS + OLDER] = ABSENT
  }

  #older(item: number): number {
    return this.#links[item * FIELDS + OLDER] ?? ABSENT
  }

  #grow(length: number): void {
    const links = new Int32Array(Math.max(length * FIELDS, this.#links.length * 2, NUMBERS_AT_FIRST * FIELDS))
    links.fill(ABSENT, this.#links.length)
    links.set(this.#links)
    this.#links = links
    this.#times = new Float64Array(links.buffer)
  }
}
