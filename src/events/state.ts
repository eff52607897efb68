/**
 * The state of a transfer: what the events up to one sequence number say is true.
 *
 * Only `evolve` writes it; everybody else holds it as `Readonly`. It has no payload bytes and nothing that could not be
 * folded again from the log.
 */
import type { PeerTag } from '../actors/peer.machine.js'
import type { PieceTag } from '../actors/piece.machine.js'
import type { Standing } from '../actors/step.js'
import { type TransferTag, transferLifecycle } from '../actors/transfer.machine.js'
import {
  type InfoHash,
  type Instant,
  type PeerAddress,
  type PeerId,
  type PeerKey,
  type PieceIndex,
  type Seq,
  ZERO,
} from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { type Geometry, NO_GEOMETRY } from './geometry.js'
import type { EarlyPieces, MetadataState, PeerMetadata } from './metadata.js'
import { emptyMeter, type Meter } from './meter.js'
import type { Pipeline } from './pipeline.js'
import { Rarity } from './rarity.js'
import type { Range } from './vocabulary.js'

/** One connection, from the first attempt to its end. */
export interface PeerState {
  readonly key: PeerKey
  readonly address: PeerAddress
  readonly incoming: boolean
  /** It is no peer but a web server, of this URL (BEP 19). */
  readonly webSeed: string | undefined
  standing: Standing<PeerTag>
  readonly since: Instant
  transport: 'tcp' | 'utp' | 'webrtc'
  /** Of a peer whom a tracker introduced, by which both sides know which of two connections to keep; else 0. */
  rank: number
  /** What of it is encrypted (message stream encryption). */
  protection: 'none' | 'handshake' | 'rc4' | 'dtls'
  id: PeerId | undefined
  client: string
  fast: boolean
  extensions: boolean
  /** The connection is one of v2 (BEP 52): hashes can be asked for. */
  v2: boolean
  uploadOnly: boolean
  listenPort: number | undefined
  /** The number under which it takes peer exchange (BEP 11); 0 where it does not. */
  pex: number
  /** Its number among the connections that opened; 0 before it did. */
  openedAs: number
  /** How far it was told of connections that opened and ended, and when. */
  pexOpened: number
  pexEnded: number
  pexSentAt: number
  /** When it last told us, if it did; and whether it is not listened to, as it does so too often. */
  pexHeardAt: number
  pexIgnored: boolean
  /** The number under which it takes part in hole punching (BEP 55); 0 where it does not. */
  holepunch: number
  /** Both sides dial, as another peer told them to. */
  punched: boolean
  /** What it wanted of hole punching lately, and since when that is counted. */
  punches: number
  punchesSince: number
  /** UDP port of its node of the DHT; 0 where it named none. */
  dhtPort: number
  /** Requests that the peer lets wait (`reqq`, BEP 10). */
  requestsMax: number
  has: Bitfield
  /** The peer has everything, and is counted apart in `rarity`. */
  seed: boolean
  saidPieces: boolean
  /** What it said of its pieces while nobody knew how many there are. */
  early: EarlyPieces | undefined
  /** Undefined where it was never spoken of. */
  metadata: PeerMetadata | undefined
  /** Pieces it has that we want and lack. */
  interesting: number
  allowedFast: Set<PieceIndex>
  /** Pieces that we allowed it, and how many blocks of them it may still ask for while we choke it (BEP 6). */
  fastGiven: Set<PieceIndex>
  fastBlocksLeft: number
  /** Pieces that it suggests to us, and those that we suggested to it (BEP 6). Bounded. */
  suggested: Set<PieceIndex>
  suggestedTo: Set<PieceIndex>
  /** As a super-seed: pieces that it was shown, and when (BEP 16). */
  revealed: Map<PieceIndex, Instant>
  /** Blocks on order, oldest first: block key to the time of asking. */
  requested: Map<number, Instant>
  /** Blocks once on order, no longer waited for, that may yet come, and how many times. Bounded. */
  released: Map<number, number>
  readonly pipeline: Pipeline
  /** What the peer asked of us and has not got yet, oldest first. */
  asked: Map<string, Range>
  readonly downloaded: Meter
  readonly uploaded: Meter
  wastedBytes: number
  /** Messages since a while that changed nothing for long. */
  chatter: number
  chatterSince: number
  /** Blocks that we never asked for. */
  unasked: number
  snubbed: boolean
  /** It is to be dialed once the engine has room. */
  held: boolean
  /** When it last refused what we asked for, or choked us while we waited, if no block came since; else 0. */
  deniedAt: number
  /** Its requests were given up, and no block came since. */
  overdue: boolean
  lastReceivedAt: Instant
  lastSentAt: Instant
  /** A block came, or a part of one, or after none was on order the first request that repeats none given up. */
  lastBlockAt: Instant
  unchokedAt: number
  /** Requests for hashes that we wait for, and those that it did not answer. Bounded. */
  hashesAsked: number
  hashRefusals: Set<string>
  /** Its own requests for hashes that are being answered. */
  hashesServing: number
}

