/**
 * The queue of a world: what is to come, in the order of its time, and of asking where times are equal.
 *
 * A binary heap whose times and sequence numbers lie in arrays of numbers: to compare two of thousands that wait looks
 * at no object of theirs.
 */

/** Something that will happen. Without `act` it was called off, and is passed over. */
export interface Delivery {
  /** Kind and node as one number, which goes into the hash of the run. */
  readonly label: number
  act: (() => void) | undefined
}

const FIRST_ROOM = 1_024

export class Queue {
  #times = new Float64Array(FIRST_ROOM)
  #sequences = new Float64Array(FIRST_ROOM)
  readonly #deliveries: Delivery[] = []
  #sequence = 0

  get length(): number {
    return this.#deliveries.length
  }

  /** Whole microseconds since the world began, of the first one. */
  get firstAt(): number | undefined {
    return this.#deliveries.length === 0 ? undefined : this.#times[0]
  }

  add(at: number, delivery: Delivery): void {
    const deliveries = this.#deliveries
    let place = deliveries.length
    deliveries.push(delivery)
    if (place === this.#times.length) this.#makeRoom()
    const times = this.#times
    const sequences = this.#sequences
    // It was asked for last, so that none of the same time comes after it.
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = times[parent] as number // both arrays are as long as the heap
      if (above <= at) break
      times[place] = above
      sequences[place] = sequences[parent] as number
      deliveries[place] = deliveries[parent] as Delivery
      place = parent
    }
    times[place] = at
    sequences[place] = this.#sequence++
    deliveries[place] = delivery
  }

  /** Takes the first one out. */
  take(): Delivery | undefined {
    const deliveries = this.#deliveries
    const first = deliveries[0]
    const last = deliveries.pop()
    const { length } = deliveries
    if (first === undefined || last === undefined || length === 0) return first
    const times = this.#times
    const sequences = this.#sequences
    const at = times[length] as number // that of `last`
    const sequence = sequences[length] as number
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= length) break
      let childAt = times[child] as number
      const right = child + 1
      if (right < length) {
        const rightAt = times[right] as number
        if (rightAt < childAt || (rightAt === childAt && (sequences[right] as number) < (sequences[child] as number))) {
          child = right
          childAt = rightAt
        }
      }
      if (at < childAt || (at === childAt && sequence < (sequences[child] as number))) break
      times[place] = childAt
      sequences[place] = sequences[child] as number
      deliveries[place] = deliveries[child] as Delivery
      place = child
    }
    times[place] = at
    sequences[place] = sequence
    deliveries[place] = last
    return first
  }

  #makeRoom(): void {
    const [times, sequences] = [this.#times, this.#sequences]
    this.#times = new Float64Array(2 * times.length)
    this.#times.set(times)
    this.#sequences = new Float64Array(2 * times.length)
    this.#sequences.set(sequences)
  }
}
