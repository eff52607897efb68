import type { PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'
import { earlyOf } from './metadata.js'
import { ownValues } from './none.js'
import { chat, hear, learnPieces, releaseRequests, say, stepPeer } from './peers.js'
import type { PeerState, TransferState } from './state.js'

/** The peer has all or nothing, of pieces that nobody can count yet. */
const learnEarly = (peer: PeerState, all: boolean): void => {
  earlyOf(peer).all = all
  peer.saidPieces = true
}

/** The peer has got the last piece that it lacked: from now on it is counted once, not in every piece. */
const countAsSeed = (state: TransferState, peer: PeerState): void => {
  for (const index of peer.has.indices()) state.rarity.less(index as PieceIndex) // bits of the torrent's length
  peer.seed = true
  state.seedsConnected++
}

export const peerFolds = {
  'keep-alive-sent': (state, event, at) => void say(state, event, at),
  'keep-alive-received': (state, event, at) => void hear(state, event, at),
  'bitfield-received'(state, event, at) {
    learnPieces(state, hear(state, event, at), new Bitfield(state.geometry.pieceCount, event.bits.slice()))
  },
  'have-all-received'(state, event, at) {
    const peer = hear(state, event, at)
    if (state.metadata !== undefined) learnEarly(peer, true)
    else learnPieces(state, peer, Bitfield.filled(state.geometry.pieceCount))
  },
  'have-none-received'(state, event, at) {
    const peer = hear(state, event, at)
    if (state.metadata !== undefined) learnEarly(peer, false)
    else learnPieces(state, peer, new Bitfield(state.geometry.pieceCount))
  },
  'have-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.has.set(event.piece)
    peer.saidPieces = true
    state.rarity.more(event.piece)
    if (state.wanted.has(event.piece) && !state.stored.has(event.piece)) peer.interesting++
    if (peer.has.full) countAsSeed(state, peer)
  },
  'interested-sent': (state, event, at) => void say(state, event, at),
  'not-interested-sent': (state, event, at) => void say(state, event, at),
  'interested-received': (state, event, at) => chat(hear(state, event, at), at),
  'not-interested-received': (state, event, at) => chat(hear(state, event, at), at),
  'choke-sent'(state, event, at) {
    const peer = say(state, event, at)
    // What it was allowed it gets all the same (BEP 6).
    for (const [name, { piece }] of peer.asked) if (!peer.fastGiven.has(piece)) peer.asked.delete(name)
    if (state.optimistic === peer.key) state.optimistic = undefined
  },
  'unchoke-sent'(state, event, at) {
    say(state, event, at).unchokedAt = at
  },
  'choke-received'(state, event, at) {
    const peer = hear(state, event, at)
    chat(peer, at)
    if (peer.requested.size > 0) peer.deniedAt = at
    if (!peer.fast) releaseRequests(state, peer)
  },
  'unchoke-received'(state, event, at) {
    hear(state, event, at).overdue = false
  },
  'allowed-fast-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.allowedFast = ownValues(peer.allowedFast).add(event.piece)
  },
  'peer-snubbed'(state, event) {
    stepPeer(state, event.peer, event.type).snubbed = true
  },
  'optimistic-chosen'(state, event, at) {
    stepPeer(state, event.peer, event.type)
    state.optimistic = event.peer
    state.optimisticAt = at
  },
  'choke-round-ended'(state, _event, at) {
    state.chokeRoundAt = at
  },
} satisfies Partial<Folds>
