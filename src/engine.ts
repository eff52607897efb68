/** The engine: many transfers that share ports, limits and one listening socket. */
import type { Strategy } from './actors/strategy.js'
import type { EngineFact } from './actors/vocabulary.js'
import type { AddOptions, BlocklistSource, ConnectionLimits, Engine, QueueBounds, RateLimits, Transfer } from './api.js'
import { Arrivals } from './arrivals.js'
import { SharedUdp } from './discovery/udp-shared.js'
import { TorrewindError } from './errors.js'
import type { EventOf } from './events/vocabulary.js'
import { type FoundTorrent, findTorrent } from './find-torrent.js'
import { readBounds, readConnectionLimits, readGoals } from './goals.js'
import type { Answer, Cancel, Connection, ConnectionEvents, Listener, Ports, TransferEntry } from './ports.js'
import { Queue, type QueueLimits, readQueueBounds } from './queue.js'
import { Reach, type ReachSettings } from './reach.js'
import { type Retention, retain } from './replay/compact.js'
import { withRoom } from './retainer.js'
import { type SlotLimits, Slots } from './slots.js'
import { readLimits, Throttle } from './throttle.js'
import { checkAddress, checkWebSeed, TorrentTransfer, type TransferOptions } from './transfer.js'
import { letsIn, type TransportSettings, Transports } from './transports/transports.js'
import { type InfoHash, toHex } from './values.js'
import { wantedPieces } from './wanted.js'
import { AddressFilter, type Blocklist, type BlocklistReport, blocklistOf } from './wire/blocklist.js'
import { wireHashesOf } from './wire/identity.js'
import { subjectOf, subjectOfMagnet } from './wire/kept.js'
import { type KeyMagnet, magnetOfKeyItem, onlyKeyOf } from './wire/keymagnet.js'
import type { StoredItem } from './wire/storeditem.js'

export interface EngineParts {
  readonly ports: Ports
  readonly version: string
  /** Reads a .torrent file, within bounds. Throws `SOURCE_UNREADABLE` or `TORRENT_TOO_LARGE`. */
  readTorrentFile(path: string): Promise<Uint8Array>
  /** Addresses with which nothing is had to do; its blocklist may be set before. */
  readonly filter?: AddressFilter | undefined
  /** Throws `BLOCKLIST_UNREADABLE`. */
  readBlocklist?(source: BlocklistSource): Promise<Blocklist>
  readonly port: number
  readonly host: string | undefined
  readonly retention?: Retention | undefined
  /** No bounds, where it is left out. */
  readonly queue?: QueueLimits | undefined
  /** No transfer is ever active, where it is true. */
  readonly offline?: boolean | undefined
  /** No bounds, where it is left out. */
  readonly connections?: SlotLimits | undefined
  readonly downloadLimit: number
  readonly uploadLimit: number
  /** How peers are reached: by TCP without encryption, where it is left out. */
  readonly transports?: TransportSettings | undefined
  /** Neither, where it is left out. */
  readonly reach?: ReachSettings | undefined
  /** Makes a stream of Node of what is read of a file. */
  readonly makeStream?: TransferOptions['makeStream']
  /** Of every transfer; ours, where it is left out. */
  readonly strategy?: Strategy | undefined
}

/** Of the handshake of who has not sent it yet, and of a key without salt. */
const NOTHING = new Uint8Array()

const RECORDED: readonly unknown[] = ['events', 'inputs']

