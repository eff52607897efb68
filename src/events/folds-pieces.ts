/** Folds of what happens to pieces and their blocks, in both directions. */
import { pieceLifecycle } from '../actors/piece.machine.js'
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES, type Instant, type PieceIndex } from '../values.js'
import { banNameOfPeer } from './banning.js'
import type { Folds } from './fold.js'
import { meetDeadline } from './folds-wants.js'
import { blockAt, blockKey, lengthOfPiece } from './geometry.js'
import { isHashless } from './hash-orders.js'
import { banNameOf, emptyLedger, openLedger, order, receive, unorder } from './ledger.js'
import { addBytes, PEER_WINDOW_MS } from './meter.js'
import { ownEntries } from './none.js'
import { cameLate, chat, endParole, releaseRequests, remember, stepPeer } from './peers.js'
import { blockCame } from './pipeline.js'
import type { PeerState, PieceState, TransferState } from './state.js'
import type { EventType, Range } from './vocabulary.js'

export const pieceOf = (state: TransferState, piece: PieceIndex): PieceState =>
  present(state.pieces.get(piece), `piece ${piece} in flight`)

const stepPiece = (state: TransferState, piece: PieceIndex, type: EventType): PieceState => {
  const ledger = pieceOf(state, piece)
  ledger.standing = pieceLifecycle.step(ledger.standing, type)
  return ledger
}

/** A name for what a peer asked for, as it asked for it. */
export const rangeName = ({ piece, offset, length }: Range): string => `${piece}:${offset}:${length}`

/** The block is no longer on order from the peer. */
const takeOffOrder = (state: TransferState, peer: PeerState, piece: PieceIndex, block: number): Instant | undefined => {
  const key = blockKey(state.geometry, piece, block)
  const since = peer.requested.get(key)
  if (since === undefined) {
    cameLate(peer.released, key)
    return undefined
  }
  peer.requested.delete(key)
  const ledger = state.pieces.get(piece)
  if (ledger !== undefined) unorder(ledger, block)
  return since
}

const landInFlight = (state: TransferState, piece: PieceIndex, at: Instant): PieceState => {
  const known = state.pieces.get(piece)
  if (known !== undefined) return known
  const ledger = openLedger(state.geometry, piece, at)
  if (state.rarity.offers(piece)) state.rarity.withdraw(piece)
  state.pieces.set(piece, ledger)
  return ledger
}

const leaveFlight = (state: TransferState, piece: PieceIndex): void => {
  state.pieces.delete(piece)
}

const goneOn = (state: TransferState, url: string, lastPiece: number): void => {
  const webSeed = state.webSeeds.get(url)
  if (webSeed !== undefined) webSeed.nextPiece = lastPiece + 1
}

