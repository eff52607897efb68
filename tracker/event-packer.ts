/**
 * The packer: records of a tracker's log of events into chunks of many.
 *
 * A chunk is `magic and version, length, first number, count, time, how many were lost before it, SHA-256 of the chunk
 * before, records, SHA-256 of all of that`, as in the log of the engine: one hash is checksum and link of a chain, so that
 * a chunk that was changed, exchanged or left out shows. Who was left out of an answer is not written: that follows from
 * who announced what before, and writing it would take as much as the swarm for each announce.
 */
import { createHash } from 'node:crypto'
import { LIMITS } from '../src/limits.js'
import { latin1Text } from '../src/wire/bencode.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import { writeUint16, writeUint32, writeUint64 } from '../src/wire/integers.js'
import {
  ANSWERED,
  CHUNK_HEAD_BYTES,
  COMPLETED,
  COUNT_AT,
  DISMISSED,
  HASH_BYTES,
  KEEPINGS,
  type Keeping,
  LENGTH_AT,
  LIMITED,
  LOST_AT,
  MAGIC,
  OPENED,
  PAUSED,
  PREVIOUS_AT,
  RECORD_BYTES_MAX,
  RECORD_HEAD_BYTES,
  REFUSED,
  SEED,
  SEQ_AT,
  STARTED,
  STOPPED,
  TIME_AT,
  WANTS_IPV4,
  WANTS_IPV6,
} from './event-record.js'
import type { StoreAnswer } from './store.js'
import type { Refusal, RefusalCode, SwarmRequest } from './swarm.js'
import { COUNTERS, type CounterName, type FrontName, OUTCOMES } from './tally.js'
import type { Witness } from './witness.js'

const SPARE_MAX = 4
const MOST_32 = 0xffff_ffff
const EVENT_FLAGS = { started: STARTED, stopped: STOPPED, completed: COMPLETED, paused: PAUSED } as const

const flagsOf = ({ leftBytes, event, families }: SwarmRequest): number =>
  (leftBytes === 0 ? SEED : 0) |
  (event === undefined ? 0 : EVENT_FLAGS[event]) |
  (families?.includes('ipv4') === false ? 0 : WANTS_IPV4) |
  (families?.includes('ipv6') === false ? 0 : WANTS_IPV6)

export interface SealedChunk {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly records: number
}

/**
 * Packs what a witness is told into chunks, which go to `sealed` when they are full. Where it does not take one, the next
 * says how many records are missing, and links to the one before.
 */
export class EventPacker implements Witness {
  readonly #sealed: (chunk: SealedChunk) => boolean
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(LIMITS.trackerEventChunkBytes)
  #length = CHUNK_HEAD_BYTES
  #count = 0
  #baseMs = 0
  /** Memory of chunks that were written. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = []
  #nextSeq: number
  #previous: Uint8Array
  /** Records that were let go since the last chunk. */
  #lost = 0
  /** Who was not looked at, in this chunk: once each, or strangers could fill the log with nothing. */
  readonly #dismissed = new Set<string>()

  constructor(nextSeq: number, previous: Uint8Array, sealed: (chunk: SealedChunk) => boolean) {
    this.#nextSeq = nextSeq
    this.#previous = previous
    this.#sealed = sealed
  }

  /** Records that are not in a chunk yet. */
  get count(): number {
    return this.#count
  }