/** Hashes that are on order (BEP 52): of pieces from one on, or of the blocks of one. */
export interface HashOrder {
  readonly peer: PeerKey
  readonly of: 'pieces' | 'blocks'
  readonly piece: PieceIndex
  readonly at: Instant
}

/** A file of which hashes of pieces are not known, and which chunks of them are. */
export interface LayerState {
  readonly file: number
  readonly firstPiece: PieceIndex
  readonly pieces: number
  readonly chunks: Bitfield
}

/** A piece in flight: its blocks are a ledger, not machines. */
export interface PieceState {
  readonly piece: PieceIndex
  standing: Standing<PieceTag>
  readonly since: Instant
  readonly blocks: number
  /** Per block, 1 + the key of the peer that gave it; 0 while it is missing. */
  readonly givers: Uint32Array
  /** What to ban, should a peer prove to have given wrong blocks; kept beyond its connection. */
  readonly giversBanNames: Map<PeerKey, string>
  /** Per block, how many peers it is on order from. */
  readonly orders: Uint8Array
  /** Blocks here. */
  received: number
  /** Blocks neither here nor on order. */
  open: number
  /** Fetched from this peer alone, to find out who spoiled it before. */
  parole: PeerKey | undefined
  /** Of each block, while the piece is wrong and hashes of its blocks are asked for; else none. */
  doubts: readonly number[]
}

/** A piece that was here whole and wrong: who gave which block, and a fingerprint of each. */
export interface Rejection {
  /** What to ban for each block. */
  readonly givers: readonly string[]
  readonly fingerprints: readonly number[]
}

export interface Candidate {
  readonly address: PeerAddress
  readonly source: 'tracker' | 'user' | 'incoming' | 'lsd' | 'dht' | 'pex'
  failures: number
  nextDialAt: number
  /** Put off for long only because both of us had everything. */
  bothComplete: boolean
  peer: PeerKey | undefined
  /** Who said that it can have it dial us (BEP 55). */
  introducer: PeerKey | undefined
}

/** A web server that has the content (BEP 19). */
export interface WebSeedState {
  readonly url: string
  failures: number
  nextAskAt: number
  lastError: string
  /** It is being asked. */
  peer: PeerKey | undefined
  /** Pieces of files that it did not have; none, where it is left out. */
  lacks: Bitfield | undefined
  /** The piece after the last that it was asked for. */
  nextPiece: number
}

export interface TrackerState {
  readonly url: string
  failures: number
  announcing: boolean
  askedAt: number
  /** The announce under way has no answer for so long that the next tracker is tried meanwhile. */
  overdue: boolean
  /** The announce under way was made of a complete download. */
  tellsCompleted: boolean
  /** `started` was taken in this session. */
  started: boolean
  /** It was told of the complete download. */
  completed: boolean
  intervalMs: number
  lastAnswerAt: number
  lastError: string
  /** What it said beside its last answer, in this session; empty for nothing. */
  lastWarning: string
  seeds: number | undefined
  leechers: number | undefined
  /** How often the torrent was completed, as it counted last. */
  downloads: number | undefined
  scraping: boolean
  /** Not to be asked for its counts before. */
  scrapeAt: number
}

/** The router lets others in. */
export interface MappingState {
  readonly protocol: 'upnp' | 'nat-pmp'
  readonly port: number
  readonly externalPort: number
  readonly externalHost: string | undefined
}

export interface Waste {
  duplicate: number
  late: number
  unasked: number
  rejected: number
}

