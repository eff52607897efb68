/** Piece buffers: memory for pieces in flight, lent and taken back, so that a fast transfer makes no garbage of them. */
import { assert, present } from '../assert.js'
import type { PieceIndex } from '../values.js'

export class PieceBuffers {
  readonly #lent = new Map<PieceIndex, Uint8Array>()
  readonly #free: Uint8Array[] = []

  /** At most `freeMax` buffers are kept for later. */
  constructor(
    readonly pieceLength: number,
    readonly freeMax: number,
  ) {}

  get lent(): number {
    return this.#lent.size
  }

  /** The buffer of a piece in flight; lends one at the first call. What a new one holds is undefined. */
  of(piece: PieceIndex): Uint8Array {
    const known = this.#lent.get(piece)
    if (known !== undefined) return known
    const buffer = this.#free.pop() ?? new Uint8Array(this.pieceLength)
    this.#lent.set(piece, buffer)
    return buffer
  }

  held(piece: PieceIndex): Uint8Array {
    return present(this.#lent.get(piece), `the buffer of piece ${piece}`)
  }

  takeBack(piece: PieceIndex): void {
    const buffer = this.#lent.get(piece)
    if (buffer === undefined) return // dropped before its first block
    this.#lent.delete(piece)
    assert(buffer.length === this.pieceLength, 'a buffer comes back as it was lent')
    if (this.#free.length < this.freeMax) this.#free.push(buffer)
  }

  /** Gives the memory of unused buffers back. */
  trim(): void {
    this.#free.length = 0
  }
}
