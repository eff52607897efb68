/** What is known of the hashes that are asked for: how an order is called, and which pieces wait for theirs (BEP 52). */
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import type { HashOrder, LayerState, TransferState } from './state.js'

/** Of a layer of pieces `piece` is the first of a chunk; of blocks the one that they are in. */
export const hashOrderName = (of: HashOrder['of'], piece: PieceIndex): string => `${of}:${piece}`

/** Which chunk of a layer begins with the piece. */
export const chunkOf = ({ firstPiece }: Readonly<LayerState>, piece: PieceIndex): number =>
  Math.floor((piece - firstPiece) / LIMITS.hashesAskedMax)

/** The hash of the piece is not known: nobody could say whether it is right. */
export const isHashless = (state: Readonly<TransferState>, piece: PieceIndex): boolean =>
  state.layers.size > 0 && state.hashless.has(piece)
