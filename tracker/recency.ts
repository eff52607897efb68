/**
 * Small numbers in the order in which they were last seen, with the time of it: the oldest is at hand.
 *
 * Strategy: every sighting is put at the end of a queue, and the earlier ones of the same number stay where they are,
 * known by a time that is no longer the number's. Whoever is seen touches nobody else, where a linked list would look up
 * two neighbours all over the memory. What is outdated is dropped at the front, and all of it when the queue is full,
 * which is a quarter of its length later at least: so a sighting costs O(1). For a million numbers that takes some tens
 * of milliseconds, once in as many sightings.
 */
import { assert } from '../src/assert.js'

/** Stands for a time where a number is not in the order. */
const ABSENT = Number.NEGATIVE_INFINITY
const NUMBERS_AT_FIRST = 64
const QUEUE_LEAST = 2 * NUMBERS_AT_FIRST

export class Recency {
  /** By number. */
  #seenMs = new Float64Array(0)
  /** The queue: numbers, and when they were seen. */
  #items = new Int32Array(QUEUE_LEAST)
  #times = new Float64Array(this.#items.length)
  #head = 0
  #tail = 0

  /** The one that was not seen for longest, or one of them; undefined where there is none. */
  get oldest(): number | undefined {
    while (this.#head < this.#tail) {
      const item = this.#items[this.#head] ?? 0
      if (this.#seenMs[item] === this.#times[this.#head]) return item
      this.#head++
    }
    return undefined
  }

  /** Whether one was last seen at this time or before. */
  hasSeenBy(seenMs: number): boolean {
    // Times of the queue ascend, and its first is rarely so old: then nothing else need be looked at.
    if (this.#head === this.#tail || (this.#times[this.#head] ?? 0) > seenMs) return false
    const { oldest } = this
    return oldest !== undefined && this.seenMs(oldest) <= seenMs
  }

  has(item: number): boolean {
    return (this.#seenMs[item] ?? ABSENT) !== ABSENT
  }

  seenMs(item: number): number {
    assert(this.has(item), 'what is asked about was seen')
    return this.#seenMs[item] ?? 0
  }

  /** Time does not run backwards between two calls, or the order would not be that of time. */
  see(item: number, nowMs: number): void {
    if (item >= this.#seenMs.length) this.#grow(item + 1)
    const before = this.#seenMs[item]
    if (before === nowMs) return
    this.#seenMs[item] = nowMs
    if (this.#tail === this.#items.length) this.#makeRoom()
    this.#items[this.#tail] = item
    this.#times[this.#tail++] = nowMs
  }

  forget(item: number): void {
    assert(this.has(item), 'what is asked about was seen')
    this.#seenMs[item] = ABSENT
  }

  #grow(length: number): void {
    const longer = new Float64Array(Math.max(length, this.#seenMs.length * 2, NUMBERS_AT_FIRST))
    longer.fill(ABSENT, this.#seenMs.length)
    longer.set(this.#seenMs)
    this.#seenMs = longer
  }

  /** Drops what is outdated; where that leaves little room, or far too much, the queue gets another length. */
  #makeRoom(): void {
    const [items, times] = [this.#items, this.#times]
    let kept = 0
    for (let at = this.#head; at < this.#tail; at++) {
      const [item, time] = [items[at] ?? 0, times[at] ?? 0]
      if (this.#seenMs[item] !== time) continue
      items[kept] = item
      times[kept++] = time
    }
    this.#head = 0
    this.#tail = kept
    const length = Math.max(kept * 2, QUEUE_LEAST)
    if (kept * 4 <= items.length * 3 && length * 4 >= items.length) return
    this.#items = new Int32Array(length)
    this.#items.set(items.subarray(0, kept))
    this.#times = new Float64Array(length)
    this.#times.set(times.subarray(0, kept))
  }
}