export class TorrentEngine implements Engine {
  readonly #parts: EngineParts
  readonly #listener: Listener
  readonly #arrivals: Arrivals
  readonly #throttle: Throttle
  readonly #udp: SharedUdp
  readonly #reach: Reach
  readonly #transports: Transports
  /** Peers whom trackers connect with us come no more. */
  readonly #meetNobody: Cancel | undefined
  readonly #transfers = new Map<string, TorrentTransfer>()
  readonly #queue: Queue<TorrentTransfer>
  readonly #slots: Slots
  /** The names of hybrids by their hashes of v2 (BEP 52). */
  readonly #otherNames = new Map<string, string>()
  readonly #filter: AddressFilter
  /** What is blocked, for transfers that come later. */
  #blocked: EventOf<'blocklist-set'> | undefined
  /** Transfers being added or forgotten, by their hexadecimal info-hash. */
  readonly #busy = new Map<string, Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** Throws `PORT_TAKEN`. The log store is the engine's from here on, and is closed where this fails. */
  static async open(parts: EngineParts): Promise<TorrentEngine> {
    let engine: TorrentEngine | undefined
    const { ports } = parts
    const arrivals = new Arrivals({
      clock: ports.clock,
      encryption: parts.transports?.encryption ?? 'off',
      entropy: (length) => ports.entropy(length),
      find: (hash) => engine?.find(hash),
      hashes: () => engine?.hashes ?? [],
    })
    const answer: Answer<Listener> = await ports.network.listen({
      port: parts.port,
      host: parts.host,
      accepted: (connection) => arrivals.take(connection),
    })
    if (answer.type === 'failed') {
      await parts.ports.logs.close()
      throw new TorrewindError('PORT_TAKEN', `cannot listen on port ${parts.port}: ${answer.failure.message}`)
    }
    // Where nobody is let in by TCP it only told which port is free.
    if (!letsIn(parts.transports ?? {})) await answer.value.close()
    engine = new TorrentEngine(parts, answer.value, arrivals)
    if (parts.filter?.blocklist !== undefined) engine.#block(parts.filter.blocklist)
    return engine
  }

