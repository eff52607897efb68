/** A peer link: one connection, bytes on the outside and messages on the inside. */
import type { BlockMessage, HashMessage, PeerInput } from './actors/vocabulary.js'
import { Backlog } from './backlog.js'
import { rangeName } from './events/folds-pieces.js'
import type { Geometry } from './events/geometry.js'
import type { Range } from './events/vocabulary.js'
import { ExtendedMessages } from './extended-messages.js'
import { LIMITS } from './limits.js'
import type { Connection, Failure } from './ports.js'
import { isLoan, type Loan, type ReadCache } from './store/read-cache.js'
import { BLOCK_BYTES, type InfoHash, type Instant, type PeerKey } from './values.js'
import { Bitfield } from './wire/bitfield.js'
import { type DecoderBounds, MessageDecoder } from './wire/decoder.js'
import type { Fault } from './wire/fault.js'
import { HandshakeDecoder } from './wire/handshake.js'
import {
  encodeMessage,
  encodePieceHeader,
  encodeRequests,
  type PeerMessage,
  type SendableMessage,
} from './wire/messages.js'

/** What the links of a transfer share. */
export interface LinkSurroundings {
  readonly bounds: DecoderBounds
  readonly cache: Pick<ReadCache, 'read'>
  /** Of the metadata that others may have of us (BEP 9); 0 where there are none. */
  readonly metadataBytes: () => number
  now(): Instant
  /** Hears what came from a peer; never called from within `send`, `request` or `serve`. */
  deliver(peer: PeerKey, input: PeerInput): void
  /** These blocks left this process. */
  flushed(peer: PeerKey, ranges: readonly Range[]): void
  /** Of torrents with trees: hears of their hashes (BEP 52). */
  hashes?: ((peer: PeerKey, message: HashMessage) => void) | undefined
  /** Of hybrids: whether a connection whose peer names this hash is one of v2. */
  agreesOnV2(peer: PeerKey, infoHash: InfoHash): boolean
  /** True where so many bytes of payload may go out now; else `flush` is called again later. */
  maySend(link: PeerLink, bytes: number): boolean
}

/**
 * While nobody knows how many pieces there are, there may be as many as in any torrent. With trees of files there are
 * messages of their hashes: those of a chunk or of the blocks of a piece, and a proof.
 */
export const boundsOf = (geometry: Geometry | undefined, trees = false): DecoderBounds => ({
  bitfieldBytes: Bitfield.byteLength(geometry?.pieceCount ?? LIMITS.piecesMax),
  blockBytesMax: BLOCK_BYTES,
  extendedBytesMax: LIMITS.extendedBytesMax,
  hashesMax: trees
    ? Math.max(LIMITS.hashesAskedMax, geometry?.blocksPerPiece ?? 0) + LIMITS.hashProofLayersMax
    : undefined,
})

/** Requests of one `blocks-requested`, cut into blocks. */
const cut = (ranges: readonly Range[]): Range[] => {
  const blocks: Range[] = []
  for (const { piece, offset, length } of ranges)
    for (let at = 0; at < length; at += BLOCK_BYTES)
      blocks.push({ piece, offset: offset + at, length: Math.min(BLOCK_BYTES, length - at) })
  return blocks
}

export class PeerLink {
  readonly #surroundings: LinkSurroundings
  readonly #peer: PeerKey
  readonly #connection: Connection
  readonly #decoder: MessageDecoder
  #handshake: HandshakeDecoder | undefined = new HandshakeDecoder()
  #outgoing: Uint8Array[] = []
  readonly #extended = new ExtendedMessages()
  /** Blocks of the chunk that is being read; they go out as one input. */
  #arrived: BlockMessage[] = []
  /** Blocks that the peer waits for, in its order. */
  #serving: Map<string, Range> | undefined
  /** Read from disk right now; not wanted any more where it was withdrawn meanwhile. */
  #reading: { readonly range: Range; wanted: boolean } | undefined
  readonly #backlog = new Backlog()
  /** Blocks that were handed to the connection together and are not flushed. */
  #handed: Set<readonly Range[]> | undefined
  /** When it was last told that a block grows. */
  #grewAt = 0
  /** Who does not want to read from it now: each lets go of it alone. */
  #throttled = false
  #heldBack = false
  #unread = false
  #paused = false
  #closed = false

