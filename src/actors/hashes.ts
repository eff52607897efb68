/**
 * Hashes of files' trees (BEP 52): whom we ask for those that we lack, what we make of an answer, and whom we tell ours.
 *
 * Whether hashes prove themselves the driver finds out, which holds the trees. Layers of pieces are asked for in chunks. Hashes of
 * blocks are asked for where a piece is wrong, and from then on for each piece that is begun: then a wrong block is known
 * as it comes, and its giver. Rejected: asking for them always, which would have seeds read and hash every piece twice.
 */
import { banNameOfPeer } from '../events/banning.js'
import { hashOrderName } from '../events/hash-orders.js'
import { giverOf } from '../events/ledger.js'
import type { HashOrder, PeerState, TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { type Instant, type PeerKey, type PieceIndex, pieceIndex } from '../values.js'
import { closePeer } from './peer-steps.js'
import { refillAll } from './refills.js'
import { both, type Decision, decided, type Effect, type Message, NOTHING, type PeerInput } from './vocabulary.js'

type Kind = HashOrder['of']

export const askForHashes: Message = { to: 'transfer', message: { type: 'ask-for-hashes' } }

const mayAsk = (peer: Readonly<PeerState>, of: Kind, piece: PieceIndex): boolean =>
  peer.v2 &&
  peer.webSeed === undefined &&
  peer.standing.tags.open === true &&
  peer.hashesAsked < LIMITS.hashOrdersPerPeerMax &&
  peer.hashRefusals.size < LIMITS.hashRefusalsMax &&
  !peer.hashRefusals.has(hashOrderName(of, piece))

/** The peer that has least to tell already; one that has no part in a piece itself before one that has. */
const askedNext = (
  state: Readonly<TransferState>,
  of: Kind,
  piece: PieceIndex,
  asked: ReadonlyMap<PeerKey, number>,
  has: (peer: Readonly<PeerState>) => boolean,
  hasPart: (peer: Readonly<PeerState>) => boolean = () => false,
): PeerState | undefined => {
  let best: PeerState | undefined
  let bestLoad = Number.POSITIVE_INFINITY
  for (const peer of state.peers.values()) {
    const waiting = peer.hashesAsked + (asked.get(peer.key) ?? 0)
    if (!mayAsk(peer, of, piece) || waiting >= LIMITS.hashOrdersPerPeerMax || !has(peer)) continue
    const load = waiting + (hasPart(peer) ? LIMITS.hashOrdersPerPeerMax : 0)
    if (load >= bestLoad) continue
    best = peer
    bestLoad = load
  }
  return best
}

const hasSome = (peer: Readonly<PeerState>, first: number, pieces: number): boolean => {
  for (let piece = first; piece < first + pieces; piece++) if (peer.has.has(piece)) return true
  return false
}

/** Somebody can be asked for the hashes of the piece's blocks, or is. */
export const canDoubt = (state: Readonly<TransferState>, piece: PieceIndex): boolean =>
  state.version !== 'v1' &&
  [...state.peers.values()].some((peer) => mayAsk(peer, 'blocks', piece) && peer.has.has(piece))

/** Asks for what is lacking and on order from nobody; gives up on those that do not answer. */
export const askMissing = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.version === 'v1') return NOTHING
  const events: TransferEvent[] = []
  const effects: Effect[] = []
  const messages: Message[] = []
  const asked = new Map<PeerKey, number>()
  for (const { peer, of, piece, at } of state.hashOrders.values())
    if (now - at > LIMITS.hashRequestTimeoutMs)
      events.push({ type: 'hashes-refused', peer, of, piece, reason: 'timeout' })
  const late = new Set(events.map((event) => 'piece' in event && 'of' in event && hashOrderName(event.of, event.piece)))
  const isOrdered = (name: string): boolean => state.hashOrders.has(name)
  const order = (peer: PeerState, of: Kind, piece: PieceIndex): void => {
    asked.set(peer.key, (asked.get(peer.key) ?? 0) + 1)
    events.push({ type: 'hashes-requested', peer: peer.key, of, piece })
    effects.push({ type: 'ask-hashes', peer: peer.key, of, piece })
  }
  for (const { piece, standing, giversBanNames } of state.pieces.values()) {
    if (standing.tags.doubted !== true || isOrdered(hashOrderName('blocks', piece))) continue
    const isGiver = ({ key }: Readonly<PeerState>): boolean => giversBanNames.has(key)
    const peer = askedNext(state, 'blocks', piece, asked, ({ has }) => has.has(piece), isGiver)
    if (peer !== undefined) order(peer, 'blocks', piece)
    else messages.push({ to: 'piece', piece, message: { type: 'stop-doubting' } })
  }
  let room = LIMITS.hashOrdersMax - state.hashOrders.size
  for (const { firstPiece, pieces, chunks } of state.layers.values())
    for (let chunk = 0; chunk < chunks.length && room > 0; chunk++) {
      if (chunks.has(chunk)) continue
      const piece = pieceIndex(firstPiece + chunk * LIMITS.hashesAskedMax)
      if (isOrdered(hashOrderName('pieces', piece))) continue
      const count = Math.min(LIMITS.hashesAskedMax, pieces - chunk * LIMITS.hashesAskedMax)
      const peer = askedNext(state, 'pieces', piece, asked, (each) => hasSome(each, piece, count))
      if (peer === undefined) continue
      order(peer, 'pieces', piece)
      room--
    }
  // Those that were given up are asked of others the next time, once the state knows of it.
  if (late.size > 0) messages.push(askForHashes)
  return decided({ events, messages, effects })
}

