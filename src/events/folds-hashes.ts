/** Folds of what is known of the trees of files, asked about them, and told of them (BEP 52). */
import { pieceLifecycle } from '../actors/piece.machine.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES, infoHash, type PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'
import { pieceOf } from './folds-pieces.js'
import { rebuildWants } from './folds-transfer.js'
import { geometryOf } from './geometry.js'
import { chunkOf, hashOrderName } from './hash-orders.js'
import { takeOut } from './ledger.js'
import { ownValues } from './none.js'
import { stepPeer } from './peers.js'
import type { HashOrder, PeerState, TransferState } from './state.js'

const endOrder = (state: TransferState, peer: PeerState, of: HashOrder['of'], piece: PieceIndex): void => {
  const name = hashOrderName(of, piece)
  if (state.hashOrders.get(name)?.peer !== peer.key) return
  state.hashOrders.delete(name)
  peer.hashesAsked--
}

export const hashFolds = {
  'trees-described'(state, event) {
    const { pieceLength, totalBytes } = state.geometry
    state.version = event.hybrid ? 'hybrid' : 'v2'
    state.infoHashV2 = event.infoHashV2
    const shortPieces = new Map<number, number>(event.shortPieces.map(({ piece, bytes }) => [piece, bytes]))
    state.geometry = geometryOf(pieceLength, totalBytes, shortPieces)
  },
  'other-hash-known'(state, event, at) {
    state.otherHash = infoHash(event.otherHash)
    // Whoever knows it by this hash was not asked for.
    state.announceNext.at = at
    state.dht.lookUpAt = at
    state.lsd.announceAt = at
  },
  'peer-agreed-on-v2'(state, event) {
    stepPeer(state, event.peer, event.type).v2 = true
  },
  'layers-missing'(state, event) {
    state.hashless = new Bitfield(state.geometry.pieceCount)
    for (const { file, piece, pieces } of event.files) {
      const chunks = new Bitfield(Math.ceil(pieces / LIMITS.hashesAskedMax))
      state.layers.set(file, { file, firstPiece: piece, pieces, chunks })
      // Those of a hybrid are known by v1's hashes.
      if (state.version === 'v2') for (let at = piece; at < piece + pieces; at++) state.hashless.set(at)
    }
    rebuildWants(state)
  },
  'hashes-requested'(state, event, at) {
    const { of, piece } = event
    const peer = stepPeer(state, event.peer, event.type)
    peer.hashesAsked++
    peer.lastSentAt = at
    state.hashOrders.set(hashOrderName(of, piece), { peer: event.peer, of, piece, at })
  },
  'hashes-received'(state, { peer: key, of, piece, type }, at) {
    const peer = stepPeer(state, key, type)
    peer.lastReceivedAt = at
    endOrder(state, peer, of, piece)
    if (of === 'blocks') return
    for (const layer of state.layers.values()) {
      const { file, firstPiece, pieces, chunks } = layer
      if (piece < firstPiece || piece >= firstPiece + pieces) continue
      chunks.set(chunkOf(layer, piece))
      const end = Math.min(piece + LIMITS.hashesAskedMax, firstPiece + pieces)
      for (let each = piece as number; each < end; each++) state.hashless.clear(each)
      if (chunks.full) state.layers.delete(file)
      break
    }
    rebuildWants(state)
  },
  'hashes-refused'(state, { peer: key, of, piece, type }) {
    const peer = stepPeer(state, key, type)
    endOrder(state, peer, of, piece)
    peer.hashRefusals = ownValues(peer.hashRefusals).add(hashOrderName(of, piece))
  },
  'hashes-wrong'(state, { peer: key, of, piece, type }) {
    endOrder(state, stepPeer(state, key, type), of, piece)
  },
  'hash-request-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    peer.hashesServing++
  },
  'hashes-served'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    peer.hashesServing--
  },
  'hashes-denied'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    if (event.reason === 'unreadable') peer.hashesServing--
  },
  'piece-doubted'(state, event) {
    const ledger = pieceOf(state, event.piece)
    ledger.standing = pieceLifecycle.step(ledger.standing, event.type)
    ledger.doubts = event.fingerprints
    state.vigilant = true
  },
  'blocks-disproved'(state, event) {
    const ledger = pieceOf(state, event.piece)
    ledger.standing = pieceLifecycle.step(ledger.standing, event.type)
    ledger.doubts = []
    state.vigilant = true
    for (const { offset, length } of event.blocks) {
      takeOut(ledger, offset / BLOCK_BYTES)
      state.waste.rejected += length
      state.sessionWasted += length
    }
  },
} satisfies Partial<Folds>
