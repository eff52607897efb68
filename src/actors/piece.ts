/** The piece actor: judges blocks against its ledger, and brings a full piece through hashing and writing. */

import { unreachable } from '../assert.js'
import { banNameOfPeer } from '../events/banning.js'
import { blockKey, lengthOfBlock } from '../events/geometry.js'
import { banNameOf, giverOf, giversOf, isHere, ordersOf } from '../events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { BLOCK_BYTES, type PeerKey, type PieceIndex } from '../values.js'
import { askForHashes, canDoubt } from './hashes.js'
import { isRunningLow } from './orders.js'
import { refillAll } from './refills.js'
import { convicted, soleGiver } from './suspects.js'
import {
  type BlockMessage,
  type Decision,
  decided,
  type Effect,
  type Message,
  NOTHING,
  type PieceInput,
  type PieceRequest,
  type TakeBlocks,
} from './vocabulary.js'

type Verdict = 'wanted' | 'duplicate' | 'foreign'

const judge = (
  state: Readonly<TransferState>,
  ledger: Readonly<PieceState> | undefined,
  block: number,
  from: PeerKey,
): Verdict => {
  if (ledger === undefined || ledger.standing.tags.fetching !== true) return 'foreign'
  // Once spoiled, it is taken from one peer alone, so that it shows who spoils it.
  if (state.rejections.has(ledger.piece) && ledger.parole !== from) return 'foreign'
  return isHere(ledger, block) ? 'duplicate' : 'wanted'
}

const refill = (peer: PeerKey): Message => ({ to: 'peer', peer, message: { type: 'refill' } })

/** Others were asked for the block too: it is taken off their order. */
const cancels = (
  state: Readonly<TransferState>,
  ledger: Readonly<PieceState>,
  block: number,
  from: PeerKey,
): readonly Message[] => {
  const key = blockKey(state.geometry, ledger.piece, block)
  const range = {
    piece: ledger.piece,
    offset: block * BLOCK_BYTES,
    length: lengthOfBlock(state.geometry, ledger.piece, block),
  }
  const messages: Message[] = []
  for (const peer of state.peers.values())
    if (peer.key !== from && peer.requested.has(key))
      messages.push({ to: 'peer', peer: peer.key, message: { type: 'cancel-block', range } })
  return messages
}

/** The blocks differ, so that what becomes of one says nothing of another. */
const takeBlocks = (state: Readonly<TransferState>, piece: PieceIndex, { from, blocks }: TakeBlocks): Decision => {
  const ledger = state.pieces.get(piece)
  const giver = state.peers.get(from)
  const events: TransferEvent[] = []
  const messages: Message[] = []
  const kept: BlockMessage[] = []
  let offOrder = 0
  for (const taken of blocks) {
    const { offset } = taken
    const { length } = taken.block
    const block = offset / BLOCK_BYTES
    // A late block is on order from its giver no longer, but perhaps from somebody else.
    const own = giver?.requested.has(blockKey(state.geometry, piece, block)) === true ? 1 : 0
    offOrder += own
    const verdict = judge(state, ledger, block, from)
    if (verdict === 'wanted' && ledger !== undefined) {
      events.push({ type: 'block-received', peer: from, piece, offset, length })
      kept.push(taken)
      if (ordersOf(ledger, block) !== own) messages.push(...cancels(state, ledger, block, from))
    } else {
      const kind = verdict === 'duplicate' ? 'duplicate' : 'late'
      events.push({ type: 'block-wasted', peer: from, piece, offset, length, kind })
    }
  }
  // Most blocks leave enough on order: a message for each of them would say nothing.
  const low = giver !== undefined && isRunningLow(giver, giver.requested.size - offOrder)
  if (low || kept.length < blocks.length) messages.push(refill(from))
  if (kept.length === 0) return { events, messages, effects: [] }
  const keep: Effect = { type: 'keep', piece, blocks: kept }
  if (ledger === undefined || ledger.received + kept.length < ledger.blocks)
    return { events, messages, effects: [keep] }
  events.push({ type: 'piece-filled', piece })
  return { events, messages, effects: [keep, { type: 'hash', piece, fingerprints: state.rejections.has(piece) }] }
}

