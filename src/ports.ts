/**
 * The ports: everything that the engine asks of the outside, as interfaces only. `node/` has the real ones,
 * `simulations/` the simulated ones, and each comes with one contract suite that all of them pass.
 *
 * Ports call back and never throw late: a callback is called once, never from within the call that it belongs to
 * (but for `Hasher`, which may answer at once), and not at all after `close` where that is said.
 */
import type { LoggedEvent } from './events/codec.js'
import type { LoggedInput } from './events/input-codec.js'
import type { Input, IntroductionNews } from './events/inputs.js'
import type { TransferEvent } from './events/vocabulary.js'
import type { Failure, FileStamp } from './outside.js'
import type { InfoHash, Instant, PeerAddress, PieceIndex } from './values.js'
import type { EncryptionMethod } from './wire/encryption.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from './wire/tracker.js'

export type { Failure, FileStamp, IntroductionNews }

export interface Clock {
  /** Whole milliseconds since 1970; never less than before. */
  now(): Instant
  /** Calls back once at or after `at`, unless it is cancelled. */
  wakeAt(at: Instant, callback: () => void): Cancel
}
export type Cancel = () => void

/** Either a value or a failure: what an asynchronous port answers with. */
export type Answer<Value> =
  | { readonly type: 'done'; readonly value: Value }
  | { readonly type: 'failed'; readonly failure: Failure }

/** A byte stream to a peer. */
export interface Connection {
  readonly remote: PeerAddress
  /** What carries it, where that is not TCP. */
  readonly transport?: 'utp' | 'webrtc' | undefined
  /** What of it is encrypted, where anything is; all of it is, where it is DTLS of WebRTC. */
  readonly protection?: EncryptionMethod | 'dtls' | undefined
  /**
   * Takes the bytes in order; all chunks of a call leave together. They must not change until `flushed`, which is called
   * once they left this process, and never if they do not. Does nothing on a connection that is closed.
   */
  send(chunks: readonly Uint8Array[], flushed?: () => void): void
  /** Bytes taken and not yet flushed. */
  readonly unsentBytes: number
  /** Stops reading until `resume`; what was read already may still arrive. */
  pause(): void
  resume(): void
  /** Ends at once; no callback comes afterwards. */
  close(): void
}
export interface ConnectionEvents {
  /** Only of dialed connections: who accepts one is given it at once. */
  opened(connection: Connection): void
  /** Bytes are a view for the time of this call. */
  received(chunk: Uint8Array): void
  /**
   * At most once: refused (`ECONNREFUSED`), not answered in time (`ETIMEDOUT`), reset (`ECONNRESET`), ended by the other
   * side (`EOF`), or another code of the system's. Nothing comes afterwards.
   */
  closed(failure: Failure): void
}
export interface Network {
  /** The connection may be closed before it is opened; then nothing is called back. `timeoutMs` is until it opens. */
  dial(address: PeerAddress, timeoutMs: number, events: ConnectionEvents): Pick<Connection, 'close'>
  listen(options: ListenOptions): Promise<Answer<Listener>>
}
export interface ListenOptions {
  /** 0 takes any that is free. */
  readonly port: number
  /** All addresses of this machine, of IPv4 and IPv6, where it is left out. */
  readonly host?: string | undefined
  /** Returns who hears of the connection from then on; nobody, where it was closed meanwhile. */
  accepted(connection: Connection): ConnectionEvents
}
export interface Listener {
  readonly port: number
  /** Takes no more connections; those that were accepted go on. */
  close(): Promise<void>
}

