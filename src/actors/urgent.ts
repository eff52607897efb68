/**
 * The urgent: pieces that somebody reads and waits for, before any others, the soonest due first.
 *
 * A block of those that another peer would bring too late is asked of this one as well, where it would bring it in half
 * the time. They have buffers beside those of other pieces, so that whoever reads need not wait for a place.
 */
import { blockKey } from '../events/geometry.js'
import { isHere, ordersOf } from '../events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { Instant, PieceIndex } from '../values.js'
import { type Basket, takeOpen, takeWhole } from './basket.js'
import { usualBlockMs } from './orders.js'

export type MayFetch = (ledger: Readonly<PieceState>) => boolean

const SOONER = 2

const soonestFirst = ({ deadlines }: Readonly<TransferState>): readonly PieceIndex[] =>
  [...deadlines].sort(([a, aDue], [b, bDue]) => aDue - bDue || a - b).map(([piece]) => piece)

/** How long what is on order from the peer will take at most, as it brought blocks so far. */
const waitMs = (peer: Readonly<PeerState>, now: Instant): number =>
  peer.requested.size * (usualBlockMs(peer) ?? 0) + Math.max(0, now - peer.lastBlockAt)

const soonestMs = (state: Readonly<TransferState>, key: number, now: Instant): number => {
  let least = Number.POSITIVE_INFINITY
  for (const peer of state.peers.values()) if (peer.requested.has(key)) least = Math.min(least, waitMs(peer, now))
  return least
}

/** Blocks of the piece that come too late from others. */
const takeLate = (basket: Basket, peer: PeerState, ledger: Readonly<PieceState>, due: number, now: Instant): void => {
  const { state } = basket
  const ownMs = (usualBlockMs(peer) ?? 0) * (peer.requested.size + 1) + peer.pipeline.delayMs
  for (let block = 0; block < ledger.blocks && basket.room > 0; block++) {
    const orders = ordersOf(ledger, block)
    const key = blockKey(state.geometry, ledger.piece, block)
    if (isHere(ledger, block) || orders === 0 || orders >= LIMITS.endgameOrdersMax || peer.requested.has(key)) continue
    const theirsMs = soonestMs(state, key, now)
    const isLate = theirsMs > LIMITS.urgentPatienceMs && now + theirsMs > due
    if (isLate && theirsMs > SOONER * ownMs) basket.take(ledger.piece, block)
  }
}

/** Returns how many of the `places` in flight it took. */
export const takeUrgent = (
  basket: Basket,
  peer: PeerState,
  places: number,
  servable: (piece: PieceIndex) => boolean,
  mayFetch: MayFetch,
  now: Instant,
): number => {
  const { state } = basket
  let taken = 0
  const pieces = soonestFirst(state)
  for (const piece of pieces) {
    if (basket.room === 0) return taken
    const ledger = state.pieces.get(piece)
    if (ledger !== undefined) {
      if (ledger.open > 0 && mayFetch(ledger)) takeOpen(basket, ledger)
    } else if (taken < places + LIMITS.urgentPiecesExtra && state.rarity.offers(piece) && servable(piece)) {
      takeWhole(basket, piece)
      taken++
    }
  }
  for (const piece of pieces.slice(0, LIMITS.urgentPiecesDoubled)) {
    const ledger = state.pieces.get(piece)
    const due = state.deadlines.get(piece) ?? now
    if (ledger !== undefined && mayFetch(ledger)) takeLate(basket, peer, ledger, due, now)
  }
  return taken
}