const hashed = (
  state: Readonly<TransferState>,
  ledger: Readonly<PieceState>,
  good: boolean,
  fingerprints: readonly number[],
): Decision => {
  const { piece } = ledger
  if (good) {
    const addresses = convicted(state.rejections.get(piece) ?? [], fingerprints)
    const messages: Message[] =
      addresses.length === 0 ? [] : [{ to: 'transfer', message: { type: 'ban', addresses, piece } }]
    return decided({ events: [{ type: 'piece-verified', piece }], messages, effects: [{ type: 'write', piece }] })
  }
  // By the hashes of its blocks it shows which are wrong, and the others need not come again (BEP 52).
  if (ledger.blocks > 1 && soleGiver(ledger) === undefined && canDoubt(state, piece))
    return decided({ events: [{ type: 'piece-doubted', piece, fingerprints }], messages: [askForHashes] })
  return rejected(state, ledger, fingerprints)
}

const rejected = (
  state: Readonly<TransferState>,
  ledger: Readonly<PieceState>,
  fingerprints: readonly number[],
): Decision => {
  const { piece } = ledger
  const events: TransferEvent[] = [{ type: 'piece-rejected', piece, suspects: giversOf(ledger), fingerprints }]
  const culprit = soleGiver(ledger)
  if (culprit === undefined) return decided({ events, messages: refillAll(state, () => false) })
  const ban: Message = { to: 'transfer', message: { type: 'ban', addresses: [culprit], piece } }
  return decided({ events, messages: [ban, ...refillAll(state, (peer) => banNameOfPeer(peer) === culprit)] })
}

/** Whoever gave a block that is not what its hash says has spoiled it, and nobody else. */
const judged = (state: Readonly<TransferState>, ledger: Readonly<PieceState>, wrong: readonly number[]): Decision => {
  const { piece, standing } = ledger
  const { fetching, hashing, doubted } = standing.tags
  if (fetching !== true && hashing !== true && doubted !== true) return NOTHING
  const blocks: { peer: PeerKey; offset: number; length: number }[] = []
  const culprits = new Set<string>()
  for (const block of wrong) {
    const peer = giverOf(ledger, block)
    if (peer === undefined) continue
    blocks.push({ peer, offset: block * BLOCK_BYTES, length: lengthOfBlock(state.geometry, piece, block) })
    culprits.add(banNameOf(ledger, block))
  }
  if (blocks.length === 0) return doubted === true ? rejected(state, ledger, ledger.doubts) : NOTHING
  const addresses = [...culprits].filter((name) => name !== '')
  return decided({
    events: [{ type: 'blocks-disproved', piece, blocks }],
    messages: [
      { to: 'transfer', message: { type: 'ban', addresses, piece } },
      ...refillAll(state, (peer) => culprits.has(banNameOfPeer(peer))),
    ],
  })
}

/** Peers that had only this piece for us are no longer interesting. */
const reviews = (state: Readonly<TransferState>, piece: PieceIndex): readonly Message[] => {
  const messages: Message[] = []
  for (const { key, interesting, has } of state.peers.values())
    if (interesting === 1 && has.has(piece))
      messages.push({ to: 'peer', peer: key, message: { type: 'review-interest' } })
  return messages
}

/** Half of its blocks are yet to come, or more. */
const isBusy = ({ requested, pipeline }: Readonly<PeerState>): boolean => requested.size * 2 > pipeline.target

export const decidePiece = (
  state: Readonly<TransferState>,
  piece: PieceIndex,
  cause: PieceInput | PieceRequest,
): Decision => {
  if (cause.type === 'take-blocks') return takeBlocks(state, piece, cause)
  const ledger = state.pieces.get(piece)
  if (ledger === undefined) return NOTHING // let go of meanwhile
  switch (cause.type) {
    case 'stop-doubting':
      return ledger.standing.tags.doubted === true ? rejected(state, ledger, ledger.doubts) : NOTHING
    case 'blocks-judged':
      return judged(state, ledger, cause.wrong)
    case 'piece-hashed':
      if (ledger.standing.tags.hashing !== true) return NOTHING // blocks of it were found to be wrong meanwhile
      return hashed(state, ledger, cause.good, cause.fingerprints)
    case 'piece-written':
      // A buffer was free to be refilled: peers that found every place taken look again.
      return {
        events: [{ type: 'piece-stored', piece }],
        messages: [...reviews(state, piece), ...refillAll(state, isBusy)],
        effects: [{ type: 'drop', piece }],
      }
    case 'write-failed':
      return {
        events: [{ type: 'piece-dropped', piece, reason: 'write-failed' }],
        messages: [{ to: 'transfer', message: { type: 'fail', failure: cause.failure } }],
        effects: [{ type: 'drop', piece }],
      }
    default:
      return unreachable(cause)
  }
}
