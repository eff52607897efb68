/** Peers in the state of a transfer: how one begins, what counts of what it says, and how it leaves. */
import { peerLifecycle } from '../actors/peer.machine.js'
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type Instant, type PeerAddress, type PeerKey, type PieceIndex, ZERO } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { blockOfKey, pieceOfKey } from './geometry.js'
import { emptyLedger, unorder } from './ledger.js'
import { leaveMetadata } from './metadata.js'
import { emptyMeter } from './meter.js'
import { noEntries, noValues, ownEntries } from './none.js'
import { newPipeline } from './pipeline.js'
import type { PeerState, TransferState } from './state.js'
import type { EventType } from './vocabulary.js'

/** The peer of an event; evolving an event of a peer that is not there is our bug. */
export const peerOf = (state: TransferState, key: PeerKey): PeerState => present(state.peers.get(key), `peer ${key}`)

/** The peer takes the step that the event is for it. */
export const stepPeer = (state: TransferState, key: PeerKey, type: EventType): PeerState => {
  const peer = peerOf(state, key)
  peer.standing = peerLifecycle.step(peer.standing, type)
  return peer
}

/** The peer takes the step, and has thereby shown that it is there. */
export const hear = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): PeerState => {
  const peer = stepPeer(state, event.peer, event.type)
  peer.lastReceivedAt = at
  return peer
}

/** It was heard, and what it said may be said again and again. */
export const chat = (peer: PeerState, at: Instant): void => {
  if (at - peer.chatterSince > LIMITS.chatterMs) {
    peer.chatterSince = at
    peer.chatter = 0
  }
  peer.chatter++
}

export const say = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): PeerState => {
  const peer = stepPeer(state, event.peer, event.type)
  peer.lastSentAt = at
  return peer
}

export const newPeer = (
  state: TransferState,
  key: PeerKey,
  address: PeerAddress,
  incoming: boolean,
  at: Instant,
  webSeed?: string,
): PeerState => ({
  key,
  address,
  incoming,
  webSeed,
  standing: peerLifecycle.initial,
  since: at,
  transport: 'tcp',
  protection: 'none',
  rank: 0,
  id: undefined,
  client: '',
  fast: false,
  extensions: false,
  v2: state.version === 'v2',
  hashesAsked: 0,
  hashRefusals: noValues(),
  hashesServing: 0,
  uploadOnly: false,
  listenPort: undefined,
  pex: 0,
  openedAs: 0,
  pexOpened: 0,
  pexEnded: 0,
  pexSentAt: ZERO,
  pexHeardAt: ZERO,
  pexIgnored: false,
  holepunch: 0,
  punched: false,
  punches: 0,
  punchesSince: ZERO,
  dhtPort: 0,
  requestsMax: LIMITS.requestsUnknownMax,
  has: new Bitfield(state.geometry.pieceCount),
  seed: false,
  saidPieces: false,
  early: undefined,
  metadata: undefined,
  interesting: 0,
  allowedFast: noValues(),
  fastGiven: noValues(),
  fastBlocksLeft: ZERO,
  suggested: noValues(),
  suggestedTo: noValues(),
  revealed: noEntries(),
  requested: noEntries(),
  released: noEntries(),
  pipeline: newPipeline(),
  asked: noEntries(),
  downloaded: emptyMeter(),
  uploaded: emptyMeter(),
  wastedBytes: ZERO,
  chatter: 0,
  chatterSince: ZERO,
  unasked: 0,
  snubbed: false,
  held: false,
  deniedAt: ZERO,
  overdue: false,
  lastReceivedAt: at,
  lastSentAt: at,
  lastBlockAt: at,
  unchokedAt: ZERO,
})

/** What is on order from the peer, of one piece or of all, is waited for no longer: others may be asked for it. */
export const letGo = (state: TransferState, peer: PeerState, piece?: PieceIndex): void => {
  for (const key of peer.requested.keys()) {
    if (piece !== undefined && pieceOfKey(state.geometry, key) !== piece) continue
    const ledger = state.pieces.get(pieceOfKey(state.geometry, key))
    if (ledger !== undefined) unorder(ledger, blockOfKey(state.geometry, key))
    peer.requested.delete(key)
    remember(peer, key)
  }
}

/** Nothing on order from the peer is waited for any more. */
export const releaseRequests = (state: TransferState, peer: PeerState): void => {
  letGo(state, peer)
  endParole(state, peer)
}

/**
 * A piece that is fetched from this peer alone is begun anew with another one: blocks of two would prove nothing, and a
 * peer that spoils a piece and then brings no more of it must not keep it from us.
 */
export const endParole = (state: TransferState, peer: PeerState): void => {
  if (state.rejections.size === 0) return
  for (const ledger of state.pieces.values()) {
    if (ledger.parole !== peer.key) continue
    ledger.parole = undefined
    letGo(state, peer, ledger.piece)
    if (ledger.standing.tags.fetching === true) emptyLedger(ledger)
  }
}

/** A block given up may still come, as often as it was; the oldest are forgotten. */
export const remember = (peer: PeerState, key: number): void => {
  const released = ownEntries(peer.released)
  peer.released = released
  released.set(key, (released.get(key) ?? 0) + 1)
  if (released.size <= LIMITS.releasedRequestsMax) return
  for (const oldest of released.keys()) {
    released.delete(oldest)
    return
  }
}

/** It came once. */
export const cameLate = (released: Map<number, number>, key: number): void => {
  const times = released.get(key) ?? 0
  if (times > 1) released.set(key, times - 1)
  else released.delete(key)
}

/** Neither wants anything of the other: seeds, and such as want no more than they have (BEP 21). */
export const areBothComplete = (state: Readonly<TransferState>, peer: Readonly<PeerState>): boolean =>
  state.missing === 0 && state.metadata === undefined && (peer.seed || peer.uploadOnly)

export const leave = (state: TransferState, peer: PeerState): void => {
  releaseRequests(state, peer)
  if (peer.hashesAsked > 0)
    for (const [name, order] of state.hashOrders) if (order.peer === peer.key) state.hashOrders.delete(name)
  leaveMetadata(state.metadata, peer.metadata)
  if (peer.seed) state.seedsConnected--
  else for (const index of peer.has.indices()) state.rarity.less(index as PieceIndex) // bits of the torrent's length
  if (state.optimistic === peer.key) state.optimistic = undefined
  state.peers.delete(peer.key)
}

const countInteresting = (state: TransferState, has: Bitfield): number => {
  if (state.missing === 0) return 0
  let count = 0
  for (const index of has.indices()) if (state.wanted.has(index) && !state.stored.has(index)) count++
  return count
}

/** The peer says what it has; what it said before no longer counts. */
export const learnPieces = (state: TransferState, peer: PeerState, has: Bitfield): void => {
  if (peer.seed) state.seedsConnected--
  else for (const index of peer.has.indices()) state.rarity.less(index as PieceIndex) // bits of the torrent's length
  peer.has = has
  peer.seed = has.full
  peer.saidPieces = true
  if (peer.seed) {
    state.seedsConnected++
    peer.interesting = state.missing
    return
  }
  for (const index of has.indices()) state.rarity.more(index as PieceIndex) // bits of the torrent's length
  peer.interesting = countInteresting(state, has)
}
