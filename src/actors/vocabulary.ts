/**
 * What actors hear and say: inputs (past, from outside; their table is `events/inputs.ts`), messages (requests to each
 * other), effects (requests to the outside).
 */
import type { BlockMessage } from '../events/input-fields.js'
import type { PeerInput } from '../events/inputs.js'
import type { Range, TransferEvent } from '../events/vocabulary.js'
import type { Failure } from '../outside.js'
import type { Random } from '../random.js'
import type { InfoHash, Instant, PeerAddress, PeerId, PeerKey, PieceIndex } from '../values.js'
import type { HolepunchMessage } from '../wire/holepunch.js'
import type { HashRange } from '../wire/merkle.js'
import type { SendableMessage } from '../wire/messages.js'
import type { PexMessage } from '../wire/pex.js'
import type { AnnounceRequest } from '../wire/tracker.js'
import type { Strategy } from './strategy.js'

export type { BlockMessage, HashMessage, PlainMessage } from '../events/input-fields.js'
export type {
  EngineFact,
  Input,
  IntroductionNews,
  PeerInput,
  PieceInput,
  TrackersInput,
  TransferInput,
} from '../events/inputs.js'

/**
 * Blocks that came in a row, of one chunk: at 25,000 blocks a second a turn for each of them shows. What cannot be
 * decided together with those before it the peer sends to itself.
 */
export type BlocksArrived = Extract<PeerInput, { readonly type: 'blocks-arrived' }>

export type TransferMessage =
  /** Interest or connections changed: is a slot free for somebody? */
  | { readonly type: 'fill-slots' }
  /** Addresses that gave wrong blocks: no more of them. */
  | { readonly type: 'ban'; readonly addresses: readonly string[]; readonly piece: PieceIndex }
  | { readonly type: 'fail'; readonly failure: Failure }
  | { readonly type: 'fill-connections' }
  /** Hashes are lacking (BEP 52). */
  | { readonly type: 'ask-for-hashes' }
  /** A piece that we showed as a super-seed may have been passed on. */
  | { readonly type: 'reveal' }
  | { readonly type: 'ask-web-seeds' }
  /** Somebody may be asked for metadata. */
  | { readonly type: 'fill-metadata' }

export type PeerRequest =
  | BlocksArrived
  | { readonly type: 'refill' }
  /** The peer said what it has, for the first time. */
  | { readonly type: 'welcome' }
  /** What the peer has may have become uninteresting, or interesting. */
  | { readonly type: 'review-interest' }
  | { readonly type: 'cancel-block'; readonly range: Range }
  | { readonly type: 'look-at-time' }
  | { readonly type: 'close'; readonly reason: CloseReason; readonly detail: string }

export type PieceRequest = TakeBlocks | { readonly type: 'stop-doubting' }

/** Blocks of the piece, each another one, in order. */
export interface TakeBlocks {
  readonly type: 'take-blocks'
  readonly from: PeerKey
  readonly blocks: readonly BlockMessage[]
}

export type TrackersRequest = { readonly type: 'look-at-time' } | { readonly type: 'say-stopped' }

export type Message =
  | { readonly to: 'transfer'; readonly message: TransferMessage }
  | { readonly to: 'peer'; readonly peer: PeerKey; readonly message: PeerRequest }
  | { readonly to: 'piece'; readonly piece: PieceIndex; readonly message: PieceRequest }
  | { readonly to: 'trackers'; readonly message: TrackersRequest }

/** Why we end a connection: stable codes. */
export type CloseReason =
  | 'handshake-timeout'
  | 'silence'
  | 'self-connection'
  | 'duplicate-connection'
  | 'wrong-info-hash'
  | 'banned'
  | 'wrong-hashes'
  | 'protocol-fault'
  | 'unasked-blocks'
  | 'both-complete'
  | 'too-many-peers'
  | 'dropped'
  | 'paused'
  | 'queued'
  | 'engine-full'
  | 'ended'
  | 'failed'
  | 'checking'
  | 'removed'
  | 'blocked'
  | 'too-many-of-host'
  | 'flooding'
  | 'private'
  | 'metadata-flood'

