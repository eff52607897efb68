/** What a program that embeds the engine holds: the types of engines, transfers and their progress. */

import type { LoggedEvent } from './events/codec.js'
import type { TransferState } from './events/state.js'
import type { RateLimits } from './outside.js'
import type { Retention } from './replay/compact.js'
import type { Difference } from './replay/diff.js'
import type { Explanation, Question } from './replay/explain/explain.js'
import type { Moment } from './replay/history.js'
import type { InspectionEvent } from './replay/inspection.js'
import type { Topic } from './replay/topic.js'
import type { Observable } from './rx.js'
import type { InfoHash, PeerAddress } from './values.js'
import type { BlocklistReport } from './wire/blocklist.js'
import type { Metainfo } from './wire/metainfo.js'
import type { LocalRequests } from './wire/networks.js'

export interface EngineOptions {
  /** Folder of the event log; made where it is missing. One engine at a time may have it open. */
  readonly dataDir?: string | undefined
  /** TCP port to listen on; 0, the default, takes any free one. */
  readonly port?: number | undefined
  /** Address to listen on; all of the machine's, where it is left out. */
  readonly host?: string | undefined
  /** Each commit of the log survives a loss of power, at the price of speed. Off by default. */
  readonly syncLog?: boolean | undefined
  /** What of each log is kept, when its transfer is added and while it runs; everything, where it is left out. */
  readonly retention?: Retention | undefined
  /** Addresses that are neither dialed, nor let in, nor asked as trackers or web seeds; see `setBlocklist`. */
  readonly blocklist?: BlocklistSource | undefined
  /**
   * What torrents that others made may have this machine ask on itself and its network: `limited`, the default, to announces
   * and to files without a query; `refused`, or all that is `allowed`.
   */
  readonly localRequests?: LocalRequests | undefined
  /**
   * Nobody is met and nothing is fetched or served: transfers that are added wait (`queued`), and what is on disk can be looked
   * at, checked, moved and renamed. Off by default.
   */
  readonly offline?: boolean | undefined
  /** How many transfers may be active at one time; no bounds, where it is left out. */
  readonly queue?: QueueBounds | undefined
  /** How many connections with peers all transfers may have together. */
  readonly connections?: ConnectionLimits | undefined
  /** Bytes a second over all transfers; 0 or left out for no limit. */
  readonly downloadLimit?: number | undefined
  readonly uploadLimit?: number | undefined
  /**
   * Encryption of connections with peers (message stream encryption): `prefer`, the default, tries it first and does
   * without where a peer does not have it, and takes either; `require` has nothing else; `off` neither offers nor takes it.
   */
  readonly encryption?: 'off' | 'prefer' | 'require' | undefined
  /**
   * `socks5://[USER:PASSWORD@]HOST[:PORT]`, or the same with `http`: peers are dialed and trackers of HTTP asked through it,
   * and nothing goes around it: nobody is let in, and there is no uTP, DHT, local network, router or web seed.
   */
  readonly proxy?: string | undefined
  /** Reach peers by TCP, and let them in by it; on by default. */
  readonly tcp?: boolean | undefined
  /** The same by uTP (BEP 29), over UDP at the same port; on by default. */
  readonly utp?: boolean | undefined
  /**
   * Meet peers in browsers, whom trackers of WebSocket introduce (WebRTC, as WebTorrent has it). Off by default: it needs
   * the package `werift`, which is an optional peer dependency; `WEBRTC_MISSING` where it is not installed.
   */
  readonly webrtc?: boolean | undefined
  /**
   * Servers that say where this machine is seen from outside, as `stun:HOST:PORT`, for peers behind other routers to be
   * met by WebRTC. None, where it is left out: then only addresses of this machine are told.
   */
  readonly stunServers?: readonly string[] | undefined
  /**
   * Tell the local network of torrents that are not private, and hear who has them there (local service discovery, BEP
   * 14). On by default, but for a `host` that is a loopback address; with one, only this machine is told.
   */
  readonly lsd?: boolean | undefined
  /**
   * Exchange addresses of peers with the peers of torrents that are not private (peer exchange, BEP 11). On by default, but
   * for a `host` that is a loopback address.
   */
  readonly pex?: boolean | undefined
  /**
   * Be a node of the DHT (BEP 5), over UDP at the port that `port` names: it is asked for peers of torrents that are not
   * private, and told that we have them. On by default, but for a `host` that is a loopback address.
   */
  readonly dht?: boolean | undefined
  /** Nodes of the DHT to begin with, names or addresses; those that everybody begins with, where it is left out. */
  readonly dhtBootstrap?: readonly PeerAddress[] | undefined
  /**
   * Have the router lead a port of its own to ours, by UPnP or else by NAT-PMP (RFC 6886), so that others can reach us. On
   * by default; never for a `host` that is a loopback address.
   */
  readonly portMapping?: boolean | undefined
  /** How long the router is asked to do so each time, in milliseconds: an hour by default; renewed after half of it. */
  readonly portMappingLeaseMs?: number | undefined
}

