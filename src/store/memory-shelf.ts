/**
 * A shelf in memory, for tests and simulations: all that happens on it happens in an order that its clock decides.
 *
 * The medium outlives its shelves, as a disk outlives the processes that write to it: taking a new shelf of a medium is
 * what a restart is, and the writes that the former shelf had not done are lost.
 */
import { assert } from '../assert.js'
import type { Cancel, Clock, Failure } from '../ports.js'
import { instant } from '../values.js'
import type { KeyRange } from './log-keys.js'
import type { Operation, Shelf } from './shelf.js'

/** What the world does to writes. */
export interface MemoryWorld {
  /** How long a write takes. */
  writeMs(): number
  /** Why the next write fails, if it is to fail. */
  failure(): Failure | undefined
}

export const KIND_WORLD: MemoryWorld = { writeMs: () => 0, failure: () => undefined }

/**
 * What was written longer ago than this is on the medium without a sync: Linux writes back what is 30 seconds old, and
 * looks for it every 5.
 */
const WRITTEN_BACK_MS = 35_000

/** Keys as text of one character for each byte, which sorts as the bytes do. */
const textOf = (key: Uint8Array): string => String.fromCharCode(...key)

interface Item {
  readonly text: string
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export class MemoryMedium {
  /** In order of their keys. */
  readonly #items: Item[] = []
  #letGo: () => void = () => {}
  /** Writes that a loss of power may take, oldest first, each with what undoes it. */
  #unsynced: { readonly at: number; readonly undo: readonly Operation[] }[] = []

  /** Takes the medium over: what the former shelf had under way is lost, and it does nothing more. */
  open(clock: Clock, world: MemoryWorld = KIND_WORLD): Shelf {
    this.#letGo()
    const shelf = new MemoryShelf(this, clock, world)
    this.#letGo = () => shelf.abandon()
    return shelf
  }

  /** Position of the first key that is not before this one. */
  #find(text: string): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle]?.text ?? '') < text) low = middle + 1
      else high = middle
    }
    return low
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const text = textOf(key)
    const item = this.#items[this.#find(text)]
    return item?.text === text ? item.value : undefined
  }

  range({ from, to }: KeyRange): readonly Item[] {
    return this.#items.slice(this.#find(textOf(from)), this.#find(textOf(to)))
  }

  /** Does all of the operations. */
  write(operations: readonly Operation[], at: number): void {
    const undo = operations.map((operation) => this.#apply(operation)).reverse()
    this.#unsynced.push({ at, undo })
    const kept = this.#unsynced.findIndex((write) => write.at >= at - WRITTEN_BACK_MS)
    this.#unsynced.splice(0, kept)
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
    const lost = this.#unsynced.splice(keep(this.#unsynced.length))
    for (const { undo } of lost.reverse()) for (const operation of undo) this.#apply(operation)
    this.sync()
  }

  /** Does it, and says what undoes it. */
  #apply(operation: Operation): Operation {
    const { key } = operation
    const text = textOf(key)
    const at = this.#find(text)
    const known = this.#items[at]
    const there = known?.text === text ? known : undefined
    const item = operation.type === 'put' ? [{ text, key, value: operation.value }] : []
    this.#items.splice(at, there === undefined ? 0 : 1, ...item)
    return there === undefined ? { type: 'del', key } : { type: 'put', key, value: there.value }
  }
}

/** All of the items at once, unless there are none. */
async function* once<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[], void, undefined> {
  if (items.length > 0) yield items
}

class MemoryShelf implements Shelf {
  readonly #medium: MemoryMedium
  readonly #clock: Clock
  readonly #world: MemoryWorld
  readonly #underWay = new Set<Cancel>()
  #failure: Failure | undefined
  /** When the last write is done: none overtakes the one before it. */
  #busyUntil = 0
  #open = true

  constructor(medium: MemoryMedium, clock: Clock, world: MemoryWorld) {
    this.#medium = medium
    this.#clock = clock
    this.#world = world
  }

  abandon(): void {
    this.#open = false
    for (const cancel of this.#underWay) cancel()
    this.#underWay.clear()
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#medium.get(key)
  }

  async lastKey(range: KeyRange): Promise<Uint8Array | undefined> {
    return this.#medium.range(range).at(-1)?.key
  }

  keys(range: KeyRange): AsyncIterable<readonly Uint8Array[]> {
    return once(this.#medium.range(range).map(({ key }) => key))
  }

  entries(range: KeyRange): AsyncIterable<readonly (readonly [Uint8Array, Uint8Array])[]> {
    return once(this.#medium.range(range).map(({ key, value }) => [key, value] as const))
  }

  write(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void {
    this.#write(operations, false, done)
  }

  writeDurably(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void {
    this.#write(operations, true, done)
  }

  #write(operations: readonly Operation[], durably: boolean, done: (failure: Failure | undefined) => void): void {
    if (!this.#open) return
    this.#failure ??= this.#world.failure()
    const failure = this.#failure
    this.#busyUntil = Math.max(this.#busyUntil, this.#clock.now() + this.#world.writeMs())
    const cancel = this.#clock.wakeAt(instant(this.#busyUntil), () => {
      this.#underWay.delete(cancel)
      if (failure === undefined) this.#medium.write(operations, this.#clock.now())
      if (failure === undefined && durably) this.#medium.sync()
      done(failure)
    })
    this.#underWay.add(cancel)
  }

  async clear(range: KeyRange): Promise<void> {
    const operations = this.#medium.range(range).map(({ key }): Operation => ({ type: 'del', key }))
    this.#medium.write(operations, this.#clock.now())
  }

  async close(): Promise<void> {
    assert(this.#underWay.size === 0, 'a shelf is closed when its writes are done')
    this.#open = false
  }
}