  constructor(surroundings: LinkSurroundings, peer: PeerKey, connection: Connection) {
    this.#surroundings = surroundings
    this.#peer = peer
    this.#connection = connection
    this.#decoder = new MessageDecoder(surroundings.bounds)
  }

  receive(chunk: Uint8Array): void {
    if (this.#closed) return
    if (this.#handshake === undefined) {
      this.#decode(chunk)
      return
    }
    const progress = this.#handshake.push(chunk)
    if (progress.type === 'more') return
    if (progress.type === 'fault') {
      this.#fault(progress)
      return
    }
    this.#handshake = undefined
    const { infoHash, peerId, reserved } = progress
    this.#deliver({ type: 'handshake-arrived', handshake: { infoHash, peerId, reserved } })
    if (!this.#closed && this.#surroundings.agreesOnV2(this.#peer, infoHash)) this.#deliver({ type: 'v2-agreed' })
    if (progress.rest.length > 0 && !this.#closed) this.#decode(progress.rest)
  }

  /** How long messages may be is known now. */
  reviseBounds(): void {
    this.#decoder.reviseBounds()
  }

  send(message: SendableMessage): void {
    this.#outgoing.push(encodeMessage(message))
  }

  /** Nothing, where the peer does not take such messages. */
  sendExtended(name: string, payload: Uint8Array): void {
    const id = this.#extended.idOf(name)
    if (id !== undefined) this.send({ type: 'extended', id, payload })
  }

  /** Whole messages, which nobody writes to any more. */
  sendBytes(bytes: Uint8Array): void {
    this.#outgoing.push(bytes)
  }

  request(ranges: readonly Range[]): void {
    this.#outgoing.push(encodeRequests(cut(ranges)))
  }

  /** What the connection has already, for a peer that was choked meanwhile, is the answer to being asked again. */
  serve(range: Range): void {
    if (this.#isHanded(range)) return
    this.#serving ??= new Map()
    this.#serving.set(rangeName(range), range)
  }

  /** True where it was still waiting. */
  withdraw(range: Range): boolean {
    const name = rangeName(range)
    if (this.#serving?.delete(name) === true) return true
    const reading = this.#reading
    if (reading === undefined || !reading.wanted || rangeName(reading.range) !== name) return false
    reading.wanted = false
    return true
  }

  /** Sends what gathered, in one write, and goes on serving. */
  flush(): void {
    if (this.#closed) return
    if (this.#outgoing.length > 0) {
      const chunks = this.#outgoing
      this.#outgoing = []
      this.#connection.send(chunks, this.#waitForReader())
    }
    this.#pump()
  }

  /** The rate of all connections asks for it. */
  pause(): void {
    this.#throttled = true
    this.#steer()
  }

  resume(): void {
    this.#throttled = false
    this.#steer()
  }

  /** The log asks for it. */
  holdBack(held: boolean): void {
    this.#heldBack = held
    this.#steer()
  }

  close(): void {
    if (this.#closed) return
    // What was said last, a `choke` or a rejection, still goes out.
    if (this.#outgoing.length > 0) this.#connection.send(this.#outgoing)
    this.#closed = true
    this.#decoder.stop()
    this.#serving = undefined
    this.#outgoing = []
    this.#connection.close()
  }

  /** Who does not read what we answer is not listened to until it has, or our answers would fill the memory. */
  #waitForReader(): (() => void) | undefined {
    if (this.#unread || this.#connection.unsentBytes < LIMITS.unreadBytesPause) return undefined
    this.#unread = true
    this.#steer()
    return () => {
      this.#unread = false
      if (!this.#closed) this.#steer()
    }
  }

  #steer(): void {
    const paused = this.#throttled || this.#heldBack || this.#unread
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#connection.pause()
    else this.#connection.resume()
  }

  #decode(chunk: Uint8Array): void {
    const fault = this.#decoder.push(chunk, this.#onMessage)
    this.#deliverBlocks()
    if (fault !== undefined && !this.#closed) this.#fault(fault)
    else if (this.#decoder.isWithinBlock) this.#blockGrew()
  }

  readonly #onMessage = (message: PeerMessage): void => {
    if (message.type === 'piece') {
      this.#arrived.push(message)
      if (this.#arrived.length >= LIMITS.blocksInTurnMax) this.#deliverBlocks()
      return
    }
    this.#deliverBlocks()
    if (this.#closed) return
    if (message.type === 'hash-request' || message.type === 'hashes' || message.type === 'hash-reject') {
      this.#surroundings.hashes?.(this.#peer, message)
      return
    }
    if (message.type !== 'extended') {
      this.#deliver({ type: 'message-arrived', message })
      return
    }
    const said = this.#extended.read(message.id, message.payload, this.#surroundings.metadataBytes)
    if (said?.type === 'fault') this.#fault(said)
    else if (said !== undefined) this.#deliver(said)
  }

  #deliverBlocks(): void {
    if (this.#arrived.length === 0) return
    const blocks = this.#arrived
    this.#arrived = []
    if (!this.#closed) this.#deliver({ type: 'blocks-arrived', blocks })
  }

  #blockGrew(): void {
    const now = this.#surroundings.now()
    if (now - this.#grewAt < LIMITS.blockPartMs) return
    this.#grewAt = now
    this.#deliver({ type: 'block-part-arrived' })
  }

  #deliver(input: PeerInput): void {
    this.#surroundings.deliver(this.#peer, input)
  }

  #fault(fault: Fault): void {
    this.#deliver({ type: 'fault-found', fault })
  }

  /** Hands blocks to the connection while it takes them; a block that must be read from disk holds up those behind it. */
  #pump(): void {
    const serving = this.#serving
    if (this.#reading !== undefined || serving === undefined || serving.size === 0) return
    const loans: Loan[] = []
    const served: Range[] = []
    const failed: { range: Range; failure: Failure }[] = []
    while (served.length < this.#backlog.room) {
      const [next] = serving
      if (next === undefined) break
      const [name, range] = next
      if (!this.#surroundings.maySend(this, range.length)) break
      serving.delete(name)
      const answer = this.#read(range)
      if (answer === undefined) break
      if (isLoan(answer)) {
        loans.push(answer)
        served.push(range)
      } else failed.push({ range, failure: answer })
    }
    if (served.length > 0) this.#sendBlocks(served, loans)
    for (const { range, failure } of failed) this.#deliver({ type: 'block-unreadable', range, failure })
  }

  /** The bytes or why not, if that is known at once; else they are sent when they come. */
  #read(range: Range): Loan | Failure | undefined {
    let answer: Loan | Failure | undefined
    let later = false
    this.#surroundings.cache.read(range, (result) => {
      if (later) this.#landed(range, result)
      else answer = result
    })
    later = true
    if (answer === undefined) this.#reading = { range, wanted: true }
    return answer
  }

  #landed(range: Range, answer: Loan | Failure): void {
    const wanted = this.#reading?.wanted === true && !this.#closed
    this.#reading = undefined
    if (!isLoan(answer)) {
      if (!this.#closed) this.#deliver({ type: 'block-unreadable', range, failure: answer })
    } else if (wanted) this.#sendBlocks([range], [answer])
    else answer.release()
    if (!this.#closed) this.#pump()
  }

  #isHanded({ piece, offset, length }: Range): boolean {
    if (this.#handed === undefined) return false
    for (const served of this.#handed)
      for (const each of served)
        if (each.piece === piece && each.offset === offset && each.length === length) return true
    return false
  }

  /** What the connection never flushes is never given back: its memory is left to the collector. */
  #sendBlocks(served: readonly Range[], loans: readonly Loan[]): void {
    const depth = this.#backlog.add(served.length)
    const handedAt = this.#surroundings.now()
    this.#handed ??= new Set()
    const handed = this.#handed
    handed.add(served)
    const chunks: Uint8Array[] = []
    served.forEach((range, index) => {
      const loan = loans[index]
      if (loan !== undefined) chunks.push(encodePieceHeader(range.piece, range.offset, range.length), loan.bytes)
    })
    this.#connection.send(chunks, () => {
      for (const loan of loans) loan.release()
      handed.delete(served)
      this.#backlog.flushed(served.length, depth, this.#surroundings.now() - handedAt)
      if (!this.#closed) this.#surroundings.flushed(this.#peer, served)
      if (!this.#closed) this.#pump()
    })
  }
}
