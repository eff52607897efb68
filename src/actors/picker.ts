/**
 * The picker: which blocks to ask of one peer next.
 *
 * Strict priority first (blocks of pieces in flight, so that pieces become whole and can be passed on), but a seed is
 * asked for rarer pieces before those: simulated flash crowds take half the time so. Then new pieces: rarest first, but
 * the first few at random, so that there is soon something to trade; or in order, if the user wants that. When every
 * missing block is on order, `endgame.ts` has its say. (BEP 3; pipelining is `pipeline.ts`.)
 */
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import type { Range } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Random } from '../random.js'
import type { Instant, PieceIndex } from '../values.js'
import { Basket, takeOpen, takeWhole } from './basket.js'
import { pickAtTheEnd } from './endgame.js'
import { type MayFetch, takeUrgent } from './urgent.js'

export interface Pick {
  readonly ranges: readonly Range[]
  /** A piece to let go of, because its place is needed and nobody is bringing it. */
  readonly drop: PieceIndex | undefined
}

/** So many pieces are fetched at random before rarity decides. */
const RANDOM_FIRST_PIECES = 4
const RANDOM_TRIES = 16

/** Pieces that may be in flight at one time: what the buffers hold. */
export const inFlightMax = (pieceLength: number): number =>
  Math.max(
    LIMITS.piecesInFlightMin,
    Math.min(LIMITS.piecesInFlightMax, Math.floor(LIMITS.pieceBuffersBytesMax / pieceLength)),
  )

type Servable = (piece: PieceIndex) => boolean

const servableBy = (peer: Readonly<PeerState>): Servable =>
  peer.standing.tags.peerChoking === true
    ? (piece) => peer.allowedFast.has(piece) && peer.has.has(piece)
    : (piece) => peer.has.has(piece)

const mayFetch = (ledger: Readonly<PieceState>, peer: Readonly<PeerState>): boolean =>
  ledger.standing.tags.fetching === true && (ledger.parole === undefined || ledger.parole === peer.key)

/** Of pieces in flight, some or, at another call, the others: no block may be taken twice. */
const takeInFlight = (
  basket: Basket,
  state: Readonly<TransferState>,
  peer: PeerState,
  servable: Servable,
  isTurnOf: (piece: PieceIndex) => boolean,
): void => {
  for (const ledger of state.pieces.values()) {
    if (basket.room === 0) return
    if (ledger.open === 0 || !isTurnOf(ledger.piece)) continue
    if (mayFetch(ledger, peer) && servable(ledger.piece)) takeOpen(basket, ledger)
  }
}

const EVERY = Number.POSITIVE_INFINITY

/**
 * A seed is asked for what is rarer than the pieces in flight before it is asked for those: what others have too they
 * can bring, and the first seed of a torrent would else send everything twice.
 */
const rarestOf = (state: Readonly<TransferState>, peer: PeerState): number =>
  peer.seed && !state.sequential && state.rarity.length > 0 ? state.rarity.availability(state.rarity.at(0)) : EVERY

/** What the peer suggests (BEP 6) decides between pieces that are about as rare. */
const hinted = ({ rarity }: Readonly<TransferState>, { suggested }: Readonly<PeerState>): readonly PieceIndex[] => {
  if (suggested.size === 0 || rarity.length === 0) return []
  const most = rarity.availability(rarity.at(0)) + 1
  return [...suggested].filter((piece) => rarity.offers(piece) && rarity.availability(piece) <= most)
}

/** New pieces for this peer, best first; at most `places` of them. */
function* newPieces(
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  servable: Servable,
  random: Random,
): Generator<PieceIndex> {
  const { rarity } = state
  if (state.sequential) {
    for (let index = 0; index < state.geometry.pieceCount; index++) {
      const piece = index as PieceIndex // within the torrent
      if (rarity.offers(piece) && servable(piece)) yield piece
    }
    return
  }
  const taken = new Set<PieceIndex>()
  for (const piece of hinted(state, peer))
    if (servable(piece)) {
      taken.add(piece)
      yield piece
    }
  if (state.stored.count < RANDOM_FIRST_PIECES && rarity.length > RANDOM_FIRST_PIECES) {
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const piece = rarity.at(random.below(rarity.length, 'first-piece'))
      if (taken.has(piece) || !servable(piece)) continue
      taken.add(piece)
      yield piece
    }
  }
  for (let at = 0; at < rarity.length; at++) {
    const piece = rarity.at(at)
    if (servable(piece) && !taken.has(piece)) yield piece
  }
}

const takeSome = (
  basket: Basket,
  peer: Readonly<PeerState>,
  places: number,
  servable: Servable,
  random: Random,
): number => {
  let left = places
  if (left <= 0 || basket.room === 0) return left
  for (const piece of newPieces(basket.state, peer, servable, random)) {
    takeWhole(basket, piece)
    if (--left === 0 || basket.room === 0) break
  }
  return left
}

