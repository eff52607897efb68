/** The queue of a world: what is to come, in the order of its time, and of asking where times are equal. */

/** Something that will happen. Without `act` it was called off, and is passed over. */
export interface Delivery {
  /** Whole microseconds since the world began. */
  readonly at: number
  readonly sequence: number
  /** Kind and node as one number, which goes into the hash of the run. */
  readonly label: number
  act: (() => void) | undefined
}

const before = (left: Delivery, right: Delivery): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence)

/** A binary heap. */
export class Queue {
  readonly #heap: Delivery[] = []

  get length(): number {
    return this.#heap.length
  }

  get first(): Delivery | undefined {
    return this.#heap[0]
  }

  add(delivery: Delivery): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(delivery)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || before(above, delivery)) break
      heap[at] = above
      at = parent
    }
    heap[at] = delivery
  }

  /** Takes the first one out. */
  take(): Delivery | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    const { length } = heap
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      let below = heap[child]
      const right = heap[child + 1]
      if (below !== undefined && right !== undefined && before(right, below)) {
        below = right
        child++
      }
      if (below === undefined || before(last, below)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}