/** Connections with peers of all transfers of an engine; 0 for no bound. */
export interface ConnectionLimits {
  /** Of those that are open or being opened: 500 by default. */
  readonly maxConnections?: number | undefined
  /** Of those that are being opened: 100 by default. */
  readonly maxHalfOpen?: number | undefined
}

/** How many transfers of an engine may be active; those beyond wait for their turn. 0 or left out for no bound. */
export interface QueueBounds {
  /** Of those that lack something which is wanted, while it is checked too. */
  readonly maxDownloads?: number | undefined
  /** Of those that lack nothing. */
  readonly maxSeeds?: number | undefined
}

/** Addresses with which nothing is had to do: lines of lists as other programs write them. */
export interface BlocklistSource {
  /** Paths of lists: PeerGuardian's text, eMule's DAT, networks as `10.0.0.0/8`, or a mixture; gzipped or not. */
  readonly files?: readonly string[] | undefined
  /** Lines as they may stand in such a file. */
  readonly ranges?: readonly string[] | undefined
}

export interface AddOptions {
  /** The folder that the torrent's file or folder lies in, or will lie in. */
  readonly path: string
  /** Added to the torrent's own trackers, each in a tier of its own. */
  readonly trackers?: readonly string[] | undefined
  /** Web servers that have the content, beside the torrent's own (BEP 19); they may be on this machine or its network. */
  readonly webSeeds?: readonly string[] | undefined
  /** Peers to try at once, beside those that trackers name. */
  readonly peers?: readonly PeerAddress[] | undefined
  /**
   * Files to fetch, as globs over paths within the torrent (`*`, `**`, `?`), or their positions. Where it is left out: all of
   * a new transfer, and of one that the log knows those that were wanted last.
   */
  readonly select?: FileChoice | undefined
  /** Wait for `resume`, or do not: as the transfer was left, where it is left out. */
  readonly paused?: boolean | undefined
  /** Fetch pieces in order. */
  readonly sequential?: boolean | undefined
  /**
   * As a seed, show each peer our pieces one by one, so that each is sent about once before peers pass it on (BEP 16). For
   * the first seed of a torrent; slower than seeding where there are others.
   */
  readonly superSeeding?: boolean | undefined
  /** Suggest to peers what is being read for others (BEP 6), where reading is what is slow. */
  readonly suggestPieces?: boolean | undefined
  /**
   * The most that this transfer may take, beside the limits of the engine. Where it is left out: none for a new transfer, and
   * for a known one those that it had last.
   */
  readonly limits?: RateLimits | undefined
  /** When seeding is enough; of what is left out, as it was last. */
  readonly goals?: SeedingGoals | undefined
  /** How many connections there may be; of what is left out, as it was last. */
  readonly bounds?: ConnectionBounds | undefined
  /**
   * Of a magnet or CID whose metadata the data folder does not have: whether peers are asked for them. On by default;
   * without it such a source is refused with `METADATA_UNKNOWN`.
   */
  readonly fetchMetadata?: boolean | undefined
  /** Take the whole space at the start. */
  readonly preallocate?: boolean | undefined
  /**
   * What the log has of this session: its events, or also each input that they were decided by (without payload), so that
   * `replay` can make the decisions again and compare. By default `events`.
   */
  readonly record?: 'events' | 'inputs' | undefined
}

export type FilePriority = 'skip' | 'low' | 'normal' | 'high'

/** Files of a torrent: by globs as in `AddOptions.select`, or by their positions in the torrent. */
export type FileChoice = string | number | readonly (string | number)[]

/** A file of a transfer, as it is now. */
export interface TransferFile {
  /** Its position in the torrent, which counts padding too. */
  readonly index: number
  /** Below the download folder, with `/`. */
  readonly path: string
  readonly length: number
  readonly priority: FilePriority
  /** Bytes of it that are in pieces which are stored. */
  readonly storedBytes: number
  /** Where its first byte lies in the torrent. */
  readonly offset: number
}

