/** A transfer: one torrent's actor system, its driver and log, and the handle that users hold. */
import type { Strategy } from './actors/strategy.js'
import { ActorSystem, type Surroundings } from './actors/system.js'
import type { EngineFact, TransferInput } from './actors/vocabulary.js'
import type { AddOptions, Progress, TrackerCount, Transfer } from './api.js'
import { Checkpointer } from './checkpointer.js'
import { Commits } from './commits.js'
import { Driver } from './driver.js'
import { type ErrorCode, TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import { geometryOf } from './events/geometry.js'
import { stateHash } from './events/snapshot.js'
import type { TransferState } from './events/state.js'
import type { EventType } from './events/vocabulary.js'
import { examine, takeStamps } from './examine.js'
import { LIMITS } from './limits.js'
import type { Cancel, Connection, ConnectionEvents, Disk, Failure, Ports, TransferLog } from './ports.js'
import { progressOf } from './progress.js'
import type { Reach } from './reach.js'
import type { Difference } from './replay/diff.js'
import type { Explanation, Question } from './replay/explain/explain.js'
import { foldLog } from './replay/fold.js'
import type { Moment } from './replay/history.js'
import type { Topic } from './replay/topic.js'
import { Rewinding } from './rewinding.js'
import { Observable, Subject } from './rx.js'
import { beginningOf } from './session.js'
import { Settled } from './settled.js'
import { Layout } from './store/layout.js'
import type { Throttle } from './throttle.js'
import { type InfoHash, type Instant, isAddress, type PeerAddress, type PeerKey } from './values.js'
import { wantedPieces } from './wanted.js'
import { cidText } from './wire/identity.js'
import type { Metainfo } from './wire/metainfo.js'

export interface TransferOptions {
  readonly ports: Ports
  readonly metainfo: Metainfo
  readonly log: TransferLog
  readonly throttle: Throttle
  readonly reach: Pick<Reach, 'publicPort' | 'announceLocally'>
  readonly version: string
  readonly add: AddOptions
  /** Ours, where it is left out. */
  readonly strategy?: Strategy | undefined
  /** The transfer is closed, and its log let go of. */
  closed(): void
  /** Forgets the log, after `closed`. */
  forget(): Promise<void>
}

/** Throws `OPTION_INVALID`. */
export const checkAddress = (address: PeerAddress): void => {
  if (!isAddress(address))
    throw new TorrewindError('OPTION_INVALID', `nobody can be reached at ${JSON.stringify(address)}`)
}

/** With these the log is committed so soon, rather than when its record is full. */
const COMMITTED_WITHIN_MS: Partial<Record<EventType, number>> = {
  'piece-stored': LIMITS.logStoredDelayMs,
  'session-began': 0,
  'session-examined': 0,
  'session-ended': 0,
  'check-ended': 0,
  paused: 0,
  resumed: 0,
  'download-completed': 0,
  'seeding-began': 0,
  'transfer-failed': 0,
}

const isScraping = ({ tiers }: Readonly<TransferState>): boolean =>
  tiers.some((tier) => tier.some(({ scraping }) => scraping))

export class TorrentTransfer implements Transfer {
  readonly #options: TransferOptions
  readonly #system: ActorSystem
  readonly #driver: Driver
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #progress = new Subject<Progress>()
  readonly #commits: Commits
  readonly #rewinding: Rewinding
  readonly #checkpointer: Checkpointer
  #done = new Settled()
  #ready = new Settled()
  /** No tracker is being asked for its counts any more. */
  #scraped = new Settled()
  /** Something was recorded that is to be committed within this time. */
  #commitWithinMs = Number.POSITIVE_INFINITY
  #held = false
  #seedingSeq: number | undefined
  #progressTimer: Cancel | undefined
  #ending: Promise<void> | undefined
  #removing: Promise<void> | undefined
  #resuming: Promise<void> | undefined
  #ended = false

  /** Takes the transfer up where its log ends. Throws `LOG_DAMAGED` or `LOG_VERSION`. */
  static async open(options: TransferOptions): Promise<TorrentTransfer> {
    const { state } = await foldLog(options.log)
    return new TorrentTransfer(options, state)
  }

  private constructor(options: TransferOptions, state: TransferState) {
    const { ports, metainfo, log } = options
    this.#options = options
    this.#commits = new Commits(log)
    this.#rewinding = new Rewinding(log, this.#commits, ports.clock)
    this.#checkpointer = new Checkpointer(log, state.nextSeq)
    this.#layout = new Layout(metainfo)
    this.#disk = ports.openDisk({
      folder: options.add.path,
      files: this.#layout.diskFiles,
      preallocate: options.add.preallocate === true,
    })
    const surroundings: Surroundings = {
      now: () => ports.clock.now(),
      record: (logged) => this.#record(logged),
      perform: (effect) => this.#driver.perform(effect),
      rested: () => this.#rested(),
      ...(options.add.record === 'inputs' ? { begin: (at, input) => log.appendInput(at, input) } : {}),
    }
    this.#system = new ActorSystem(state, surroundings, options.strategy)
    this.#driver = new Driver({
      ports,
      metainfo,
      layout: this.#layout,
      geometry: geometryOf(metainfo.pieceLength, metainfo.totalBytes),
      disk: this.#disk,
      preallocate: options.add.preallocate === true,
      publicPort: () => options.reach.publicPort,
      announceLocally: (infoHash) => options.reach.announceLocally(infoHash),
      client: `Torrewind ${options.version}`,
      accept: (input) => this.#system.accept(input),
      throttle: options.throttle,
    })
    log.onCommitted = (committedSeq) => this.#onCommitted(committedSeq)
    log.onFailed = (failure) => this.#onLogFailed(failure)
    const { add, version } = options
    const [entropy, machineStartedAt, { limits }] = [ports.entropy(16), ports.machineStartedAt(), options.throttle]
    for (const event of beginningOf(state, { metainfo, add, version, entropy, machineStartedAt, limits }))
      this.#system.record(event)
  }

  get infoHash(): InfoHash {
    return this.#options.metainfo.infoHash
  }
  get cid(): string {
    return cidText(this.#options.metainfo)
  }
  get name(): string {
    return this.#options.metainfo.name
  }
  get metainfo(): Metainfo {
    return this.#options.metainfo
  }
  get state(): Readonly<TransferState> {
    return this.#system.state
  }
  get progress(): Progress {
    return progressOf(this.state, this.#options.ports.clock.now(), this.#ended)
  }
  get progress$(): Observable<Progress> {
    return new Observable((listener) => {
      if (!this.#ended) listener.next(this.progress)
      return this.#progress.subscribe(listener)
    })
  }
  get committed$(): Observable<readonly LoggedEvent[]> {
    return this.#commits.events$
  }
  get done(): Promise<void> {
    return this.#done.promise
  }
  get ready(): Promise<void> {
    return this.#ready.promise
  }
  /** SHA-256 of the state, to compare with that of a replay. */
  get stateHash(): string {
    return stateHash(this.state)
  }

  /** Looks at the files, and starts. */
  async start(): Promise<void> {
    const { add } = this.#options
    const files = await examine(this.#disk, this.#layout).catch((error: unknown) => {
      if (this.#ending === undefined) throw error
      return [] // closed meanwhile
    })
    if (this.#ending !== undefined) return
    this.#tell({ type: 'files-examined', files })
    if (add.peers !== undefined && add.peers.length > 0)
      this.#tell({ type: 'peers-found', source: 'user', addresses: add.peers })
  }

  /** The engine found out what concerns all of its transfers. */
  learn(fact: EngineFact): void {
    this.#tell({ type: 'fact-found', fact })
  }

  /** The local network has a peer. */
  meetLocally(address: PeerAddress): void {
    this.#tell({ type: 'peers-found', source: 'lsd', addresses: [address] })
  }

  /** A peer dialed us and named our info-hash with these bytes. */
  takeConnection(connection: Connection, firstBytes: Uint8Array): ConnectionEvents {
    if (this.#ended) {
      connection.close()
      return { opened: () => undefined, received: () => undefined, closed: () => undefined }
    }
    const peer = this.state.nextPeer as PeerKey // the next number of this log
    const events = this.#driver.takeConnection(peer, connection)
    this.#tell({ type: 'peer-accepted', peer, address: connection.remote })
    events.received(firstBytes)
    return events
  }

  events({ from = 0, to }: { readonly from?: number; readonly to?: number } = {}): AsyncGenerator<LoggedEvent> {
    for (const seq of to === undefined ? [from] : [from, to])
      if (!Number.isSafeInteger(seq) || seq < 0)
        throw new TorrewindError('OPTION_INVALID', `events have whole numbers from 0, not ${seq}`)
    return this.#commits.read(from, to === undefined ? Number.POSITIVE_INFINITY : to + 1)
  }

  stateAt(moment: number | Moment): Promise<Readonly<TransferState>> {
    return this.#rewinding.stateAt(moment)
  }

  diff(from: number | Moment, to: number | Moment): Promise<readonly Difference[]> {
    return this.#rewinding.diff(from, to)
  }

  lastChange(topic: Topic, moment?: number | Moment): Promise<LoggedEvent | undefined> {
    return this.#rewinding.lastChange(topic, moment)
  }

  explain(question?: Question, moment?: number | Moment): Promise<Explanation> {
    return this.#rewinding.explain(question, moment)
  }

  addPeer(address: PeerAddress): void {
    this.#assertOpen()
    checkAddress(address)
    this.#tell({ type: 'peers-found', source: 'user', addresses: [address] })
  }

  async scrape(): Promise<readonly TrackerCount[]> {
    this.#assertOpen()
    this.#system.accept({ to: 'trackers', input: { type: 'scrape-asked' } })
    if (isScraping(this.state)) await this.#scraped.promise
    const told = this.state.tiers.flat()
    return told.map(({ url: tracker, seeds, leechers, downloads }) => ({ tracker, seeds, leechers, downloads }))
  }

  select(globs: readonly string[]): void {
    this.#assertOpen()
    const wanted = wantedPieces(this.metainfo, globs).bytes
    this.#tell({ type: 'pieces-selected', wanted, sequential: this.state.sequential })
  }

  async pause(): Promise<void> {
    this.#assertOpen()
    if (this.#resuming !== undefined) {
      await this.#resuming // what was asked first comes first
      this.#assertOpen()
    }
    this.#tell({ type: 'pause-asked' })
    await this.#commits.upTo(this.state.nextSeq)
  }

  resume(): Promise<void> {
    this.#resuming ??= this.#resume().finally(() => {
      this.#resuming = undefined
    })
    return this.#resuming
  }

  async recheck(): Promise<void> {
    this.#assertOpen()
    // Looking at the files makes the disk open them anew: what was removed or exchanged is no longer read.
    await examine(this.#disk, this.#layout).catch(() => undefined)
    this.#assertOpen()
    this.#tell({ type: 'check-asked' })
    await this.#commits.upTo(this.state.nextSeq)
  }

  remove(): Promise<void> {
    this.#removing ??= this.#end('removed').then(() => this.#options.forget())
    return this.#removing
  }

  close(): Promise<void> {
    return this.#end('closed')
  }

  async #resume(): Promise<void> {
    this.#assertOpen()
    if (this.state.failure !== undefined) {
      // What was promised before the failure was broken; from now on it may be kept again.
      this.#done = new Settled()
      this.#ready = new Settled()
      // Writes that fail like the first, and are yet to say so, are part of this failure and not a new one.
      await this.#driver.diskAtRest()
      this.#assertOpen()
    }
    this.#tell({ type: 'resume-asked' })
    await this.#commits.upTo(this.state.nextSeq)
  }

  #tell(input: TransferInput): void {
    if (!this.#ended) this.#system.accept({ to: 'transfer', input })
  }

  #assertOpen(): void {
    if (this.#ending !== undefined) throw new TorrewindError('TRANSFER_CLOSED', `${this.name} was closed`)
  }

  #record(logged: LoggedEvent): void {
    this.#commits.record(logged)
    const { type } = logged.event
    const withinMs = COMMITTED_WITHIN_MS[type]
    // Nothing follows the last piece that it could wait for.
    if (withinMs !== undefined)
      this.#commitWithinMs = this.state.missing === 0 ? 0 : Math.min(this.#commitWithinMs, withinMs)
    if ((type === 'scrape-answered' || type === 'scrape-failed') && !isScraping(this.state)) {
      this.#scraped.resolve()
      this.#scraped = new Settled()
    }
    if (type === 'seeding-began') this.#seedingSeq = logged.seq
    if (type === 'seeding-began' || type === 'download-began') this.#ready.resolve()
    if (type === 'transfer-failed') this.#fail(logged.event.code as ErrorCode, logged.event.message) // made as one
    if (type === 'download-began') this.#seedingSeq = undefined
  }

  /** Nothing waits in the actor system: what was decided goes out. */
  #rested(): void {
    const { log } = this.#options
    if (this.#commitWithinMs < Number.POSITIVE_INFINITY) {
      log.flush(this.#commitWithinMs)
      this.#commitWithinMs = Number.POSITIVE_INFINITY
    }
    this.#driver.flush()
    if (!this.#held && this.#pending > LIMITS.logPendingEventsPause) {
      this.#held = true
      this.#driver.holdPeersBack(true)
    }
    this.#checkpointer.look(this.state)
    this.#progressTimer ??= this.#options.ports.clock.wakeAt(
      (this.#options.ports.clock.now() + LIMITS.progressIntervalMs) as Instant,
      () => {
        this.#progressTimer = undefined
        if (!this.#ended) this.#progress.next(this.progress)
      },
    )
  }

  /** Events or inputs that the log has yet to commit, of whichever there are more. */
  get #pending(): number {
    const { pendingEvents, pendingInputs } = this.#options.log
    return Math.max(pendingEvents, pendingInputs)
  }

  #onCommitted(committedSeq: number): void {
    if (this.#held && this.#pending < LIMITS.logPendingEventsPause / 2) {
      this.#held = false
      this.#driver.holdPeersBack(false)
    }
    this.#checkpointer.reached(committedSeq)
    if (this.#seedingSeq !== undefined && this.#seedingSeq < committedSeq) this.#done.resolve()
    if (this.state.unannounced.length > 0) this.#tell({ type: 'log-committed', committedSeq })
    this.#commits.reached(committedSeq)
  }

  /** Without a log nothing that happens would be true: everything stops. */
  #onLogFailed(failure: Failure): void {
    this.#driver.stop()
    this.#fail('LOG_FAILED', `the event log cannot be written: ${failure.code}: ${failure.message}`)
    this.#commits.fail(failure)
    void this.close()
  }

  #fail(code: ErrorCode, message: string): void {
    const error = new TorrewindError(code, message)
    this.#done.reject(error)
    this.#ready.reject(error)
  }

  #end(reason: 'closed' | 'removed'): Promise<void> {
    this.#ending ??= this.#endOnce(reason)
    return this.#ending
  }

  async #endOnce(reason: 'closed' | 'removed'): Promise<void> {
    const { ports, log } = this.#options
    await Promise.resolve() // so that `#ending` is set for whoever looks
    if (this.#commits.failure === undefined) {
      this.#tell({ type: 'end-asked' })
      await this.#idleWithin(LIMITS.farewellMs)
      // What was stored last is announced once it is committed, and nothing follows the end of a session.
      await this.#commits.upTo(this.state.nextSeq).catch(() => undefined)
      const stamps = await takeStamps(this.#disk, this.#layout)
      if (this.#commits.failure === undefined) {
        this.#tell({ type: 'stamps-taken', stamps, reason })
        this.#checkpointer.take(this.state)
        await this.#commits.upTo(this.state.nextSeq).catch(() => undefined)
      }
    }
    this.#ended = true
    this.#progressTimer?.()
    this.#driver.stop()
    await this.#disk.close()
    await log.close().catch(() => undefined) // a log that failed said so to `onFailed`
    const closed = new TorrewindError('TRANSFER_CLOSED', `${this.name} was closed before this could be done`)
    this.#done.reject(closed)
    this.#ready.reject(closed)
    this.#scraped.reject(closed)
    this.#progress.next(progressOf(this.state, ports.clock.now(), true))
    this.#progress.complete()
    this.#commits.end()
    this.#options.closed()
  }

  /** Writes are waited for however long they take; trackers are not. */
  async #idleWithin(farewellMs: number): Promise<void> {
    const { clock } = this.#options.ports
    let cancel: Cancel = () => undefined
    const enough = new Promise<void>((resolve) => {
      cancel = clock.wakeAt((clock.now() + farewellMs) as Instant, () => {
        this.#driver.cutFarewells()
        resolve()
      })
    })
    await Promise.race([this.#driver.idle(), enough])
    await this.#driver.idle()
    cancel()
  }
}
