/** What a peer's message makes us do: every message of BEP 3 and BEP 6 but blocks, each checked against the torrent first. */
import { unreachable } from '../assert.js'
import { rangeName } from '../events/folds-pieces.js'
import { blockAt, blockKey, servedLengthOf } from '../events/geometry.js'
import { hasEarly } from '../events/metadata.js'
import type { PeerState, TransferState } from '../events/state.js'
import { isSuperSeed } from '../events/super-seed.js'
import type { EventOf, Range, TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Instant, PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { isAllowedFast } from './allowed-fast.js'
import { isServed } from './choker.js'
import { dhtPortHeard } from './dht.js'
import { askForHashes } from './hashes.js'
import { hasRoom } from './orders.js'
import { closePeer } from './peer-steps.js'
import { refillOthers } from './refills.js'
import { type Decision, decided, type Message, NOTHING, type PlainMessage } from './vocabulary.js'

const toSelf = (peer: PeerState, type: 'refill' | 'review-interest' | 'welcome'): Message => ({
  to: 'peer',
  peer: peer.key,
  message: { type },
})
const reveal: Message = { to: 'transfer', message: { type: 'reveal' } }
/** Layers that are lacking hold everything else up, and a peer that has something can tell them. */
const lacking = (state: Readonly<TransferState>): readonly Message[] => (state.layers.size > 0 ? [askForHashes] : [])
const fillSlots: Message = { to: 'transfer', message: { type: 'fill-slots' } }

/** A stranger's number, if it is one of our pieces. */
const knownPiece = (state: Readonly<TransferState>, piece: number): PieceIndex | undefined =>
  piece < state.geometry.pieceCount ? (piece as PieceIndex) : undefined // a uint32 within the torrent

const fault = (state: Readonly<TransferState>, peer: PeerState, detail: string): Decision =>
  closePeer(state, peer, 'protocol-fault', detail)

/** While nobody knows how many pieces there are, what a peer has is remembered, and judged later. */
const haveEarly = (state: Readonly<TransferState>, peer: PeerState, index: number): Decision => {
  if (index >= LIMITS.piecesMax) return fault(state, peer, `have of piece ${index}`)
  if (peer.early !== undefined && (peer.early.all || hasEarly(peer.early, index))) return NOTHING
  return decided({ events: [{ type: 'early-have-received', peer: peer.key, index }] })
}

const bitfieldEarly = (peer: PeerState, bits: Uint8Array): Decision =>
  peer.early !== undefined && (peer.early.all || peer.early.exactBytes !== undefined)
    ? NOTHING // said again, by a client that says it instead of many `have`
    : decided({ events: [{ type: 'early-bitfield-received', peer: peer.key, early: bits.slice() }] })

const have = (state: Readonly<TransferState>, peer: PeerState, index: number): Decision => {
  if (state.metadata !== undefined) return haveEarly(state, peer, index)
  const piece = knownPiece(state, index)
  if (piece === undefined) return fault(state, peer, `have of piece ${index}`)
  if (peer.has.has(piece)) return NOTHING
  const events: readonly TransferEvent[] = [{ type: 'have-received', peer: peer.key, piece }]
  if (!state.wanted.has(piece) || state.stored.has(piece))
    return decided({ events, messages: state.superSeeding ? [reveal] : [] })
  // Most of what a swarm says is `have`, of peers that we are interested in already and that choke us.
  if (peer.standing.tags.amInterested !== true) return decided({ events, messages: [toSelf(peer, 'review-interest')] })
  return decided({ events, messages: hasRoom(peer) ? [toSelf(peer, 'refill')] : [] })
}

/**
 * What a peer has is said once, at the start (BEP 3, BEP 6); from then on it is `have`. aria2 sends a bitfield again where
 * that is shorter than many of those, so it is taken for them: only what is new is an event, and nobody can make the log
 * grow by going on saying the same. Nobody loses a piece either.
 */
const saidAgain = (peer: PeerState, has: Bitfield): Decision => {
  if (!has.hasAnyNotIn(peer.has)) return NOTHING
  const added = [...has.indices()].filter((piece) => !peer.has.has(piece))
  return decided({
    events: added.map((piece) => ({ type: 'have-received', peer: peer.key, piece: piece as PieceIndex })), // fromWire
    messages: [toSelf(peer, 'review-interest'), toSelf(peer, 'refill')],
  })
}

/** It has said for the first time what it has. */
const newcomer = (state: Readonly<TransferState>, peer: PeerState): readonly Message[] =>
  state.superSeeding ? [reveal] : peer.fast && state.announced.count > 0 ? [toSelf(peer, 'welcome')] : []

/** BEP 54. A peer may say so of what it never had: that is no news. */
export const dontHave = (state: Readonly<TransferState>, peer: PeerState, index: number): Decision => {
  if (peer.standing.tags.open !== true) return NOTHING
  const piece = knownPiece(state, index)
  if (piece === undefined) return fault(state, peer, `lt_donthave of piece ${index}`)
  if (!peer.has.has(piece)) return NOTHING
  return decided({
    events: [{ type: 'dont-have-received', peer: peer.key, piece }],
    messages: [toSelf(peer, 'review-interest'), ...refillOthers(state, peer.key)],
  })
}

/** A hint: it is kept where it may be of use, and no more of them than a few. */
const suggestion = (state: Readonly<TransferState>, peer: PeerState, index: number): Decision => {
  if (!peer.fast) return fault(state, peer, 'suggest-piece without the fast extension')
  const piece = knownPiece(state, index)
  if (piece === undefined || peer.suggested.has(piece) || state.stored.has(piece)) return NOTHING
  if (peer.suggested.size >= LIMITS.suggestionsMax) return NOTHING
  return decided({ events: [{ type: 'suggestion-received', peer: peer.key, piece }] })
}

const bitfield = (state: Readonly<TransferState>, peer: PeerState, bits: Uint8Array): Decision => {
  if (state.metadata !== undefined) return bitfieldEarly(peer, bits)
  const read = Bitfield.fromWire(bits, state.geometry.pieceCount)
  if (!(read instanceof Bitfield)) return fault(state, peer, `${read.code}: ${read.reason}`)
  if (peer.saidPieces) return saidAgain(peer, read)
  return decided({
    events: [{ type: 'bitfield-received', peer: peer.key, bits: bits.slice() }],
    messages: [...lacking(state), toSelf(peer, 'review-interest'), ...newcomer(state, peer)],
  })
}

type Refusal = EventOf<'request-refused'>['reason']

const refusalOf = (state: Readonly<TransferState>, peer: PeerState, range: Range): Refusal | undefined => {
  if (peer.standing.tags.amChoking === true && !isAllowedFast(peer, range.piece)) return 'choked'
  if (!state.announced.has(range.piece)) return 'not-stored'
  if (isSuperSeed(state) && !peer.revealed.has(range.piece)) return 'not-revealed'
  if (peer.asked.size >= LIMITS.requestsServedMax && !peer.asked.has(rangeName(range))) return 'too-many'
  return undefined
}

const request = (
  state: Readonly<TransferState>,
  peer: PeerState,
  asked: Omit<Range, 'piece'> & { piece: number },
): Decision => {
  const piece = knownPiece(state, asked.piece)
  const end = asked.offset + asked.length
  if (piece === undefined || asked.length === 0 || asked.length > LIMITS.blockBytesServedMax)
    return fault(state, peer, `request of ${asked.length} bytes at ${asked.offset} of piece ${asked.piece}`)
  if (end > servedLengthOf(state.geometry, piece))
    return fault(state, peer, `request past the end of piece ${asked.piece}`)
  const range = { piece, offset: asked.offset, length: asked.length }
  const reason = refusalOf(state, peer, range)
  if (reason === undefined) {
    if (peer.asked.has(rangeName(range))) return NOTHING // on its way
    return decided({
      events: [{ type: 'request-received', peer: peer.key, ...range }],
      effects: [{ type: 'serve', peer: peer.key, range }],
    })
  }
  return decided({
    events: [{ type: 'request-refused', peer: peer.key, ...range, reason }],
    effects: peer.fast ? [{ type: 'send', peer: peer.key, message: { type: 'reject-request', ...range } }] : [],
  })
}

const cancel = (peer: PeerState, { piece, offset, length }: Omit<Range, 'piece'> & { piece: number }): Decision => {
  const range = { piece: piece as PieceIndex, offset, length } // compared with what was asked, not used
  if (!peer.asked.has(rangeName(range))) return NOTHING
  return decided({
    events: [{ type: 'cancel-received', peer: peer.key, ...range }],
    effects: [{ type: 'withdraw', peer: peer.key, range }],
  })
}

/** Not asked again at once, or a peer that refuses everything would be asked for ever: the next look at the clock does. */
const refused = (
  state: Readonly<TransferState>,
  peer: PeerState,
  asked: Omit<Range, 'piece'> & { piece: number },
): Decision => {
  const number = blockAt(state.geometry, asked.piece, asked.offset, asked.length)
  if (number === undefined) return NOTHING
  const piece = asked.piece as PieceIndex // `blockAt` found it in the torrent
  if (!peer.requested.has(blockKey(state.geometry, piece, number))) return NOTHING
  return decided({
    events: [{ type: 'block-refused', peer: peer.key, piece, offset: asked.offset, length: asked.length }],
    messages: refillOthers(state, peer.key),
  })
}

/** Decides on one message of an open connection. */
export const heard = (
  state: Readonly<TransferState>,
  peer: PeerState,
  message: PlainMessage,
  now: Instant,
): Decision => {
  const { key } = peer
  const { tags } = peer.standing
  if (tags.open !== true) return NOTHING
  if (peer.chatter >= LIMITS.chatterMax && now - peer.chatterSince <= LIMITS.chatterMs)
    return closePeer(state, peer, 'flooding', `${peer.chatter} messages that came to nothing`)
  switch (message.type) {
    case 'request':
      return request(state, peer, message)
    case 'have':
      return have(state, peer, message.piece)
    case 'choke':
      if (tags.peerChoking === true) return NOTHING
      return decided({
        events: [{ type: 'choke-received', peer: key }],
        messages: peer.fast ? [] : refillOthers(state, key),
      })
    case 'unchoke':
      if (tags.peerChoking !== true) return NOTHING
      return decided({ events: [{ type: 'unchoke-received', peer: key }], messages: [toSelf(peer, 'refill')] })
    case 'interested':
      if (tags.peerInterested === true) return NOTHING
      return decided({
        events: [{ type: 'interested-received', peer: key }],
        messages: isServed(peer) ? [] : [fillSlots],
      })
    case 'not-interested':
      if (tags.peerInterested !== true) return NOTHING
      return decided({
        events: [{ type: 'not-interested-received', peer: key }],
        messages: isServed(peer) ? [fillSlots] : [], // its slot is free
      })
    case 'bitfield':
      return bitfield(state, peer, message.bits)
    case 'have-all':
    case 'have-none':
      if (!peer.fast) return fault(state, peer, `${message.type} without the fast extension`)
      if (peer.saidPieces && (peer.seed || message.type === 'have-none')) return NOTHING
      return decided({
        events: [{ type: `${message.type}-received`, peer: key }],
        messages: [...lacking(state), toSelf(peer, 'review-interest'), ...newcomer(state, peer)],
      })
    case 'reject-request':
      return refused(state, peer, message)
    case 'cancel':
      return cancel(peer, message)
    case 'allowed-fast': {
      const piece = knownPiece(state, message.piece)
      if (piece === undefined || !peer.fast || peer.allowedFast.size >= LIMITS.allowedFastMax) return NOTHING
      if (peer.allowedFast.has(piece)) return NOTHING
      return decided({
        events: [{ type: 'allowed-fast-received', peer: key, piece }],
        messages: [toSelf(peer, 'refill')],
      })
    }
    case 'port':
      return dhtPortHeard(state, peer, message.port)
    case 'keep-alive':
      // A flood of them is no news.
      return now - peer.lastReceivedAt < 1_000
        ? NOTHING
        : decided({ events: [{ type: 'keep-alive-received', peer: key }] })
    case 'suggest-piece':
      return suggestion(state, peer, message.piece)
    case 'extended':
    case 'unknown':
      return NOTHING
    default:
      return unreachable(message)
  }
}
