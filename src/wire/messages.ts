/** Messages between peers, and their bytes: BEP 3, the DHT's port (BEP 5), fast (BEP 6), extended (BEP 10), hashes (BEP 52). */
import { assert, unreachable } from '../assert.js'
import { writeUint8, writeUint16, writeUint32 } from './integers.js'
import { type HashRange, MERKLE_HASH_BYTES } from './merkle.js'

/** Where a block lies. Of a received message these are a stranger's numbers: any of 32 bits, not yet checked. */
export interface BlockRange {
  readonly piece: number
  readonly offset: number
  readonly length: number
}

/** Hashes of a file that has this root (BEP 52). */
export interface FileHashRange extends HashRange {
  /** 32 bytes. */
  readonly piecesRoot: Uint8Array
}

/** A message that we can send. Bytes within a received one are views, good until the decoder's callback returns. */
export type SendableMessage =
  | { readonly type: 'keep-alive' }
  | { readonly type: 'choke' }
  | { readonly type: 'unchoke' }
  | { readonly type: 'interested' }
  | { readonly type: 'not-interested' }
  | { readonly type: 'have'; readonly piece: number }
  | { readonly type: 'bitfield'; readonly bits: Uint8Array }
  | ({ readonly type: 'request' } & BlockRange)
  | { readonly type: 'piece'; readonly piece: number; readonly offset: number; readonly block: Uint8Array }
  | ({ readonly type: 'cancel' } & BlockRange)
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'suggest-piece'; readonly piece: number }
  | { readonly type: 'have-all' }
  | { readonly type: 'have-none' }
  | ({ readonly type: 'reject-request' } & BlockRange)
  | { readonly type: 'allowed-fast'; readonly piece: number }
  | { readonly type: 'extended'; readonly id: number; readonly payload: Uint8Array }
  | ({ readonly type: 'hash-request' } & FileHashRange)
  | ({ readonly type: 'hashes'; readonly hashes: Uint8Array } & FileHashRange)
  | ({ readonly type: 'hash-reject' } & FileHashRange)

/** A message of an id that we do not know, passed over; `length` counts the bytes after the id. */
export type UnknownMessage = { readonly type: 'unknown'; readonly id: number; readonly length: number }

export type PeerMessage = SendableMessage | UnknownMessage

/** The byte after the length prefix; a keep-alive has none. */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggestPiece: 13,
  haveAll: 14,
  haveNone: 15,
  rejectRequest: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const

/** The length that precedes every message. */
export const PREFIX_BYTES = 4
/** Prefix, id, piece and offset: all of a `piece` message but its block. */
export const PIECE_HEADER_BYTES = 13
/** A whole `request`, `cancel` or `reject-request`. */
export const REQUEST_FRAME_BYTES = 17
const HAVE_FRAME_BYTES = 9

/** Id, root and four numbers: a whole `hash request` or `hash reject` after its prefix, and all of `hashes` but those. */
export const HASH_RANGE_BYTES = 49

/** A frame with its prefix and id; `length` counts the id and all that follows it. */
const frame = (id: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(PREFIX_BYTES + length)
  writeUint32(bytes, 0, length)
  bytes[PREFIX_BYTES] = id
  return bytes
}

const pieceFrame = (id: number, piece: number): Uint8Array => {
  const bytes = frame(id, 5)
  writeUint32(bytes, 5, piece)
  return bytes
}

const writeRange = (bytes: Uint8Array, at: number, id: number, range: BlockRange): void => {
  writeUint32(bytes, at, REQUEST_FRAME_BYTES - PREFIX_BYTES)
  bytes[at + 4] = id
  writeUint32(bytes, at + 5, range.piece)
  writeUint32(bytes, at + 9, range.offset)
  writeUint32(bytes, at + 13, range.length)
}

const rangeFrame = (id: number, range: BlockRange): Uint8Array => {
  const bytes = new Uint8Array(REQUEST_FRAME_BYTES)
  writeRange(bytes, 0, id, range)
  return bytes
}

const bytesFrame = (id: number, payload: Uint8Array): Uint8Array => {
  const bytes = frame(id, 1 + payload.length)
  bytes.set(payload, 5)
  return bytes
}

