/** A topic: a piece, a block, a peer or the transfer itself, of which one asks what changed it, or why it is as it is. */
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import type { EventType, TransferEvent } from '../events/vocabulary.js'
import { BLOCK_BYTES, type PeerKey, type PieceIndex } from '../values.js'

export type Topic =
  | { readonly type: 'transfer' }
  | { readonly type: 'piece'; readonly piece: PieceIndex }
  /** `block` counts from 0 within its piece. */
  | { readonly type: 'block'; readonly piece: PieceIndex; readonly block: number }
  | { readonly type: 'peer'; readonly peer: PeerKey }

/** These change pieces that they do not name. */
const CHANGES_ANY_PIECE: ReadonlySet<EventType> = new Set<EventType>([
  'transfer-added',
  'session-began',
  'session-ended',
  'check-began',
  'pieces-selected',
  'deadlines-set',
  'peer-closed',
  'choke-received',
  'requests-released',
  'block-refused',
  'web-seed-failed',
  'web-seed-lacks',
  'dont-have-received',
])

/** These change peers that they do not name. */
const CHANGES_ANY_PEER: ReadonlySet<EventType> = new Set<EventType>([
  'session-began',
  'session-ended',
  'check-began',
  'pieces-selected',
  'deadlines-set',
  'piece-stored',
  'piece-dropped',
])

const namesPiece = (event: TransferEvent, piece: PieceIndex): boolean => {
  if ('piece' in event && event.piece === piece) return true
  if ('ranges' in event) return event.ranges.some((range) => range.piece === piece)
  return event.type === 'pieces-announced' && event.pieces.includes(piece)
}

const namesBlock = (event: TransferEvent, piece: PieceIndex, block: number): boolean => {
  const offset = block * BLOCK_BYTES
  const covers = (range: { readonly piece: number; readonly offset: number; readonly length: number }): boolean =>
    range.piece === piece && range.offset <= offset && offset < range.offset + range.length
  if ('ranges' in event) return event.ranges.some(covers)
  if ('offset' in event) return covers(event)
  return namesPiece(event, piece)
}

/** Whether the event may have changed it: where it says no, it did not. */
export const mayChange = (event: TransferEvent, topic: Topic): boolean => {
  switch (topic.type) {
    case 'transfer':
      return true
    case 'piece':
      return CHANGES_ANY_PIECE.has(event.type) || namesPiece(event, topic.piece)
    case 'block':
      return CHANGES_ANY_PIECE.has(event.type) || namesBlock(event, topic.piece, topic.block)
    case 'peer':
      return CHANGES_ANY_PEER.has(event.type) || ('peer' in event && event.peer === topic.peer)
  }
}

const ofLedger = ({ standing, givers, orders, parole }: Readonly<PieceState>): readonly unknown[] => [
  standing.id,
  givers.join(),
  orders.join(),
  parole,
]

const ofPiece = (state: Readonly<TransferState>, piece: PieceIndex): readonly unknown[] => {
  const ledger = state.pieces.get(piece)
  return [
    state.wanted.has(piece),
    state.stored.has(piece),
    state.announced.has(piece),
    state.checking.has(piece),
    state.rejections.get(piece)?.length ?? 0,
    ...(ledger === undefined ? [] : ofLedger(ledger)),
  ]
}

const ofBlock = (state: Readonly<TransferState>, piece: PieceIndex, block: number): readonly unknown[] => {
  const ledger = state.pieces.get(piece)
  return [state.stored.has(piece), ledger?.givers[block], ledger?.orders[block]]
}

/** Times of the last byte alone are no change that anybody asks about. */
const ofPeer = (peer: Readonly<PeerState>): readonly unknown[] => [
  peer.standing.id,
  peer.id !== undefined,
  peer.client,
  peer.has.count,
  peer.saidPieces,
  peer.interesting,
  peer.allowedFast.size,
  peer.fastGiven.size,
  peer.suggested.size,
  peer.suggestedTo.size,
  peer.revealed.size,
  peer.requested.size,
  peer.asked.size,
  peer.downloaded.total,
  peer.uploaded.total,
  peer.wastedBytes,
  peer.unasked,
  peer.snubbed,
  peer.deniedAt,
  peer.overdue,
]

const ofTransfer = (state: Readonly<TransferState>): readonly unknown[] => [
  state.standing.id,
  state.session,
  state.folder,
  state.completed,
  state.missing,
  state.stored.count,
  state.checking.count,
  state.failure?.code,
  state.sequential,
  state.wanted.count,
  state.tiers.length,
]

/** A text that differs where the thing differs. */
export const signatureOf = (state: Readonly<TransferState>, topic: Topic): string => {
  switch (topic.type) {
    case 'transfer':
      return ofTransfer(state).join('|')
    case 'piece':
      return ofPiece(state, topic.piece).join('|')
    case 'block':
      return ofBlock(state, topic.piece, topic.block).join('|')
    case 'peer': {
      const peer = state.peers.get(topic.peer)
      return peer === undefined ? '' : ofPeer(peer).join('|')
    }
  }
}
