/** Folds of what happens with metadata: asked for, received, rejected, known at last, and served to others (BEP 9). */
import { transferLifecycle } from '../actors/transfer.machine.js'
import { LIMITS } from '../limits.js'
import type { Instant, PeerKey } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { banName } from './banning.js'
import type { Folds } from './fold.js'
import { learnGeometry, rebuildWants } from './folds-transfer.js'
import { addEarly, beginAttempt, earlyBits, earlyOf, newPeerMetadata, type PeerMetadata, unorder } from './metadata.js'
import { learnPieces, peerOf, stepPeer } from './peers.js'
import { Rarity } from './rarity.js'
import type { PeerState, TransferState } from './state.js'
import type { EventType } from './vocabulary.js'

const metadataOf = (peer: PeerState): PeerMetadata => {
  peer.metadata ??= newPeerMetadata()
  return peer.metadata
}

const hear = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): PeerState => {
  const peer = stepPeer(state, event.peer, event.type)
  peer.lastReceivedAt = at
  return peer
}

/** What was asked of the peer is answered. */
const answered = (state: TransferState, peer: PeerState, piece: number): void => {
  const metadata = metadataOf(peer)
  const request = metadata.asked.get(piece)
  if (request === undefined) return
  metadata.asked.delete(piece)
  if (request.overdue) return
  metadata.waiting--
  unorder(state.metadata, piece)
}

const putOff = (metadata: PeerMetadata, at: Instant): void => {
  metadata.notBefore =
    at + Math.min(LIMITS.metadataRetryMaxMs, LIMITS.metadataRetryMs * 2 ** Math.min(metadata.failures, 16))
  metadata.failures++
}

/** Attempts do not know of what was asked in the ones before. */
const forgetOrders = (state: TransferState): void => {
  for (const { metadata } of state.peers.values()) {
    if (metadata === undefined) continue
    for (const request of metadata.asked.values()) request.overdue = true
    metadata.waiting = 0
  }
}

/** What the peer said early, now that it can be understood. What cannot is as if it had said nothing. */
const understand = (state: TransferState, peer: PeerState): void => {
  const { early } = peer
  const { pieceCount } = state.geometry
  peer.has = new Bitfield(pieceCount)
  peer.early = undefined
  if (early === undefined) return
  const bits = early.all ? undefined : earlyBits(early, pieceCount)
  if (early.all) learnPieces(state, peer, Bitfield.filled(pieceCount))
  else if (bits !== undefined) learnPieces(state, peer, new Bitfield(pieceCount, bits))
}

export const metadataFolds = {
  'metadata-sought'(state, event) {
    state.standing = transferLifecycle.step(state.standing, event.type)
  },
  'metadata-offered'(state, event, at) {
    metadataOf(hear(state, event, at)).bytes = event.bytes <= LIMITS.metadataBytesMax ? event.bytes : 0
  },
  'metadata-attempt-began'(state, event) {
    if (state.metadata === undefined) return
    forgetOrders(state)
    beginAttempt(state.metadata, event.bytes, event.alone)
  },
  'metadata-requested'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    const { metadata } = state
    const own = metadataOf(peer)
    for (const piece of event.metadataPieces) {
      own.asked.set(piece, { at, overdue: false })
      own.waiting++
      if (metadata !== undefined && piece < metadata.orders.length)
        metadata.orders[piece] = (metadata.orders[piece] ?? 0) + 1
    }
  },
  'metadata-received'(state, event, at) {
    const peer = hear(state, event, at)
    answered(state, peer, event.metadataPiece)
    metadataOf(peer).failures = 0
    const { metadata } = state
    if (metadata === undefined || event.metadataPiece >= metadata.givers.length) return
    metadata.givers[event.metadataPiece] = peer.key + 1
    metadata.giversBanNames.set(peer.key, banName(peer.address))
    metadata.received++
  },
  'metadata-wasted'(state, event, at) {
    answered(state, hear(state, event, at), event.metadataPiece)
  },
  'metadata-refused'(state, event, at) {
    const peer = hear(state, event, at)
    answered(state, peer, event.metadataPiece)
    putOff(metadataOf(peer), at)
  },
  'metadata-overdue'(state, event, at) {
    const metadata = metadataOf(peerOf(state, event.peer))
    for (const piece of event.metadataPieces) {
      const request = metadata.asked.get(piece)
      if (request === undefined || request.overdue) continue
      request.overdue = true
      metadata.waiting--
      unorder(state.metadata, piece)
    }
    putOff(metadata, at)
  },
  'metadata-filled'(state) {
    if (state.metadata !== undefined) state.metadata.full = true
  },
  'metadata-rejected'(state, { fingerprints }) {
    const { metadata } = state
    if (metadata === undefined) return
    const names = [...metadata.givers].map((giver) => metadata.giversBanNames.get((giver - 1) as PeerKey) ?? '') // as it was put in
    // Where one gave everything nothing is left to be found out.
    if (new Set(names).size > 1) metadata.rejections.push({ givers: names, fingerprints, bytes: metadata.bytes })
    if (metadata.rejections.length > LIMITS.rejectionsKept) metadata.rejections.shift()
    forgetOrders(state)
    beginAttempt(metadata, 0, undefined)
  },
  'metadata-completed'(state, event) {
    state.standing = transferLifecycle.step(state.standing, event.type)
    state.metadata = undefined
    state.name = event.name
    state.private = event.private
    learnGeometry(state, event.pieceLength, event.totalBytes)
    state.rarity = new Rarity(state.geometry.pieceCount, state.randomSeed)
    for (const peer of state.peers.values()) understand(state, peer)
    rebuildWants(state)
  },
  'metadata-liar-banned'(state, event) {
    state.banned.add(event.address)
    for (const [name, { address }] of state.candidates)
      if (banName(address) === event.address) state.candidates.delete(name)
  },
  'metadata-served'(state, event, at) {
    const peer = hear(state, event, at)
    peer.lastSentAt = at
    metadataOf(peer).served++
  },
  'metadata-denied'(state, event, at) {
    const peer = hear(state, event, at)
    peer.lastSentAt = at
    metadataOf(peer).denied++
  },
  'early-bitfield-received'(state, event, at) {
    const peer = hear(state, event, at)
    const early = earlyOf(peer)
    // Said again it adds to what was said (aria2).
    const bits = event.early.slice()
    for (let byte = 0; byte < early.bits.length && byte < bits.length; byte++)
      bits[byte] = (bits[byte] ?? 0) | (early.bits[byte] ?? 0)
    early.bits = bits.length >= early.bits.length ? bits : early.bits
    early.exactBytes = event.early.length
    peer.saidPieces = true
  },
  'early-have-received'(state, event, at) {
    const peer = hear(state, event, at)
    addEarly(earlyOf(peer), event.index)
    peer.saidPieces = true
  },
} satisfies Partial<Folds>
