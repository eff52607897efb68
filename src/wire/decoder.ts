/**
 * Decoder of the messages that one peer sends: bytes in, cut anywhere, messages out.
 *
 * Strategy: a message that lies whole within a chunk is read where it lies, and its block, bits or payload is a view
 * of the chunk, so that 16 KiB of payload cost one small object and no copy. Only the frame that a chunk's end cuts is
 * copied, into a buffer that is made at the first cut, used again for the next one, and given up as soon as a chunk
 * ends between two frames: a busy connection keeps it, an idle one costs nothing. The buffer grows with what really
 * arrived, never with what a prefix promises. Rejected: a list of chunks joined on demand, which copies every byte.
 */
import { BLOCK_BYTES } from '../values.js'
import { type Fault, type FaultCode, fault } from './fault.js'
import { readUint16, readUint32 } from './integers.js'
import { MERKLE_HASH_BYTES } from './merkle.js'
import {
  type FileHashRange,
  HASH_RANGE_BYTES,
  MESSAGE_ID,
  type PeerMessage,
  PIECE_HEADER_BYTES,
  PREFIX_BYTES,
} from './messages.js'

export interface DecoderBounds {
  /** Bytes of this torrent's bitfield. A longer one is refused at its prefix, a shorter one by `Bitfield.fromWire`. */
  readonly bitfieldBytes: number
  readonly blockBytesMax: number
  /** Payload of an extended message (BEP 10), and of a message that is passed over because its id is unknown. */
  readonly extendedBytesMax: number
  /** Hashes in one message (BEP 52). Left out where no file has a tree: then those messages are unknown. */
  readonly hashesMax?: number | undefined
}

/** A frame's size before its prefix and id are there. */
const NOT_YET_KNOWN = 0
/** A frame's size where the prefix or the id makes it a fault. */
const REFUSED = -1
/** The frame that is cut most often; a buffer of this size is made at once and kept while cuts go on. */
const COMMON_FRAME_BYTES = PIECE_HEADER_BYTES + BLOCK_BYTES
/** Prefix and id: what the size of a frame is judged by. */
const HEAD_BYTES = PREFIX_BYTES + 1
const NOTHING: Uint8Array = new Uint8Array(0)
/** Exchanged for the buffer of a frame that was completed; one is enough, as decoders take turns. */
let spare: Uint8Array = new Uint8Array(COMMON_FRAME_BYTES)

const KEEP_ALIVE: PeerMessage = { type: 'keep-alive' }
const CHOKE: PeerMessage = { type: 'choke' }
const UNCHOKE: PeerMessage = { type: 'unchoke' }
const INTERESTED: PeerMessage = { type: 'interested' }
const NOT_INTERESTED: PeerMessage = { type: 'not-interested' }
const HAVE_ALL: PeerMessage = { type: 'have-all' }
const HAVE_NONE: PeerMessage = { type: 'have-none' }

/** Always a plain Uint8Array, where `subarray` of a Node Buffer would give a Buffer, whose `slice` does not copy. */
const view = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)

/** Fewer bytes than this are copied one by one: a view of them would cost more. */
const FEW_BYTES = 32

