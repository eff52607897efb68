/** What a process says of pieces, as it stands in the chunks that it sends: each message is a chunk, or begins one. */
import { readUint32 } from '../src/wire/integers.js'
import { MESSAGE_ID, PIECE_HEADER_BYTES, PREFIX_BYTES } from '../src/wire/messages.js'

export interface SaidOfPieces {
  have(piece: number): void
  bitfield(bits: Uint8Array): void
  haveAll(): void
  /** A block; what is returned is sent in its place. */
  block(piece: number, offset: number, bytes: Uint8Array): Uint8Array
}

/** Reads what our engine sends: a `piece` message is its header and, as the next chunk, its block. */
export const readSaid = (chunks: readonly Uint8Array[], said: SaidOfPieces): readonly Uint8Array[] => {
  let changed: Uint8Array[] | undefined
  for (let at = 0; at < chunks.length; at++) {
    const chunk = chunks[at]
    if (chunk === undefined || chunk.length <= PREFIX_BYTES) continue
    // A handshake begins with 19 and text; no message of ours is as long as that makes it look.
    const length = readUint32(chunk, 0)
    const id = chunk[PREFIX_BYTES]
    if (id === MESSAGE_ID.piece && chunk.length === PIECE_HEADER_BYTES) {
      const block = chunks[++at]
      if (block === undefined) continue
      const sent = said.block(readUint32(chunk, PREFIX_BYTES + 1), readUint32(chunk, PREFIX_BYTES + 5), block)
      if (sent !== block) {
        changed ??= chunks.slice()
        changed[at] = sent
      }
    } else if (length !== chunk.length - PREFIX_BYTES) continue
    else if (id === MESSAGE_ID.have) said.have(readUint32(chunk, PREFIX_BYTES + 1))
    else if (id === MESSAGE_ID.bitfield) said.bitfield(chunk.subarray(PREFIX_BYTES + 1))
    else if (id === MESSAGE_ID.haveAll) said.haveAll()
  }
  return changed ?? chunks
}
