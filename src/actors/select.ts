/** Selecting: what follows where other pieces are wanted than before, or others are due. */
import { blockOfKey, lengthOfBlock, pieceOfKey } from '../events/geometry.js'
import type { PeerState, TransferState } from '../events/state.js'
import type { Range, TransferEvent } from '../events/vocabulary.js'
import type { FileFinding } from '../outside.js'
import { BLOCK_BYTES, type PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { refillAll } from './refills.js'
import { sayUploadOnly } from './upload-only.js'
import { both, type Decision, decided, type Effect, type Message, NOTHING, type TransferInput } from './vocabulary.js'

type InputOf<Type extends TransferInput['type']> = Extract<TransferInput, { readonly type: Type }>

/** What is on order from the peer of these pieces, block by block. */
const ordersOf = (
  { geometry }: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  pieces: ReadonlySet<PieceIndex>,
): readonly Range[] => {
  const ranges: Range[] = []
  for (const key of peer.requested.keys()) {
    const piece = pieceOfKey(geometry, key)
    const block = blockOfKey(geometry, key)
    if (pieces.has(piece))
      ranges.push({ piece, offset: block * BLOCK_BYTES, length: lengthOfBlock(geometry, piece, block) })
  }
  return ranges
}

/** Pieces in flight that are wanted no more; what is whole already is kept. */
const dropUnwanted = (state: Readonly<TransferState>, wanted: Bitfield): Decision => {
  const dropped = new Set<PieceIndex>()
  for (const { piece, standing } of state.pieces.values())
    if (standing.tags.fetching === true && !wanted.has(piece)) dropped.add(piece)
  if (dropped.size === 0) return NOTHING
  const events: TransferEvent[] = []
  const effects: Effect[] = []
  const messages: Message[] = []
  for (const peer of state.peers.values()) {
    const ranges = ordersOf(state, peer, dropped)
    if (ranges.length === 0) continue
    events.push({ type: 'requests-cancelled', peer: peer.key, ranges })
    for (const range of ranges) effects.push({ type: 'send', peer: peer.key, message: { type: 'cancel', ...range } })
    messages.push({ to: 'peer', peer: peer.key, message: { type: 'refill' } })
  }
  for (const piece of dropped) {
    events.push({ type: 'piece-dropped', piece, reason: 'unwanted' })
    effects.push({ type: 'drop', piece })
  }
  return decided({ events, effects, messages })
}

/** These events make `wanted` of what is wanted. */
const want = (state: Readonly<TransferState>, wanted: Bitfield, events: readonly TransferEvent[]): Decision => {
  let missing = 0
  for (const index of wanted.indices()) if (!state.stored.has(index)) missing++
  const { active, seeding } = state.standing.tags
  const turn: readonly TransferEvent[] =
    active !== true || (seeding === true) === (missing === 0)
      ? []
      : [{ type: missing === 0 ? 'seeding-began' : 'download-began' }]
  const said = turn.length === 0 ? [] : sayUploadOnly(state, missing === 0)
  const reviews = [...state.peers.keys()].map(
    (peer): Message => ({ to: 'peer', peer, message: { type: 'review-interest' } }),
  )
  return both(
    decided({ events }),
    dropUnwanted(state, wanted),
    decided({ events: turn, messages: reviews, effects: said }),
  )
}

/** With the pieces that are due, whoever selected what. */
const withDue = (state: Readonly<TransferState>, selected: Bitfield): Bitfield => {
  for (const piece of state.deadlines.keys()) selected.set(piece)
  return selected
}

export const select = (state: Readonly<TransferState>, bits: Uint8Array, sequential: boolean): Decision => {
  const selected = new Bitfield(state.geometry.pieceCount, bits.slice())
  return want(state, withDue(state, selected), [{ type: 'pieces-selected', wanted: bits, sequential }])
}

export const setOrder = (state: Readonly<TransferState>, sequential: boolean): Decision => {
  if (state.sequential === sequential) return NOTHING
  const selected = state.wanted.clone()
  for (const piece of state.demanded) selected.clear(piece)
  return select(state, selected.bytes, sequential)
}

/** Files that are read or wanted again are brought out of the part file. */
const placing = (state: Readonly<TransferState>, files: readonly number[]): Decision => {
  const apart = files.filter((file) => state.apart.has(file))
  return apart.length === 0 ? NOTHING : decided({ effects: [{ type: 'place', files: apart }] })
}

export const prioritize = (state: Readonly<TransferState>, asked: InputOf<'files-prioritized'>): Decision => {
  const { priorities, wanted, low, high } = asked
  const apart = asked.apart.filter((file) => !state.apart.has(file))
  return both(
    want(state, withDue(state, new Bitfield(state.geometry.pieceCount, wanted.slice())), [
      { type: 'pieces-selected', wanted, sequential: state.sequential },
      { type: 'priorities-set', priorities, low, high },
      ...(apart.length === 0 ? [] : [{ type: 'files-kept-apart' as const, files: apart }]),
    ]),
    apart.length === 0 ? NOTHING : decided({ effects: [{ type: 'keep-apart', files: apart }] }),
    placing(state, asked.place),
  )
}

/** What is read next is fetched first, from whoever has room. */
export const setDeadlines = (state: Readonly<TransferState>, asked: InputOf<'deadlines-asked'>): Decision => {
  const cleared = asked.cleared.filter((piece) => state.deadlines.has(piece))
  const deadlines = asked.deadlines.filter(({ piece }) => !state.stored.has(piece))
  const place = placing(state, asked.place)
  if (cleared.length === 0 && deadlines.length === 0) return place
  const events: readonly TransferEvent[] = [{ type: 'deadlines-set', deadlines, cleared }]
  const isNew = deadlines.some(({ piece }) => !state.wanted.has(piece))
  if (!isNew && !cleared.some((piece) => state.demanded.has(piece)))
    return both(place, decided({ events, messages: deadlines.length === 0 ? [] : refillAll(state, () => false) }))
  const wanted = state.wanted.clone()
  for (const piece of cleared) if (state.demanded.has(piece)) wanted.clear(piece)
  for (const { piece } of deadlines) wanted.set(piece)
  return both(place, want(state, wanted, events), decided({ messages: refillAll(state, () => false) }))
}

const SKIP = 0

/**
 * As a session begins: files that are wanted get their place on disk; of those that are not and are not there, what comes
 * is kept apart; and what was being brought out of the part file as the session before ended is brought out now.
 */
export const settleFiles = (state: Readonly<TransferState>, files: readonly FileFinding[]): Decision => {
  const isSkipped = (file: number): boolean => state.filePriorities[file] === SKIP
  const short: number[] = []
  const apart: number[] = []
  for (const { file, length, stamp } of files)
    if (state.apart.has(file)) continue
    else if (!isSkipped(file)) {
      if (stamp === undefined || stamp.bytes < length) short.push(file)
    } else if (stamp === undefined && length > 0) apart.push(file)
  const place = [...state.apart].filter((file) => !isSkipped(file))
  return decided({
    events: apart.length === 0 ? [] : [{ type: 'files-kept-apart', files: apart }],
    effects: [
      ...(apart.length === 0 ? [] : [{ type: 'keep-apart' as const, files: apart }]),
      ...(short.length === 0 ? [] : [{ type: 'reserve' as const, files: short }]),
      ...(place.length === 0 ? [] : [{ type: 'place' as const, files: place }]),
    ],
  })
}