/** Bytes in order, on demand: undefined after the last. One read at a time. */
export interface ByteSource {
  read(): Promise<Uint8Array | undefined>
  close(): void
}

/** A `Readable` of Node, of bytes: for `pipe`, `pipeline` and `for await`. */
export type ByteStream = NodeJS.ReadableStream &
  AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown; readonly destroyed: boolean }

export interface StreamOptions {
  /** The first byte of the file that is read; its first, where it is left out. */
  readonly start?: number | undefined
  /** The last byte that is read, as with `createReadStream`; the file's last, where it is left out. */
  readonly end?: number | undefined
}

export interface PieceDeadline {
  readonly piece: number
  readonly withinMs: number
}

/** When seeding is enough; the transfer is then paused. */
export interface SeedingGoals {
  /** What was uploaded, over all sessions, by what was downloaded, or by the content where nothing was; 0 for none. */
  readonly ratio?: number | undefined
  /** How long it is seeded, over all sessions; 0 for as long as anybody likes. */
  readonly seedingMs?: number | undefined
}

/** How many connections a transfer may have; 0 for as many as by default. */
export interface ConnectionBounds {
  /** Connections, dialed and accepted; 80 by default. */
  readonly maxPeers?: number | undefined
  /** Peers that are served at one time; 8 by default. */
  readonly uploadSlots?: number | undefined
}

/** Pieces from the first to the last, both among them. */
export interface PieceRange {
  readonly from: number
  readonly to: number
}

export type { RateLimits } from './outside.js'

/** `metadata`: only the hash is known, and peers are asked what it is of. `queued`: others of the engine come first. */
export type TransferPhase =
  | 'starting'
  | 'metadata'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'queued'
  | 'paused'
  | 'failed'
  | 'closed'

export interface Progress {
  readonly phase: TransferPhase
  /** Of all files, padding included. */
  readonly totalBytes: number
  /** Of the pieces that are wanted. */
  readonly wantedBytes: number
  /** Verified, on disk and in the log: a crash loses nothing of it. */
  readonly storedBytes: number
  readonly pieces: number
  readonly storedPieces: number
  /** Of metadata that are asked of peers: how long they are, 0 while nobody says it, and how much has come. */
  readonly metadataBytes: number
  readonly metadataReceivedBytes: number
  /** Pieces left to hash, while checking. */
  readonly checkingPieces: number
  /** Pieces hashed from disk since the transfer was added to this engine. */
  readonly rehashedPieces: number
  /** Payload bytes since the transfer was added to this engine. */
  readonly downloadedBytes: number
  readonly wastedBytes: number
  readonly uploadedBytes: number
  /** Bytes a second over the last few seconds. */
  readonly downloadRate: number
  readonly uploadRate: number
  /** Open connections, and how many of them are seeds. */
  readonly peers: number
  readonly seeds: number
  /** Web seeds that are being asked. */
  readonly webSeeds: number
  /** Of the whole swarm, as far as trackers have counted: the largest counts of any; undefined where none has. */
  readonly swarmSeeds: number | undefined
  readonly swarmLeechers: number | undefined
  /** Trackers that failed when they were asked last, or warned: the first few. */
  readonly trackerTroubles: readonly TrackerTrouble[]
  /** Why the transfer failed, where it did. */
  readonly failure: { readonly code: string; readonly message: string } | undefined
}

/** What is wrong with a tracker: that it did not answer, or refused; or what it said beside its answer. */
export interface TrackerTrouble {
  readonly tracker: string
  readonly failure: string | undefined
  readonly warning: string | undefined
}

/** What one tracker counts of a torrent. */
export interface TrackerCount {
  readonly tracker: string
  /** As it said last, with an answer to an announce or to a scrape; undefined where it never did. */
  readonly seeds: number | undefined
  readonly leechers: number | undefined
  /** How often the torrent was completed; only scrapes say it. */
  readonly downloads: number | undefined
}

export interface CommittedOptions {
  /** The first event; the first that there is, where it is left out. */
  readonly from?: number | undefined
  /**
   * Asked before each batch: the next is read once what this returns has resolved. For subscribers whose work is not done
   * when their `next` returns.
   */
  readonly ready?: (() => Promise<unknown> | undefined) | undefined
}

