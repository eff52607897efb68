/** Frames: the messages of a stream of bytes as they pass, wherever it is cut; blocks are passed over. */
import { readUint32 } from '../src/wire/integers.js'
import { MESSAGE_ID, PIECE_HEADER_BYTES, PREFIX_BYTES } from '../src/wire/messages.js'

export interface Heard {
  /** A message that is no block; numbers are 0 where it has none. */
  message(id: number, piece: number, offset: number, length: number): void
  bitfield(bits: Uint8Array): void
}

const HANDSHAKE_BYTES = 68
/** Prefix, id and three numbers. */
const NUMBERS_BYTES = PREFIX_BYTES + 13
const HAS_NUMBERS: ReadonlySet<number> = new Set([
  MESSAGE_ID.have,
  MESSAGE_ID.request,
  MESSAGE_ID.cancel,
  MESSAGE_ID.rejectRequest,
  MESSAGE_ID.allowedFast,
])

export class Frames {
  readonly #heard: Heard
  readonly #bitfieldBytes: number
  /** The frame that is being read, as far as it is looked at. */
  readonly #frame: Uint8Array
  #have = 0
  #want = PREFIX_BYTES
  #passOver = HANDSHAKE_BYTES

  constructor(heard: Heard, bitfieldBytes: number) {
    this.#heard = heard
    this.#bitfieldBytes = bitfieldBytes
    this.#frame = new Uint8Array(Math.max(NUMBERS_BYTES, PREFIX_BYTES + 1 + bitfieldBytes))
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#passOver > 0) {
        const length = Math.min(this.#passOver, chunk.length - at)
        this.#passOver -= length
        at += length
        continue
      }
      // A few bytes at a time: views of them would cost more.
      const end = Math.min(at + this.#want - this.#have, chunk.length)
      while (at < end) this.#frame[this.#have++] = chunk[at++] ?? 0
      if (this.#have === this.#want) this.#step()
    }
  }

  /** What was wanted is here: more of the frame is, or it is done. */
  #step(): void {
    const length = readUint32(this.#frame, 0)
    if (this.#want === PREFIX_BYTES) {
      if (length === 0) this.#have = 0
      else this.#want = PREFIX_BYTES + 1
      return
    }
    const id = this.#frame[PREFIX_BYTES] ?? 0
    const looksAt = PREFIX_BYTES + Math.min(length, this.#lookedAt(id))
    if (this.#want < looksAt) {
      this.#want = looksAt
      return
    }
    this.#tell(id, looksAt)
    this.#passOver = PREFIX_BYTES + length - looksAt
    this.#have = 0
    this.#want = PREFIX_BYTES
  }

  #lookedAt(id: number): number {
    if (id === MESSAGE_ID.bitfield) return 1 + this.#bitfieldBytes
    if (id === MESSAGE_ID.piece) return PIECE_HEADER_BYTES - PREFIX_BYTES
    return HAS_NUMBERS.has(id) ? NUMBERS_BYTES - PREFIX_BYTES : 1
  }

  #tell(id: number, end: number): void {
    const numberAt = (at: number): number => (at + 4 <= end ? readUint32(this.#frame, at) : 0)
    if (id === MESSAGE_ID.bitfield) this.#heard.bitfield(this.#frame.subarray(PREFIX_BYTES + 1, end))
    else if (id !== MESSAGE_ID.piece) this.#heard.message(id, numberAt(5), numberAt(9), numberAt(13))
  }
}
