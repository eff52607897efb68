/** Folds of what happens with peers: candidates, connections, what they have, want and allow. */
import { peerLifecycle } from '../actors/peer.machine.js'
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import {
  type Instant,
  type PeerAddress,
  type PeerId,
  type PeerKey,
  type PieceIndex,
  showAddress,
  ZERO,
} from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { banName } from './banning.js'
import type { Folds } from './fold.js'
import { blockOfKey, pieceOfKey } from './geometry.js'
import { emptyLedger, unorder } from './ledger.js'
import { earlyOf, leaveMetadata } from './metadata.js'
import { emptyMeter } from './meter.js'
import { noEntries, noValues, ownEntries, ownValues } from './none.js'
import { newPipeline } from './pipeline.js'
import type { Candidate, PeerState, TransferState } from './state.js'
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
const hear = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): PeerState => {
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

const say = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): PeerState => {
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

const candidateOf = (state: TransferState, peer: PeerState): Candidate | undefined =>
  state.candidates.get(showAddress(peer.address))

/** Others were told of the peer, and are to hear that it is gone. */
const noteEnding = (state: TransferState, peer: PeerState): void => {
  const { address, incoming, listenPort, openedAs } = peer
  const port = incoming ? listenPort : address.port
  if (openedAs === 0 || port === undefined) return
  const { pex } = state
  pex.endings.push({ address: { host: address.host, port }, opened: openedAs, ended: ++pex.ended })
  if (pex.endings.length > LIMITS.pexEndingsKept) pex.endings.shift()
}

/** Where there is no room for more: somebody whom nobody could reach time and again. */
const forgetUnreachable = (state: TransferState): void => {
  for (const [name, { failures, peer, source }] of state.candidates)
    if (failures >= LIMITS.candidateFailuresMax && peer === undefined && source !== 'user') {
      state.candidates.delete(name)
      return
    }
}

/** How long a candidate is left alone after each failure in a row. */
const RETRY_MS = { first: 3_000, most: 1_800_000 } as const

const putOff = (candidate: Candidate, at: Instant): void => {
  candidate.nextDialAt = at + Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(candidate.failures, 16))
  candidate.failures++
  candidate.peer = undefined
}

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

/** Whoever is no peer is asked again when there is something to ask for. */
const stopAsking = (state: TransferState, peer: PeerState): void => {
  const webSeed = state.webSeeds.get(peer.webSeed ?? '')
  if (webSeed !== undefined) webSeed.peer = undefined
}

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

/** What a peer wants of hole punching is counted. */
const countPunch = (peer: PeerState, at: Instant): void => {
  if (at - peer.punchesSince >= LIMITS.punchesMs) {
    peer.punchesSince = at
    peer.punches = 0
  }
  peer.punches++
}

const wantPunch = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): void =>
  countPunch(hear(state, event, at), at)