const hashesFrame = (id: number, range: FileHashRange, hashes: Uint8Array): Uint8Array => {
  const bytes = frame(id, HASH_RANGE_BYTES + hashes.length)
  assert(range.piecesRoot.length === MERKLE_HASH_BYTES, 'the root of a file has 32 bytes')
  bytes.set(range.piecesRoot, 5)
  writeUint32(bytes, 37, range.baseLayer)
  writeUint32(bytes, 41, range.index)
  writeUint32(bytes, 45, range.length)
  writeUint32(bytes, 49, range.proofLayers)
  bytes.set(hashes, 53)
  return bytes
}

const NO_HASHES = new Uint8Array()

/** A `have` for each piece, in one buffer, and so in one write. */
export const encodeHaves = (pieces: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(pieces.length * HAVE_FRAME_BYTES)
  pieces.forEach((piece, at) => {
    bytes.set(pieceFrame(MESSAGE_ID.have, piece), at * HAVE_FRAME_BYTES)
  })
  return bytes
}

/** Many `request` messages in one buffer, and so in one write. */
export const encodeRequests = (requests: readonly BlockRange[]): Uint8Array => {
  const bytes = new Uint8Array(requests.length * REQUEST_FRAME_BYTES)
  let at = 0
  for (const request of requests) {
    writeRange(bytes, at, MESSAGE_ID.request, request)
    at += REQUEST_FRAME_BYTES
  }
  return bytes
}

/** What goes before a block of `length` bytes, so that the block itself is sent from where it lies. */
export const encodePieceHeader = (piece: number, offset: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(PIECE_HEADER_BYTES)
  writeUint32(bytes, 0, PIECE_HEADER_BYTES - PREFIX_BYTES + length)
  bytes[4] = MESSAGE_ID.piece
  writeUint32(bytes, 5, piece)
  writeUint32(bytes, 9, offset)
  return bytes
}

/** The whole frame in a buffer of its own. */
export const encodeMessage = (message: SendableMessage): Uint8Array => {
  switch (message.type) {
    case 'keep-alive':
      return new Uint8Array(PREFIX_BYTES)
    case 'choke':
      return frame(MESSAGE_ID.choke, 1)
    case 'unchoke':
      return frame(MESSAGE_ID.unchoke, 1)
    case 'interested':
      return frame(MESSAGE_ID.interested, 1)
    case 'not-interested':
      return frame(MESSAGE_ID.notInterested, 1)
    case 'have':
      return pieceFrame(MESSAGE_ID.have, message.piece)
    case 'bitfield':
      return bytesFrame(MESSAGE_ID.bitfield, message.bits)
    case 'request':
      return rangeFrame(MESSAGE_ID.request, message)
    case 'piece': {
      const bytes = new Uint8Array(PIECE_HEADER_BYTES + message.block.length)
      bytes.set(encodePieceHeader(message.piece, message.offset, message.block.length))
      bytes.set(message.block, PIECE_HEADER_BYTES)
      return bytes
    }
    case 'cancel':
      return rangeFrame(MESSAGE_ID.cancel, message)
    case 'port': {
      const bytes = frame(MESSAGE_ID.port, 3)
      writeUint16(bytes, 5, message.port)
      return bytes
    }
    case 'suggest-piece':
      return pieceFrame(MESSAGE_ID.suggestPiece, message.piece)
    case 'have-all':
      return frame(MESSAGE_ID.haveAll, 1)
    case 'have-none':
      return frame(MESSAGE_ID.haveNone, 1)
    case 'reject-request':
      return rangeFrame(MESSAGE_ID.rejectRequest, message)
    case 'allowed-fast':
      return pieceFrame(MESSAGE_ID.allowedFast, message.piece)
    case 'extended': {
      const bytes = frame(MESSAGE_ID.extended, 2 + message.payload.length)
      writeUint8(bytes, 5, message.id)
      bytes.set(message.payload, 6)
      return bytes
    }
    case 'hash-request':
      return hashesFrame(MESSAGE_ID.hashRequest, message, NO_HASHES)
    case 'hashes':
      return hashesFrame(MESSAGE_ID.hashes, message, message.hashes)
    case 'hash-reject':
      return hashesFrame(MESSAGE_ID.hashReject, message, NO_HASHES)
    default:
      return unreachable(message)
  }
}