  private constructor(parts: EngineParts, listener: Listener, arrivals: Arrivals) {
    this.#parts = parts
    this.#listener = listener
    this.#arrivals = arrivals
    this.#queue = new Queue(parts.queue ?? readQueueBounds({}), parts.offline)
    this.#slots = new Slots(parts.connections ?? { maxConnections: 0, maxHalfOpen: 0 })
    this.#filter = parts.filter ?? new AddressFilter()
    this.#throttle = new Throttle(parts.ports.clock, { download: parts.downloadLimit, upload: parts.uploadLimit })
    const { host, ports } = parts
    this.#udp = new SharedUdp({ datagrams: ports.datagrams, port: listener.port, host })
    const tell = (fact: EngineFact): void => {
      for (const transfer of this.#transfers.values()) transfer.learn(fact)
    }
    this.#transports = new Transports({
      ...parts.transports,
      ports,
      datagrams: this.#udp.datagramsOf('utp'),
      port: listener.port,
      host,
      accepted: (connection) => arrivals.take(connection),
      listening: () => this.#reach.learn({ type: 'punching-began' }),
      failed: ({ code }) => this.#reach.learn({ type: 'utp-failed', reason: code }),
    })
    // Both sides greet at once, as whoever is dialed over TCP need not.
    this.#meetNobody = ports.discovery.meet?.({
      met: (connection, hash, by) => this.find(hash)?.takeConnection(connection, NOTHING, by),
      told: (hash, news) => this.find(hash)?.hearOfIntroduction(news),
    })
    this.#reach = new Reach({
      ...(parts.reach ?? { lsd: false }),
      ports,
      port: listener.port,
      host,
      udp: this.#udp,
      tell,
      // Of private torrents only their trackers may know (BEP 27).
      wants: (hash) => this.find(hash)?.state.private === false,
      found: (hash, address) => this.find(hash)?.meetLocally(address),
    })
  }

  get port(): number {
    return this.#listener.port
  }

  get limits(): RateLimits {
    return this.#throttle.limits
  }

  set limits(limits: RateLimits) {
    this.#assertOpen()
    this.#throttle.limits = readLimits(limits)
    for (const transfer of this.#transfers.values()) transfer.shareLimits(this.limits)
  }

  get transfers(): readonly Transfer[] {
    return this.#queue.order
  }

  get queue(): QueueBounds {
    return this.#queue.bounds
  }

  set queue(bounds: QueueBounds) {
    this.#assertOpen()
    this.#queue.bounds = readQueueBounds(bounds)
  }

  get connections(): ConnectionLimits {
    return this.#slots.limits
  }

  set connections(limits: ConnectionLimits) {
    this.#assertOpen()
    this.#slots.limits = readConnectionLimits(limits)
  }

  /** Of all transfers. */
  get hashes(): readonly InfoHash[] {
    return [...this.#transfers.values()].map(({ infoHash: hash }) => hash)
  }

  async setBlocklist(source: BlocklistSource | undefined): Promise<BlocklistReport> {
    this.#assertOpen()
    const { readBlocklist } = this.#parts
    const blocklist =
      readBlocklist === undefined || source?.files === undefined
        ? blocklistOf(source?.ranges ?? [])
        : await readBlocklist(source)
    this.#assertOpen()
    this.#block(blocklist)
    return blocklist.report
  }

  #block(blocklist: Blocklist): void {
    const { ranges, lines, errors } = blocklist.report
    this.#filter.set(blocklist)
    this.#blocked = { type: 'blocklist-set', blocked: ranges, lines, errors }
    for (const transfer of this.#transfers.values()) {
      transfer.learn(this.#blocked)
      transfer.refuseBlocked()
    }
  }

  find(hash: InfoHash): TorrentTransfer | undefined {
    const name = toHex(hash)
    return this.#transfers.get(this.#otherNames.get(name) ?? name)
  }

  async add(source: string | Uint8Array, options: AddOptions): Promise<Transfer> {
    this.#assertOpen()
    // Programs without types may leave it out, and the current folder is nobody's wish.
    if (typeof options?.path !== 'string' || options.path === '')
      throw new TorrewindError('OPTION_INVALID', 'path must be that of the folder to download into')
    if (options.record !== undefined && !RECORDED.includes(options.record))
      throw new TorrewindError(
        'OPTION_INVALID',
        `record is one of ${RECORDED.join(', ')}, not ${String(options.record)}`,
      )
    const found = await this.#find(source, options.fetchMetadata !== false)
    const { entry, metainfo, magnet } = found
    this.#assertOpen()
    if (options.limits !== undefined) readLimits(options.limits)
    readGoals(options.goals ?? {}, { ratioPermille: 0, seedingMs: 0 })
    readBounds(options.bounds ?? {}, { peersMax: 0, uploadSlots: 0 })
    const name = toHex(entry.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError('TRANSFER_EXISTS', `the engine has ${metainfo?.name ?? magnet?.name ?? name} already`)
    // Before anything is written: what is refused leaves no trace.
    if (metainfo !== undefined) wantedPieces(metainfo, options.select, magnet?.selectOnly)
    for (const address of options.peers ?? []) checkAddress(address)
    for (const url of options.webSeeds ?? []) checkWebSeed(url)
    return this.#while(name, this.#open(name, found, options))
  }

  /** Nobody adds the transfer meanwhile, and closing waits for it. */
  async #while<Result>(name: string, work: Promise<Result>): Promise<Result> {
    this.#busy.set(name, work)
    try {
      return await work
    } finally {
      this.#busy.delete(name)
    }
  }

  async forget(source: string | Uint8Array): Promise<void> {
    this.#assertOpen()
    const { entry } = await this.#find(source, true)
    this.#assertOpen()
    const name = toHex(entry.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError(
        'TRANSFER_EXISTS',
        `the engine has ${subjectOf(entry.torrent).name} open: \`remove\` of it forgets its log`,
      )
    await this.#forget(name, entry.infoHash)
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  async #closeOnce(): Promise<void> {
    await Promise.resolve() // so that `#closing` is set for whoever looks
    this.#queue.close()
    await this.#listener.close()
    this.#arrivals.close()
    const unreached = this.#reach.close()
    await Promise.allSettled(this.#busy.values())
    const endings = await Promise.allSettled([...this.#transfers.values()].map((transfer) => transfer.close()))
    await Promise.allSettled(this.#busy.values()) // those that are being removed
    this.#throttle.close()
    await unreached
    this.#meetNobody?.()
    this.#transports.close()
    this.#udp.close()
    await this.#parts.ports.logs.close()
    for (const ending of endings) if (ending.status === 'rejected') throw ending.reason
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TorrewindError('ENGINE_CLOSED', 'the engine was closed')
  }

  #refuseToDial(events: ConnectionEvents): Pick<Connection, 'close'> {
    const { clock } = this.#parts.ports
    const close = clock.wakeAt(clock.now(), () =>
      events.closed({ code: 'BLOCKED', message: 'the address is on the blocklist' }),
    )
    return { close }
  }

  async #open(name: string, found: FoundTorrent, add: AddOptions): Promise<TorrentTransfer> {
    const { ports, version, strategy, retention } = this.#parts
    const { entry, metainfo, magnet, followed } = found
    if (retention !== undefined) await retain(ports.logs, entry.infoHash, withRoom(retention), ports.clock.now())
    const others = new Set<string>()
    const named = (hashes: readonly InfoHash[]): void => {
      for (const other of hashes.map(toHex)) if (other !== name) others.add(other)
      if (this.#transfers.has(name)) for (const other of others) this.#otherNames.set(other, name)
    }
    const log = await ports.logs.open(entry)
    const slots = this.#slots.group()
    let transfer: TorrentTransfer
    try {
      transfer = await TorrentTransfer.open({
        ports,
        infoHash: entry.infoHash,
        metainfo,
        magnet,
        log,
        throttle: this.#throttle.group(),
        slots,
        dial: (address, hash, events, punching) =>
          this.#filter.refuses(address.host)
            ? this.#refuseToDial(events)
            : this.#transports.dial(address, hash, events, punching),
        refuses: (host) => this.#filter.refuses(host),
        reach: this.#reach,
        version,
        add,
        strategy,
        makeStream: this.#parts.makeStream,
        retention,
        queue: this.#queue,
        named,
        closed: () => {
          this.#transfers.delete(name)
          this.#queue.leave(transfer)
          this.#slots.remove(slots)
          for (const other of others) this.#otherNames.delete(other)
        },
        forget: () => this.#forget(name, entry.infoHash),
      })
    } catch (error) {
      await log.close()
      throw error
    }
    this.#transfers.set(name, transfer)
    named(magnet === undefined ? [] : wireHashesOf(subjectOfMagnet(magnet)))
    for (const fact of this.#reach.facts) transfer.learn(fact)
    if (this.#blocked !== undefined) transfer.learn(this.#blocked)
    if (followed !== undefined) transfer.learn(followed)
    if (metainfo?.private === false) this.#reach.meetNodes(metainfo.nodes)
    this.#queue.join(transfer)
    try {
      await transfer.start()
    } catch (error) {
      await transfer.close()
      throw error
    }
    return transfer
  }

  /** Once the transfer is closed. What was added again meanwhile has the log now, and keeps it. */
  async #forget(name: string, hash: InfoHash): Promise<void> {
    if (this.#transfers.has(name) || this.#busy.has(name)) return
    await this.#while(name, this.#parts.ports.logs.remove(hash))
  }

  async #find(source: string | Uint8Array, fetchMetadata: boolean): Promise<FoundTorrent> {
    const { readTorrentFile } = this.#parts
    const key = typeof source === 'string' ? onlyKeyOf(source) : undefined
    const known = () => this.#known()
    if (typeof source !== 'string' || key === undefined)
      return findTorrent(source, { readTorrentFile, known }, fetchMetadata)
    const { value, signed } = await this.#askForKey(key)
    const magnet = magnetOfKeyItem(source, value)
    if (magnet === undefined)
      throw new TorrewindError('SOURCE_INVALID', 'what the key stands for in the DHT is no torrent')
    const { publicKey, salt = NOTHING } = key
    const followed = { type: 'dht-key-followed', publicKey, salt, seq: signed?.seq ?? 0 } as const
    return { ...(await findTorrent(magnet, { readTorrentFile, known }, fetchMetadata)), followed }
  }

  /** What the DHT has for the key by now (BEP 46). */
  async #askForKey(key: KeyMagnet): Promise<StoredItem> {
    const answer = await this.#reach.askForItem(key)
    this.#assertOpen()
    if (answer === undefined)
      throw new TorrewindError('OPTION_INVALID', 'what a key stands for is asked of the DHT, which is switched off')
    if (answer.type === 'failed')
      throw new TorrewindError('DHT_UNREACHABLE', `the DHT cannot be reached: ${answer.failure.message}`)
    if (answer.value !== undefined) return answer.value
    throw new TorrewindError('DHT_NOT_FOUND', 'no node of the DHT knows what the key stands for')
  }

  /** The transfers that the data folder has. */
  async #known(): Promise<readonly TransferEntry[]> {
    try {
      return await this.#parts.ports.logs.transfers()
    } catch (error) {
      this.#assertOpen() // the log was closed while it was read
      throw error
    }
  }
}
