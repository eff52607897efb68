/** Checkers of a live state: each a named function that says in words what does not hold. */
import { inFlightMax } from '../src/actors/picker.js'
import { blockOfKey, pieceOfKey } from '../src/events/geometry.js'
import { isHere, ordersOf } from '../src/events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../src/events/state.js'
import { LIMITS } from '../src/limits.js'
import { pieceIndex } from '../src/values.js'
import type { Finding } from './checkers.js'

/** Each piece is in exactly one place: missing, in flight, or stored; and the counts say so. */
export const pieceInOnePlace = (state: Readonly<TransferState>): Finding => {
  for (const piece of state.pieces.keys()) if (state.stored.has(piece)) return `piece ${piece} is stored and in flight`
  for (const { piece } of state.unannounced)
    if (!state.stored.has(piece)) return `piece ${piece} waits to be announced and is not stored`
  return undefined
}

/** As `pieceInOnePlace`, piece by piece: for the end of a run. */
export const everyPieceCounted = (state: Readonly<TransferState>): Finding => {
  let missing = 0
  for (let index = 0; index < state.geometry.pieceCount; index++) {
    const piece = pieceIndex(index)
    const stored = state.stored.has(piece)
    if (state.announced.has(piece) && !stored) return `piece ${piece} is announced and not stored`
    const wanted = state.wanted.has(piece) && !stored
    if (wanted) missing++
    const offered = state.rarity.offers(piece)
    if (state.standing.tags.downloading === true && offered !== (wanted && !state.pieces.has(piece)))
      return `piece ${piece} is ${offered ? '' : 'not '}to be picked, but ${wanted ? 'missing' : 'not wanted'}`
  }
  return missing === state.missing ? undefined : `${missing} pieces are missing, and ${state.missing} are counted`
}

const past = (whose: string, size: number, what: string, most: number): Finding =>
  `${whose} has ${size} ${what}, and ${most} is the most`

/** No queue of one peer is past its limit. */
export const noPeerPastItsLimit = (peer: Readonly<PeerState>): Finding => {
  const { requested, released, asked, allowedFast, unasked } = peer
  if (requested.size > LIMITS.requestsOutstandingMax)
    return past(`peer ${peer.key}`, requested.size, 'blocks on order', LIMITS.requestsOutstandingMax)
  if (released.size > LIMITS.releasedRequestsMax)
    return past(`peer ${peer.key}`, released.size, 'requests given up', LIMITS.releasedRequestsMax)
  if (asked.size > LIMITS.requestsServedMax)
    return past(`peer ${peer.key}`, asked.size, 'requests to be served', LIMITS.requestsServedMax)
  if (allowedFast.size > LIMITS.allowedFastMax)
    return past(`peer ${peer.key}`, allowedFast.size, 'pieces allowed fast', LIMITS.allowedFastMax)
  return unasked > LIMITS.unaskedBlocksMax
    ? past(`peer ${peer.key}`, unasked, 'blocks unasked', LIMITS.unaskedBlocksMax)
    : undefined
}

/** No queue and no list is past its limit. */
export const noQueuePastItsLimit = (state: Readonly<TransferState>): Finding => {
  let dialing = 0
  let dialed = 0
  for (const peer of state.peers.values()) {
    if (peer.standing.tags.dialing === true) dialing++
    if (!peer.incoming) dialed++
    const found = noPeerPastItsLimit(peer)
    if (found !== undefined) return found
  }
  for (const [piece, rejections] of state.rejections)
    if (rejections.length > LIMITS.rejectionsKept) return `${rejections.length} rejections of piece ${piece} are kept`
  const ofTransfer: readonly (readonly [size: number, what: string, most: number])[] = [
    [state.peers.size, 'connections', LIMITS.peersMax],
    [dialed, 'connections that it dialed', LIMITS.peersDialedMax],
    [dialing, 'dials', LIMITS.dialsMax],
    [state.candidates.size, 'addresses', LIMITS.candidatesMax],
    [state.pieces.size, 'pieces in flight', inFlightMax(state.geometry.pieceLength)],
  ]
  for (const [size, what, most] of ofTransfer) if (size > most) return past('the transfer', size, what, most)
  return undefined
}

const ledgerAddsUp = (ledger: Readonly<PieceState>, orders: ReadonlyMap<number, number> | undefined): Finding => {
  let received = 0
  let open = 0
  for (let block = 0; block < ledger.blocks; block++) {
    const onOrder = orders?.get(block) ?? 0
    if (ordersOf(ledger, block) !== onOrder)
      return `block ${block} of piece ${ledger.piece} is on order from ${onOrder} peers, and ${ordersOf(ledger, block)} are counted`
    if (isHere(ledger, block)) received++
    else if (onOrder === 0) open++
  }
  if (received !== ledger.received || open !== ledger.open)
    return `piece ${ledger.piece} has ${received} blocks and lacks ${open}; ${ledger.received} and ${ledger.open} are counted`
  return undefined
}

/** What is on order from peers is what the ledgers of pieces have, and nothing is on order that is here. */
export const ordersAddUp = (state: Readonly<TransferState>): Finding => {
  const orders = new Map<number, Map<number, number>>()
  for (const { key: peer, requested } of state.peers.values())
    for (const key of requested.keys()) {
      const [piece, block] = [pieceOfKey(state.geometry, key), blockOfKey(state.geometry, key)]
      const ledger = state.pieces.get(piece)
      if (ledger === undefined)
        return `a block of piece ${piece} is on order from peer ${peer}, and the piece is not in flight`
      if (ledger.standing.tags.fetching === true && isHere(ledger, block))
        return `block ${block} of piece ${piece} is here, and on order from peer ${peer}`
      const ofPiece = orders.get(piece) ?? new Map<number, number>()
      ofPiece.set(block, (ofPiece.get(block) ?? 0) + 1)
      orders.set(piece, ofPiece)
    }
  for (const ledger of state.pieces.values()) {
    const found = ledgerAddsUp(ledger, orders.get(ledger.piece))
    if (found !== undefined) return found
  }
  return undefined
}
