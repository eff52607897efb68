/** The shelf: ordered keys and values, all that a log store needs of a database. */
import { TorrewindError } from '../errors.js'
import type { Failure } from '../ports.js'
import type { KeyRange } from './log-keys.js'

export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export interface Shelf {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** The last key of the range. */
  lastKey(range: KeyRange): Promise<Uint8Array | undefined>
  /** Keys in order, many at a time, as they were when this was called. */
  keys(range: KeyRange): AsyncIterable<readonly Uint8Array[]>
  /** Keys and values in order, many at a time, as they were when this was called. */
  entries(range: KeyRange): AsyncIterable<readonly (readonly [key: Uint8Array, value: Uint8Array])[]>
  /**
   * Does all of the operations or none, and calls back once, later. Writes are done in the order of the calls. After
   * one that failed all later ones fail too, because what follows a torn write may not be found again.
   */
  write(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void
  /** As `write`, on the medium when it calls back. */
  writeDurably(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void
  /** Deletes every key of the range and gives its space back. */
  clear(range: KeyRange): Promise<void>
  close(): Promise<void>
}

/** Resolves when the operations are on the medium. Throws `LOG_FAILED`. */
export const writeDurably = (shelf: Shelf, operations: readonly Operation[]): Promise<void> =>
  new Promise((resolve, reject) => {
    shelf.writeDurably(operations, (failure) => {
      if (failure === undefined) resolve()
      else reject(new TorrewindError('LOG_FAILED', `the event log could not be written: ${failure.message}`))
    })
  })
