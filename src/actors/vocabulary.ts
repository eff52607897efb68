/** What actors hear and say: inputs (past, from outside), messages (requests to each other), effects (requests to the outside). */
import type { EventOf, Range, TransferEvent } from '../events/vocabulary.js'
import type { Failure, FileFinding } from '../outside.js'
import type { Random } from '../random.js'
import type { InfoHash, Instant, PeerAddress, PeerId, PeerKey, PieceIndex } from '../values.js'
import type { ExtensionHandshake } from '../wire/extension.js'
import type { Fault } from '../wire/fault.js'
import type { Handshake } from '../wire/handshake.js'
import type { PeerMessage, SendableMessage } from '../wire/messages.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from '../wire/tracker.js'
import type { Strategy } from './strategy.js'

/** What the engine found out that concerns all of its transfers, as the event that each of them logs. */
export type EngineFact = EventOf<'port-mapped' | 'port-mapping-failed' | 'port-unmapped' | 'lsd-joined' | 'lsd-failed'>

export type TransferInput =
  | { readonly type: 'fact-found'; readonly fact: EngineFact }
  | { readonly type: 'files-examined'; readonly files: readonly FileFinding[] }
  | { readonly type: 'piece-checked'; readonly piece: PieceIndex; readonly good: boolean }
  | { readonly type: 'check-asked' }
  | { readonly type: 'pause-asked' }
  | { readonly type: 'resume-asked' }
  /** Let go of everything; `stamps-taken` follows when nothing is under way any more. */
  | { readonly type: 'end-asked' }
  | {
      readonly type: 'stamps-taken'
      readonly stamps: readonly { readonly file: number; readonly bytes: number; readonly modifiedAt: number }[]
      readonly reason: 'closed' | 'removed' | 'failed'
    }
  | { readonly type: 'pieces-selected'; readonly wanted: Uint8Array; readonly sequential: boolean }
  | {
      readonly type: 'peers-found'
      readonly source: 'tracker' | 'user' | 'lsd'
      readonly addresses: readonly PeerAddress[]
    }
  | { readonly type: 'peer-accepted'; readonly peer: PeerKey; readonly address: PeerAddress }
  | { readonly type: 'log-committed'; readonly committedSeq: number }
  | { readonly type: 'storage-failed'; readonly failure: Failure }
  | { readonly type: 'sync-finished' }
  | { readonly type: 'woken' }

/** A `piece` message of BEP 3, which brings a block. */
export type BlockMessage = Extract<PeerMessage, { type: 'piece' }>

/**
 * Blocks that came in a row, of one chunk: at 25,000 blocks a second a turn for each of them shows. What cannot be
 * decided together with those before it the peer sends to itself.
 */
export interface BlocksArrived {
  readonly type: 'blocks-arrived'
  readonly blocks: readonly BlockMessage[]
}

export type PeerInput =
  | { readonly type: 'connected' }
  | { readonly type: 'dial-failed'; readonly failure: Failure }
  | { readonly type: 'handshake-arrived'; readonly handshake: Handshake }
  | { readonly type: 'extensions-arrived'; readonly extensions: ExtensionHandshake }
  | { readonly type: 'message-arrived'; readonly message: Exclude<PeerMessage, BlockMessage> }
  | BlocksArrived
  /** Some of a block came, and not its end; told now and then only. */
  | { readonly type: 'block-part-arrived' }
  | { readonly type: 'fault-found'; readonly fault: Fault }
  | { readonly type: 'connection-lost'; readonly failure: Failure }
  /** They left this process. */
  | { readonly type: 'blocks-flushed'; readonly ranges: readonly Range[] }
  /** It was still waiting when it was withdrawn. */
  | { readonly type: 'block-withdrawn'; readonly range: Range }
  | { readonly type: 'block-unreadable'; readonly range: Range; readonly failure: Failure }

