/** Piece buffers: memory for pieces in flight, lent and taken back, so that a fast transfer makes no garbage of them. */
import { assert, present } from '../assert.js'
import type { PieceMemory } from '../ports.js'
import type { PieceIndex } from '../values.js'

export class PieceBuffers implements PieceMemory {
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

  /** The only copy that is made of a block. */
  keep(piece: PieceIndex, offset: number, bytes: Uint8Array): void {
    this.#of(piece).set(bytes, offset)
  }

  held(piece: PieceIndex, length: number): Uint8Array {
    return present(this.#lent.get(piece), `the buffer of piece ${piece}`).subarray(0, length)
  }

  takeBack(piece: PieceIndex): void {
    const buffer = this.#lent.get(piece)
    if (buffer === undefined) return // dropped before its first block
    this.#lent.delete(piece)
    assert(buffer.length === this.pieceLength, 'a buffer comes back as it was lent')
    if (this.#free.length < this.freeMax) this.#free.push(buffer)
  }

  trim(): void {
    this.#free.length = 0
  }

  /** The buffer of a piece in flight; lends one at the first call. What a new one holds is undefined. */
  #of(piece: PieceIndex): Uint8Array {
    const known = this.#lent.get(piece)
    if (known !== undefined) return known
    const buffer = this.#free.pop() ?? new Uint8Array(this.pieceLength)
    this.#lent.set(piece, buffer)
    return buffer
  }
}
