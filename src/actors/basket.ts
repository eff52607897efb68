/** The basket: blocks that are picked for one peer, joined to ranges. */

import { blocksOfPiece, lengthOfPiece } from '../events/geometry.js'
import { isHere, ordersOf } from '../events/ledger.js'
import type { PieceState, TransferState } from '../events/state.js'
import type { Range } from '../events/vocabulary.js'
import { BLOCK_BYTES, type PieceIndex } from '../values.js'

/** Collects blocks in order and joins neighbours into ranges. */
export class Basket {
  readonly ranges: Range[] = []
  #piece = -1
  #first = 0
  #end = 0
  constructor(
    readonly state: Readonly<TransferState>,
    public room: number,
  ) {}

  get empty(): boolean {
    return this.#piece < 0 && this.ranges.length === 0
  }

  take(piece: PieceIndex, block: number): void {
    this.room--
    if (piece === this.#piece && block === this.#end) {
      this.#end++
      return
    }
    this.close()
    this.#piece = piece
    this.#first = block
    this.#end = block + 1
  }

  close(): void {
    if (this.#piece < 0) return
    const piece = this.#piece as PieceIndex // was given as one
    const offset = this.#first * BLOCK_BYTES
    const end = Math.min(this.#end * BLOCK_BYTES, lengthOfPiece(this.state.geometry, piece))
    this.ranges.push({ piece, offset, length: end - offset })
    this.#piece = -1
  }
}

/** Blocks of a piece in flight that nobody was asked for. */
export const takeOpen = (basket: Basket, ledger: Readonly<PieceState>): void => {
  for (let block = 0; block < ledger.blocks && basket.room > 0; block++)
    if (!isHere(ledger, block) && ordersOf(ledger, block) === 0) basket.take(ledger.piece, block)
}

/** Blocks of a piece that is not in flight yet. */
export const takeWhole = (basket: Basket, piece: PieceIndex): void => {
  const blocks = blocksOfPiece(basket.state.geometry, piece)
  for (let block = 0; block < blocks && basket.room > 0; block++) basket.take(piece, block)
}