/** Messages that arrive whole, or not at all, or more than once, in any order (UDP). */
export interface Datagrams {
  bind(options: BindOptions, done: (answer: Answer<DatagramSocket>) => void): void
}
export interface BindOptions {
  /** 0 takes any that is free. */
  readonly port: number
  /** An IP address of this machine; all, of IPv4 and IPv6 where it has both, where it is left out. */
  readonly host?: string | undefined
  /** Bytes are a view for the time of this call. Anybody may send them, and may say that they come from elsewhere. */
  received(bytes: Uint8Array, from: PeerAddress): void
  /** Called once after those that came together, however many they were. */
  rested?(): void
  /** What the system is asked to keep of what came while this process was busy; it may keep less. */
  readonly receiveBufferBytes?: number | undefined
}
export interface DatagramSocket {
  readonly port: number
  /**
   * Sends all chunks of a call as one datagram, from this socket's port. They must not change until `done`, which is
   * called once this process is rid of them, not from within the call, and never after `close`; whether anything
   * arrives is not known. Fails with `EMSGSIZE` beyond `LIMITS.datagramBytesMax`, `ENOBUFS` where
   * `LIMITS.datagramsUnsentMax` wait, `EINVAL` for what is no IP address and port, `EAFNOSUPPORT` for one of a family
   * that the socket does not have, or a code of the system's. Does nothing on a socket that is closed.
   */
  send(chunks: readonly Uint8Array[], to: PeerAddress, done?: (answer: Answer<undefined>) => void): void
  /** Lets go of the port at once; no callback comes afterwards. Safe to call twice. */
  close(): void
}

/**
 * Files below one folder, each named by its position in the list that the disk was opened with. Beside the system's own
 * codes they fail with `EOF`, with `ESYMLINK` where a symbolic link leads out of the folder, with `ENOTFILE` where
 * something is in the place of a file that is none, and with `ECLOSED` after `close`.
 */
