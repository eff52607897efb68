/**
 * Suggesting: pieces that we are reading for some peers are suggested to the others that we serve (BEP 6), so that a seed
 * whose disk is slow reads a piece once for many.
 *
 * Looked at with the choker, and one piece for each peer: what is read at one time is in memory only for a moment, and
 * more would have all peers ask for the same pieces.
 */
import type { PeerState, TransferState } from '../events/state.js'
import { isSuperSeed } from '../events/super-seed.js'
import { LIMITS } from '../limits.js'
import type { PeerKey, PieceIndex } from '../values.js'
import { isServed, wantsOurs } from './choker.js'
import { type Decision, decided, NOTHING } from './vocabulary.js'

/** The pieces that peers wait for, and who waits. */
const beingRead = (state: Readonly<TransferState>): ReadonlyMap<PieceIndex, ReadonlySet<PeerKey>> => {
  const pieces = new Map<PieceIndex, Set<PeerKey>>()
  for (const { key, asked } of state.peers.values())
    for (const { piece } of asked.values()) pieces.set(piece, (pieces.get(piece) ?? new Set()).add(key))
  return pieces
}

const takesSuggestions = (peer: Readonly<PeerState>): boolean =>
  peer.fast && wantsOurs(peer) && isServed(peer) && peer.suggestedTo.size < LIMITS.suggestionsMax

export const suggest = (state: Readonly<TransferState>): Decision => {
  if (!state.suggesting || isSuperSeed(state)) return NOTHING
  const pieces = beingRead(state)
  const suggested = [...state.peers.values()].filter(takesSuggestions).flatMap((peer) => {
    for (const [piece, waiting] of pieces)
      if (!waiting.has(peer.key) && !peer.has.has(piece) && !peer.suggestedTo.has(piece))
        return [{ peer: peer.key, piece }]
    return []
  })
  return decided({
    events: suggested.map((each) => ({ type: 'suggestion-sent', ...each })),
    effects: suggested.map(({ peer, piece }) => ({ type: 'send', peer, message: { type: 'suggest-piece', piece } })),
  })
}