export const pieceFolds = {
  'blocks-requested'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    if (peer.requested.size === 0 && !peer.overdue) peer.lastBlockAt = at
    for (const { piece, offset, length } of event.ranges) {
      const ledger = landInFlight(state, piece, at)
      ledger.standing = pieceLifecycle.step(ledger.standing, event.type)
      if (ledger.parole === undefined && state.rejections.has(piece)) ledger.parole = event.peer
      const first = offset / BLOCK_BYTES
      const end = first + Math.ceil(length / BLOCK_BYTES)
      for (let block = first; block < end; block++) {
        // If it was given up before, two may come: it stays in `released` for the second.
        peer.requested = ownEntries(peer.requested).set(blockKey(state.geometry, piece, block), at)
        order(ledger, block)
      }
    }
    if (peer.webSeed !== undefined) goneOn(state, peer.webSeed, event.ranges.at(-1)?.piece ?? 0)
  },
  'block-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const ledger = stepPiece(state, event.piece, event.type)
    const block = event.offset / BLOCK_BYTES
    const since = takeOffOrder(state, peer, event.piece, block)
    receive(ledger, block, event.peer, () => banNameOfPeer(peer))
    peer.lastReceivedAt = at
    peer.lastBlockAt = at
    peer.snubbed = false
    peer.deniedAt = 0
    peer.overdue = false
    addBytes(peer.downloaded, at, event.length, PEER_WINDOW_MS)
    addBytes(state.downloaded, at, event.length)
    state.sessionDownloaded += event.length
    if (since !== undefined) {
      blockCame(peer.pipeline, at, since, event.length, Math.min(peer.requestsMax, LIMITS.requestsOutstandingMax))
    }
  },
  'block-wasted'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const block = blockAt(state.geometry, event.piece, event.offset, event.length)
    if (block !== undefined) takeOffOrder(state, peer, event.piece, block)
    peer.lastReceivedAt = at
    if (event.kind !== 'unasked') {
      peer.lastBlockAt = at
      peer.overdue = false
    }
    peer.wastedBytes += event.length
    if (event.kind === 'unasked') peer.unasked++
    state.waste[event.kind] += event.length
    state.sessionDownloaded += event.length
    state.sessionWasted += event.length
  },
  'block-progressed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    peer.lastBlockAt = at
  },
  'block-refused'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.deniedAt = at
    peer.lastReceivedAt = at
    takeOffOrder(state, peer, event.piece, event.offset / BLOCK_BYTES)
    if (state.pieces.get(event.piece)?.parole === event.peer) endParole(state, peer)
  },
  'requests-cancelled'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastSentAt = at
    for (const { piece, offset } of event.ranges) {
      const block = offset / BLOCK_BYTES
      takeOffOrder(state, peer, piece, block)
      remember(peer, blockKey(state.geometry, piece, block)) // it may be on its way
    }
  },
  'requests-released'(state, event) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.overdue = true
    releaseRequests(state, peer)
  },
  'piece-filled'(state, event) {
    stepPiece(state, event.piece, event.type)
  },
  'piece-verified'(state, event) {
    stepPiece(state, event.piece, event.type).parole = undefined
    state.rejections.delete(event.piece)
  },
  'piece-rejected'(state, event) {
    const ledger = stepPiece(state, event.piece, event.type)
    const before = state.rejections.get(event.piece) ?? []
    const givers = Array.from({ length: ledger.blocks }, (_, block) => banNameOf(ledger, block))
    const rejection = { givers, fingerprints: event.fingerprints }
    state.rejections.set(event.piece, [...before.slice(1 - LIMITS.rejectionsKept), rejection])
    emptyLedger(ledger)
    ledger.parole = undefined
    ledger.doubts = []
    const bytes = lengthOfPiece(state.geometry, event.piece)
    state.waste.rejected += bytes
    state.sessionWasted += bytes
  },
  'piece-stored'(state, event) {
    stepPiece(state, event.piece, event.type)
    leaveFlight(state, event.piece)
    state.stored.set(event.piece)
    state.unannounced.push({ piece: event.piece, seq: state.nextSeq })
    state.unsynced.push(event.piece)
    if (!state.wanted.has(event.piece)) return
    state.missing--
    for (const peer of state.peers.values()) if (peer.has.has(event.piece)) peer.interesting--
    if (state.deadlines.size > 0) meetDeadline(state, event.piece)
  },
  'piece-dropped'(state, event) {
    stepPiece(state, event.piece, event.type)
    leaveFlight(state, event.piece)
    for (const peer of state.peers.values())
      for (const key of [...peer.requested.keys()])
        if (Math.floor(key / state.geometry.blocksPerPiece) === event.piece) peer.requested.delete(key)
    const { piece } = event
    if (state.wanted.has(piece) && !state.stored.has(piece) && !state.checking.has(piece) && !isHashless(state, piece))
      state.rarity.offer(piece)
  },
  'pieces-announced'(state, event, at) {
    for (const piece of event.pieces) state.announced.set(piece)
    const told = new Set(event.pieces)
    state.unannounced = state.unannounced.filter(({ piece }) => !told.has(piece))
    for (const peer of state.peers.values()) if (peer.standing.tags.open === true && !peer.seed) peer.lastSentAt = at // who is told
  },

  'request-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    const { piece, offset, length } = event
    if (peer.standing.tags.amChoking === true) peer.fastBlocksLeft -= Math.ceil(length / BLOCK_BYTES)
    peer.asked = ownEntries(peer.asked).set(rangeName(event), { piece, offset, length })
  },
  'cancel-received'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.lastReceivedAt = at
    chat(peer, at)
    peer.asked.delete(rangeName(event))
  },
  'request-refused'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    chat(peer, at)
    peer.asked.delete(rangeName(event))
  },
  'block-served'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.asked.delete(rangeName(event))
    peer.lastSentAt = at
    addBytes(peer.uploaded, at, event.length, PEER_WINDOW_MS)
    addBytes(state.uploaded, at, event.length)
    state.sessionUploaded += event.length
  },
} satisfies Partial<Folds>