export interface Disk {
  /** Fills `into` from `offset`; fails with `ENOENT` or `EOF` where the file is shorter. */
  read(file: number, offset: number, into: Uint8Array, done: (answer: Answer<undefined>) => void): void
  /**
   * Bytes that the disk has in memory anyway, as a view that stays as it is and that nobody writes to; undefined where
   * they must be read. Left out by disks that never have them.
   */
  lend?(file: number, offset: number, length: number, done: (answer: Answer<Uint8Array | undefined>) => void): void
  /** Makes folders and the file where they are missing. The bytes must not change before `done`. */
  write(file: number, offset: number, bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void
  /**
   * Makes the file at least this long, and changes no byte of it, even beside writes; needed for empty files, and to see
   * early that the disk is full.
   */
  reserve(file: number, length: number, done: (answer: Answer<undefined>) => void): void
  /** `undefined` where there is no such file. */
  stat(file: number, done: (answer: Answer<FileStamp | undefined>) => void): void
  /** What was written is on the medium afterwards, and so are the file's name and those of its folders. */
  sync(file: number, done: (answer: Answer<undefined>) => void): void
  /** There is no such file afterwards. Nothing else may be under way with it. */
  remove(file: number, done: (answer: Answer<undefined>) => void): void
  /**
   * The same files are there from then on, and nothing is left where they were; meanwhile they are read and written as
   * ever, each waiting while it is moved itself. Fails with `EEXIST` where something else is in the place of one, and with
   * all of them where they were; or with `ESTOPPED`, where it was stopped half way, or `ESTRANDED`, where what was moved
   * cannot be taken back either: then the same is to be asked again, `resumed`. One at a time.
   */
  move(to: DiskPlace, options: MoveOptions, done: (answer: Answer<undefined>) => void): void
  /** Waits for what is under way; a `reserve` that would take long is given up. Safe to call twice. */
  close(): Promise<void>
}
export interface DiskPlace {
  readonly folder: string
  /** As many as the disk was opened with, by the same positions. */
  readonly files: readonly DiskFile[]
}
export interface MoveOptions {
  /** It was begun before and not brought to its end: files that are there already are its own. */
  readonly resumed: boolean
  /** Asked before each file. */
  stopped(): boolean
}
export interface DiskFile {
  /** Path below the folder, checked to be safe. */
  readonly path: readonly string[]
  readonly length: number
  readonly executable: boolean
  /** Of a symbolic link, which has no bytes: the file or folder of the torrent that it leads to, below the folder (BEP 47). */
  readonly link?: readonly string[] | undefined
}
export interface DiskOptions extends DiskPlace {
  /** Take the whole space at the start, rather than as pieces arrive. */
  readonly preallocate: boolean
}

/** Memory of pieces in flight. */
export interface PieceMemory {
  /** Keeps bytes of a piece, which are a view for the time of this call. */
  keep(piece: PieceIndex, offset: number, bytes: Uint8Array): void
  /** The first bytes of a piece of which some were kept, to be read only; what was not kept is undefined. */
  held(piece: PieceIndex, length: number): Uint8Array
  /** The piece needs no memory any more; it may never have had any. */
  takeBack(piece: PieceIndex): void
  /** Gives back what no piece uses. */
  trim(): void
}

export interface Hasher {
  /** 20 bytes. May call back at once. The bytes must not change before that. */
  sha1(bytes: Uint8Array, done: (digest: Uint8Array) => void): void
  /** 32 bytes of SHA-256 for each block of 16 KiB (BEP 52), likewise. */
  blockHashes(bytes: Uint8Array, done: (hashes: Uint8Array) => void): void
}

export interface Discovery {
  /**
   * Asks a tracker; `done` is called once, within the bounds of `limits.ts`, unless it is cancelled. Codes of failures:
   * `TIMEOUT`, `REFUSED` (nobody listens), `STATUS` (an HTTP status that is no success), `GARBAGE` (no answer of a
   * tracker), `TOO_LARGE`, `REDIRECTS`, `FAILURE` (the tracker said no; the message is its reason), `UNSUPPORTED` (its
   * protocol), or the system's own.
   */
  announce(
    tracker: string,
    request: AnnounceRequest,
    done: (answer: Answer<AnnounceAnswer>) => void,
    /** The user named the tracker; else it may be a trap of whoever made the torrent (`LOCAL_ADDRESS`). */
    trusted?: boolean,
  ): Cancel
  /** Asks a tracker for its counts of a torrent, likewise; `UNSUPPORTED` also where it has none, as its URL says. */
  scrape(tracker: string, infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void, trusted?: boolean): Cancel
  /**
   * Who hears of peers that trackers connect with us, rather than tell us of. Called once, before anything is announced;
   * nobody is met once it is cancelled. Left out where there is no such way.
   */
  meet?(meeting: Meeting): Cancel
}
/** Which introduction it was. */
export interface Introduced {
  readonly introduction: number
  /** The same on both sides, and different for each. */
  readonly rank: number
}
export interface Meeting {
  /** Returns who hears of the connection from then on; undefined, where nobody wants it. */
  met(connection: Connection, infoHash: InfoHash, by: Introduced): ConnectionEvents | undefined
  /** Something became of an introduction: it is told as it goes on, whatever it comes to. */
  told(infoHash: InfoHash, news: IntroductionNews): void
}

/** Channels of data to peers whom a third has to introduce (WebRTC). */
export interface DataChannels {
  /**
   * Begins one, with an offer of ours; or, where an offer is given, with an answer to that. Nothing is called back from
   * within the call.
   */
  open(offer: string | undefined, events: DataChannelEvents): DataChannelAttempt
}
export interface DataChannelEvents {
  /** Once: our offer or answer (SDP), with all addresses in it. */
  described(sdp: string): void
  /** At most once, and nothing else is called afterwards: who hears of the connection from then on is returned. */
  opened(connection: Connection): ConnectionEvents | undefined
  /** At most once, instead. */
  failed(failure: Failure): void
}
export interface DataChannelAttempt {
  /** What the other side answered to our offer. */
  answered(sdp: string): void
  /** Gives it up, unless it is open; no callback comes afterwards. Safe to call twice. */
  close(): void
}

/** The IP addresses of a name, or of the address that it is, the best first. Not from within the call. */
export type ResolveHost = (host: string, done: (answer: Answer<readonly string[]>) => void) => void

/** A few bytes that outlast the process: what was saved last, whole, or what was saved before it. */
export interface KeptBytes {
  /** Undefined where nothing was ever saved. Not from within the call. */
  load(done: (answer: Answer<Uint8Array | undefined>) => void): void
  /** Not while a `save` is under way. The bytes must not change before `done`. */
  save(bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void
}

/** Who hears what the DHT comes to know of a torrent. */
export interface PeerSearch {
  found(peers: readonly PeerAddress[]): void
  /** At most once, and last: how many nodes were asked, answered, and took our announce; and how many peers there are. */
  ended(result: {
    readonly asked: number
    readonly answered: number
    readonly peers: number
    readonly stored: number
  }): void
}

/** Asks the DHT who has a torrent, and tells it that we do. */
export type LookUp = (infoHash: InfoHash, search: PeerSearch) => Cancel

/** Ranges of files on web servers (HTTP). */
export interface HttpRanges {
  /**
   * Asks for bytes of a file. What comes is told by `received`; `ended` is called once, later, unless it is closed. A
   * server that answers anything but what it was asked for is a failure, and none of its bytes are told.
   */
  get(request: RangeRequest, events: RangeEvents): RangeReading
}
export interface RangeRequest {
  readonly url: string
  readonly offset: number
  /** At least 1. */
  readonly length: number
  /** Bytes of the file: all of them need no range. */
  readonly fileLength: number
  /** The user named the server; else it may be a trap of whoever made the torrent. */
  readonly trusted: boolean
}
export interface RangeEvents {
  /** Bytes are a view for the time of this call; never more of them than were asked for. */
  received(chunk: Uint8Array): void
  ended(end: RangeEnd): void
}
/**
 * Codes of failures: `NOT_FOUND`, `FORBIDDEN`, `BUSY`, `STATUS` (any other status that is no success), `NO_RANGES` (all of
 * the file, and not the range), `RANGE_REFUSED`, `WRONG_RANGE`, `WEB_PAGE`, `ENCODED` (packed, which was not asked for),
 * `TOO_SHORT`, `TOO_LONG`, `TIMEOUT`, `REFUSED` (nobody listens), `REDIRECTS`, `LOCAL_ADDRESS`, `BLOCKED`, `UNSUPPORTED`,
 * `GARBAGE` (no HTTP), or the system's own.
 */
export type RangeEnd =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: Failure; readonly retryAfterMs: number | undefined }
export interface RangeReading {
  pause(): void
  resume(): void
  /** No callback comes afterwards. Safe to call twice. */
  close(): void
}

/** Messages of text to a server and from it, whole and in order (WebSocket). */
export interface WebSockets {
  /**
   * `url` is of `ws` or `wss`. It may be closed before it is opened; then nothing is called back. Until it is begun, after
   * `delayMs` where that is given, and while nothing comes over it, it does not keep the process alive.
   */
  open(url: string, events: WebSocketEvents, delayMs?: number): WebSocketConnection
}
export interface WebSocketEvents {
  opened(): void
  received(text: string): void
  /**
   * At most once: codes as those of `Discovery`, and `EOF` where the other side ended it. Nothing comes afterwards. It
   * fails with `TIMEOUT` where it is not open within `LIMITS.trackerTimeoutMs`, with `TOO_LARGE` where a message is
   * longer than `LIMITS.webSocketMessageBytesMax`, and with `GARBAGE` where the other side does not keep to the protocol.
   */
  closed(failure: Failure): void
}
export interface WebSocketConnection {
  /** Does nothing on one that is not open. */
  send(text: string): void
  /** Ends it, after what was sent; no callback comes afterwards. Safe to call twice. */
  close(): void
}

/** Datagrams to whoever of the local network listens to a group. */
export interface Multicast {
  /** Fails with `ENODEV` where this machine has no network of the group's family that takes part. */
  join(options: JoinOptions, done: (answer: Answer<MulticastSocket>) => void): void
}
export interface JoinOptions {
  readonly group: PeerAddress
  /** Bytes are a view for the time of this call. Others may send them, to the group or not; we hear our own too. */
  received(bytes: Uint8Array, from: PeerAddress): void
}
export interface MulticastSocket {
  /**
   * Sends a datagram to the group over each network that this machine has now, and listens on those that are new. `done`
   * is called once, not from within the call; it has failed where no network took the datagram.
   */
  send(bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void
  /** No callback comes afterwards. Safe to call twice. */
  close(): void
}

/** The router between this machine and the internet, by a protocol in which it can be asked to let others in. */
export interface Router {
  readonly protocol: 'upnp' | 'nat-pmp'
  /**
   * Has a port of the router lead to a TCP port of this machine, or go on to do so. `done` is called once, within the
   * bounds of `limits.ts`, unless it is cancelled; a lie of the router is a failure. `found` is called before, once there is
   * a router that may have done it already.
   */
  map(wish: MappingWish, done: (answer: Answer<Mapping>) => void, found: () => void): Cancel
  /** Takes that away, likewise. */
  unmap(mapping: Pick<MappingWish, 'port' | 'externalPort'>, done: (answer: Answer<undefined>) => void): Cancel
}
export interface MappingWish {
  /** Of this machine. */
  readonly port: number
  /** Of the router, which may give another one. */
  readonly externalPort: number
  readonly lifetimeMs: number
}
export interface Mapping {
  readonly externalPort: number
  /** Where the router is seen from outside, if it knows. */
  readonly externalHost: string | undefined
  readonly lifetimeMs: number
}

/** What is committed of one transfer's log: all that tools which only read need. */
export interface LogReader {
  /** Every event below this number is committed: a crash of the process does not lose it. */
  readonly committedSeq: number
  /** The first event that there is: 0 where it is left out. The state before a later one is a checkpoint. */
  readonly firstSeq?: number
  /**
   * The events from `from` up to, but without, `to`, which were committed when this was called, in order; one array for
   * each record. Throws `LOG_DAMAGED` or `LOG_VERSION` at the first record that cannot be read.
   */
  read(from: number, to?: number): AsyncIterable<readonly LoggedEvent[]>
  /**
   * The inputs that were recorded beside the events from `from` up to, but without, `to`, in order; none where none were.
   * Left out by readers that never have any. Throws as `read` does.
   */
  readInputs?(from: number, to?: number): AsyncIterable<readonly LoggedInput[]>
  /** The newest undamaged checkpoint at or below `atMost` (of all, where it is left out). */
  loadCheckpoint(atMost?: number): Promise<Checkpoint | undefined>
}
/** A snapshot of the state after all events below `seq`. */
export interface Checkpoint {
  readonly seq: number
  readonly snapshot: Uint8Array
}
/** The log of one transfer. One writer at a time. */
export interface TransferLog extends LogReader {
  /** Sequence number of the next event to be appended. */
  readonly nextSeq: number
  /**
   * Events appended and not yet committed. From `LIMITS.logPendingEventsPause` on the engine takes no more input until
   * they are fewer; an append past `LIMITS.logPendingEventsMax` is an assertion.
   */
  readonly pendingEvents: number
  /**
   * Takes the event into the record being filled, which is committed soon: when it is full, or a moment later. After
   * `onFailed` the event is lost; after `close` this is an assertion.
   */
  append(at: Instant, event: TransferEvent): void
  /** As `pendingEvents`, of recorded inputs. */
  readonly pendingInputs: number
  /**
   * Records an input at the beginning of its turn, before the events that it makes, and is committed with those. What
   * makes none waits for others, and is lost where none follow.
   */
  appendInput(at: Instant, input: Input): void
  /** Commits what was appended within this time, or, where none is given, as soon as the commit under way is done. */
  flush(withinMs?: number): void
  /** What is committed is on the medium when it calls back, so that no loss of power takes it. */
  sync(done: (failure: Failure | undefined) => void): void
  /** Exchanges the .torrent that is kept beside the log, and calls back once it is on the medium. */
  keepTorrent(torrent: Uint8Array, done: (failure: Failure | undefined) => void): void
  /** Called after each commit. One listener: who opened the log. */
  onCommitted: ((committedSeq: number) => void) | undefined
  /** Called once, when the log cannot be written any more. Nothing is committed afterwards. */
  onFailed: ((failure: Failure) => void) | undefined
  /** Keeps a snapshot of the state after all events below `seq`, which must be committed. May throw `LOG_FAILED`. */
  saveCheckpoint(seq: number, snapshot: Uint8Array): Promise<void>
  /** Bytes of the records that were closed since this was opened. */
  readonly writtenBytes: number
  /** As that of the store, while events are appended. Readers that it overtakes are told `EVENTS_COMPACTED`. */
  compact(before: number, snapshotBefore: SnapshotBefore): Promise<Compacted>
  /** Commits everything, then lets go. Safe to call twice; after a failure it resolves, as `onFailed` has told of it. */
  close(): Promise<void>
}
/** What a data folder holds of one transfer beside its log. */
export interface TransferEntry {
  readonly infoHash: InfoHash
  /** The .torrent file's bytes; or, while nobody has handed over the metadata, those of the magnet URI that names it. */
  readonly torrent: Uint8Array
}
/** The logs of a data folder, for tools that only read. */
export interface LogReaders {
  transfers(): Promise<readonly TransferEntry[]>
  transfer(infoHash: InfoHash): Promise<TransferEntry | undefined>
  /** Reads what is committed now, be the log open or not; `undefined` where there is no such transfer. */
  reader(infoHash: InfoHash): Promise<LogReader | undefined>
  close(): Promise<void>
}
/** The files of the logs as they were at one moment, in a folder of their own. */
export interface LogCopy {
  readonly folder: string
  remove(): Promise<void>
}
/** Makes the state before an event into a snapshot. */
export type SnapshotBefore = (log: LogReader, seq: number) => Promise<Uint8Array>
export interface Compacted {
  /** The first event that is left. */
  readonly firstSeq: number
  /** How many events are gone that were there. */
  readonly removed: number
}
/** Bytes of events, or of inputs that were recorded beside them, that begin with an event. */
export interface LogPart {
  readonly firstSeq: number
  readonly bytes: number
}
export interface LogStore extends LogReaders {
  /** Opens the transfer's log; makes it where it is not there. Throws `LOG_DAMAGED` where its end cannot be trusted. */
  open(entry: TransferEntry): Promise<TransferLog>
  /**
   * Has one snapshot stand for the oldest events of a log that is closed: those below a sequence number, up to
   * where a record begins. Who dies on the way leaves the log whole or compacted. Throws `LOG_DAMAGED` or `LOG_FAILED`.
   */
  compact(infoHash: InfoHash, before: number, snapshotBefore: SnapshotBefore): Promise<Compacted>
  /** What a log takes, part by part, oldest first; each of so many bytes at least, where that is said. */
  measure(infoHash: InfoHash, partBytesMin?: number): Promise<readonly LogPart[]>
  /** Layers of pieces that were kept of a torrent (BEP 52), by the positions of their files. */
  layers(infoHash: InfoHash): Promise<ReadonlyMap<number, Uint8Array>>
  /** Keeps one durably. May throw `LOG_FAILED`. */
  keepLayer(infoHash: InfoHash, file: number, layer: Uint8Array): Promise<void>
  /** Removes the log and all that belongs to it. Its log must be closed. */
  remove(infoHash: InfoHash): Promise<void>
  /** Closes the logs that are open, then lets go of the folder. Safe to call twice. */
  close(): Promise<void>
}

export interface Ports {
  readonly clock: Clock
  readonly network: Network
  readonly datagrams: Datagrams
  readonly hasher: Hasher
  readonly discovery: Discovery
  /** Left out where there is no web. */
  readonly httpRanges?: HttpRanges | undefined
  /** Left out where there is no local network to ask. */
  readonly multicast?: Multicast | undefined
  /** In the order in which they are tried; none, where it is left out. */
  readonly routers?: readonly Router[] | undefined
  /** Left out where names lead nowhere. */
  readonly resolve?: ResolveHost | undefined
  /** What the DHT remembers of its nodes; nothing, where it is left out. */
  readonly dhtMemory?: KeptBytes | undefined
  readonly logs: LogStore
  openDisk(options: DiskOptions): Disk
  /** At most so much memory as `freePiecesMax` pieces take is kept for pieces to come. */
  openPieceMemory(pieceLength: number, freePiecesMax: number): PieceMemory
  /** Bytes that nobody can foretell: seeds of sessions, peer ids. */
  entropy(length: number): Uint8Array
  /** Time at which this machine started, in ms since 1970 as exactly as the system says; 0 where it does not. */
  machineStartedAt(): number
}
