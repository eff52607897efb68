/** A line: first in, first out, without moving what is left. */

export class Line<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }
  get first(): Item | undefined {
    return this.#items[this.#head]
  }
  /** The item so far behind the first one. */
  at(place: number): Item | undefined {
    return this.#items[this.#head + place]
  }
  add(item: Item): void {
    this.#items.push(item)
  }
  shift(): Item | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
