/**
 * A medium in memory: keys and values that outlive the shelves over them, and what a loss of power takes of them.
 *
 * Thousands of simulated machines have a log each, of thousands of records of a hundred bytes or two. So a record is a
 * key of text and a place in a page, what undoes its write holds nothing of its own, and pages that were filled a while
 * ago are packed.
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

/** Small values lie side by side in pages of this size: an array of its own takes 200 bytes more than it holds. */
const PAGE_BYTES = 16_384
const SMALL_BYTES_MAX = 2_048
/** The last pages are as they are: what was written lately is read again soon. */
const PLAIN_PAGES = 3

/** Where a value is: a place in the pages and a length in one number, or below 0 the number of a larger one. */
type Place = number
const NOWHERE: Place = Number.NaN

/** What takes writes back, oldest first: numbers and texts side by side, as there are hundreds for each machine. */
class Undos {
  readonly texts: string[] = []
  /** Where the value was that the write replaced. */
  readonly places: Place[] = []
  /** When it was written, or -1 less that where it belongs to the same write as the one before it. */
  readonly times: number[] = []

  add(text: string, place: Place, at: number): void {
    this.texts.push(text)
    this.places.push(place)
    this.times.push(at)
  }

  /** Takes out so many from there on. */
  splice(from: number, count: number): { readonly texts: readonly string[]; readonly places: readonly Place[] } {
    this.times.splice(from, count)
    return { texts: this.texts.splice(from, count), places: this.places.splice(from, count) }
  }
}

/** How a page is made smaller, and whole again. */
export interface Packing {
  pack(page: Uint8Array): Uint8Array
  unpack(packed: Uint8Array): Uint8Array
}

interface Item {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export class MemoryMedium {
  /** In order, each with what is stored under it at the same index. */
  readonly #texts: string[] = []
  readonly #places: Place[] = []
  /** The last few plain, and all others packed. */
  readonly #pages: Uint8Array[] = []
  readonly #packing: Packing | undefined
  /** A packed page that was read lately. */
  #unpacked: { readonly number: number; readonly page: Uint8Array } | undefined
  readonly #large = new Map<Place, Uint8Array>()
  #lastLarge: Place = 0
  /** Bytes of the last page that are taken. */
  #taken = PAGE_BYTES
  #letGo = (): void => {}
  /** Writes that a loss of power may take, oldest first. */
  readonly #unsynced = new Undos()

  constructor(packing?: Packing) {
    this.#packing = packing
  }

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
    return this.#texts[at] === text ? this.#load(this.#places[at] ?? NOWHERE) : undefined
  }

  keys({ from, to }: KeyRange): readonly Uint8Array[] {
    return this.#texts.slice(this.#find(textOf(from)), this.#find(textOf(to))).map(keyOf)
  }

  range({ from, to }: KeyRange): readonly Item[] {
    const items: Item[] = []
    const end = this.#find(textOf(to))
    for (let at = this.#find(textOf(from)); at < end; at++)
      items.push({ key: keyOf(this.#texts[at] ?? ''), value: this.#load(this.#places[at] ?? NOWHERE) })
    return items
  }

  /** Does all of the operations. */
  write(operations: readonly Operation[], at: number): void {
    let goesOn = false
    for (const operation of operations) {
      const text = textOf(operation.key)
      const before = this.#put(text, operation.type === 'put' ? this.#store(operation.value) : NOWHERE)
      this.#unsynced.add(text, before, goesOn ? -1 - at : at)
      goesOn = true
    }
    const { times } = this.#unsynced
    const kept = times.findIndex((time) => Math.max(time, -1 - time) >= at - WRITTEN_BACK_MS)
    if (kept > 0) this.#forget(kept)
  }

  /** A loss of power takes nothing of what was written until now. */
  sync(): void {
    this.#forget(this.#unsynced.times.length)
  }

  /**
   * Only the first writes since the last sync are left, as many as `keep` says of how many there are: a write-ahead log
   * loses its end, and nothing out of its middle. Whoever has the medium open does nothing more.
   */
  losePower(keep: (writes: number) => number): void {
    this.#letGo()
    const { times } = this.#unsynced
    const begins = [...times.keys()].filter((at) => (times[at] ?? 0) >= 0)
    const from = begins[keep(begins.length)] ?? times.length
    const { texts, places } = this.#unsynced.splice(from, times.length - from)
    for (let at = texts.length - 1; at >= 0; at--) this.#drop(this.#put(texts[at] ?? '', places[at] ?? NOWHERE))
    this.sync()
  }

  /** The first of the undos are not to be done any more. */
  #forget(undos: number): void {
    for (const place of this.#unsynced.splice(0, undos).places) this.#drop(place)
  }

  /** Stores it under the key, or nothing, and says where what was stored there is. */
  #put(text: string, place: Place): Place {
    const at = this.#find(text)
    const isThere = this.#texts[at] === text
    const before = isThere ? (this.#places[at] ?? NOWHERE) : NOWHERE
    if (Number.isNaN(place)) {
      if (!isThere) return NOWHERE
      this.#texts.splice(at, 1)
      this.#places.splice(at, 1)
    } else if (isThere) this.#places[at] = place
    else {
      this.#texts.splice(at, 0, text)
      this.#places.splice(at, 0, place)
    }
    return before
  }

  #store(value: Uint8Array): Place {
    if (value.length > SMALL_BYTES_MAX) {
      this.#large.set(--this.#lastLarge, value)
      return this.#lastLarge
    }
    if (this.#taken + value.length > PAGE_BYTES) {
      this.#pages.push(new Uint8Array(PAGE_BYTES))
      this.#taken = 0
      this.#packOldest()
    }
    this.#pages.at(-1)?.set(value, this.#taken)
    const at = (this.#pages.length - 1) * PAGE_BYTES + this.#taken
    this.#taken += value.length
    return at * (SMALL_BYTES_MAX + 1) + value.length
  }

  #load(place: Place): Uint8Array {
    if (place < 0) return this.#large.get(place) ?? new Uint8Array()
    const length = place % (SMALL_BYTES_MAX + 1)
    const at = (place - length) / (SMALL_BYTES_MAX + 1)
    const from = at % PAGE_BYTES
    return this.#page((at - from) / PAGE_BYTES).slice(from, from + length)
  }

  #packOldest(): void {
    const oldest = this.#pages.length - 1 - PLAIN_PAGES
    const page = this.#pages[oldest]
    if (page !== undefined && this.#packing !== undefined) this.#pages[oldest] = this.#packing.pack(page)
  }

  #page(number: number): Uint8Array {
    const page = this.#pages[number] ?? new Uint8Array()
    if (this.#packing === undefined || number >= this.#pages.length - PLAIN_PAGES) return page
    if (this.#unpacked?.number !== number) this.#unpacked = { number, page: this.#packing.unpack(page) }
    return this.#unpacked.page
  }

  /** A large value is not needed any more. Small ones are kept: no log gives up single records. */
  #drop(place: Place): void {
    if (place < 0) this.#large.delete(place)
  }
}