  opened(nowMs: number, begins: boolean, keeping: Keeping, intervalSeconds: number): void {
    const at = this.#begin(OPENED, KEEPINGS.indexOf(keeping), begins ? 1 : 0, nowMs)
    writeUint32(this.#bytes, at, intervalSeconds)
    this.#length = at + 4
  }

  answered(front: FrontName, request: SwarmRequest, nowMs: number, answer: StoreAnswer): void {
    let at = this.#asked(ANSWERED, front, request, nowMs)
    const bytes = this.#bytes
    const [ipv4, ipv6] = [answer.compactBytes('ipv4'), answer.compactBytes('ipv6')]
    writeUint16(bytes, at, Math.min(request.numwant, LIMITS.trackerNumwantMax))
    writeUint32(bytes, at + 2, Math.min(answer.complete, MOST_32))
    writeUint32(bytes, at + 6, Math.min(answer.incomplete, MOST_32))
    writeUint16(bytes, at + 10, ipv4 / COMPACT_IPV4_BYTES)
    writeUint16(bytes, at + 12, ipv6 / COMPACT_IPV6_BYTES)
    at += 14
    // Packed where they are to lie: lists of their own would cost more than all the rest.
    if (ipv4 > 0) answer.writeCompact('ipv4', bytes, at)
    at += ipv4
    if (ipv6 > 0) answer.writeCompact('ipv6', bytes, at)
    this.#length = at + ipv6
  }

  refused(front: FrontName, request: SwarmRequest, nowMs: number, { code }: Refusal): void {
    const at = this.#asked(REFUSED, front, request, nowMs)
    this.#bytes[at] = OUTCOMES.indexOf(code)
    this.#length = at + 1
  }

  dismissed(counter: CounterName, from: Uint8Array, nowMs: number, why: RefusalCode | 'limited'): void {
    const key = why + latin1Text(from)
    if (this.#dismissed.size >= LIMITS.trackerEventDismissedMax || this.#dismissed.has(key)) return
    this.#dismissed.add(key)
    const at = this.#begin(DISMISSED, COUNTERS.indexOf(counter), from.length, nowMs)
    this.#bytes[at] = why === 'limited' ? LIMITED : OUTCOMES.indexOf(why)
    this.#bytes.set(from, at + 1)
    this.#length = at + 1 + from.length
  }

  /** A chunk was written: its memory is used again. */
  reuse({ bytes: { buffer } }: SealedChunk): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(new Uint8Array(buffer))
  }

  seal(): void {
    if (this.#count === 0) return
    const bytes = this.#bytes
    writeUint32(bytes, 0, MAGIC)
    writeUint32(bytes, LENGTH_AT, this.#length - CHUNK_HEAD_BYTES)
    writeUint64(bytes, SEQ_AT, this.#nextSeq)
    writeUint32(bytes, COUNT_AT, this.#count)
    writeUint64(bytes, TIME_AT, this.#baseMs)
    writeUint32(bytes, LOST_AT, Math.min(this.#lost, MOST_32))
    bytes.set(this.#previous, PREVIOUS_AT)
    const hash = new Uint8Array(createHash('sha256').update(bytes.subarray(0, this.#length)).digest())
    bytes.set(hash, this.#length)
    const chunk = { bytes: bytes.subarray(0, this.#length + HASH_BYTES), records: this.#count }
    this.#nextSeq += chunk.records
    this.#bytes = this.#spare.pop() ?? new Uint8Array(LIMITS.trackerEventChunkBytes)
    this.#length = CHUNK_HEAD_BYTES
    this.#count = 0
    this.#dismissed.clear()
    if (this.#sealed(chunk)) {
      this.#previous = hash
      this.#lost = 0
    } else this.#lost += chunk.records
  }

  /** Writes the head of a record, and says where it goes on. */
  #begin(kind: number, by: number, flags: number, nowMs: number): number {
    if (this.#length + RECORD_BYTES_MAX + HASH_BYTES > this.#bytes.length) this.seal()
    if (this.#count === 0) this.#baseMs = Math.max(0, Math.floor(nowMs))
    const bytes = this.#bytes
    const at = this.#length
    bytes[at] = kind
    bytes[at + 1] = by
    bytes[at + 2] = flags
    // A clock that was put back has stood still.
    writeUint32(bytes, at + 3, Math.min(Math.max(0, Math.floor(nowMs) - this.#baseMs), MOST_32))
    this.#count++
    return at + RECORD_HEAD_BYTES
  }

  #asked(kind: number, front: FrontName, request: SwarmRequest, nowMs: number): number {
    let at = this.#begin(kind, COUNTERS.indexOf(front), flagsOf(request), nowMs)
    const bytes = this.#bytes
    bytes.set(request.infoHash, at)
    bytes.set(request.peerId, at + 20)
    writeUint16(bytes, at + 40, request.port)
    bytes[at + 42] = request.host.length
    at += 43
    bytes.set(request.host, at)
    return at + request.host.length
  }
}
