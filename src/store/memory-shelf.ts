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
import type { MemoryMedium } from './memory-medium.js'
import type { Operation, Shelf } from './shelf.js'

/** What the world does to writes. */
export interface MemoryWorld {
  /** How long a write takes. */
  writeMs(): number
  /** Why the next write fails, if it is to fail. */
  failure(): Failure | undefined
}

export const KIND_WORLD: MemoryWorld = { writeMs: () => 0, failure: () => undefined }

/** All of the items at once, unless there are none. */
async function* once<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[], void, undefined> {
  if (items.length > 0) yield items
}

export class MemoryShelf implements Shelf {
  readonly #medium: MemoryMedium
  readonly #clock: Clock
  readonly #world: MemoryWorld
  readonly #underWay = new Set<Cancel>()
  #failure: Failure | undefined
  /** When the last write is done: none overtakes the one before it. */
  #busyUntil = 0
  #open = true

  /** Takes the medium over: what the former shelf had under way is lost, and it does nothing more. */
  constructor(medium: MemoryMedium, clock: Clock, world: MemoryWorld = KIND_WORLD) {
    this.#medium = medium
    this.#clock = clock
    this.#world = world
    medium.takeOver(() => this.#abandon())
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#medium.get(key)
  }

  async lastKey(range: KeyRange): Promise<Uint8Array | undefined> {
    return this.#medium.keys(range).at(-1)
  }

  keys(range: KeyRange): AsyncIterable<readonly Uint8Array[]> {
    return once(this.#medium.keys(range))
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

  #abandon(): void {
    this.#open = false
    for (const cancel of this.#underWay) cancel()
    this.#underWay.clear()
  }

  async clear(range: KeyRange): Promise<void> {
    const operations = this.#medium.keys(range).map((key): Operation => ({ type: 'del', key }))
    this.#medium.write(operations, this.#clock.now())
  }

  async close(): Promise<void> {
    assert(this.#underWay.size === 0, 'a shelf is closed when its writes are done')
    this.#open = false
  }
}
