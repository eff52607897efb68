/** Steps that several of a peer's decisions share: ending the connection, and saying whether we are interested. */
import type { PeerState, TransferState } from '../events/state.js'
import { refillOthers } from './refills.js'
import { type CloseReason, type Decision, decided, NOTHING } from './vocabulary.js'

export const closePeer = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  reason: CloseReason,
  detail: string,
): Decision =>
  decided({
    events: [{ type: 'peer-closed', peer: peer.key, by: 'us', reason, detail }],
    messages: [
      ...refillOthers(state, peer.key),
      { to: 'transfer', message: { type: 'fill-slots' } },
      { to: 'transfer', message: { type: 'fill-connections' } },
    ],
    effects: [{ type: 'hang-up', peer: peer.key }],
  })

/** We want no more than we have, be it all or not (BEP 21). */
export const isUploadOnly = (state: Readonly<TransferState>): boolean => state.standing.tags.seeding === true

/** Says so where what we told the peer of our interest is no longer true. */
export const declareInterest = (state: Readonly<TransferState>, peer: Readonly<PeerState>): Decision => {
  const { tags } = peer.standing
  if (tags.open !== true) return NOTHING
  const wants = peer.interesting > 0 && state.standing.tags.downloading === true
  if (wants === (tags.amInterested === true)) return NOTHING
  return decided({
    events: [{ type: wants ? 'interested-sent' : 'not-interested-sent', peer: peer.key }],
    messages: wants ? [{ to: 'peer', peer: peer.key, message: { type: 'refill' } }] : [],
    effects: [{ type: 'send', peer: peer.key, message: { type: wants ? 'interested' : 'not-interested' } }],
  })
}