export const peerFolds = {
  'candidates-found'(state, event) {
    for (const address of event.addresses) {
      const name = showAddress(address)
      const known = state.candidates.get(name)
      if (known !== undefined) {
        // Told anew, so worth a try; but no sooner than its failures allow.
        if (event.source === 'user') known.nextDialAt = 0
        continue
      }
      if (state.candidates.size >= LIMITS.candidatesMax) forgetUnreachable(state)
      if (state.candidates.size >= LIMITS.candidatesMax) continue
      state.candidates.set(name, {
        address,
        source: event.source,
        failures: 0,
        nextDialAt: 0,
        bothComplete: false,
        peer: undefined,
        introducer: undefined,
      })
    }
  },
  'dial-began'(state, event, at) {
    const address = { host: event.host, port: event.port }
    state.peers.set(event.peer, newPeer(state, event.peer, address, false, at))
    state.nextPeer = event.peer + 1
    const candidate = state.candidates.get(showAddress(address))
    if (candidate !== undefined) candidate.peer = event.peer
  },
  'dial-held'(state, event) {
    stepPeer(state, event.peer, event.type).held = true
  },
  'dial-released'(state, event) {
    stepPeer(state, event.peer, event.type).held = false
  },
  'dial-failed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const candidate = candidateOf(state, peer)
    if (candidate !== undefined) putOff(candidate, at)
    state.peers.delete(event.peer)
  },
  'peer-accepted'(state, event, at) {
    const address = { host: event.host, port: event.port }
    state.peers.set(event.peer, newPeer(state, event.peer, address, true, at))
    state.nextPeer = event.peer + 1
    stepPeer(state, event.peer, event.type)
  },
  'peer-connected'(state, event) {
    stepPeer(state, event.peer, event.type)
  },
  'transport-known'(state, event) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.transport = event.transport
    peer.protection = event.protection
  },
  'handshake-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.id = event.peerId as PeerId // 20 bytes of the handshake
    peer.fast = event.fast
    peer.extensions = event.extensions
    if (state.pex.on) {
      peer.openedAs = ++state.pex.opened
      peer.pexEnded = state.pex.ended
    }
  },
  'extensions-received'(state, event, at) {
    const peer = hear(state, event, at)
    chat(peer, at)
    peer.client = event.client ?? ''
    peer.listenPort = event.listenPort ?? peer.listenPort
    peer.uploadOnly = event.uploadOnly
    if (event.requestsMax !== undefined) peer.requestsMax = Math.max(1, Math.min(event.requestsMax, LIMITS.requestsMax))
  },
  'peer-closed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const candidate = candidateOf(state, peer)
    if (peer.webSeed !== undefined) stopAsking(state, peer)
    else if (candidate !== undefined) {
      if (peer.downloaded.total > 0 || peer.uploaded.total > 0) candidate.failures = 0
      putOff(candidate, at)
      // Two seeds have nothing for each other, whoever of them said so first.
      candidate.bothComplete = areBothComplete(state, peer)
      // Not so a duplicate: a client of another rule than ours may have closed the other connection at the same time.
      if (candidate.bothComplete || event.reason === 'self-connection') candidate.nextDialAt = at + RETRY_MS.most
    }
    noteEnding(state, peer)
    leave(state, peer)
  },
  'address-banned'(state, event) {
    state.banned.add(event.address)
    for (const [name, { address }] of state.candidates)
      if (banName(address) === event.address) state.candidates.delete(name)
  },
  'address-refused'(state, event) {
    state.refused++
    state.candidates.delete(showAddress(event))
  },
  'keep-alive-sent': (state, event, at) => void say(state, event, at),
  'keep-alive-received': (state, event, at) => void hear(state, event, at),
  'pex-offered'(state, event) {
    stepPeer(state, event.peer, event.type).pex = event.number
  },
  'pex-sent'(state, event, at) {
    const peer = say(state, event, at)
    peer.pexSentAt = at
    peer.pexOpened = event.openedUpTo
    peer.pexEnded = event.endedUpTo
  },
  'pex-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.pexHeardAt = at
    peer.pexIgnored = false
  },
  'pex-ignored'(state, event, at) {
    hear(state, event, at).pexIgnored = true
  },
  'holepunch-offered'(state, event) {
    stepPeer(state, event.peer, event.type).holepunch = event.number
  },
  'introductions-offered'(state, event, at) {
    hear(state, event, at)
    for (const address of event.addresses) {
      const candidate = state.candidates.get(showAddress(address))
      if (candidate !== undefined) candidate.introducer = event.peer
    }
  },
  'rendezvous-asked': (state, event, at) => void say(state, event, at),
  'rendezvous-failed'(state, event, at) {
    wantPunch(state, event, at)
    const candidate = state.candidates.get(showAddress(event))
    if (candidate?.introducer === event.peer) candidate.introducer = undefined
  },
  'rendezvous-relayed': wantPunch,
  'rendezvous-refused': wantPunch,
  'punch-began'(state, event, at) {
    stepPeer(state, event.peer, event.type).punched = true
    const relay = state.peers.get(event.relay)
    if (relay !== undefined) countPunch(relay, at)
  },
  'punch-refused': wantPunch,
  'punch-ignored': wantPunch,
  'dht-port-received'(state, event, at) {
    hear(state, event, at).dhtPort = event.port
  },

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