/**
 * With somebody about who spoils pieces, the hashes of blocks come with each piece that is begun, from somebody else than
 * its blocks where there is anybody: a liar would not tell the right ones.
 */
export const askWithPieces = (
  state: Readonly<TransferState>,
  giver: Readonly<PeerState>,
  pieces: Iterable<PieceIndex>,
): Decision => {
  const events: TransferEvent[] = []
  const effects: Effect[] = []
  const asked = new Map<PeerKey, number>()
  for (const piece of pieces) {
    if (state.pieces.has(piece) || state.hashOrders.has(hashOrderName('blocks', piece))) continue
    if (state.hashOrders.size + events.length >= LIMITS.hashOrdersMax) break
    const isGiver = ({ key }: Readonly<PeerState>): boolean => key === giver.key
    const peer = askedNext(state, 'blocks', piece, asked, ({ has }) => has.has(piece), isGiver)
    if (peer === undefined) continue
    asked.set(peer.key, (asked.get(peer.key) ?? 0) + 1)
    events.push({ type: 'hashes-requested', peer: peer.key, of: 'blocks', piece })
    effects.push({ type: 'ask-hashes', peer: peer.key, of: 'blocks', piece })
  }
  return decided({ events, effects })
}

const orderOf = (
  state: Readonly<TransferState>,
  peer: PeerState,
  of: Kind,
  piece: PieceIndex,
): HashOrder | undefined => {
  const order = state.hashOrders.get(hashOrderName(of, piece))
  return order?.peer === peer.key ? order : undefined
}

export const hashesArrived = (
  state: Readonly<TransferState>,
  peer: PeerState,
  { of, piece, good }: Extract<PeerInput, { type: 'hashes-arrived' }>,
): Decision => {
  if (peer.standing.tags.open !== true) return NOTHING
  if (!good) {
    const ban: Message = { to: 'transfer', message: { type: 'ban', addresses: [banNameOfPeer(peer)], piece } }
    return both(
      decided({ events: [{ type: 'hashes-wrong', peer: peer.key, of, piece }], messages: [ban, askForHashes] }),
      closePeer(state, peer, 'wrong-hashes', `piece ${piece}`),
    )
  }
  const event: TransferEvent = { type: 'hashes-received', peer: peer.key, of, piece }
  if (of === 'pieces') return decided({ events: [event], messages: [askForHashes, ...refillAll(state, () => false)] })
  const ledger = state.pieces.get(piece)
  const held: number[] = []
  if (ledger !== undefined)
    for (let block = 0; block < ledger.blocks; block++) if (giverOf(ledger, block) !== undefined) held.push(block)
  return decided({ events: [event], effects: held.length === 0 ? [] : [{ type: 'judge', piece, blocks: held }] })
}

export const hashesRejected = (
  state: Readonly<TransferState>,
  peer: PeerState,
  { of, piece }: Extract<PeerInput, { type: 'hashes-rejected' }>,
): Decision =>
  orderOf(state, peer, of, piece) === undefined
    ? NOTHING
    : decided({
        events: [{ type: 'hashes-refused', peer: peer.key, of, piece, reason: 'rejected' }],
        messages: [askForHashes],
      })

/** Others may ask whether they are choked or not (BEP 52), a few things at a time. */
export const hashesAsked = (
  state: Readonly<TransferState>,
  peer: PeerState,
  input: Extract<PeerInput, { type: 'hashes-asked' }>,
): Decision => {
  if (peer.standing.tags.open !== true) return NOTHING
  const { file, piece, baseLayer, index, length, proofLayers } = input
  const range = { baseLayer, index, length, proofLayers }
  const reason =
    file === undefined
      ? 'unknown'
      : peer.hashesServing >= LIMITS.hashesServedMax
        ? 'too-many'
        : piece !== undefined && !state.announced.has(piece)
          ? 'not-stored'
          : undefined
  if (reason === undefined && file !== undefined)
    return decided({
      events: [{ type: 'hash-request-received', peer: peer.key, file, baseLayer, index, length }],
      effects: [{ type: 'tell-hashes', peer: peer.key, file, piece, range }],
    })
  return decided({
    events: [{ type: 'hashes-denied', peer: peer.key, file, baseLayer, index, length, reason: reason ?? 'unknown' }],
    // Of what is in no tree of ours nothing is known here: the driver has refused it.
    effects: file === undefined ? [] : [{ type: 'deny-hashes', peer: peer.key, file, range }],
  })
}

export const hashesTold = (
  peer: PeerState,
  { file, baseLayer, index, length, done }: Extract<PeerInput, { type: 'hashes-told' }>,
): Decision =>
  decided({
    events: [
      done
        ? { type: 'hashes-served', peer: peer.key, file, baseLayer, index, length }
        : { type: 'hashes-denied', peer: peer.key, file, baseLayer, index, length, reason: 'unreadable' },
    ],
  })
