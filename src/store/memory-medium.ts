/**
 * A medium in memory: keys and values that outlive the shelves over them, and what a loss of power takes of them.
 *
 * Thousands of simulated machines have a log each, of thousands of records of a hundred bytes or two. So a record is a
 * key of text and a place in a page, and what undoes its write holds nothing of its own.
 */
import type { KeyRange } from './log-keys.js'
import type { Operation } from './shelf.js'

/**
 * What was written longer ago than this is on the medium without a sync: Linux writes back what is 30 seconds old, and
 * looks for it every 5.
 */
const WRITTEN_BACK_MS = 35_000

/** Keys as text of one character for each byte, which sorts as the bytes do. */
const textOf = (key: Uint8Array): string => String.fromCharCode(...key)
const keyOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** A value on its own, or the place of a small one within the pages. */
type Stored = Uint8Array | number

/** Small values lie side by side in pages of this size: an array of its own takes 200 bytes more than it holds. */
const PAGE_BYTES = 16_384
const SMALL_BYTES_MAX = 2_048

/** What takes one write of a key back. */
interface Undo {
  readonly at: number
  readonly text: string
  readonly before: Stored | undefined
  /** It belongs to the same write as the one before it. */
  readonly goesOn: boolean
}

interface Item {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export class MemoryMedium {
  /** In order, each with what is stored under it at the same index. */
  readonly #texts: string[] = []
  readonly #stored: Stored[] = []
  readonly #pages: Uint8Array[] = []
  /** Bytes of the last page that are taken. */
  #taken = PAGE_BYTES
  #letGo = (): void => {}
  /** Writes that a loss of power may take, oldest first. */
  #unsynced: Undo[] = []

  /** Whoever had it open does nothing more; the next one is to let go when it is called. */
  takeOver(letGo: () => void): void {
    this.#letGo()
    this.#letGo = letGo
  }

  /** Position of the first key that is not before this one. */
  #find(text: string): number {
    let low = 0
    let high = this.#texts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#texts[middle] ?? '') < text) low = middle + 1
      else high = middle
    }
    return low
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const text = textOf(key)
    const at = this.#find(text)
    const stored = this.#texts[at] === text ? this.#stored[at] : undefined
    return stored === undefined ? undefined : this.#load(stored)
  }

  keys({ from, to }: KeyRange): readonly Uint8Array[] {
    return this.#texts.slice(this.#find(textOf(from)), this.#find(textOf(to))).map(keyOf)
  }

  range({ from, to }: KeyRange): readonly Item[] {
    const items: Item[] = []
    const end = this.#find(textOf(to))
    for (let at = this.#find(textOf(from)); at < end; at++)
      items.push({ key: keyOf(this.#texts[at] ?? ''), value: this.#load(this.#stored[at] ?? 0) })
    return items
  }

  /** Does all of the operations. */
  write(operations: readonly Operation[], at: number): void {
    let goesOn = false
    for (const operation of operations) {
      const text = textOf(operation.key)
      const before = this.#put(text, operation.type === 'put' ? this.#store(operation.value) : undefined)
      this.#unsynced.push({ at, text, before, goesOn })
      goesOn = true
    }
    const kept = this.#unsynced.findIndex((undo) => undo.at >= at - WRITTEN_BACK_MS)
    if (kept > 0) this.#unsynced.splice(0, kept)
  }

  /** A loss of power takes nothing of what was written until now. */
  sync(): void {
    this.#unsynced = []
  }

  /**
   * Only the first writes since the last sync are left, as many as `keep` says of how many there are: a write-ahead log
   * loses its end, and nothing out of its middle. Whoever has the medium open does nothing more.
   */
  losePower(keep: (writes: number) => number): void {
    this.#letGo()
    const begins = [...this.#unsynced.keys()].filter((at) => this.#unsynced[at]?.goesOn === false)
    const lost = this.#unsynced.splice(begins[keep(begins.length)] ?? this.#unsynced.length)
    for (const { text, before } of lost.reverse()) this.#put(text, before)
    this.sync()
  }

  /** Stores it under the key, or nothing, and gives back what was stored there. */
  #put(text: string, stored: Stored | undefined): Stored | undefined {
    const at = this.#find(text)
    const isThere = this.#texts[at] === text
    const before = isThere ? this.#stored[at] : undefined
    if (stored === undefined) {
      if (!isThere) return undefined
      this.#texts.splice(at, 1)
      this.#stored.splice(at, 1)
    } else if (isThere) this.#stored[at] = stored
    else {
      this.#texts.splice(at, 0, text)
      this.#stored.splice(at, 0, stored)
    }
    return before
  }

  /** Small values are never given up, as no log gives up single records. */
  #store(value: Uint8Array): Stored {
    if (value.length > SMALL_BYTES_MAX) return value
    if (this.#taken + value.length > PAGE_BYTES) {
      this.#pages.push(new Uint8Array(PAGE_BYTES))
      this.#taken = 0
    }
    this.#pages.at(-1)?.set(value, this.#taken)
    const at = (this.#pages.length - 1) * PAGE_BYTES + this.#taken
    this.#taken += value.length
    return at * (SMALL_BYTES_MAX + 1) + value.length
  }

  #load(stored: Stored): Uint8Array {
    if (typeof stored !== 'number') return stored
    const length = stored % (SMALL_BYTES_MAX + 1)
    const at = (stored - length) / (SMALL_BYTES_MAX + 1)
    const from = at % PAGE_BYTES
    return this.#pages[(at - from) / PAGE_BYTES]?.slice(from, from + length) ?? new Uint8Array()
  }
}
