/** What one process does with a transfer: the session's actor system, driver, log and promises, from its beginning to its end. */
import type { Strategy } from './actors/strategy.js'
import { ActorSystem, type Surroundings } from './actors/system.js'
import type { Input, IntroductionNews, TransferInput } from './actors/vocabulary.js'
import type { AddOptions, FileChoice, Progress } from './api.js'
import { Checkpointer } from './checkpointer.js'
import { Commits } from './commits.js'
import { Contents } from './contents.js'
import { Driver } from './driver.js'
import { type ErrorCode, storageErrorCode, TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import type { TransferState } from './events/state.js'
import type { EventType, Range } from './events/vocabulary.js'
import { HavePacer } from './have-pacer.js'
import { LIMITS } from './limits.js'
import type { Cancel, Connection, ConnectionEvents, Failure, Introduced, Ports, TransferLog } from './ports.js'
import { progressOf } from './progress.js'
import { Promises } from './promises.js'
import type { Reach } from './reach.js'
import { Readers } from './readers.js'
import type { Retention } from './replay/compact.js'
import { Retainer } from './retainer.js'
import { Observable, Subject } from './rx.js'
import { beginningOf } from './session.js'
import type { SlotGroup } from './slots.js'
import { isLoan } from './store/read-cache.js'
import type { ThrottleGroup } from './throttle.js'
import type { Dialer } from './transports/dialing.js'
import { type InfoHash, type Instant, type PeerKey, toHex } from './values.js'
import { wireHashesOf } from './wire/identity.js'
import { nameOfMagnet, subjectOfMagnet } from './wire/kept.js'
import type { Magnet } from './wire/magnet.js'
import type { Metainfo } from './wire/metainfo.js'

export interface SessionOptions {
  readonly ports: Ports
  /** By which peers, trackers and the log know the torrent. */
  readonly infoHash: InfoHash
  /** Undefined while only its hash is known. */
  readonly metainfo: Metainfo | undefined
  /** What it was named by, where that was no .torrent. */
  readonly magnet: Magnet | undefined
  readonly log: TransferLog
  readonly throttle: ThrottleGroup
  readonly slots: SlotGroup
  readonly dial: Dialer
  /** Nothing is had to do with this host. */
  refuses(host: string): boolean
  readonly reach: Pick<Reach, 'publicPort' | 'announceLocally' | 'lookUp' | 'meetNode'>
  readonly version: string
  readonly add: AddOptions
  /** Layers of pieces that were kept (BEP 52), by the positions of their files. */
  readonly layers?: ReadonlyMap<number, Uint8Array> | undefined
  /** Ours, where it is left out. */
  readonly strategy?: Strategy | undefined
  readonly retention?: Retention | undefined
  /** What the engine decides whose turn it is by has changed. */
  turnsChanged(): void
  /** Peers may name the torrent by these hashes, as is known by now. */
  named(hashes: readonly InfoHash[]): void
  /** The transfer is closed, and its log let go of. */
  closed(): void
}

/** With these the log is committed so soon, rather than when its record is full. */
const COMMITTED_WITHIN_MS: Partial<Record<EventType, number>> = {
  'piece-stored': LIMITS.logStoredDelayMs,
  'session-began': 0,
  'session-examined': 0,
  'session-ended': 0,
  'check-ended': 0,
  'file-placed': 0,
  paused: 0,
  resumed: 0,
  'download-began': 0,
  'download-completed': 0,
  'seeding-began': 0,
  'transfer-failed': 0,
  'metadata-completed': 0,
  'move-began': 0,
  'files-moved': 0,
  'move-failed': 0,
}

/** After these it may be another's turn. */
const TURNS: Partial<Record<EventType, true>> = {
  paused: true,
  resumed: true,
  'transfer-failed': true,
  'session-ending': true,
  'session-examined': true,
  'metadata-completed': true,
  'pieces-selected': true,
  'priorities-set': true,
  'download-began': true,
  'seeding-began': true,
  'check-began': true,
  'check-ended': true,
}

/** The next session goes on with the move. */
const LEFT_FOR_LATER: Failure = { code: 'ESTOPPED', message: 'it goes on with the next session' }

export class TransferSession {
  readonly commits: Commits
  readonly promises: Promises
  readonly readers: Readers
  /** Trackers and web seeds that the user named, and not whoever made the torrent. */
  readonly trusted: Set<string>
  readonly #options: SessionOptions
  readonly #system: ActorSystem
  readonly #driver: Driver
  readonly #contents: Contents
  /** The files are to be looked at when the turn is over. */
  #unexamined = false
  #turnsChanged = false
  readonly #progress = new Subject<Progress>()
  readonly #checkpointer: Checkpointer
  readonly #retainer: Retainer | undefined
  readonly #havePacer: HavePacer
  /** Something was recorded that is to be committed within this time. */
  #commitWithinMs = Number.POSITIVE_INFINITY
  #held = false
  /** Something was kept apart in this session, or before. */
  #hadParts = false
  #progressTimer: Cancel | undefined
  #moving: Promise<Failure | undefined> | undefined
  #ending: Promise<void> | undefined
  #ended = false

  /** Begins where the log ends, whose state this is. */
  constructor(options: SessionOptions, state: TransferState) {
    const { ports, infoHash, metainfo, magnet, log } = options
    this.#options = options
    this.commits = new Commits(log)
    this.promises = new Promises(state)
    const name = metainfo?.name ?? (magnet === undefined ? toHex(infoHash) : nameOfMagnet(magnet))
    this.readers = new Readers({ name, state: () => this.state, tell: (input) => this.tell(input) })
    const wished = [...state.wishedTrackers, ...state.wishedWebSeeds].flatMap(([url, wanted]) => (wanted ? [url] : []))
    this.trusted = new Set([...(options.add.trackers ?? []), ...(options.add.webSeeds ?? []), ...wished])
    this.#checkpointer = new Checkpointer(log, state.nextSeq)
    this.#havePacer = new HavePacer({
      clock: ports.clock,
      state: () => this.state,
      tell: (committedSeq) => this.tell({ type: 'log-committed', committedSeq }),
    })
    this.#hadParts = state.apart.size > 0
    const surroundings: Surroundings = {
      now: () => ports.clock.now(),
      record: (logged) => this.#record(logged),
      perform: (effect) => this.#driver.perform(effect),
      rested: () => this.#rested(),
      ...(options.add.record === 'inputs' ? { begin: (at, input) => log.appendInput(at, input) } : {}),
    }
    this.#system = new ActorSystem(state, surroundings, options.strategy)
    this.#contents = new Contents({
      ports,
      log,
      add: options.add,
      magnet,
      layers: options.layers,
      state: () => this.state,
      begun: (content) => {
        this.#driver.begin(content)
        options.named(wireHashesOf(content.metainfo))
      },
    })
    this.#driver = new Driver({
      ports,
      // One that cannot be kept is asked for again by the next session.
      keepLayer: (file, layer) => void ports.logs.keepLayer(infoHash, file, layer).catch(() => undefined),
      identity: metainfo ?? (magnet === undefined ? { infoHash } : subjectOfMagnet(magnet)),
      preallocate: options.add.preallocate === true,
      apart: state.apart,
      isStored: (piece) => this.state.stored.has(piece),
      metadata: this.#contents,
      publicPort: () => options.reach.publicPort,
      announceLocally: (infoHash) => options.reach.announceLocally(infoHash),
      lookUp: (infoHash, search) => options.reach.lookUp(infoHash, search),
      meetNode: (address) => options.reach.meetNode(address),
      client: `Torrewind ${options.version}`,
      accept: (input) => this.#system.accept(input),
      throttle: options.throttle,
      slots: options.slots,
      dial: options.dial,
      trusts: (url) => this.trusted.has(url),
    })
    log.onCommitted = (committedSeq) => this.#onCommitted(committedSeq)
    log.onFailed = (failure) => this.#onLogFailed(failure)
    const { add, version, retention } = options
    if (retention !== undefined)
      this.#retainer = new Retainer({
        clock: ports.clock,
        logs: ports.logs,
        log,
        infoHash,
        retention,
        failed: (failure) => this.tell({ type: 'retention-failed', failure }),
      })
    const [entropy, machineStartedAt] = [ports.entropy(16), ports.machineStartedAt()]
    const { shared: limits, limits: ownLimits } = options.throttle
    if (metainfo !== undefined) this.#contents.begin(metainfo)
    const { missing } = this.#contents
    const known = { infoHash, metainfo, magnet, add, version, entropy, machineStartedAt, limits, ownLimits, missing }
    for (const event of beginningOf(state, known)) this.#system.record(event)
    this.#unexamined = false // `start` looks at them
  }

  get state(): Readonly<TransferState> {
    return this.#system.state
  }
  /** Undefined while only the hash is known. */
  get metainfo(): Metainfo | undefined {
    return this.#contents.metainfo
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
  /** Looks at the files, and starts; or asks peers what the torrent is. */
  async start(): Promise<void> {
    const { add, magnet } = this.#options
    await this.finishMove()
    const files = await this.#contents.examine().catch((error: unknown) => {
      if (this.#ending === undefined) throw error
      return [] // closed meanwhile
    })
    if (this.#ending !== undefined) return
    this.tell(files === undefined ? { type: 'metadata-wanted' } : { type: 'files-examined', files })
    const addresses = [...(add.peers ?? []), ...(magnet?.peers ?? [])]
    if (addresses.length > 0) this.tell({ type: 'peers-found', source: 'user', addresses })
  }

  /** Of files that nobody knows yet. */
  selectLater(files: FileChoice): void {
    this.#contents.selectLater(files)
  }

  /** The metadata came while the session was running. */
  #lookAtFiles(): void {
    this.#contents.look((answer) => {
      if (this.#ending !== undefined) return
      if (answer.type === 'done') this.tell({ type: 'files-examined', files: answer.value })
      else this.tell({ type: 'storage-failed', failure: answer.failure })
    })
  }

  /** Handles the input now, or after those before it; nothing, once the session has ended. */
  accept(input: Input): void {
    if (!this.#ended) this.#system.accept(input)
  }

  tell(input: TransferInput): void {
    this.accept({ to: 'transfer', input })
  }

  /** Lets go of those with whom nothing is had to do any more. */
  refuseBlocked(): void {
    const addresses = [...this.state.peers.values()]
      .filter(({ address, webSeed }) => webSeed === undefined && this.#options.refuses(address.host))
      .map(({ address }) => address)
    if (addresses.length > 0) this.tell({ type: 'addresses-refused', addresses })
  }

  /** That nobody is met any more as the session ends goes without saying. */
  hearOfIntroduction(news: IntroductionNews): void {
    if (this.#ending === undefined) this.tell({ type: 'introduction-told', news })
  }

  /** A peer dialed us and named our info-hash with these bytes; or a tracker introduced it. */
  takeConnection(connection: Connection, firstBytes: Uint8Array, by?: Introduced): ConnectionEvents {
    const isRefused = this.#options.refuses(connection.remote.host)
    if (this.#ended || isRefused) {
      connection.close()
      if (isRefused) this.tell({ type: 'addresses-refused', addresses: [connection.remote] })
      return { opened: () => undefined, received: () => undefined, closed: () => undefined }
    }
    const peer = this.state.nextPeer as PeerKey // the next number of this log
    const { hasRoom } = this.#options.slots
    const events = this.#driver.takeConnection(peer, connection, firstBytes)
    const address = connection.remote
    this.tell(hasRoom ? { type: 'peer-accepted', peer, address } : { type: 'peer-turned-away', peer, address })
    this.#driver.describe(peer, connection, by)
    events.received(firstBytes)
    return events
  }

  now(): Instant {
    return this.#options.ports.clock.now()
  }

  /** Bytes of a stored piece, a copy. */
  readStored(range: Range): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#driver.read(range, (answer) => {
        if (isLoan(answer)) {
          const bytes = new Uint8Array(answer.bytes)
          answer.release()
          resolve(bytes)
        } else reject(new TorrewindError(storageErrorCode(answer.code), `${answer.code}: ${answer.message}`))
      })
    })
  }

  /** Everything that happened so far is committed. Throws `LOG_FAILED`. */
  committed(): Promise<void> {
    return this.commits.upTo(this.state.nextSeq)
  }

  /** Looking at the files makes the disk open them anew: what was removed or exchanged is no longer read. */
  async lookAtFiles(): Promise<void> {
    await this.#contents.examine().catch(() => undefined)
  }

  /**
   * Brings the files to another place. The log says so before the first of them is moved, so that a session after a crash
   * knows where to look. Throws `TRANSFER_MOVING`, `PATH_TAKEN` or a code of the disk.
   */
  async move(folder: string, names: ReadonlyMap<number, string>): Promise<void> {
    if (this.state.moving !== undefined || this.#moving !== undefined)
      throw new TorrewindError('TRANSFER_MOVING', `the files of ${this.state.name} are being moved already`)
    this.tell({ type: 'move-asked', folder, names: [...names].map(([file, path]) => ({ file, path })) })
    await this.committed()
    this.assertOpen()
    const failure = await this.#carryMoveOut(false)
    await this.committed()
    this.assertOpen()
    if (failure === undefined) return
    const code = failure.code === 'EEXIST' ? 'PATH_TAKEN' : storageErrorCode(failure.code)
    throw new TorrewindError(code, failure.message)
  }

  /** One that a session before, or a failure, has left half done. */
  async finishMove(): Promise<void> {
    await this.#moving
    if (this.state.moving !== undefined) await this.#carryMoveOut(true)
  }

  #carryMoveOut(resumed: boolean): Promise<Failure | undefined> {
    this.#moving = this.#moveOnce(resumed).finally(() => {
      this.#moving = undefined
    })
    return this.#moving
  }

  async #moveOnce(resumed: boolean): Promise<Failure | undefined> {
    const stopped = (): boolean => this.#ending !== undefined
    // Or a loss of power would take the word of where the files are, and not the files.
    if (!(await this.#logSynced()) || stopped()) return LEFT_FOR_LATER
    const failure = await this.#contents.move({ resumed, stopped })
    if (failure === undefined) {
      this.tell({ type: 'files-moved' })
      await this.committed().catch(() => undefined)
      // Who hears of it may note where they are, and the log must say the same from then on.
      await this.#logSynced()
    } else if (failure.code === 'ESTRANDED') this.tell({ type: 'storage-failed', failure })
    else if (failure.code !== 'ESTOPPED') this.tell({ type: 'move-failed', failure })
    return failure
  }

  #logSynced(): Promise<boolean> {
    if (this.commits.failure !== undefined || this.#ended) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#options.log.sync((failure) => resolve(failure === undefined))
    })
  }

  /** After a failure: what was promised then was broken, and may be kept from now on. */
  async promiseAnew(): Promise<void> {
    this.promises.anew()
    // Writes that fail like the first, and are yet to say so, are part of this failure and not a new one.
    await this.#driver.diskAtRest()
  }

  /** Once the transfer goes on after a failure. */
  reserveAgain(): void {
    this.#driver.reserveAgain()
  }

  assertOpen(): void {
    if (this.#ending !== undefined) throw new TorrewindError('TRANSFER_CLOSED', `${this.state.name} was closed`)
  }

  #record(logged: LoggedEvent): void {
    this.commits.record(logged)
    this.promises.record(logged)
    if (logged.event.type === 'transfer-failed') this.readers.fail(logged.event.code as ErrorCode, logged.event.message) // made as one
    if (logged.event.type === 'metadata-completed') this.#unexamined = true
    const withinMs = COMMITTED_WITHIN_MS[logged.event.type]
    if (TURNS[logged.event.type] === true) this.#turnsChanged = true
    if (logged.event.type === 'files-kept-apart') this.#hadParts = true
    // Nothing follows the last piece that it could wait for.
    if (withinMs !== undefined)
      this.#commitWithinMs = this.state.missing === 0 ? 0 : Math.min(this.#commitWithinMs, withinMs)
  }

  /** Nothing waits in the actor system: what was decided goes out. */
  #rested(): void {
    const { log } = this.#options
    if (this.#commitWithinMs < Number.POSITIVE_INFINITY) {
      log.flush(this.#commitWithinMs)
      this.#commitWithinMs = Number.POSITIVE_INFINITY
    }
    this.#driver.flush()
    this.readers.look()
    if (this.#unexamined) {
      this.#unexamined = false
      this.#lookAtFiles()
    }
    if (this.#turnsChanged) {
      this.#turnsChanged = false
      this.#options.turnsChanged()
    }
    if (!this.#held && this.#pending > LIMITS.logPendingEventsPause) {
      this.#held = true
      this.#driver.holdPeersBack(true)
    }
    this.#checkpointer.look(this.state)
    if (this.#progress.observed) this.#tellProgressSoon()
  }

  #tellProgressSoon(): void {
    const { clock } = this.#options.ports
    this.#progressTimer ??= clock.wakeAt((clock.now() + LIMITS.progressIntervalMs) as Instant, () => {
      this.#progressTimer = undefined
      if (!this.#ended) this.#progress.next(this.progress)
    })
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
    this.#retainer?.reached()
    this.#havePacer.committed(committedSeq)
    this.promises.reached(committedSeq)
    this.commits.reached(committedSeq)
  }

  /** Without a log nothing that happens would be true: everything stops. */
  #onLogFailed(failure: Failure): void {
    this.#driver.stop()
    this.promises.fail('LOG_FAILED', `the event log cannot be written: ${failure.code}: ${failure.message}`)
    this.commits.fail(failure)
    void this.end('closed')
  }

  /** In good order, once: `reason` is that of the first who asks. */
  end(reason: 'closed' | 'removed'): Promise<void> {
    this.#ending ??= this.#endOnce(reason)
    return this.#ending
  }

  async #endOnce(reason: 'closed' | 'removed'): Promise<void> {
    const { ports, log } = this.#options
    await Promise.resolve() // so that `#ending` is set for whoever looks
    if (this.commits.failure === undefined) {
      this.tell({ type: 'end-asked' })
      await this.#idleWithin(LIMITS.farewellMs)
      await this.#moving
      // What was stored last is announced once it is committed, and nothing follows the end of a session.
      await this.commits.upTo(this.state.nextSeq).catch(() => undefined)
      const stamps = await this.#contents.takeStamps()
      if (this.commits.failure === undefined) {
        this.tell({ type: 'stamps-taken', stamps, reason })
        this.#checkpointer.take(this.state)
        await this.commits.upTo(this.state.nextSeq).catch(() => undefined)
        if (this.#hadParts && (this.state.apart.size === 0 || reason === 'removed')) await this.#contents.removeParts()
      }
    }
    this.#ended = true
    this.#progressTimer?.()
    this.#havePacer.stop()
    this.#driver.stop()
    await this.#contents.close()
    await this.#retainer?.close()
    await log.close().catch(() => undefined) // a log that failed said so to `onFailed`
    this.promises.end(this.state.name)
    this.readers.fail('TRANSFER_CLOSED', `${this.state.name} was closed`)
    this.#progress.next(progressOf(this.state, ports.clock.now(), true))
    this.#progress.complete()
    this.commits.end()
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
