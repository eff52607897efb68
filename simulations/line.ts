/** A line: first in, first out, in a ring that grows to what it ever held and is used again. */

/** A ring longer than this is given up when it is empty. */
const KEPT_MAX = 8

export class Line<Item> {
  /** Its length is a power of two, or 0. */
  #ring: (Item | undefined)[] = []
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }
  get first(): Item | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head]
  }
  /** The item so far behind the first one. */
  at(place: number): Item | undefined {
    return place < this.#length ? this.#ring[(this.#head + place) & (this.#ring.length - 1)] : undefined
  }
  add(item: Item): void {
    if (this.#length === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#length++) & (this.#ring.length - 1)] = item
  }
  shift(): Item | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    if (--this.#length === 0 && this.#ring.length > KEPT_MAX) this.clear()
    return item
  }
  clear(): void {
    this.#ring = []
    this.#head = 0
    this.#length = 0
  }

  #grow(): void {
    const larger: (Item | undefined)[] = this.#length === 0 ? [undefined, undefined] : Array(2 * this.#length)
    for (let place = 0; place < this.#length; place++) larger[place] = this.at(place)
    this.#ring = larger
    this.#head = 0
  }
}
