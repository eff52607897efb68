/** The records of a tracker's log of events: what each says, and by which numbers it is written. */
import { LIMITS } from '../src/limits.js'
import type { InfoHash, PeerId } from '../src/values.js'
import { COMPACT_IPV6_BYTES, type CompactPeers } from '../src/wire/compact.js'
import type { RefusalCode, SwarmRequest } from './swarm.js'
import type { CounterName, FrontName } from './tally.js'

/** Where peers are kept: with this process, on its disk, or where other trackers keep theirs, too. */
export const KEEPINGS = ['memory', 'folder', 'shared'] as const
export type Keeping = (typeof KEEPINGS)[number]

interface Numbered {
  readonly seq: number
  readonly atMs: number
}

/** How a file of the log begins: either the tracker does, or the file before was full. */
export interface OpenedRecord extends Numbered {
  readonly type: 'opened'
  readonly begins: boolean
  readonly keeping: Keeping
  readonly intervalSeconds: number
}

interface AskedRecord extends Numbered {
  readonly front: FrontName
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** 4 or 16 bytes. */
  readonly host: Uint8Array
  readonly port: number
  readonly seed: boolean
  readonly event: SwarmRequest['event']
}

export interface AnsweredRecord extends AskedRecord {
  readonly type: 'answered'
  readonly wantsIpv4: boolean
  readonly wantsIpv6: boolean
  readonly numwant: number
  readonly complete: number
  readonly incomplete: number
  /** The peers of the answer. */
  readonly peers: CompactPeers
}

export interface RefusedRecord extends AskedRecord {
  readonly type: 'refused'
  readonly code: RefusalCode
}

export interface DismissedRecord extends Numbered {
  readonly type: 'dismissed'
  readonly counter: CounterName
  readonly host: Uint8Array
  readonly code: RefusalCode | 'limited'
}

export type EventRecord = OpenedRecord | AnsweredRecord | RefusedRecord | DismissedRecord

/** `TWE` and the version. */
export const MAGIC = 0x54574501
export const HASH_BYTES = 32
export const LENGTH_AT = 4
export const SEQ_AT = 8
export const COUNT_AT = 16
export const TIME_AT = 20
export const LOST_AT = 28
export const PREVIOUS_AT = 32
export const CHUNK_HEAD_BYTES = PREVIOUS_AT + HASH_BYTES
export const FIRST_PREVIOUS: Uint8Array = new Uint8Array(HASH_BYTES)

export const OPENED = 1
export const ANSWERED = 2
export const REFUSED = 3
export const DISMISSED = 4

export const SEED = 1
export const STARTED = 2
export const STOPPED = 4
export const COMPLETED = 8
export const PAUSED = 64
export const WANTS_IPV4 = 16
export const WANTS_IPV6 = 32

/** Kind, what it came by, flags, time. */
export const RECORD_HEAD_BYTES = 7
/** No outcome has this number. */
export const LIMITED = 0xff
/** A record at its longest: the most peers, all of them of IPv6. */
export const RECORD_BYTES_MAX = 128 + LIMITS.trackerNumwantMax * COMPACT_IPV6_BYTES