export interface TransferState {
  /** Sequence number that the next event will have. */
  nextSeq: number
  at: Instant
  standing: Standing<TransferTag>
  infoHash: InfoHash
  /** By which hashes its pieces are known: v1's, v2's (BEP 52), or both. */
  version: 'v1' | 'v2' | 'hybrid'
  infoHashV2: Uint8Array | undefined
  /** The torrent is known by `infoHash`, and has this one too. */
  otherHash: InfoHash | undefined
  /** Files by their position of which hashes of pieces are not known, and the pieces that wait for them. */
  readonly layers: Map<number, LayerState>
  hashless: Bitfield
  readonly hashOrders: Map<string, HashOrder>
  /** Somebody gave wrong blocks: hashes of blocks are asked for with each piece. */
  vigilant: boolean
  name: string
  folder: string
  /** Files that have another name than the torrent gives, and it, below the folder. */
  names: ReadonlyMap<number, string>
  /** Where they are being moved: some of them may be there by now. */
  moving: { readonly folder: string; readonly names: ReadonlyMap<number, string> } | undefined
  /** Where they were before, in a session that has not ended in good order since; else nothing. */
  movedFrom: string
  private: boolean
  /** Undefined once the metadata are known; until then there is no piece. */
  metadata: MetadataState | undefined
  geometry: Geometry
  session: number
  randomSeed: number
  peerId: PeerId
  machineStartedAt: number
  /** This session has looked at the files. One that has not leaves what is known of them as it was. */
  examined: boolean
  /** The session before ended in good order. */
  cleanEnd: boolean
  /** Time of the last event of the session before. */
  endedAt: Instant
  wanted: Bitfield
  /** Pieces wanted and not stored. */
  missing: number
  sequential: boolean
  /** How much the user wants each file (0 skip, 1 low, 2 normal, 3 high); empty where all are alike. */
  filePriorities: Uint8Array
  /** Pieces that are fetched after the others, and before them. */
  low: Bitfield
  high: Bitfield
  /** When pieces that somebody reads are due, the missing ones. */
  readonly deadlines: Map<PieceIndex, Instant>
  /** Wanted only as long as they are due. */
  readonly demanded: Set<PieceIndex>
  /** Files that are not wanted: what their first and last pieces have of them is in the part file. */
  readonly apart: Set<number>
  /** Bytes a second over all transfers of the engine; 0 for no limit. */
  limits: { readonly download: number; readonly upload: number }
  /** When seeding is enough: at a ratio in thousandths, or after a time; 0 for neither. */
  goals: { readonly ratioPermille: number; readonly seedingMs: number }
  /** How long it was seeded up to when it last began to be; 0 for that where it is not seeded now. */
  seeded: { totalMs: number; since: number }
  /** The most connections, and peers served at one time; 0 for as many as by default. */
  bounds: { readonly peersMax: number; readonly uploadSlots: number }
  /** The same of this transfer alone. */
  ownLimits: { readonly download: number; readonly upload: number }
  stored: Bitfield
  /** Stored and committed: told to peers, and served. */
  announced: Bitfield
  /** Stored, with the sequence number of the event that says so, and not announced yet. */
  unannounced: { piece: PieceIndex; seq: number }[]
  completed: boolean
  /** The user paused it, and has not resumed it since: remembered over sessions. */
  paused: boolean
  /** Others of the engine come first: of which kind it is among those, and how many of them may be active. */
  queued: { readonly of: 'downloads' | 'seeds'; readonly most: number } | undefined
  /** Where it stands in the queue of its engine: those of a lower rank come first. */
  rank: number
  /** Peers are shown our pieces one by one (BEP 16). */
  superSeeding: boolean
  /** What is being read for some peers is suggested to others (BEP 6). */
  suggesting: boolean
  /** Pieces whose bytes may be on disk although no event says so: hashed or being written as the session ended. */
  unsafe: PieceIndex[]
  /** Pieces stored since the last sync began, and those that a sync under way will cover. */
  unsynced: PieceIndex[]
  syncing: PieceIndex[]
  syncAt: Instant
  /** The machine was started anew since a session wrote: what was not synced may be gone. */
  powerLost: boolean
  readonly stamps: Map<number, { bytes: number; modifiedAt: number }>
  checking: Bitfield
  rarity: Rarity
  seedsConnected: number
  readonly pieces: Map<PieceIndex, PieceState>
  readonly rejections: Map<PieceIndex, Rejection[]>
  readonly peers: Map<PeerKey, PeerState>
  nextPeer: number
  readonly candidates: Map<string, Candidate>
  readonly banned: Set<string>
  /** Ranges of addresses that the user blocks, and addresses that were refused for that in this session. */
  blockedRanges: number
  refused: number
  tiers: TrackerState[][]
  readonly webSeeds: Map<string, WebSeedState>
  /** Those that the user added or took away, by their URLs: remembered over sessions. Bounded. */
  readonly wishedTrackers: Map<string, boolean>
  readonly wishedWebSeeds: Map<string, boolean>
  /** Where in the tiers the next announce goes, and when. */
  readonly announceNext: { tier: number; tracker: number; at: number; rounds: number }
  /** Whether the local network can be asked for peers, and when it is told of this torrent next (BEP 14). */
  readonly lsd: { joined: boolean; announceAt: number }
  /** Peer exchange: connections that opened and ended, counted, and those that ended lately (BEP 11). */
  readonly pex: {
    on: boolean
    opened: number
    ended: number
    endings: { readonly address: PeerAddress; readonly opened: number; readonly ended: number }[]
  }
  /** Peers help each other through routers that let nobody in (BEP 55). */
  punching: boolean
  /** The DHT: whether nodes answered, the look-up under way, and when the next begins (BEP 5). */
  readonly dht: {
    /** UDP port of our node; 0 where there is none. */
    port: number
    joined: boolean
    looking: boolean
    lookUpAt: number
    /** Look-ups in a row after which there was still no connection. */
    inVain: number
    /** Why the last look-up failed, if it did; and else how many nodes answered it, and the peers that they named. */
    lastError: string
    answered: number
    peers: number
  }
  /** Offers of connections (WebRTC) in this session: ours, those of others, and what came of them. */
  readonly introductions: {
    offered: number
    answered: number
    received: number
    opened: number
    /** How many came to nothing, by the reason. */
    readonly failed: Map<string, number>
  }
  mapping: MappingState | undefined
  /** Where we are seen from outside, as trackers and the router say: nobody else is there. Bounded. */
  readonly ownAddresses: Set<string>
  optimistic: PeerKey | undefined
  optimisticAt: number
  chokeRoundAt: number
  readonly downloaded: Meter
  readonly uploaded: Meter
  readonly waste: Waste
  /** In this session. */
  sessionDownloaded: number
  sessionWasted: number
  sessionUploaded: number
  sessionChecked: number
  failure: { code: string; message: string } | undefined
}