const copy = (from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void => {
  if (end - start >= FEW_BYTES) to.set(view(from, start, end), at)
  else for (let index = start; index < end; index++) to[at + index - start] = from[index] ?? 0
}

const readBlock = (bytes: Uint8Array, at: number, block: Uint8Array): PeerMessage => ({
  type: 'piece',
  piece: readUint32(bytes, at + 1),
  offset: readUint32(bytes, at + 5),
  block,
})

const readHashRange = (bytes: Uint8Array, at: number): FileHashRange => ({
  piecesRoot: bytes.slice(at, at + MERKLE_HASH_BYTES),
  baseLayer: readUint32(bytes, at + 32),
  index: readUint32(bytes, at + 36),
  length: readUint32(bytes, at + 40),
  proofLayers: readUint32(bytes, at + 44),
})

/** The message of a whole frame, whose size has been judged. */
const readFrame = (bytes: Uint8Array, from: number, frameBytes: number, hashes: boolean): PeerMessage => {
  if (frameBytes === PREFIX_BYTES) return KEEP_ALIVE
  const at = from + PREFIX_BYTES
  const end = from + frameBytes
  const id = bytes[at] ?? 0
  if (!hashes && isOfHashes(id)) return { type: 'unknown', id, length: end - at - 1 }
  switch (id) {
    case MESSAGE_ID.piece:
      return readBlock(bytes, at, view(bytes, at + 9, end))
    case MESSAGE_ID.choke:
      return CHOKE
    case MESSAGE_ID.unchoke:
      return UNCHOKE
    case MESSAGE_ID.interested:
      return INTERESTED
    case MESSAGE_ID.notInterested:
      return NOT_INTERESTED
    case MESSAGE_ID.have:
      return { type: 'have', piece: readUint32(bytes, at + 1) }
    case MESSAGE_ID.bitfield:
      return { type: 'bitfield', bits: view(bytes, at + 1, end) }
    case MESSAGE_ID.request:
    case MESSAGE_ID.cancel:
    case MESSAGE_ID.rejectRequest:
      return {
        type: id === MESSAGE_ID.request ? 'request' : id === MESSAGE_ID.cancel ? 'cancel' : 'reject-request',
        piece: readUint32(bytes, at + 1),
        offset: readUint32(bytes, at + 5),
        length: readUint32(bytes, at + 9),
      }
    case MESSAGE_ID.port:
      return { type: 'port', port: readUint16(bytes, at + 1) }
    case MESSAGE_ID.suggestPiece:
      return { type: 'suggest-piece', piece: readUint32(bytes, at + 1) }
    case MESSAGE_ID.haveAll:
      return HAVE_ALL
    case MESSAGE_ID.haveNone:
      return HAVE_NONE
    case MESSAGE_ID.allowedFast:
      return { type: 'allowed-fast', piece: readUint32(bytes, at + 1) }
    case MESSAGE_ID.extended:
      return { type: 'extended', id: bytes[at + 1] ?? 0, payload: view(bytes, at + 2, end) }
    case MESSAGE_ID.hashRequest:
    case MESSAGE_ID.hashReject:
      return { type: id === MESSAGE_ID.hashRequest ? 'hash-request' : 'hash-reject', ...readHashRange(bytes, at + 1) }
    case MESSAGE_ID.hashes:
      return { type: 'hashes', ...readHashRange(bytes, at + 1), hashes: view(bytes, at + HASH_RANGE_BYTES, end) }
    default:
      return { type: 'unknown', id, length: end - at - 1 }
  }
}

/** Length of a message, id included, where its id leaves no choice; undefined where it does. */
const exactLength = (id: number): number | undefined => {
  switch (id) {
    case MESSAGE_ID.choke:
    case MESSAGE_ID.unchoke:
    case MESSAGE_ID.interested:
    case MESSAGE_ID.notInterested:
    case MESSAGE_ID.haveAll:
    case MESSAGE_ID.haveNone:
      return 1
    case MESSAGE_ID.have:
    case MESSAGE_ID.suggestPiece:
    case MESSAGE_ID.allowedFast:
      return 5
    case MESSAGE_ID.request:
    case MESSAGE_ID.cancel:
    case MESSAGE_ID.rejectRequest:
      return 13
    case MESSAGE_ID.port:
      return 3
    default:
      return undefined
  }
}

const isOfHashes = (id: number): boolean => id >= MESSAGE_ID.hashRequest && id <= MESSAGE_ID.hashReject

/** A message of an unknown id has no use for its bytes, so they are counted and passed over wherever they are cut. */
const isPassedOver = (id: number, hashes: boolean): boolean => {
  if (isOfHashes(id)) return !hashes
  switch (id) {
    case MESSAGE_ID.bitfield:
    case MESSAGE_ID.piece:
    case MESSAGE_ID.extended:
      return false
    default:
      return exactLength(id) === undefined
  }
}

export class MessageDecoder {
  readonly #bounds: DecoderBounds
  #lengthMax = 0
  #hashesMax: number | undefined
  #fault: Fault | undefined
  #stopped = false
  /** Its first `#heldBytes` bytes are those of a frame that the last chunk's end cut. */
  #held = NOTHING
  #heldBytes = 0
  /** Bytes still to come of a message that is passed over. */
  #passingBytes = 0

  constructor(bounds: DecoderBounds) {
    this.#bounds = bounds
    this.reviseBounds()
  }

  /** Between two chunks: the bounds are other ones, as the torrent's metadata came. */
  reviseBounds(): void {
    const bounds = this.#bounds
    this.#hashesMax = bounds.hashesMax
    this.#lengthMax = Math.max(
      13,
      1 + bounds.bitfieldBytes,
      9 + bounds.blockBytesMax,
      2 + bounds.extendedBytesMax,
      bounds.hashesMax === undefined ? 0 : HASH_RANGE_BYTES + bounds.hashesMax * MERKLE_HASH_BYTES,
    )
  }

  /** Bytes of memory that this decoder keeps between two chunks. */
  get bufferBytes(): number {
    return this.#held.length
  }

  /** The last chunk ended within a block. */
  get isWithinBlock(): boolean {
    return this.#heldBytes >= HEAD_BYTES && this.#held[PREFIX_BYTES] === MESSAGE_ID.piece
  }

  /** Makes `push` return at once, the one under way included: the connection is closed. */
  stop(): void {
    this.#stopped = true
    this.#release()
  }

  /**
   * Calls `onMessage` for each message that `chunk` completes, in order and before it returns. Bytes of a message may be
   * read until `chunk` is used again or some decoder is given more, whichever comes first. After a fault every push
   * returns that fault. Must not be called from within `onMessage`.
   */
  push(chunk: Uint8Array, onMessage: (message: PeerMessage) => void): Fault | undefined {
    if (this.#stopped || this.#fault !== undefined) return this.#fault
    const end = chunk.length
    let at = 0
    if (this.#passingBytes > 0) at = this.#passOver(chunk, 0)
    else if (this.#heldBytes > 0) at = this.#completeHeld(chunk, onMessage)

    while (at < end && !this.#stopped) {
      const frameBytes = this.#frameBytes(chunk, at, end)
      if (frameBytes === REFUSED) break
      if (frameBytes !== NOT_YET_KNOWN && at + frameBytes <= end) {
        onMessage(readFrame(chunk, at, frameBytes, this.#hashesMax !== undefined))
        at += frameBytes
      } else if (
        frameBytes !== NOT_YET_KNOWN &&
        isPassedOver(chunk[at + PREFIX_BYTES] ?? 0, this.#hashesMax !== undefined)
      ) {
        onMessage(readFrame(chunk, at, frameBytes, this.#hashesMax !== undefined))
        this.#passingBytes = at + frameBytes - end
        at = end
      } else {
        this.#hold(chunk, at, frameBytes)
        return undefined
      }
    }
    if (this.#heldBytes === 0) this.#release()
    return this.#fault
  }

  /** Bytes of the whole frame at `at`, judged by as much of its prefix and id as lies before `end`. */
  #frameBytes(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < PREFIX_BYTES) return NOT_YET_KNOWN
    const length = readUint32(bytes, at)
    if (length === 0) return PREFIX_BYTES
    if (length > this.#lengthMax) return this.#refuse('length-too-long', `a message of ${length} bytes`)
    if (end - at < HEAD_BYTES) return NOT_YET_KNOWN
    const id = bytes[at + PREFIX_BYTES] ?? 0
    let lengthMin = 1
    let lengthMax = 1
    switch (id) {
      case MESSAGE_ID.piece:
        lengthMin = 9
        lengthMax = 9 + this.#bounds.blockBytesMax
        break
      case MESSAGE_ID.bitfield:
        lengthMax = 1 + this.#bounds.bitfieldBytes
        break
      case MESSAGE_ID.extended:
        lengthMin = 2
        lengthMax = 2 + this.#bounds.extendedBytesMax
        break
      case MESSAGE_ID.hashRequest:
      case MESSAGE_ID.hashReject:
        lengthMin = this.#hashesMax === undefined ? 1 : HASH_RANGE_BYTES
        lengthMax = this.#hashesMax === undefined ? 1 + this.#bounds.extendedBytesMax : HASH_RANGE_BYTES
        break
      case MESSAGE_ID.hashes:
        lengthMin = this.#hashesMax === undefined ? 1 : HASH_RANGE_BYTES
        lengthMax =
          this.#hashesMax === undefined
            ? 1 + this.#bounds.extendedBytesMax
            : HASH_RANGE_BYTES + this.#hashesMax * MERKLE_HASH_BYTES
        if (this.#hashesMax !== undefined && (length - HASH_RANGE_BYTES) % MERKLE_HASH_BYTES !== 0)
          return this.#refuse('length-wrong', `a message of id ${id} and ${length} bytes`)
        break
      default: {
        const exact = exactLength(id)
        lengthMin = exact ?? 1
        lengthMax = exact ?? 1 + this.#bounds.extendedBytesMax
      }
    }
    if (length >= lengthMin && length <= lengthMax) return PREFIX_BYTES + length
    const tooLong = length > lengthMax && lengthMax > lengthMin
    return this.#refuse(tooLong ? 'length-too-long' : 'length-wrong', `a message of id ${id} and ${length} bytes`)
  }

  #refuse(code: FaultCode, reason: string): typeof REFUSED {
    this.#fault = fault(code, reason)
    this.#release()
    return REFUSED
  }

  /** Goes on with the frame that is held; returns where in `chunk` the next one begins. */
  #completeHeld(chunk: Uint8Array, onMessage: (message: PeerMessage) => void): number {
    let at = 0
    let frameBytes = this.#frameBytes(this.#held, 0, this.#heldBytes)
    while (frameBytes === NOT_YET_KNOWN) {
      if (at === chunk.length) return at
      this.#held[this.#heldBytes++] = chunk[at++] ?? 0
      frameBytes = this.#frameBytes(this.#held, 0, this.#heldBytes)
    }
    if (frameBytes === REFUSED) return chunk.length
    if (this.#heldBytes === HEAD_BYTES && isPassedOver(this.#held[PREFIX_BYTES] ?? 0, this.#hashesMax !== undefined)) {
      this.#passingBytes = frameBytes - HEAD_BYTES
      this.#heldBytes = 0
      onMessage(readFrame(this.#held, 0, frameBytes, this.#hashesMax !== undefined))
      return this.#passOver(chunk, at)
    }
    const blockAt = at + PIECE_HEADER_BYTES - this.#heldBytes
    // A keep-alive has no id: what is held in its place is of a frame before.
    if (frameBytes > PREFIX_BYTES && this.#held[PREFIX_BYTES] === MESSAGE_ID.piece && blockAt >= at) {
      const end = blockAt + frameBytes - PIECE_HEADER_BYTES
      if (end <= chunk.length) {
        // Only the header was cut off: the block is read where it lies.
        this.#reserve(frameBytes, PIECE_HEADER_BYTES)
        copy(chunk, at, blockAt, this.#held, this.#heldBytes)
        this.#heldBytes = 0
        onMessage(readBlock(this.#held, PREFIX_BYTES, view(chunk, blockAt, end)))
        return end
      }
    }
    const taken = Math.min(frameBytes - this.#heldBytes, chunk.length - at)
    this.#reserve(frameBytes, this.#heldBytes + taken)
    copy(chunk, at, at + taken, this.#held, this.#heldBytes)
    this.#heldBytes += taken
    if (this.#heldBytes === frameBytes) {
      const whole = this.#held
      this.#heldBytes = 0
      // Its message may still be read when the end of this chunk is held: that goes elsewhere.
      if (whole.length === spare.length) {
        this.#held = spare
        spare = whole
      } else this.#held = NOTHING
      onMessage(readFrame(whole, 0, frameBytes, this.#hashesMax !== undefined))
    }
    return at + taken
  }

  #passOver(chunk: Uint8Array, at: number): number {
    const passed = Math.min(this.#passingBytes, chunk.length - at)
    this.#passingBytes -= passed
    return at + passed
  }

  /** Keeps what has arrived of the frame at `at`. */
  #hold(chunk: Uint8Array, at: number, frameBytes: number): void {
    const arrived = chunk.length - at
    // A buffer that had to grow for a rare, large frame is not kept for the common ones.
    if (this.#held.length > COMMON_FRAME_BYTES) this.#held = NOTHING
    this.#reserve(Math.max(frameBytes, HEAD_BYTES), arrived)
    copy(chunk, at, chunk.length, this.#held, 0)
    this.#heldBytes = arrived
  }

  /** Makes room for the bytes that arrived: for a header, for a common frame at once, for a larger one by doubling. */
  #reserve(frameBytes: number, arrivedBytes: number): void {
    const isHeader = arrivedBytes <= PIECE_HEADER_BYTES
    const least = isHeader ? PIECE_HEADER_BYTES : Math.max(arrivedBytes, COMMON_FRAME_BYTES)
    if (this.#held.length >= Math.min(frameBytes, least)) return
    const most = isHeader ? PIECE_HEADER_BYTES : Math.max(2 * arrivedBytes, COMMON_FRAME_BYTES)
    const larger = new Uint8Array(Math.min(frameBytes, most))
    copy(this.#held, 0, this.#heldBytes, larger, 0)
    this.#held = larger
  }

  #release(): void {
    this.#held = NOTHING
    this.#heldBytes = 0
  }
}