const takeNew = (
  basket: Basket,
  peer: Readonly<PeerState>,
  places: number,
  servable: Servable,
  random: Random,
): void => {
  const { low, high } = basket.state
  if (low.count === 0 && high.count === 0) {
    takeSome(basket, peer, places, servable, random)
    return
  }
  let left = takeSome(basket, peer, places, (piece) => high.has(piece) && servable(piece), random)
  left = takeSome(basket, peer, left, (piece) => !high.has(piece) && !low.has(piece) && servable(piece), random)
  takeSome(basket, peer, left, (piece) => low.has(piece) && servable(piece), random)
}

/** Only of a peer with nothing else to do, and a few blocks at a time: what it doubles may come twice. */
const takeAtTheEnd = (basket: Basket, peer: PeerState, now: Instant, servable: Servable): void => {
  if (!basket.empty || peer.requested.size > 0) return
  const mayTake = (ledger: Readonly<PieceState>): boolean => mayFetch(ledger, peer) && servable(ledger.piece)
  const count = Math.min(basket.room, LIMITS.endgameBlocksMax)
  for (const { piece, block } of pickAtTheEnd(basket.state, peer, count, now, mayTake)) basket.take(piece, block)
}

/** A piece nobody brings and this peer lacks, holding a place that this peer could fill. */
const idlePiece = (state: Readonly<TransferState>, servable: Servable): PieceIndex | undefined => {
  let idle: PieceState | undefined
  for (const ledger of state.pieces.values()) {
    const ordered = ledger.open + ledger.received < ledger.blocks
    if (ledger.standing.tags.fetching !== true || ordered || servable(ledger.piece)) continue
    if (idle === undefined || ledger.received < idle.received) idle = ledger
  }
  return idle?.piece
}

/** At most `count` blocks for this peer, which must be open. */
export const pickBlocks = (
  state: Readonly<TransferState>,
  peer: PeerState,
  count: number,
  random: Random,
  now: Instant,
): Pick => {
  const basket = new Basket(state, count)
  const anyServable = servableBy(peer)
  let places = inFlightMax(state.geometry.pieceLength) - state.pieces.size
  let servable = anyServable
  if (state.deadlines.size > 0) {
    const mayTake: MayFetch = (ledger) => mayFetch(ledger, peer) && anyServable(ledger.piece)
    places -= takeUrgent(basket, peer, places, anyServable, mayTake, now)
    servable = (piece) => anyServable(piece) && !state.deadlines.has(piece)
  }
  const rarest = rarestOf(state, peer)
  const isRare = (piece: PieceIndex): boolean => state.rarity.availability(piece) <= rarest
  takeInFlight(basket, state, peer, servable, isRare)
  let drop: PieceIndex | undefined
  if (basket.empty && places <= 0 && peer.requested.size === 0) {
    drop = idlePiece(state, servable)
    if (drop !== undefined) places = 1
  }
  const room = basket.room
  takeNew(basket, peer, places, servable, random)
  if (basket.room === room) drop = undefined // nothing takes its place
  takeInFlight(basket, state, peer, servable, (piece) => !isRare(piece))
  takeAtTheEnd(basket, peer, now, servable)
  basket.close()
  return { ranges: basket.ranges, drop }
}

/** What this peer can be asked for now: pieces in flight, and new ones with the rarest first, equals in an order of chance. */
export const askablePieces = (state: Readonly<TransferState>, peer: PeerState): PieceIndex[] => {
  const servable = servableBy(peer)
  const pieces: PieceIndex[] = []
  for (const ledger of state.pieces.values())
    if (ledger.open > 0 && mayFetch(ledger, peer) && servable(ledger.piece)) pieces.push(ledger.piece)
  for (let at = 0; at < state.rarity.length; at++) {
    const piece = state.rarity.at(at)
    if (servable(piece)) pieces.push(piece)
  }
  return pieces
}

/**
 * As `pickBlocks`, in somebody else's order: new pieces and those in flight as they come in it, and then what else is in
 * flight, so that what was begun is always brought to its end. What the peer cannot be asked for now is passed over.
 */
export const pickInOrder = (
  state: Readonly<TransferState>,
  peer: PeerState,
  count: number,
  order: Iterable<PieceIndex>,
  now: Instant,
): Pick => {
  const basket = new Basket(state, count)
  const servable = servableBy(peer)
  const begun = new Set<PieceIndex>()
  let places = inFlightMax(state.geometry.pieceLength) - state.pieces.size
  let waiting: PieceIndex | undefined
  for (const piece of order) {
    const ledger = state.pieces.get(piece)
    if (!servable(piece)) continue
    if (ledger !== undefined) {
      begun.add(piece)
      if (mayFetch(ledger, peer)) takeOpen(basket, ledger)
    } else if (!state.rarity.offers(piece)) continue
    else if (places > 0) {
      places--
      takeWhole(basket, piece)
    } else waiting ??= piece
    if (basket.room === 0) break
  }
  takeInFlight(basket, state, peer, servable, (piece) => !begun.has(piece))
  let drop: PieceIndex | undefined
  if (basket.empty && waiting !== undefined && peer.requested.size === 0) {
    drop = idlePiece(state, servable)
    if (drop !== undefined) takeWhole(basket, waiting)
  }
  takeAtTheEnd(basket, peer, now, servable)
  basket.close()
  return { ranges: basket.ranges, drop }
}