const noBytes = new Uint8Array(20)

/** Before the first event. */
export const initialState = (): TransferState => ({
  nextSeq: 0,
  at: ZERO as Instant,
  standing: transferLifecycle.initial,
  infoHash: noBytes as InfoHash,
  version: 'v1',
  infoHashV2: undefined,
  otherHash: undefined,
  layers: new Map(),
  hashless: new Bitfield(0),
  hashOrders: new Map(),
  vigilant: false,
  name: '',
  folder: '',
  names: new Map(),
  moving: undefined,
  movedFrom: '',
  private: false,
  metadata: undefined,
  geometry: NO_GEOMETRY,
  session: 0,
  randomSeed: ZERO,
  peerId: noBytes as PeerId,
  machineStartedAt: ZERO,
  examined: false,
  cleanEnd: true,
  endedAt: ZERO as Instant,
  wanted: new Bitfield(0),
  missing: 0,
  sequential: false,
  filePriorities: new Uint8Array(0),
  low: new Bitfield(0),
  high: new Bitfield(0),
  deadlines: new Map(),
  demanded: new Set(),
  apart: new Set(),
  limits: { download: ZERO, upload: ZERO },
  ownLimits: { download: ZERO, upload: ZERO },
  goals: { ratioPermille: 0, seedingMs: ZERO },
  seeded: { totalMs: ZERO, since: ZERO },
  bounds: { peersMax: 0, uploadSlots: 0 },
  stored: new Bitfield(0),
  announced: new Bitfield(0),
  unannounced: [],
  completed: false,
  paused: false,
  queued: undefined,
  rank: ZERO,
  superSeeding: false,
  suggesting: false,
  unsafe: [],
  unsynced: [],
  syncing: [],
  syncAt: ZERO as Instant,
  powerLost: false,
  stamps: new Map(),
  checking: new Bitfield(0),
  rarity: new Rarity(0, 0),
  seedsConnected: 0,
  pieces: new Map(),
  rejections: new Map(),
  peers: new Map(),
  nextPeer: 1,
  candidates: new Map(),
  banned: new Set(),
  blockedRanges: ZERO,
  refused: ZERO,
  tiers: [],
  webSeeds: new Map(),
  wishedTrackers: new Map(),
  wishedWebSeeds: new Map(),
  announceNext: { tier: 0, tracker: 0, at: ZERO, rounds: 0 },
  lsd: { joined: false, announceAt: ZERO },
  pex: { on: false, opened: 0, ended: 0, endings: [] },
  punching: false,
  dht: { port: 0, joined: false, looking: false, lookUpAt: ZERO, inVain: 0, lastError: '', answered: 0, peers: 0 },
  introductions: { offered: 0, answered: 0, received: 0, opened: 0, failed: new Map() },
  mapping: undefined,
  ownAddresses: new Set(),
  optimistic: undefined,
  optimisticAt: ZERO,
  chokeRoundAt: ZERO,
  downloaded: emptyMeter(),
  uploaded: emptyMeter(),
  waste: { duplicate: ZERO, late: ZERO, unasked: ZERO, rejected: ZERO },
  sessionDownloaded: ZERO,
  sessionWasted: ZERO,
  sessionUploaded: ZERO,
  sessionChecked: ZERO,
  failure: undefined,
})

/** The event before the next. */
export const lastSeq = (state: TransferState): Seq => (state.nextSeq - 1) as Seq // of a state with an event at least
