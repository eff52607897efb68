/**
 * What a peer's blocks make us do: those that we asked for go to their pieces, many at a time.
 *
 * A run of blocks that are all asked for, of one piece and in order goes to that piece as one message, as no answer to
 * one of them can change the answer to another. Any other block is decided alone. What is left of the blocks the peer
 * sends to itself, so that it is decided by the state that the first have made.
 */
import { blockAt, blockKey } from '../events/geometry.js'
import type { PeerState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import { closePeer } from './peer-steps.js'
import { type BlockMessage, type Decision, decided, type Message, NOTHING } from './vocabulary.js'

/** Whether we wait for the block, or did; nothing, where it is not a block of ours at all. */
const askedFor = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { piece, offset, block }: BlockMessage,
): 'asked' | 'given-up' | undefined => {
  const number = blockAt(state.geometry, piece, offset, block.length)
  if (number === undefined) return undefined
  const key = blockKey(state.geometry, piece as PieceIndex, number) // `blockAt` found it in the torrent
  if (peer.requested.has(key)) return 'asked'
  return peer.released.has(key) ? 'given-up' : undefined
}

/** How many of the first blocks go to one piece together. */
const runOf = (state: Readonly<TransferState>, peer: Readonly<PeerState>, blocks: readonly BlockMessage[]): number => {
  const [first] = blocks
  if (first === undefined || !state.pieces.has(first.piece as PieceIndex)) return 0 // only looked up
  let count = 0
  let end = -1
  for (const block of blocks) {
    if (block.piece !== first.piece || block.offset <= end || askedFor(state, peer, block) === undefined) break
    end = block.offset
    count++
  }
  return count
}

/** Of no use: its piece is not in flight, or nobody asked for it. */
const waste = (state: Readonly<TransferState>, peer: Readonly<PeerState>, message: BlockMessage): Decision => {
  const { offset } = message
  const { length } = message.block
  const piece = message.piece as PieceIndex // what the peer said, for the event
  const asked = askedFor(state, peer, message)
  if (asked !== undefined)
    return decided({
      events: [
        { type: 'block-wasted', peer: peer.key, piece, offset, length, kind: asked === 'asked' ? 'duplicate' : 'late' },
      ],
      messages: [{ to: 'peer', peer: peer.key, message: { type: 'refill' } }],
    })
  if (peer.unasked >= LIMITS.unaskedBlocksMax) return closePeer(state, peer, 'unasked-blocks', '')
  return decided({ events: [{ type: 'block-wasted', peer: peer.key, piece, offset, length, kind: 'unasked' }] })
}

export const blocksArrived = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  blocks: readonly BlockMessage[],
): Decision => {
  const [first] = blocks
  if (first === undefined || (peer.standing.tags.open !== true && peer.webSeed === undefined)) return NOTHING
  const run = runOf(state, peer, blocks)
  const toPiece = (taken: readonly BlockMessage[]): Message => ({
    to: 'piece',
    piece: first.piece as PieceIndex, // in flight
    message: { type: 'take-blocks', from: peer.key, blocks: taken },
  })
  if (run === blocks.length) return decided({ messages: [toPiece(blocks)] })
  const rest = (from: number): Message => ({
    to: 'peer',
    peer: peer.key,
    message: { type: 'blocks-arrived', blocks: blocks.slice(from) },
  })
  if (run > 0) return decided({ messages: [toPiece(blocks.slice(0, run)), rest(run)] })
  const wasted = waste(state, peer, first)
  return blocks.length === 1 ? wasted : { ...wasted, messages: [...wasted.messages, rest(1)] }
}
