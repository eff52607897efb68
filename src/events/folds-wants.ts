/** Folds of how much is wanted: priorities of files and pieces, deadlines of those who read, files kept apart. */

import type { PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'
import { isHashless } from './hash-orders.js'
import type { TransferState } from './state.js'

const isOffered = (state: Readonly<TransferState>, piece: PieceIndex): boolean =>
  !state.pieces.has(piece) && !state.checking.has(piece) && !isHashless(state, piece)

/** A missing piece is wanted from now on. */
const want = (state: TransferState, piece: PieceIndex): void => {
  state.wanted.set(piece)
  state.missing++
  if (isOffered(state, piece)) state.rarity.offer(piece)
  for (const peer of state.peers.values()) if (peer.has.has(piece)) peer.interesting++
}

/** A missing piece is wanted no longer. */
const unwant = (state: TransferState, piece: PieceIndex): void => {
  state.wanted.clear(piece)
  state.missing--
  if (state.rarity.offers(piece)) state.rarity.withdraw(piece)
  for (const peer of state.peers.values()) if (peer.has.has(piece)) peer.interesting--
}

/** The piece is stored, and counted no more among those that are missing. */
export const meetDeadline = (state: TransferState, piece: PieceIndex): void => {
  state.deadlines.delete(piece)
  if (state.demanded.delete(piece)) state.wanted.clear(piece)
}

/** Other pieces were selected: of those that are due some more or fewer are wanted for that alone. */
export const demandAnew = (state: TransferState): void => {
  state.demanded.clear()
  for (const piece of state.deadlines.keys()) if (state.wanted.set(piece)) state.demanded.add(piece)
}

/** Nobody reads any more. What is missing and offered is counted anew afterwards. */
export const forgetDeadlines = (state: TransferState): void => {
  for (const piece of state.demanded) state.wanted.clear(piece)
  state.demanded.clear()
  state.deadlines.clear()
}

export const wantsFolds = {
  'priorities-set'(state, event) {
    const { pieceCount } = state.geometry
    state.filePriorities = event.priorities.slice()
    state.low = new Bitfield(pieceCount, event.low.slice())
    state.high = new Bitfield(pieceCount, event.high.slice())
  },
  'deadlines-set'(state, event) {
    for (const piece of event.cleared) {
      state.deadlines.delete(piece)
      if (state.demanded.delete(piece)) unwant(state, piece)
    }
    for (const { piece, at } of event.deadlines) {
      if (state.stored.has(piece)) continue
      state.deadlines.set(piece, at)
      if (state.wanted.has(piece)) continue
      state.demanded.add(piece)
      want(state, piece)
    }
  },
  'files-kept-apart'(state, event) {
    for (const file of event.files) state.apart.add(file)
  },
  'file-placed'(state, event) {
    state.apart.delete(event.file)
  },
} satisfies Partial<Folds>
