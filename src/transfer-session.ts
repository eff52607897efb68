/** What one process does with a transfer: the session's actor system, driver, log and promises, from its beginning to its end. */
import type { Strategy } from './actors/strategy.js'
import { ActorSystem, type Surroundings } from './actors/system.js'
import type { Input, IntroductionNews, TransferInput } from './actors/vocabulary.js'
import type { FileChoice } from './api.js'
import type { Commits } from './commits.js'
import { Contents } from './contents.js'
import { Driver } from './driver.js'
import { type ErrorCode, TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import type { TransferState } from './events/state.js'
import type { Range } from './events/vocabulary.js'
import { FileWork } from './file-work.js'
import { LIMITS } from './limits.js'
import type { Cancel, Connection, ConnectionEvents, Failure, Introduced, Ports, TransferLog } from './ports.js'
import { ProgressFeed } from './progress.js'
import { Promises } from './promises.js'
import { MAY_CHANGE_TURNS } from './queue.js'
import type { Reach } from './reach.js'
import { Readers } from './readers.js'
import type { Retention } from './replay/compact.js'
import { type Beginning, beginningOf } from './session.js'
import { SessionLog } from './session-log.js'
import type { SlotGroup } from './slots.js'
import type { ThrottleGroup } from './throttle.js'
import type { Dialer } from './transports/dialing.js'
import { type InfoHash, type Instant, type PeerKey, toHex } from './values.js'
import { wireHashesOf } from './wire/identity.js'
import { nameOfMagnet, subjectOfMagnet } from './wire/kept.js'
import type { Metainfo } from './wire/metainfo.js'

export interface SessionOptions extends Pick<Beginning, 'infoHash' | 'metainfo' | 'magnet' | 'add' | 'version'> {
  readonly ports: Ports
  readonly log: TransferLog
  readonly throttle: ThrottleGroup
  readonly slots: SlotGroup
  readonly dial: Dialer
  /** Nothing is had to do with this host. */
  refuses(host: string): boolean
  readonly reach: Pick<Reach, 'publicPort' | 'announceLocally' | 'lookUp' | 'meetNode'>
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

export class TransferSession {
  readonly commits: Commits
  readonly files: FileWork
  readonly progress: ProgressFeed
  readonly promises: Promises
  readonly readers: Readers
  /** Trackers and web seeds that the user named, and not whoever made the torrent. */
  readonly trusted: Set<string>
  readonly #options: SessionOptions
  readonly #system: ActorSystem
  readonly #driver: Driver
  readonly #contents: Contents
  readonly #log: SessionLog
  /** The files are to be looked at when the turn is over. */
  #unexamined = false
  #turnsChanged = false
  #ending: Promise<void> | undefined
  #ended = false

  /** Begins where the log ends, whose state this is. */
  constructor(options: SessionOptions, state: TransferState) {
    const { ports, infoHash, metainfo, magnet, log } = options
    this.#options = options
    this.progress = new ProgressFeed(ports.clock, state)
    this.promises = new Promises(state)
    const name = metainfo?.name ?? (magnet === undefined ? toHex(infoHash) : nameOfMagnet(magnet))
    this.readers = new Readers({ name, state: () => this.state, tell: (input) => this.tell(input) })
    const wished = [...state.wishedTrackers, ...state.wishedWebSeeds].flatMap(([url, wanted]) => (wanted ? [url] : []))
    this.trusted = new Set([...(options.add.trackers ?? []), ...(options.add.webSeeds ?? []), ...wished])
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
    this.#log = new SessionLog(
      {
        ...options,
        tell: (input) => this.tell(input),
        holdPeersBack: (held) => this.#driver.holdPeersBack(held),
        reached: (committedSeq) => this.promises.reached(committedSeq),
        failed: (failure) => this.#onLogFailed(failure),
      },
      state,
    )
    this.commits = this.#log.commits
    this.files = new FileWork({
      state,
      contents: this.#contents,
      log: this.#log,
      tell: (input) => this.tell(input),
      isEnding: () => this.#ending !== undefined,
      assertOpen: () => this.assertOpen(),
    })
    const { add, version } = options
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

  /** Looks at the files, and starts; or asks peers what the torrent is. */
  async start(): Promise<void> {
    const { add, magnet } = this.#options
    await this.files.finishMove()
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
    return this.#driver.read(range)
  }

  /** Everything that happened so far is committed. Throws `LOG_FAILED`. */
  committed(): Promise<void> {
    return this.#log.committed()
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
    this.#log.record(logged)
    this.promises.record(logged)
    this.files.record(logged.event.type)
    if (logged.event.type === 'transfer-failed') this.readers.fail(logged.event.code as ErrorCode, logged.event.message) // made as one
    if (logged.event.type === 'metadata-completed') this.#unexamined = true
    if (MAY_CHANGE_TURNS[logged.event.type] === true) this.#turnsChanged = true
  }

  /** Nothing waits in the actor system: what was decided goes out. */
  #rested(): void {
    this.#log.flush()
    this.#driver.flush()
    this.readers.look()
    if (this.#unexamined) {
      this.#unexamined = false
      this.files.lookAtNew()
    }
    if (this.#turnsChanged) {
      this.#turnsChanged = false
      this.#options.turnsChanged()
    }
    this.#log.look()
    this.progress.look()
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
    await Promise.resolve() // so that `#ending` is set for whoever looks
    if (this.commits.failure === undefined) {
      this.tell({ type: 'end-asked' })
      await this.#idleWithin(LIMITS.farewellMs)
      await this.files.moving
      // What was stored last is announced once it is committed, and nothing follows the end of a session.
      await this.committed().catch(() => undefined)
      const stamps = await this.#contents.takeStamps()
      if (this.commits.failure === undefined) {
        this.tell({ type: 'stamps-taken', stamps, reason })
        this.#log.takeCheckpoint()
        await this.committed().catch(() => undefined)
        await this.files.removeParts(reason)
      }
    }
    this.#ended = true
    this.progress.stop()
    this.#log.stop()
    this.#driver.stop()
    await this.#contents.close()
    await this.#log.close()
    this.promises.end(this.state.name)
    this.readers.fail('TRANSFER_CLOSED', `${this.state.name} was closed`)
    this.progress.end()
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