export interface Transfer {
  readonly infoHash: InfoHash
  /** The torrent's CID (codec `torrent-info`), by which the log names it too. */
  readonly cid: string
  /** Before the metadata are known, what the magnet calls it, or else its info-hash. */
  readonly name: string
  /** What its .torrent says. Throws `METADATA_UNKNOWN` where only its hash is known yet: wait for `metadata`. */
  readonly metainfo: Metainfo
  /**
   * Resolves with what its .torrent says: at once or, of a magnet or CID, when peers have handed it over (BEP 9). Rejects as
   * `done` does.
   */
  readonly metadata: Promise<Metainfo>
  readonly progress: Progress
  /** The progress now, then at most four times a second while it changes; completes when the transfer is closed. */
  readonly progress$: Observable<Progress>
  /**
   * Resolves when every wanted piece is stored. Rejects with the code of what stopped the transfer (`DISK_FULL`, ...),
   * or `TRANSFER_CLOSED`. Nobody has to listen: a rejection that nobody awaits is not an unhandled one.
   */
  readonly done: Promise<void>
  /** Resolves once what is on disk was looked at, and the transfer fetches or seeds. Rejects as `done` does. */
  readonly ready: Promise<void>
  /** The state that the events so far say is true. To be read only, and at once: it goes on changing. */
  readonly state: Readonly<TransferState>
  /**
   * Every event from a sequence number on, gap-free: history first, then live, at the reader's own pace. From the first
   * that there is, where `from` is left out. Throws `EVENTS_COMPACTED` where what was asked for is gone.
   */
  events(options?: { readonly from?: number; readonly to?: number }): AsyncIterable<LoggedEvent>
  /** Events as they are committed, from now on. */
  readonly committed$: Observable<readonly LoggedEvent[]>
  /**
   * The same from any sequence number on, as `events` has them, and of a process before this one too: history first, then
   * live. Each subscriber reads the log for itself, a record at a time, when it is ready; none is dropped, and nothing
   * waits in memory. Completes when the transfer is closed.
   */
  committed(options?: CommittedOptions): Observable<readonly LoggedEvent[]>
  /** The state just after this event, or as it was at a time. A copy, which the caller may keep. */
  stateAt(moment: number | Moment): Promise<Readonly<TransferState>>
  /**
   * The machines of the transfer, its connections and its pieces in flight, as the inspectors of XState are told of them:
   * `transfer.inspection().subscribe(inspector.inspect)`. From an event on, as `committed`.
   */
  inspection(options?: CommittedOptions): Observable<InspectionEvent>
  /** What was not as it is at the second moment, in the order of the state's parts. */
  diff(from: number | Moment, to: number | Moment): Promise<readonly Difference[]>
  /** The last event, up to the moment or of all, that changed a piece, a block, a peer or the transfer. */
  lastChange(topic: Topic, moment?: number | Moment): Promise<LoggedEvent | undefined>
  /**
   * Why the transfer, a piece, a block or a peer is as it is, now or at a moment: causes in order, with the numbers of the
   * events that prove them.
   */
  explain(question?: Question, moment?: number | Moment): Promise<Explanation>
  addPeer(address: PeerAddress): void
  /** Web servers that are asked for the content, of the torrent and of the user (BEP 19). */
  readonly webSeeds: readonly string[]
  /** From now on and in sessions to come. */
  addWebSeed(url: string): void
  /** In sessions to come either, unless they name it. */
  removeWebSeed(url: string): void
  /**
   * Asks the trackers for their counts (BEP 48, BEP 15), 20 of them at most and each no more often than every five minutes
   * or than it allows, and resolves with what each said last once all have answered or failed, within a minute.
   */
  scrape(): Promise<readonly TrackerCount[]>
  /** The files, with how much of each is stored; padding left out. */
  readonly files: readonly TransferFile[]
  /**
   * Fetches these files, which had priority `skip` or any other, and no others; with `also`, beside those that are
   * wanted already. What another program may have put in place of a file is not looked at.
   */
  select(files: FileChoice, options?: { readonly also?: boolean }): void
  /**
   * Fetches these files no more. Pieces that they share with others are still fetched; what those have of a file which is
   * not there yet is kept in a part file until the file is selected.
   */
  deselect(files: FileChoice): void
  /** Fetches these files sooner or later than others, or not at all. A piece of several files has the highest of theirs. */
  prioritize(files: FileChoice, priority: FilePriority): void
  /** The same for single pieces, until files are chosen again. */
  prioritizePieces(pieces: PieceRange, priority: FilePriority): void
  /**
   * Reads a file, or a part of it, while it is fetched: what is read next comes first, whatever is selected. It waits for
   * what is not there yet, over pauses too; it fails with `TRANSFER_CLOSED`, or with what stops the transfer.
   */
  stream(file: string | number, options?: StreamOptions): ByteStream
  /** These pieces are due so soon, and none of those that were before: they are fetched first, the soonest before others. */
  setDeadlines(deadlines: readonly PieceDeadline[]): void
  /** When seeding is enough; what is left out stays as it was. */
  setGoals(goals: SeedingGoals): void
  /** How many connections there may be; what is left out stays as it was. */
  setBounds(bounds: ConnectionBounds): void
  /** Ends connections with an address: a host, or a host and port as `HOST:PORT`. It may come back. */
  dropPeer(address: string): void
  /** The same, and it may not come back: a host, or on loopback a host and port. */
  banPeer(address: string): void
  /** Lets it in again, whatever it was banned for. */
  allowPeer(address: string): void
  /** Asks one more tracker, before the others, from now on and in sessions to come. */
  addTracker(url: string): void
  /** Tells it that we stopped, and asks it no more, in sessions to come either unless they name it. */
  removeTracker(url: string): void
  /**
   * Where in the queue of the engine it is, from 0: those before it come first. May be set at any time; others move up or
   * down.
   */
  place: number
  /** The most that this transfer may take, beside the limits of the engine; may be set at any time. */
  limits: RateLimits
  /** Whether pieces are fetched in order; may be changed at any time. */
  sequential: boolean
  /** Resolves when no payload moves any more; none will until `resume`. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** The folder that the torrent's file or folder lies in. */
  readonly folder: string
  /**
   * Brings the files to another folder, while the transfer goes on: by their names within a file system, and else by their
   * bytes. Rejects with `PATH_TAKEN` where something else is in the place of one, or with what keeps the disk from it
   * (`DISK_FULL`, ...): then they are where they were. After a crash in the midst of it the next session goes on with it.
   * `path` of `add` is the new folder from then on.
   */
  move(folder: string): Promise<void>
  /** Gives a file another path below that folder, in the same way. Its torrent names it as ever, and so do globs. */
  rename(file: string | number, path: string): Promise<void>
  /** Reads and hashes every piece again: now, paused or not, or, where it has failed, once it is resumed. */
  recheck(): Promise<void>
  /** Ends the transfer and forgets its log; the files stay. */
  remove(): Promise<void>
  /** Ends the transfer in good order; it can be added again. Safe at any time, any number of times. */
  close(): Promise<void>
}

