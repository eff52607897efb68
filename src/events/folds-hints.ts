/** Folds of hints about single pieces: allowed fast and suggested (BEP 6), shown by a super-seed (BEP 16), lost (BEP 54). */
import type { PieceIndex } from '../values.js'
import type { Folds } from './fold.js'
import { blocksOfPiece } from './geometry.js'
import { ownEntries, ownValues } from './none.js'
import { endParole, letGo, stepPeer } from './peers.js'
import type { PeerState, TransferState } from './state.js'
import { isSpread } from './super-seed.js'

/** A peer that had everything is counted in every piece from now on, and no longer as a seed. */
const countAsOther = (state: TransferState, peer: PeerState): void => {
  peer.seed = false
  state.seedsConnected--
  for (const index of peer.has.indices()) state.rarity.more(index as PieceIndex) // bits of the torrent's length
}

/** The peer has the piece no more: what is on order of it is waited for no longer. */
export const losePiece = (state: TransferState, peer: PeerState, piece: PieceIndex): void => {
  if (!peer.has.has(piece)) return
  if (peer.seed) countAsOther(state, peer)
  peer.has.clear(piece)
  state.rarity.less(piece)
  if (state.wanted.has(piece) && !state.stored.has(piece)) peer.interesting--
  letGo(state, peer, piece)
}

export const hintFolds = {
  'allowed-fast-sent'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    peer.fastGiven = new Set(event.pieces)
    peer.fastBlocksLeft = 0
    for (const piece of event.pieces) peer.fastBlocksLeft += blocksOfPiece(state.geometry, piece)
  },
  'suggestion-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    peer.suggested = ownValues(peer.suggested).add(event.piece)
  },
  'suggestion-sent'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    peer.suggestedTo = ownValues(peer.suggestedTo).add(event.piece)
  },
  'dont-have-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    losePiece(state, peer, event.piece)
    if (state.pieces.get(event.piece)?.parole === peer.key) endParole(state, peer)
  },
  'sharing-set'(state, { superSeeding, suggesting }) {
    state.superSeeding = superSeeding
    state.suggesting = suggesting
  },
  'piece-revealed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    peer.revealed = ownEntries(peer.revealed).set(event.piece, at)
    // What has spread is not asked about again, and would be most of a torrent in the end.
    for (const piece of peer.revealed.keys()) if (isSpread(state, peer, piece, false)) peer.revealed.delete(piece)
  },
} satisfies Partial<Folds>