export type PieceInput =
  | {
      readonly type: 'piece-hashed'
      readonly good: boolean
      /** Of each block, where somebody may be to blame; else empty. */
      readonly fingerprints: readonly number[]
    }
  | { readonly type: 'piece-written' }
  | { readonly type: 'write-failed'; readonly failure: Failure }

export type TrackersInput =
  /** `port` is the one that the tracker was told of. */
  | {
      readonly type: 'announce-answered'
      readonly tracker: string
      readonly answer: AnnounceAnswer
      readonly port: number
    }
  | { readonly type: 'announce-failed'; readonly tracker: string; readonly failure: Failure }
  | { readonly type: 'scrape-asked' }
  | { readonly type: 'scrape-answered'; readonly tracker: string; readonly answer: TrackerCounts }
  | { readonly type: 'scrape-failed'; readonly tracker: string; readonly failure: Failure }

export type Input =
  | ({ readonly to: 'transfer' } & { readonly input: TransferInput })
  | { readonly to: 'peer'; readonly peer: PeerKey; readonly input: PeerInput }
  | { readonly to: 'piece'; readonly piece: PieceIndex; readonly input: PieceInput }
  | { readonly to: 'trackers'; readonly input: TrackersInput }

export type TransferMessage =
  /** Interest or connections changed: is a slot free for somebody? */
  | { readonly type: 'fill-slots' }
  /** Addresses that gave wrong blocks: no more of them. */
  | { readonly type: 'ban'; readonly addresses: readonly string[]; readonly piece: PieceIndex }
  | { readonly type: 'fail'; readonly failure: Failure }
  | { readonly type: 'fill-connections' }

export type PeerRequest =
  | BlocksArrived
  | { readonly type: 'refill' }
  /** What the peer has may have become uninteresting, or interesting. */
  | { readonly type: 'review-interest' }
  | { readonly type: 'cancel-block'; readonly range: Range }
  | { readonly type: 'look-at-time' }
  | { readonly type: 'close'; readonly reason: CloseReason; readonly detail: string }

/** Blocks of the piece, each another one, in order. */
export interface PieceRequest {
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
  | 'protocol-fault'
  | 'unasked-blocks'
  | 'both-complete'
  | 'too-many-peers'
  | 'paused'
  | 'ended'
  | 'failed'
  | 'checking'

export type Effect =
  | { readonly type: 'dial'; readonly peer: PeerKey; readonly address: PeerAddress }
  | { readonly type: 'greet'; readonly peer: PeerKey; readonly peerId: PeerId }
  /** Our extension handshake (BEP 10), whose port and client the driver knows. */
  | { readonly type: 'extend'; readonly peer: PeerKey }
  | { readonly type: 'send'; readonly peer: PeerKey; readonly message: SendableMessage }
  | { readonly type: 'request'; readonly peer: PeerKey; readonly ranges: readonly Range[] }
  | { readonly type: 'serve'; readonly peer: PeerKey; readonly range: Range }
  | { readonly type: 'withdraw'; readonly peer: PeerKey; readonly range: Range }
  | { readonly type: 'hang-up'; readonly peer: PeerKey }
  | { readonly type: 'keep'; readonly piece: PieceIndex; readonly blocks: readonly BlockMessage[] }
  | { readonly type: 'hash'; readonly piece: PieceIndex; readonly fingerprints: boolean }
  | { readonly type: 'write'; readonly piece: PieceIndex }
  | { readonly type: 'drop'; readonly piece: PieceIndex }
  /** Files that are missing or short: empty ones are made now, and all of them where space is to be taken beforehand. */
  | { readonly type: 'reserve'; readonly files: readonly number[] }
  | { readonly type: 'check'; readonly pieces: readonly PieceIndex[] }
  | { readonly type: 'stop-checking' }
  | { readonly type: 'sync'; readonly pieces: readonly PieceIndex[] }
  | { readonly type: 'announce'; readonly tracker: string; readonly request: AnnounceRequestPart }
  | { readonly type: 'scrape'; readonly tracker: string; readonly infoHash: InfoHash }
  | { readonly type: 'announce-locally'; readonly infoHash: InfoHash }
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