export interface Engine {
  /** The TCP port that it listens on. */
  readonly port: number
  /** In the order of the queue: that in which they were added, until places are set. */
  readonly transfers: readonly Transfer[]
  /**
   * Takes a path to a .torrent file, its bytes, a magnet URI, a CID or an info-hash. Of those three the metadata are asked of
   * peers (BEP 9) unless the data folder has them: `ready` and `done` wait for that, `metadata` resolves with them.
   */
  add(source: string | Uint8Array, options: AddOptions): Promise<Transfer>
  /**
   * Blocks these addresses from now on, and no others: who is connected is let go. Resolves with how many ranges there are, and
   * with what was not understood. Rejects with `BLOCKLIST_UNREADABLE`, and leaves everything as it was.
   */
  setBlocklist(source: BlocklistSource | undefined): Promise<BlocklistReport>
  /**
   * How many transfers may be active; may be set at any time. The first ones in the queue are; the others wait in phase
   * `queued` until one before them is complete, paused, failed or gone.
   */
  queue: QueueBounds
  /**
   * How many connections all transfers may have together; may be set at any time. Where there is no room who wants to dial
   * waits, the transfer with the fewest connections first, and who connects to us is let go.
   */
  connections: ConnectionLimits
  /** The most that all transfers together may take; may be set at any time. */
  limits: RateLimits
  /**
   * Forgets the log of a transfer that is not open, also of one that cannot be opened because its log is damaged; the files
   * stay, and are hashed when it is added again. Throws `TRANSFER_EXISTS` where it is open: that has `remove`.
   */
  forget(source: string | Uint8Array): Promise<void>
  /** Ends every transfer in good order. Safe at any time, any number of times. */
  close(): Promise<void>
}
