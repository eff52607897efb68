/** The part of a state that an input and its events are about, as JSON has it: what a person looks at first. */
import type { Input } from '../events/inputs.js'
import type { TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import type { PeerKey, PieceIndex } from '../values.js'
import { plain } from './diff.js'

/** Pieces that one event may name are shown up to so many. */
const PIECES_SHOWN = 8

const piecesIn = (event: TransferEvent): readonly PieceIndex[] => {
  if ('piece' in event) return [event.piece]
  if ('ranges' in event) return event.ranges.map(({ piece }) => piece)
  return event.type === 'pieces-announced' ? event.pieces : []
}

export const partOf = (
  state: Readonly<TransferState>,
  input: Input,
  ...events: readonly (TransferEvent | undefined)[]
): unknown => {
  const named = events.filter((event) => event !== undefined)
  const peers = new Set<PeerKey>(named.flatMap((event) => ('peer' in event ? [event.peer] : [])))
  const pieces = new Set<PieceIndex>(named.flatMap(piecesIn))
  if (input.to === 'peer') peers.add(input.peer)
  if (input.to === 'piece') pieces.add(input.piece)
  const { standing, session, missing, optimistic, chokeRoundAt, unannounced, failure } = state
  const connections = state.peers.size
  const inFlight = state.pieces.size
  return plain({
    transfer: { standing, session, missing, connections, inFlight, optimistic, chokeRoundAt, unannounced, failure },
    peers: new Map([...peers].map((peer) => [peer, state.peers.get(peer) ?? null])),
    pieces: new Map([...pieces].slice(0, PIECES_SHOWN).map((piece) => [piece, state.pieces.get(piece) ?? null])),
    ...(input.to === 'trackers' ? { tiers: state.tiers, announceNext: state.announceNext } : {}),
  })
}
