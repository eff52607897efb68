/** Readers: who reads the content of a transfer while it comes, which pieces are due for them, and what they wait for. */
import { type ErrorCode, TorrewindError } from './errors.js'
import type { TransferInput } from './events/inputs.js'
import type { TransferState } from './events/state.js'
import { Settled } from './settled.js'
import type { Instant, PieceIndex } from './values.js'

export interface ReadersOptions {
  readonly name: string
  state(): Readonly<TransferState>
  tell(input: TransferInput): void
}

/** When pieces are due, of one reader. */
export type Window = ReadonlyMap<PieceIndex, Instant>

interface Waiter {
  readonly piece: PieceIndex
  readonly settled: Settled
}

export class Readers {
  readonly #options: ReadersOptions
  readonly #windows = new Map<object, Window>()
  /** Pieces that are due for any of them, as the transfer was told. */
  #due: ReadonlySet<PieceIndex> = new Set()
  readonly #waiters = new Set<Waiter>()

  constructor(options: ReadersOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#windows.size
  }

  /** These pieces are due for the reader from now on, and no others. `files` are those that it reads. */
  aim(reader: object, window: Window, files: readonly number[]): void {
    this.#windows.set(reader, window)
    this.#tell(window, files)
  }

  leave(reader: object): void {
    if (this.#windows.delete(reader)) this.#tell(new Map(), [])
  }

  /** Resolves once the piece is stored; rejects where that cannot be any more. */
  stored(piece: PieceIndex): { readonly promise: Promise<void>; cancel(): void } {
    const waiter: Waiter = { piece, settled: new Settled() }
    if (this.#options.state().stored.has(piece)) waiter.settled.resolve()
    else this.#waiters.add(waiter)
    return { promise: waiter.settled.promise, cancel: () => this.#waiters.delete(waiter) }
  }

  /** After a turn: what somebody waits for may be stored. */
  look(): void {
    if (this.#waiters.size === 0) return
    const { stored } = this.#options.state()
    for (const waiter of this.#waiters) {
      if (!stored.has(waiter.piece)) continue
      this.#waiters.delete(waiter)
      waiter.settled.resolve()
    }
  }

  /** Nobody gets any more, for now or for good. */
  fail(code: ErrorCode, message: string): void {
    for (const { settled } of this.#waiters) settled.reject(new TorrewindError(code, message))
    this.#waiters.clear()
  }

  #tell(fresh: Window, place: readonly number[]): void {
    const { stored, deadlines, apart } = this.#options.state()
    const due = new Set<PieceIndex>()
    for (const window of this.#windows.values()) for (const piece of window.keys()) due.add(piece)
    const cleared = [...this.#due].filter((piece) => !due.has(piece) && deadlines.has(piece))
    const added = [...fresh].filter(([piece]) => !stored.has(piece) && !deadlines.has(piece))
    this.#due = due
    const placed = place.filter((file) => apart.has(file))
    if (added.length === 0 && cleared.length === 0 && placed.length === 0) return
    this.#options.tell({
      type: 'deadlines-asked',
      deadlines: added.map(([piece, at]) => ({ piece, at })),
      cleared,
      place: placed,
    })
  }
}
