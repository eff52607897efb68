/** Pickers: functions of users that say which pieces to ask a peer for, in place of the engine's own picker. */

import { askablePieces, pickBlocks, pickInOrder } from '../src/actors/picker.js'
import type { Strategy } from '../src/actors/strategy.js'
import { PEER_WINDOW_MS, rateOf } from '../src/events/meter.js'
import type { PeerState, TransferState } from '../src/events/state.js'
import type { Random } from '../src/random.js'
import type { Instant, PieceIndex } from '../src/values.js'
import { AS_EVER, Asked, type Asking, type Judge } from './answers.js'

/** What a picker may know, for the time of one call. Pieces are whole numbers from 0. */
export interface PickerView {
  /** The node that asks; nodes are numbered from 1, the seeds first. */
  readonly node: number
  /** Since the simulation began. */
  readonly seconds: number
  readonly pieceCount: number
  /** Bytes in each piece but the last. */
  readonly pieceLength: number
  /** Pieces that the node has stored. */
  readonly storedPieces: number
  /** The peer that is about to be asked. */
  readonly peer: {
    readonly node: number
    /** It has every piece. */
    readonly isSeed: boolean
    /** Pieces that it has. */
    readonly pieces: number
    /** Bytes a second that came from it during the last few seconds. */
    readonly downloadRate: number
  }
  /**
   * What the peer can be asked for now: pieces that it has, and of which blocks are neither here nor on order. Those that
   * are begun come first, then the others with the rarest first, and equals in an order of chance, which each node has of
   * its own: without that a swarm asks for the same pieces at the same time. Made for this call: sort it as you like.
   */
  readonly pieces: number[]
  peerHas(piece: number): boolean
  /** It is wanted and not stored. */
  isMissing(piece: number): boolean
  /** It is missing, and blocks of it are here or on order. */
  isBegun(piece: number): boolean
  /** How many of the peers that the node is connected to have it. */
  availability(piece: number): number
  /** A whole number from 0 up to, but not including, `below`; drawn from the seed. */
  random(below: number): number
}

/** Pieces in the order in which to ask for them, or `default` for what the engine would do. */
export type Picker = (view: PickerView) => Iterable<number> | typeof AS_EVER

/** A draw for a user's function. */
export const drawOf =
  (random: Random, purpose: string) =>
  (below: number): number => {
    if (!Number.isSafeInteger(below) || below < 1) throw new RangeError(`nothing can be drawn from ${below}`)
    return random.below(below, purpose)
  }

/** One decision: what it is about. */
interface Turn {
  readonly state: Readonly<TransferState>
  readonly peer: PeerState
  readonly random: Random
  readonly now: Instant
}

const isPiece = (state: Readonly<TransferState>, piece: number): piece is PieceIndex =>
  Number.isInteger(piece) && piece >= 0 && piece < state.geometry.pieceCount

const isMissing = (state: Readonly<TransferState>, piece: number): boolean =>
  isPiece(state, piece) && state.wanted.has(piece) && !state.stored.has(piece)

const viewOf = ({ state, peer, random, now }: Turn, asking: Asking): PickerView => {
  const { pieceCount, pieceLength } = state.geometry
  let pieces: number[] | undefined
  return {
    node: asking.node,
    seconds: asking.seconds(),
    pieceCount,
    pieceLength,
    storedPieces: state.stored.count,
    peer: {
      node: asking.nodeAt(peer.address),
      isSeed: peer.seed,
      pieces: peer.has.count,
      downloadRate: rateOf(peer.downloaded, now, PEER_WINDOW_MS),
    },
    get pieces() {
      pieces ??= askablePieces(state, peer)
      return pieces
    },
    peerHas: (piece) => isPiece(state, piece) && peer.has.has(piece),
    isMissing: (piece) => isMissing(state, piece),
    isBegun: (piece) => isMissing(state, piece) && state.pieces.has(piece as PieceIndex), // as `isMissing` found
    availability: (piece) => (isPiece(state, piece) ? state.rarity.availability(piece) + state.seedsConnected : 0),
    random: drawOf(random, 'picker'),
  }
}

const judgeOf =
  ({ state, peer }: Turn): Judge =>
  (piece) => {
    if (!isPiece(state, piece)) return `and pieces are whole numbers from 0 to ${state.geometry.pieceCount - 1}`
    if (state.stored.has(piece)) return 'which is stored'
    if (!state.wanted.has(piece)) return 'which is not wanted'
    return peer.has.has(piece) ? undefined : 'which the peer does not have'
  }

export const pickerOf = (picker: Picker, asking: Asking): Strategy['pickBlocks'] => {
  const asked = new Asked('picker', picker, asking)
  return (state, peer, count, random, now) => {
    const turn = { state, peer, random, now }
    const order = asked.ask<PieceIndex>(viewOf(turn, asking), judgeOf(turn))
    return order === AS_EVER ? pickBlocks(state, peer, count, random, now) : pickInOrder(state, peer, count, order, now)
  }
}
