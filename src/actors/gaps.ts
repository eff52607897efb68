/**
 * Gaps: which blocks to ask of a web seed next (BEP 19).
 *
 * Strategy: a web server is quickest where it is asked for much at once, and it has what is rare as well as what is not.
 * So it goes on after what it was asked for last, and else begins at the start of the longest run of pieces that nobody
 * fetches; in the middle of it where another web seed is about to go on there. Peers pick single pieces by rarity
 * meanwhile, and no piece is asked of both. When there is no new piece it takes what was left of those in flight, and at
 * the very end what `endgame.ts` lets it.
 */
import { blocksOfPiece, lengthOfPiece } from '../events/geometry.js'
import { isHere, ordersOf } from '../events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import type { Range } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES, type Instant, type PieceIndex } from '../values.js'
import { pickAtTheEnd } from './endgame.js'
import { inFlightMax } from './picker.js'

interface Gap {
  readonly from: number
  readonly length: number
}

const isFree = (state: Readonly<TransferState>, peer: Readonly<PeerState>, piece: number): boolean =>
  piece < state.geometry.pieceCount && state.rarity.offers(piece as PieceIndex) && peer.has.has(piece)

/** The longest, or in order the first. */
const bestGap = (state: Readonly<TransferState>, peer: Readonly<PeerState>): Gap | undefined => {
  let best: Gap | undefined
  let from = 0
  for (let piece = 0; piece <= state.geometry.pieceCount; piece++) {
    if (isFree(state, peer, piece)) continue
    if (piece - from > (best?.length ?? 0)) best = { from, length: piece - from }
    if (state.sequential && best !== undefined) return best
    from = piece + 1
  }
  return best
}

const isTaken = (state: Readonly<TransferState>, peer: Readonly<PeerState>, piece: number): boolean => {
  for (const { peer: other, nextPiece, url } of state.webSeeds.values())
    if (other !== undefined && url !== peer.webSeed && nextPiece > 0 && nextPiece === piece) return true
  return false
}

const startOf = (state: Readonly<TransferState>, peer: Readonly<PeerState>, { from, length }: Gap): number =>
  length > 1 && !state.sequential && isTaken(state, peer, from) ? from + (length >> 1) : from

/** The piece that somebody waits for the soonest, and that nobody fetches. */
const mostUrgent = (state: Readonly<TransferState>, peer: Readonly<PeerState>): number | undefined => {
  let best: { readonly piece: number; readonly at: number } | undefined
  for (const [piece, at] of state.deadlines)
    if (isFree(state, peer, piece) && (best === undefined || at < best.at)) best = { piece, at }
  return best?.piece
}

/** Where it goes on, or begins anew. */
const whereNext = (state: Readonly<TransferState>, peer: Readonly<PeerState>): number | undefined => {
  const urgent = mostUrgent(state, peer)
  if (urgent !== undefined) return urgent
  const next = state.webSeeds.get(peer.webSeed ?? '')?.nextPiece ?? 0
  if (!state.sequential && next > 0 && isFree(state, peer, next)) return next
  const gap = bestGap(state, peer)
  return gap && startOf(state, peer, gap)
}

/** At most so many blocks of new pieces that follow each other. */
const newRun = (state: Readonly<TransferState>, peer: Readonly<PeerState>, blocks: number): readonly Range[] => {
  const places = inFlightMax(state.geometry.pieceLength) - state.pieces.size
  // Peers find places too, unless pieces are so large that there are hardly any.
  const most = Math.max(Math.min(1, places), places >> 1)
  if (most <= 0 || state.rarity.length === 0) return []
  const ranges: Range[] = []
  let left = blocks
  let piece = whereNext(state, peer)
  for (let taken = 0; piece !== undefined && taken < most && left > 0 && isFree(state, peer, piece); taken++, piece++) {
    const index = piece as PieceIndex // offered
    const count = Math.min(left, blocksOfPiece(state.geometry, index))
    const length = Math.min(count * BLOCK_BYTES, lengthOfPiece(state.geometry, index))
    ranges.push({ piece: index, offset: 0, length })
    left -= count
  }
  return ranges
}

const mayFetch = (peer: Readonly<PeerState>, ledger: Readonly<PieceState>): boolean =>
  ledger.standing.tags.fetching === true &&
  peer.has.has(ledger.piece) &&
  (ledger.parole === undefined || ledger.parole === peer.key)

/** The first run of blocks of a piece that are neither here nor on order. */
const openRun = (state: Readonly<TransferState>, ledger: Readonly<PieceState>, blocks: number): Range | undefined => {
  let first = 0
  const isOpen = (block: number): boolean =>
    block < ledger.blocks && !isHere(ledger, block) && ordersOf(ledger, block) === 0
  while (first < ledger.blocks && !isOpen(first)) first++
  let end = first
  while (isOpen(end) && end - first < blocks) end++
  if (end === first) return undefined
  const offset = first * BLOCK_BYTES
  const length = Math.min(end * BLOCK_BYTES, lengthOfPiece(state.geometry, ledger.piece)) - offset
  return { piece: ledger.piece, offset, length }
}

/** Of pieces in flight what nobody brings, at most so many blocks. */
const restOf = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  blocks: number,
  isTurnOf: (ledger: Readonly<PieceState>) => boolean,
): readonly Range[] => {
  const ranges: Range[] = []
  let left = blocks
  for (const ledger of state.pieces.values()) {
    if (left <= 0) break
    if (ledger.open === 0 || !isTurnOf(ledger) || !mayFetch(peer, ledger)) continue
    const range = openRun(state, ledger, left)
    if (range === undefined) continue
    ranges.push(range)
    left -= Math.ceil(range.length / BLOCK_BYTES)
  }
  return ranges.sort((one, other) => one.piece - other.piece)
}

const atTheEnd = (state: Readonly<TransferState>, peer: Readonly<PeerState>, now: Instant): readonly Range[] => {
  if (peer.requested.size > 0) return []
  const taken = pickAtTheEnd(state, peer, LIMITS.endgameBlocksMax, now, (ledger) => mayFetch(peer, ledger))
  return taken.map(({ piece, block }) => {
    const offset = block * BLOCK_BYTES
    return { piece, offset, length: Math.min(BLOCK_BYTES, lengthOfPiece(state.geometry, piece) - offset) }
  })
}

/** Ranges that follow each other, for one run of requests; none, where there is nothing for it to do now. */
export const pickGap = (state: Readonly<TransferState>, peer: Readonly<PeerState>, now: Instant): readonly Range[] => {
  const blocks = Math.min(LIMITS.webSeedRunBlocks, LIMITS.webSeedBlocksMax - peer.requested.size)
  if (blocks <= 0) return []
  const last = (state.webSeeds.get(peer.webSeed ?? '')?.nextPiece ?? 0) - 1
  // The rest of a piece that its last run had no room for.
  const own = restOf(state, peer, blocks, ({ piece }) => piece === last)
  const left = blocks - own.reduce((sum, { length }) => sum + Math.ceil(length / BLOCK_BYTES), 0)
  const run = newRun(state, peer, left)
  if (run.length > 0) return [...own, ...run]
  const rest = restOf(state, peer, blocks, () => true)
  return rest.length > 0 ? rest : atTheEnd(state, peer, now)
}
