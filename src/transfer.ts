/** A transfer: the handle of one torrent that users hold. */
import type { EngineFact, IntroductionNews } from './actors/vocabulary.js'
import type {
  ByteSource,
  ByteStream,
  CommittedOptions,
  ConnectionBounds,
  FileChoice,
  FilePriority,
  PieceDeadline,
  PieceRange,
  Progress,
  RateLimits,
  SeedingGoals,
  StreamOptions,
  TrackerCount,
  Transfer,
  TransferFile,
} from './api.js'
import { Choosing, fileOf, filesOf } from './choosing.js'
import { TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import { stateHash } from './events/snapshot.js'
import type { TransferState } from './events/state.js'
import { readBounds, readGoals } from './goals.js'
import { LIMITS } from './limits.js'
import type { Connection, ConnectionEvents, Introduced } from './ports.js'
import type { Queue, QueueKind } from './queue.js'
import { Reading, rangeOf } from './reading.js'
import { renamed } from './renaming.js'
import type { Difference } from './replay/diff.js'
import type { Explanation, Question } from './replay/explain/explain.js'
import { foldLog } from './replay/fold.js'
import type { Moment } from './replay/history.js'
import type { InspectionEvent } from './replay/inspection.js'
import type { Topic } from './replay/topic.js'
import { Rewinding } from './rewinding.js'
import type { Observable } from './rx.js'
import { readLimits } from './throttle.js'
import { type SessionOptions, TransferSession } from './transfer-session.js'
import { type InfoHash, isAddress, type PeerAddress } from './values.js'
import { cidText } from './wire/identity.js'
import { subjectOfMagnet } from './wire/kept.js'
import type { Metainfo } from './wire/metainfo.js'
import { webSeedUrl } from './wire/web-seed.js'

export interface TransferOptions extends Omit<SessionOptions, 'turnsChanged'> {
  /** Makes a stream of Node of what is read; left out where there is no Node. */
  readonly makeStream?: ((source: ByteSource) => ByteStream) | undefined
  /** Whose turn it is among the transfers of the engine. */
  readonly queue: Queue<TorrentTransfer>
  /** Forgets the log, after `closed`. */
  forget(): Promise<void>
}

/** Throws `OPTION_INVALID`. */
export const checkWebSeed = (url: unknown): void => {
  if (typeof url !== 'string' || url.length > LIMITS.trackerUrlBytesMax || webSeedUrl(url) === undefined)
    throw new TorrewindError('OPTION_INVALID', `a web seed has a URL of HTTP or HTTPS, not ${JSON.stringify(url)}`)
}

/** Throws `OPTION_INVALID`. */
export const checkAddress = (address: PeerAddress): void => {
  if (!isAddress(address))
    throw new TorrewindError('OPTION_INVALID', `nobody can be reached at ${JSON.stringify(address)}`)
}

/** Throws `OPTION_INVALID`. */
const checkTracker = (url: string): void => {
  if (!/^(https?|udp|wss?):\/\/[^/]/.test(url) || url.length > LIMITS.trackerUrlBytesMax)
    throw new TorrewindError('OPTION_INVALID', `not the URL of a tracker: ${url.slice(0, LIMITS.reasonTextMax)}`)
}

export class TorrentTransfer implements Transfer {
  readonly #options: TransferOptions
  readonly #session: TransferSession
  readonly #rewinding: Rewinding
  readonly #choosing: Choosing
  #removing: Promise<void> | undefined
  #resuming: Promise<void> | undefined

  /** Takes the transfer up where its log ends. Throws `LOG_DAMAGED` or `LOG_VERSION`. */
  static async open(options: TransferOptions): Promise<TorrentTransfer> {
    const { state } = await foldLog(options.log)
    options.throttle.limits = options.add.limits ?? state.ownLimits
    const { ports, metainfo, infoHash } = options
    const hasTrees = metainfo !== undefined && metainfo.version !== 'v1'
    const layers = hasTrees ? await ports.logs.layers(infoHash) : undefined
    return new TorrentTransfer({ ...options, layers }, state)
  }

  private constructor(options: TransferOptions, state: TransferState) {
    this.#options = options
    this.#session = new TransferSession({ ...options, turnsChanged: () => options.queue.look() }, state)
    this.#choosing = new Choosing(this.#session, () => this.metainfo)
    this.#rewinding = new Rewinding(options.log, this.#session.commits, options.ports.clock)
  }

  get infoHash(): InfoHash {
    return this.#options.infoHash
  }
  get cid(): string {
    const { metainfo, magnet, infoHash } = this.#options
    return cidText(metainfo ?? (magnet === undefined ? { infoHash } : subjectOfMagnet(magnet)))
  }
  get name(): string {
    return this.state.name
  }
  get metainfo(): Metainfo {
    const { metainfo } = this.#session
    if (metainfo === undefined)
      throw new TorrewindError('METADATA_UNKNOWN', `nobody has handed over the metadata of ${this.name} yet`)
    return metainfo
  }
  get state(): Readonly<TransferState> {
    return this.#session.state
  }
  get metadata(): Promise<Metainfo> {
    const known = this.#session.promises.known.then(() => this.metainfo)
    known.catch(() => undefined) // as with `done`, nobody has to listen
    return known
  }
  get progress(): Progress {
    return this.#session.progress.latest
  }
  get progress$(): Observable<Progress> {
    return this.#session.progress.latest$
  }
  get committed$(): Observable<readonly LoggedEvent[]> {
    return this.#session.commits.events$
  }
  get done(): Promise<void> {
    return this.#session.promises.done
  }
  get ready(): Promise<void> {
    return this.#session.promises.ready
  }
  /** SHA-256 of the state, to compare with that of a replay. */
  get stateHash(): string {
    return stateHash(this.state)
  }

  /** Looks at the files, and starts. */
  start(): Promise<void> {
    return this.#session.start()
  }

  /** The engine found out what concerns all of its transfers. */
  learn(fact: EngineFact): void {
    this.#session.tell({ type: 'fact-found', fact })
  }

  /** Something became of an introduction by a tracker. */
  hearOfIntroduction(news: IntroductionNews): void {
    this.#session.hearOfIntroduction(news)
  }

  /** The engine's blocklist is another one. */
  refuseBlocked(): void {
    this.#session.refuseBlocked()
  }

  /** The local network has a peer. */
  meetLocally(address: PeerAddress): void {
    this.#session.tell({ type: 'peers-found', source: 'lsd', addresses: [address] })
  }

  /** A peer dialed us and named our info-hash with these bytes; or a tracker introduced it. */
  takeConnection(connection: Connection, firstBytes: Uint8Array, by?: Introduced): ConnectionEvents {
    return this.#session.takeConnection(connection, firstBytes, by)
  }

  events({ from, to }: { readonly from?: number; readonly to?: number } = {}): AsyncGenerator<LoggedEvent> {
    return this.#session.commits.read(from, to)
  }

  committed(options: CommittedOptions = {}): Observable<readonly LoggedEvent[]> {
    return this.#session.commits.observe(options)
  }

  stateAt(moment: number | Moment): Promise<Readonly<TransferState>> {
    return this.#rewinding.stateAt(moment)
  }

  inspection(options: CommittedOptions = {}): Observable<InspectionEvent> {
    return this.#rewinding.inspection(options)
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
    this.#session.assertOpen()
    checkAddress(address)
    this.#session.tell({ type: 'peers-found', source: 'user', addresses: [address] })
  }

  get webSeeds(): readonly string[] {
    return [...this.state.webSeeds.keys()]
  }

  addWebSeed(url: string): void {
    this.#session.assertOpen()
    checkWebSeed(url)
    const { webSeeds } = this
    this.#session.trusted.add(url)
    if (!webSeeds.includes(url)) this.#session.tell({ type: 'web-seeds-wished', urls: [...webSeeds, url] })
  }

  removeWebSeed(url: string): void {
    this.#session.assertOpen()
    const { webSeeds } = this
    const urls = webSeeds.filter((each) => each !== url)
    if (urls.length < webSeeds.length) this.#session.tell({ type: 'web-seeds-wished', urls })
  }

  async scrape(): Promise<readonly TrackerCount[]> {
    this.#session.assertOpen()
    this.#session.accept({ to: 'trackers', input: { type: 'scrape-asked' } })
    await this.#session.promises.scraped
    const told = this.state.tiers.flat()
    return told.map(({ url: tracker, seeds, leechers, downloads }) => ({ tracker, seeds, leechers, downloads }))
  }

  get files(): readonly TransferFile[] {
    return filesOf(this.state, this.metainfo)
  }

  select(files: FileChoice, { also = false }: { readonly also?: boolean } = {}): void {
    this.#session.assertOpen()
    // Of what nobody knows yet, what is said last counts.
    if (this.state.metadata !== undefined) this.#session.selectLater(files)
    else this.#choosing.select(files, also)
  }

  deselect(files: FileChoice): void {
    this.prioritize(files, 'skip')
  }

  prioritize(files: FileChoice, priority: FilePriority): void {
    this.#session.assertOpen()
    this.#choosing.prioritize(files, priority)
  }

  prioritizePieces(pieces: PieceRange, priority: FilePriority): void {
    this.#session.assertOpen()
    this.#choosing.prioritizePieces(pieces, priority)
  }

  stream(file: string | number, options: StreamOptions = {}): ByteStream {
    const { makeStream } = this.#options
    if (makeStream === undefined) throw new TorrewindError('OPTION_UNSUPPORTED', 'there are no streams here')
    return makeStream(this.read(file, options))
  }

  /** As `stream`, without a stream of Node around it. */
  read(file: string | number, options: StreamOptions = {}): ByteSource {
    this.#session.assertOpen()
    const range = rangeOf(this.metainfo, fileOf(this.metainfo, file), options)
    if (this.#session.readers.count >= LIMITS.streamsMax)
      throw new TorrewindError('STREAMS_EXCEEDED', `${this.name} has ${LIMITS.streamsMax} streams open`)
    return new Reading(this.#session, this.metainfo, range)
  }

  setDeadlines(deadlines: readonly PieceDeadline[]): void {
    this.#session.assertOpen()
    this.#choosing.setDeadlines(deadlines)
  }

  setGoals(goals: SeedingGoals): void {
    this.#session.assertOpen()
    this.#session.tell({ type: 'goals-asked', ...readGoals(goals, this.state.goals) })
  }

  setBounds(bounds: ConnectionBounds): void {
    this.#session.assertOpen()
    this.#session.tell({ type: 'bounds-asked', ...readBounds(bounds, this.state.bounds) })
  }

  dropPeer(address: string): void {
    this.#drop(address, undefined)
  }

  banPeer(address: string): void {
    this.#drop(address, true)
  }

  allowPeer(address: string): void {
    this.#drop(address, false)
  }

  #drop(address: string, barred: boolean | undefined): void {
    this.#session.assertOpen()
    this.#session.tell({ type: 'drop-asked', address, barred })
  }

  addTracker(url: string): void {
    this.#session.assertOpen()
    checkTracker(url)
    const tiers = this.#tiersWithout(url)
    this.#session.trusted.add(url)
    this.#session.tell({ type: 'trackers-asked', tiers: [[url], ...tiers] })
  }

  removeTracker(url: string): void {
    this.#session.assertOpen()
    this.#session.tell({ type: 'trackers-asked', tiers: this.#tiersWithout(url) })
  }

  #tiersWithout(url: string): string[][] {
    const tiers = this.state.tiers.map((tier) => tier.map((tracker) => tracker.url).filter((known) => known !== url))
    return tiers.filter((tier) => tier.length > 0)
  }

  get place(): number {
    return this.#options.queue.placeOf(this)
  }

  set place(place: number) {
    this.#session.assertOpen()
    if (!Number.isSafeInteger(place) || place < 0)
      throw new TorrewindError('OPTION_INVALID', `a place in the queue is a whole number, not ${String(place)}`)
    this.#options.queue.move(this, place)
  }

  /** So many may be active, and others come first. */
  waitForTurn(of: QueueKind, most: number): void {
    const { queued } = this.state
    const isTold = queued?.of === of && queued.most === most
    if (!isTold) this.#session.tell({ type: 'queue-asked', of, most })
  }

  takeTurn(): void {
    this.#session.tell({ type: 'turn-given' })
  }

  takeRank(rank: number): void {
    this.#session.tell({ type: 'place-asked', rank })
  }

  get limits(): RateLimits {
    return this.state.ownLimits
  }

  set limits(limits: RateLimits) {
    this.#session.assertOpen()
    this.#options.throttle.limits = readLimits(limits)
    this.#session.tell({ type: 'limits-asked', own: true, ...readLimits(limits) })
  }

  /** The limits of all transfers of the engine are others. */
  shareLimits({ download, upload }: RateLimits): void {
    this.#session.tell({ type: 'limits-asked', own: false, download, upload })
  }

  get sequential(): boolean {
    return this.state.sequential
  }

  set sequential(sequential: boolean) {
    this.#session.assertOpen()
    this.#session.tell({ type: 'order-asked', sequential })
  }

  async pause(): Promise<void> {
    this.#session.assertOpen()
    if (this.#resuming !== undefined) {
      await this.#resuming // what was asked first comes first
      this.#session.assertOpen()
    }
    this.#session.tell({ type: 'pause-asked' })
    await this.#session.committed()
  }

  resume(): Promise<void> {
    this.#resuming ??= this.#resume().finally(() => {
      this.#resuming = undefined
    })
    return this.#resuming
  }

  get folder(): string {
    return this.state.folder
  }

  async move(folder: string): Promise<void> {
    this.#session.assertOpen()
    if (typeof folder !== 'string' || folder === '' || folder.length > LIMITS.folderTextMax)
      throw new TorrewindError('OPTION_INVALID', 'the folder to move to must be a path')
    this.#assertLookedAt()
    if (folder !== this.folder) await this.#session.files.move(folder, this.state.names)
  }

  async rename(file: string | number, path: string): Promise<void> {
    this.#session.assertOpen()
    this.#assertLookedAt()
    const names = renamed(this.metainfo, this.state.names, fileOf(this.metainfo, file), path)
    if (names !== undefined) await this.#session.files.move(this.folder, names)
  }

  #assertLookedAt(): void {
    if (!this.state.examined && this.metainfo !== undefined)
      throw new TorrewindError('METADATA_UNKNOWN', `the files of ${this.name} are yet to be looked at`)
  }

  async recheck(): Promise<void> {
    this.#session.assertOpen()
    await this.#session.files.lookAgain()
    this.#session.assertOpen()
    this.#session.tell({ type: 'check-asked' })
    await this.#session.committed()
  }

  remove(): Promise<void> {
    this.#removing ??= this.#session.end('removed').then(() => this.#options.forget())
    return this.#removing
  }

  close(): Promise<void> {
    return this.#session.end('closed')
  }

  async #resume(): Promise<void> {
    this.#session.assertOpen()
    const hadFailed = this.state.failure !== undefined
    if (hadFailed) {
      await this.#session.promiseAnew()
      await this.#session.files.finishMove()
      this.#session.assertOpen()
    }
    this.#options.queue.look(this)
    this.#session.tell({ type: 'resume-asked' })
    if (hadFailed) this.#session.reserveAgain()
    await this.#session.committed()
  }
}
