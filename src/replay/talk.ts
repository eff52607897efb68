/**
 * The talk: the messages between us and our peers, as the events of a history tell of them.
 *
 * Events are facts and no messages, but most follow from one: what peers said is logged whole, block bytes aside, and of
 * what we said all but three. Left out are requests turned down that a peer took back or lost to a choke (BEP 6), and
 * handshakes to peers that went before they named themselves.
 */
import type { LoggedEvent } from '../events/codec.js'
import type { PeerState, TransferState } from '../events/state.js'
import type { EventOf, Range, TransferEvent } from '../events/vocabulary.js'
import { BLOCK_BYTES, type InfoHash, type Instant, type PeerId, type PeerKey } from '../values.js'
import { EXTENSION_HANDSHAKE_ID, encodeExtensionHandshake } from '../wire/extension.js'
import type { Handshake } from '../wire/handshake.js'
import type { SendableMessage } from '../wire/messages.js'

/** A message as it is told: a handshake, or one of BEP 3, 6 and 10, of blocks without their bytes. */
export type ToldMessage =
  | ({ readonly type: 'handshake' } & Handshake)
  | Exclude<SendableMessage, { readonly type: 'piece' }>
  | ({ readonly type: 'piece' } & Range)

export interface Told {
  /** The event that tells of it, and its time. */
  readonly seq: number
  readonly at: Instant
  readonly peer: PeerKey
  readonly from: 'us' | 'them'
  readonly message: ToldMessage
}

type Saying = Pick<Told, 'from' | 'message' | 'peer'>

/** Blocks are asked for and taken back one by one, and logged in ranges. */
const blocksOf = (ranges: readonly Range[]): readonly Range[] =>
  ranges.flatMap(({ piece, offset, length }) =>
    Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, block) => {
      const at = offset + block * BLOCK_BYTES
      return { piece, offset: at, length: Math.min(BLOCK_BYTES, offset + length - at) }
    }),
  )

const us = (peer: PeerKey, message: ToldMessage): Saying => ({ from: 'us', message, peer })
const them = (peer: PeerKey, message: ToldMessage): Saying => ({ from: 'them', message, peer })

const rangeOf = ({ piece, offset, length }: Range): Range => ({ piece, offset, length })

const ourHandshake = (state: Readonly<TransferState>): ToldMessage => ({
  type: 'handshake',
  infoHash: state.infoHash,
  peerId: state.peerId,
  reserved: { fast: true, extensions: true, dht: false },
})

/** What we have, in the first message after the handshakes: nothing, where it is nothing and the peer is of BEP 3 alone. */
const ourPieces = ({ announced, superSeeding }: Readonly<TransferState>, fast: boolean): readonly ToldMessage[] => {
  if (superSeeding && announced.full) return fast ? [{ type: 'have-none' }] : []
  if (fast && announced.full) return [{ type: 'have-all' }]
  if (announced.count === 0) return fast ? [{ type: 'have-none' }] : []
  return [{ type: 'bitfield', bits: announced.bytes.slice() }]
}

const greeting = (state: Readonly<TransferState>, event: EventOf<'handshake-received'>): readonly Saying[] => {
  const { peer, fast, extensions } = event
  const theirs: ToldMessage = {
    type: 'handshake',
    infoHash: state.infoHash as InfoHash,
    peerId: event.peerId as PeerId, // taken from one
    reserved: { fast, extensions, dht: false },
  }
  // Whoever dialed speaks first.
  const incoming = state.peers.get(peer)?.incoming === true
  const handshakes = incoming ? [them(peer, theirs), us(peer, ourHandshake(state))] : [them(peer, theirs)]
  return [...handshakes, ...ourPieces(state, fast).map((message) => us(peer, message))]
}

const extended = ({ peer, client, requestsMax, listenPort, uploadOnly }: EventOf<'extensions-received'>): Saying => {
  const offer = { messages: {}, client, requestsMax, port: listenPort, uploadOnly }
  return them(peer, { type: 'extended', id: EXTENSION_HANDSHAKE_ID, payload: encodeExtensionHandshake(offer) })
}