export type Effect =
  /** `punching`: over uTP, as the other side does at the same moment (BEP 55). */
  | { readonly type: 'dial'; readonly peer: PeerKey; readonly address: PeerAddress; readonly punching: boolean }
  /** `dht`: we are a node of it (BEP 5). */
  | { readonly type: 'greet'; readonly peer: PeerKey; readonly peerId: PeerId; readonly dht: boolean }
  /** Our extension handshake (BEP 10), whose port and client the driver knows. */
  | {
      readonly type: 'extend'
      readonly peer: PeerKey
      readonly uploadOnly: boolean
      readonly pex: boolean
      readonly punching: boolean
    }
  | { readonly type: 'exchange-peers'; readonly peer: PeerKey; readonly id: number; readonly message: PexMessage }
  | { readonly type: 'punch'; readonly peer: PeerKey; readonly id: number; readonly message: HolepunchMessage }
  | { readonly type: 'send'; readonly peer: PeerKey; readonly message: SendableMessage }
  /** `have` of each piece, to each peer. */
  | { readonly type: 'tell-pieces'; readonly peers: readonly PeerKey[]; readonly pieces: readonly PieceIndex[] }
  | { readonly type: 'request'; readonly peer: PeerKey; readonly ranges: readonly Range[] }
  | { readonly type: 'serve'; readonly peer: PeerKey; readonly range: Range }
  | { readonly type: 'withdraw'; readonly peer: PeerKey; readonly range: Range }
  /** A web seed is asked from now on, by `request`; and what is on order from it is not wanted any more. */
  | { readonly type: 'open-web-seed'; readonly peer: PeerKey; readonly url: string }
  | { readonly type: 'forget-requests'; readonly peer: PeerKey }
  | { readonly type: 'hang-up'; readonly peer: PeerKey }
  | { readonly type: 'keep'; readonly piece: PieceIndex; readonly blocks: readonly BlockMessage[] }
  | { readonly type: 'hash'; readonly piece: PieceIndex; readonly fingerprints: boolean }
  | { readonly type: 'write'; readonly piece: PieceIndex }
  | { readonly type: 'drop'; readonly piece: PieceIndex }
  /** A peer is asked for hashes of pieces, from one on, or of the blocks of one (BEP 52). */
  | {
      readonly type: 'ask-hashes'
      readonly peer: PeerKey
      readonly of: 'pieces' | 'blocks'
      readonly piece: PieceIndex
    }
  /** Blocks that are here are compared with their hashes: `blocks-judged` follows. */
  | { readonly type: 'judge'; readonly piece: PieceIndex; readonly blocks: readonly number[] }
  /** A peer is told hashes of a file, for which those of the blocks of a piece may be needed. */
  | {
      readonly type: 'tell-hashes'
      readonly peer: PeerKey
      readonly file: number
      readonly piece: PieceIndex | undefined
      readonly range: HashRange
    }
  | { readonly type: 'deny-hashes'; readonly peer: PeerKey; readonly file: number; readonly range: HashRange }
  /** Files that are missing or short: empty ones are made now, and all of them where space is to be taken beforehand. */
  | { readonly type: 'reserve'; readonly files: readonly number[] }
  /** What comes of these files is kept in the part file from now on. */
  | { readonly type: 'keep-apart'; readonly files: readonly number[] }
  /** What the part file has of these is brought into the files themselves: `file-placed` follows for each. */
  | { readonly type: 'place'; readonly files: readonly number[] }
  | { readonly type: 'check'; readonly pieces: readonly PieceIndex[] }
  | { readonly type: 'stop-checking' }
  | { readonly type: 'sync'; readonly pieces: readonly PieceIndex[] }
  | { readonly type: 'announce'; readonly tracker: string; readonly request: AnnounceRequestPart }
  | { readonly type: 'scrape'; readonly tracker: string; readonly infoHash: InfoHash }
  | { readonly type: 'announce-locally'; readonly infoHash: InfoHash }
  /** The DHT is asked for peers, and told of us. */
  | { readonly type: 'look-up' }
  /** A node of the DHT may be there. */
  | { readonly type: 'meet-node'; readonly address: PeerAddress }
  | { readonly type: 'ask-metadata'; readonly peer: PeerKey; readonly metadataPieces: readonly number[] }
  | { readonly type: 'keep-metadata'; readonly metadataPiece: number; readonly bytes: Uint8Array }
  | { readonly type: 'drop-metadata' }
  /** Every piece is kept: what do they come to? */
  | { readonly type: 'assemble-metadata'; readonly bytes: number }
  | { readonly type: 'serve-metadata'; readonly peer: PeerKey; readonly metadataPiece: number }
  | { readonly type: 'reject-metadata'; readonly peer: PeerKey; readonly metadataPiece: number }
  | { readonly type: 'wake'; readonly at: Instant }

/** What the state knows of an announce; the driver adds the port that it listens on. */
export type AnnounceRequestPart = Omit<AnnounceRequest, 'port'>

export interface Decision {
  readonly events: readonly TransferEvent[]
  readonly messages: readonly Message[]
  readonly effects: readonly Effect[]
}

export interface Circumstances {
  readonly now: Instant
  readonly random: Random
  readonly strategy: Strategy
}

const NONE: readonly never[] = []
export const NOTHING: Decision = { events: NONE, messages: NONE, effects: NONE }

/** A decision in parts that are left out where they are empty. */
export const decided = (parts: Partial<Decision>): Decision => ({
  events: parts.events ?? NONE,
  messages: parts.messages ?? NONE,
  effects: parts.effects ?? NONE,
})

/** Several decisions about the same state, one after the other. */
export const both = (...decisions: readonly Decision[]): Decision => ({
  events: decisions.flatMap(({ events }) => events),
  messages: decisions.flatMap(({ messages }) => messages),
  effects: decisions.flatMap(({ effects }) => effects),
})
