/**
 * Cells: what a file on a simulated disk is made of, 16 KiB each: the content's reference, nothing at all, or bytes of
 * its own.
 *
 * Thousands of nodes have thousands of cells each, nearly all of them the reference's: those are one byte.
 */
import { BLOCK_BYTES } from '../src/values.js'

export const CELL_BYTES = BLOCK_BYTES

/** No bytes at all: zeros where it is read. */
export const HOLE = 1
/** The bytes of the reference, as far as the file's own content goes; zeros beyond. */
export const SAME = 2
/** Bytes of its own. */
const OWN = 3

export type Cell = typeof HOLE | typeof SAME | Uint8Array

/** Cells by their numbers; those that nobody set are not there. */
export class Cells {
  #kinds = new Uint8Array(0)
  readonly #own = new Map<number, Uint8Array>()

  /** Those with bytes of their own. */
  get owned(): number {
    return this.#own.size
  }

  at(cell: number): Cell | undefined {
    const kind = this.#kinds[cell]
    if (kind === SAME || kind === HOLE) return kind
    return kind === OWN ? this.#own.get(cell) : undefined
  }

  isSame(cell: number): boolean {
    return this.#kinds[cell] === SAME
  }

  set(cell: number, as: Cell): void {
    if (cell >= this.#kinds.length) this.#grow(cell + 1)
    if (typeof as === 'number') {
      if (this.#kinds[cell] === OWN) this.#own.delete(cell)
      this.#kinds[cell] = as
    } else {
      this.#kinds[cell] = OWN
      this.#own.set(cell, as)
    }
  }

  /** So many cells of the reference, and no others. */
  fill(cells: number): void {
    this.#kinds = new Uint8Array(cells).fill(SAME)
    this.#own.clear()
  }

  /** Only so many are left. */
  cut(cells: number): void {
    if (cells >= this.#kinds.length) return
    this.#kinds = this.#kinds.slice(0, cells)
    for (const cell of [...this.#own.keys()]) if (cell >= cells) this.#own.delete(cell)
  }

  /** Those that are there, in order. */
  *entries(): Generator<readonly [number, Cell]> {
    for (let cell = 0; cell < this.#kinds.length; cell++) {
      const is = this.at(cell)
      if (is !== undefined) yield [cell, is]
    }
  }

  #grow(cells: number): void {
    const kinds = new Uint8Array(Math.max(cells, 2 * this.#kinds.length))
    kinds.set(this.#kinds)
    this.#kinds = kinds
  }
}