/** Peers that are told of a new piece: seeds need not know. */
const audience = (state: Readonly<TransferState>): readonly PeerState[] =>
  [...state.peers.values()].filter(({ standing, seed }) => standing.tags.open === true && !seed)

const refusal = (state: Readonly<TransferState>, event: EventOf<'request-refused'>): readonly Saying[] => {
  const { peer, reason } = event
  const range = rangeOf(event)
  // One that could not be read had been taken before.
  const asked = reason === 'unreadable' ? [] : [them(peer, { type: 'request', ...range })]
  return state.peers.get(peer)?.fast === true ? [...asked, us(peer, { type: 'reject-request', ...range })] : asked
}

/** `state` is that before the event. */
const sayings = (state: Readonly<TransferState>, event: TransferEvent): readonly Saying[] => {
  // With web seeds HTTP is spoken.
  if ('peer' in event && state.peers.get(event.peer)?.webSeed !== undefined) return []
  switch (event.type) {
    case 'peer-connected':
      return [us(event.peer, ourHandshake(state))]
    case 'handshake-received':
      return greeting(state, event)
    case 'extensions-received':
      return [extended(event)]
    case 'keep-alive-sent':
      return [us(event.peer, { type: 'keep-alive' })]
    case 'keep-alive-received':
      return [them(event.peer, { type: 'keep-alive' })]
    case 'bitfield-received':
      return [them(event.peer, { type: 'bitfield', bits: event.bits })]
    case 'have-all-received':
      return [them(event.peer, { type: 'have-all' })]
    case 'have-none-received':
      return [them(event.peer, { type: 'have-none' })]
    case 'have-received':
      return [them(event.peer, { type: 'have', piece: event.piece })]
    case 'interested-sent':
      return [us(event.peer, { type: 'interested' })]
    case 'not-interested-sent':
      return [us(event.peer, { type: 'not-interested' })]
    case 'interested-received':
      return [them(event.peer, { type: 'interested' })]
    case 'not-interested-received':
      return [them(event.peer, { type: 'not-interested' })]
    case 'choke-sent':
      return [us(event.peer, { type: 'choke' })]
    case 'unchoke-sent':
      return [us(event.peer, { type: 'unchoke' })]
    case 'choke-received':
      return [them(event.peer, { type: 'choke' })]
    case 'unchoke-received':
      return [them(event.peer, { type: 'unchoke' })]
    case 'allowed-fast-received':
      return [them(event.peer, { type: 'allowed-fast', piece: event.piece })]
    case 'allowed-fast-sent':
      return event.pieces.map((piece) => us(event.peer, { type: 'allowed-fast', piece }))
    case 'suggestion-received':
      return [them(event.peer, { type: 'suggest-piece', piece: event.piece })]
    case 'suggestion-sent':
      return [us(event.peer, { type: 'suggest-piece', piece: event.piece })]
    case 'piece-revealed':
      return [us(event.peer, { type: 'have', piece: event.piece })]
    case 'blocks-requested':
      return blocksOf(event.ranges).map((range) => us(event.peer, { type: 'request', ...range }))
    case 'requests-cancelled':
      return blocksOf(event.ranges).map((range) => us(event.peer, { type: 'cancel', ...range }))
    case 'block-received':
    case 'block-wasted':
      return [them(event.peer, { type: 'piece', ...rangeOf(event) })]
    case 'block-refused':
      return [them(event.peer, { type: 'reject-request', ...rangeOf(event) })]
    case 'pieces-announced':
      return audience(state).flatMap(({ key }) => event.pieces.map((piece) => us(key, { type: 'have', piece })))
    case 'request-received':
      return [them(event.peer, { type: 'request', ...rangeOf(event) })]
    case 'cancel-received':
      return [them(event.peer, { type: 'cancel', ...rangeOf(event) })]
    case 'request-refused':
      return refusal(state, event)
    case 'block-served':
      return [us(event.peer, { type: 'piece', ...rangeOf(event) })]
    default:
      return []
  }
}

/** The messages that an event tells of, in order; `before` is the state before it. */
export const talkOf = (before: Readonly<TransferState>, { seq, at, event }: LoggedEvent): readonly Told[] =>
  sayings(before, event).map((saying) => ({ seq, at, ...saying }))
