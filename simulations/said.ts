/** What a process says, as it stands in the chunks that it sends: each message is a chunk, or begins one. */
import { readUint32 } from '../src/wire/integers.js'
import { MESSAGE_ID, PIECE_HEADER_BYTES, PREFIX_BYTES } from '../src/wire/messages.js'

const PROTOCOL_BYTES = 19
const INFO_HASH_AT = 28
const INFO_HASH_BYTES = 20

export interface Said {
  /** A message that is no block; numbers are 0 where it has none. */
  message(id: number, piece: number, offset: number, length: number): void
  bitfield(bits: Uint8Array): void
  block(piece: number, offset: number, bytes: Uint8Array): void
}

/** The length of what follows it is what it says: a whole message. */
export const isMessage = (chunk: Uint8Array): boolean =>
  chunk.length > PREFIX_BYTES && readUint32(chunk, 0) === chunk.length - PREFIX_BYTES

/** The header of a `piece` message, which our engine sends as a chunk of its own before the block. */
export const isPieceHeader = (chunk: Uint8Array): boolean =>
  chunk.length === PIECE_HEADER_BYTES && chunk[PREFIX_BYTES] === MESSAGE_ID.piece

/** What our engine says first is whole: 19, the protocol's name, eight bytes of flags, and the info-hash (BEP 3). */
export const infoHashSaid = ([first]: readonly Uint8Array[]): Uint8Array | undefined =>
  first !== undefined && first[0] === PROTOCOL_BYTES && first.length >= INFO_HASH_AT + INFO_HASH_BYTES
    ? first.subarray(INFO_HASH_AT, INFO_HASH_AT + INFO_HASH_BYTES)
    : undefined

const numberAt = (chunk: Uint8Array, at: number): number => (at + 4 <= chunk.length ? readUint32(chunk, at) : 0)

/** Requests, and what is told of pieces, are sent many in one chunk. */
const MANY: readonly number[] = [MESSAGE_ID.request, MESSAGE_ID.have]

const readFrames = (chunk: Uint8Array, said: Said): void => {
  for (let at = 0; at + PREFIX_BYTES < chunk.length; at += PREFIX_BYTES + readUint32(chunk, at))
    said.message(
      chunk[at + PREFIX_BYTES] ?? 0,
      numberAt(chunk, at + 5),
      numberAt(chunk, at + 9),
      numberAt(chunk, at + 13),
    )
}

/** Reads what our engine sends: a `piece` message is its header and, as the next chunk, its block. */
export const readSaid = (chunks: readonly Uint8Array[], said: Said): void => {
  for (let at = 0; at < chunks.length; at++) {
    const chunk = chunks[at]
    if (chunk === undefined || chunk.length <= PREFIX_BYTES) continue
    const id = chunk[PREFIX_BYTES] ?? 0
    if (isPieceHeader(chunk)) {
      const block = chunks[++at]
      if (block !== undefined) said.block(readUint32(chunk, 5), readUint32(chunk, 9), block)
    } else if (MANY.includes(id)) readFrames(chunk, said)
    // A handshake begins with 19 and text; no message of ours is as long as that makes it look.
    else if (!isMessage(chunk)) continue
    else if (id === MESSAGE_ID.bitfield) said.bitfield(chunk.subarray(PREFIX_BYTES + 1))
    else said.message(id, numberAt(chunk, 5), numberAt(chunk, 9), numberAt(chunk, 13))
  }
}
