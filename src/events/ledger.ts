/** The ledger of a piece in flight: which block is missing, on order, or here, and who gave it. */
import { pieceLifecycle } from '../actors/piece.machine.js'
import { assert } from '../assert.js'
import type { Instant, PeerKey, PieceIndex } from '../values.js'
import { blocksOfPiece, type Geometry } from './geometry.js'
import type { PieceState } from './state.js'

export const openLedger = (geometry: Geometry, piece: PieceIndex, since: Instant): PieceState => {
  const blocks = blocksOfPiece(geometry, piece)
  return {
    piece,
    standing: pieceLifecycle.initial,
    since,
    blocks,
    givers: new Uint32Array(blocks),
    giversBanNames: new Map(),
    orders: new Uint8Array(blocks),
    received: 0,
    open: blocks,
    parole: undefined,
    doubts: [],
  }
}

export const isHere = (ledger: Readonly<PieceState>, block: number): boolean => ledger.givers[block] !== 0
export const ordersOf = (ledger: Readonly<PieceState>, block: number): number => ledger.orders[block] ?? 0

/** Who gave a block that is here. */
export const giverOf = (ledger: Readonly<PieceState>, block: number): PeerKey | undefined => {
  const giver = ledger.givers[block] ?? 0
  return giver === 0 ? undefined : ((giver - 1) as PeerKey) // written below from a key
}

/** The peers that gave the blocks that are here, each once. */
export const giversOf = (ledger: Readonly<PieceState>): readonly PeerKey[] => [...ledger.giversBanNames.keys()]

/** What to ban for the block, if it proves wrong. */
export const banNameOf = (ledger: Readonly<PieceState>, block: number): string => {
  const giver = giverOf(ledger, block)
  return giver === undefined ? '' : (ledger.giversBanNames.get(giver) ?? '')
}

export const order = (ledger: PieceState, block: number): void => {
  const orders = ordersOf(ledger, block)
  if (orders === 0 && !isHere(ledger, block)) ledger.open--
  ledger.orders[block] = orders + 1
}

/** One peer will not bring the block any more, or has brought it. */
export const unorder = (ledger: PieceState, block: number): void => {
  const orders = ordersOf(ledger, block)
  assert(orders > 0, 'only a block on order can be taken off order')
  ledger.orders[block] = orders - 1
  if (orders === 1 && !isHere(ledger, block)) ledger.open++
}

export const receive = (ledger: PieceState, block: number, giver: PeerKey, banned: () => string): void => {
  assert(!isHere(ledger, block), 'a block is received once')
  if (ordersOf(ledger, block) === 0) ledger.open--
  ledger.givers[block] = giver + 1
  if (!ledger.giversBanNames.has(giver)) ledger.giversBanNames.set(giver, banned())
  ledger.received++
}

/** A block that was here is missing again. */
export const takeOut = (ledger: PieceState, block: number): void => {
  assert(isHere(ledger, block), 'only a block that is here can be taken out')
  ledger.givers[block] = 0
  ledger.received--
  if (ordersOf(ledger, block) === 0) ledger.open++
}

/** Every block is missing again; orders stand. */
export const emptyLedger = (ledger: PieceState): void => {
  ledger.givers.fill(0)
  ledger.giversBanNames.clear()
  ledger.received = 0
  ledger.open = 0
  for (let block = 0; block < ledger.blocks; block++) if (ordersOf(ledger, block) === 0) ledger.open++
}
