/** Reading chunks of a tracker's log of events, and the records in them. */
import { createHash } from 'node:crypto'
import { assert } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import { equalBytes, infoHash, peerId } from '../src/values.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import { readUint16, readUint32, readUint64 } from '../src/wire/integers.js'
import {
  ANSWERED,
  CHUNK_HEAD_BYTES,
  COMPLETED,
  COUNT_AT,
  DISMISSED,
  type EventRecord,
  HASH_BYTES,
  KEEPINGS,
  LENGTH_AT,
  LIMITED,
  LOST_AT,
  MAGIC,
  OPENED,
  PAUSED,
  PREVIOUS_AT,
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
import type { RefusalCode, SwarmRequest } from './swarm.js'
import { COUNTERS, OUTCOMES } from './tally.js'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

export interface Chunk {
  readonly firstSeq: number
  readonly count: number
  /** Records before it that were let go. */
  readonly lost: number
  readonly previous: Uint8Array
  readonly hash: Uint8Array
  /** Of the whole chunk. */
  readonly byteLength: number
  readonly body: Uint8Array
  readonly baseMs: number
}

/** Of a chunk whose head is there; undefined for what is none. */
export const chunkLengthOf = (head: Uint8Array): number | undefined => {
  if (head.length < CHUNK_HEAD_BYTES || readUint32(head, 0) !== MAGIC) return undefined
  const length = readUint32(head, LENGTH_AT)
  return length > LIMITS.trackerEventChunkBytes ? undefined : CHUNK_HEAD_BYTES + length + HASH_BYTES
}

/** Undefined for what is no chunk, or was changed. */
export const readChunk = (bytes: Uint8Array): Chunk | undefined => {
  if (chunkLengthOf(bytes) !== bytes.length) return undefined
  const end = bytes.length - HASH_BYTES
  const hash = bytes.slice(end)
  if (!equalBytes(sha256(bytes.subarray(0, end)), hash)) return undefined
  return {
    firstSeq: readUint64(bytes, SEQ_AT),
    count: readUint32(bytes, COUNT_AT),
    lost: readUint32(bytes, LOST_AT),
    previous: bytes.slice(PREVIOUS_AT, CHUNK_HEAD_BYTES),
    hash,
    byteLength: bytes.length,
    body: bytes.subarray(CHUNK_HEAD_BYTES, end),
    baseMs: readUint64(bytes, TIME_AT),
  }
}

const at20 = (bytes: Uint8Array, at: number): Uint8Array => bytes.slice(at, at + 20)

/** The records of a chunk, which is whole: so what it says of lengths is right. */
export function* recordsOf({ body, firstSeq, baseMs, count }: Chunk): Generator<EventRecord, void, undefined> {
  let at = 0
  for (let index = 0; index < count; index++) {
    const [kind, by = 0, flags = 0] = body.subarray(at, at + 3)
    const numbered = { seq: firstSeq + index, atMs: baseMs + readUint32(body, at + 3) }
    at += RECORD_HEAD_BYTES
    if (kind === OPENED) {
      const keeping = KEEPINGS[by] ?? 'memory'
      yield { type: 'opened', ...numbered, begins: flags === 1, keeping, intervalSeconds: readUint32(body, at) }
      at += 4
      continue
    }
    if (kind === DISMISSED) {
      const [number = 0] = body.subarray(at)
      const code = number === LIMITED ? 'limited' : refusalAt(number)
      const host = body.slice(at + 1, at + 1 + flags)
      yield { type: 'dismissed', ...numbered, counter: COUNTERS[by] ?? 'http', host, code }
      at += 1 + flags
      continue
    }
    assert(kind === ANSWERED || kind === REFUSED, 'a chunk of this version has records of these kinds')
    const front = COUNTERS[by]
    assert(front !== undefined && front !== 'catalogue', 'announces come by a front')
    const hostLength = body[at + 42] ?? 0
    const asked = {
      ...{ ...numbered, front, infoHash: infoHash(at20(body, at)), peerId: peerId(at20(body, at + 20)) },
      ...{
        port: readUint16(body, at + 40),
        host: body.slice(at + 43, at + 43 + hostLength),
        seed: (flags & SEED) !== 0,
      },
      event: eventOf(flags),
    }
    at += 43 + hostLength
    if (kind === REFUSED) {
      yield { type: 'refused', ...asked, code: refusalAt(body[at] ?? 0) }
      at++
      continue
    }
    const ipv4At = at + 14
    const ipv6At = ipv4At + readUint16(body, at + 10) * COMPACT_IPV4_BYTES
    const end = ipv6At + readUint16(body, at + 12) * COMPACT_IPV6_BYTES
    yield {
      type: 'answered',
      ...{ ...asked, wantsIpv4: (flags & WANTS_IPV4) !== 0, wantsIpv6: (flags & WANTS_IPV6) !== 0 },
      ...{ numwant: readUint16(body, at), complete: readUint32(body, at + 2), incomplete: readUint32(body, at + 6) },
      peers: { ipv4: body.slice(ipv4At, ipv6At), ipv6: body.slice(ipv6At, end) },
    }
    at = end
  }
}

const eventOf = (flags: number): SwarmRequest['event'] => {
  if ((flags & STARTED) !== 0) return 'started'
  if ((flags & STOPPED) !== 0) return 'stopped'
  if ((flags & PAUSED) !== 0) return 'paused'
  return (flags & COMPLETED) !== 0 ? 'completed' : undefined
}

const refusalAt = (number: number): RefusalCode => {
  const outcome = OUTCOMES[number]
  assert(outcome !== undefined && outcome !== 'answered', 'a chunk of this version has outcomes of these kinds')
  return outcome
}
