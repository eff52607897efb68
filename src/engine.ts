/** The engine: many transfers that share ports, limits and one listening socket. */
import type { Strategy } from './actors/strategy.js'
import type { EngineFact } from './actors/vocabulary.js'
import type { AddOptions, BlocklistSource, Engine, RateLimits, Transfer } from './api.js'
import { Arrivals } from './arrivals.js'
import { SharedUdp } from './discovery/udp-shared.js'
import { TorrewindError } from './errors.js'
import type { EventOf } from './events/vocabulary.js'
import { readBounds, readGoals } from './goals.js'
import type { Answer, Connection, ConnectionEvents, Listener, Ports, TransferEntry } from './ports.js'
import { Reach, type ReachSettings } from './reach.js'
import { type Retention, retain } from './replay/compact.js'
import { readLimits, Throttle } from './throttle.js'
import { checkAddress, checkWebSeed, TorrentTransfer, type TransferOptions } from './transfer.js'
import { type TransportSettings, Transports } from './transports/transports.js'
import { equalBytes, fromHex, type InfoHash, infoHash, toHex } from './values.js'
import { wantedPieces } from './wanted.js'
import { AddressFilter, type Blocklist, type BlocklistReport, blocklistOf } from './wire/blocklist.js'
import { readCid, wireHashesOf } from './wire/identity.js'
import { parseMagnet } from './wire/magnet.js'
import { type Metainfo, parseTorrent } from './wire/metainfo.js'

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

const RECORDED: readonly unknown[] = ['events', 'inputs']

interface Hashes {
  readonly infoHash?: InfoHash | undefined
  readonly infoHashV2?: Uint8Array | undefined
}

/** The identity that a magnet, a CID or a hexadecimal info-hash names; undefined where the text is none of them. */
const identityIn = (source: string): Hashes | undefined => {
  if (source.startsWith('magnet:')) {
    const magnet = parseMagnet(source)
    if (magnet === undefined) throw new TorrewindError('SOURCE_INVALID', `not a magnet URI of a torrent: ${source}`)
    return magnet
  }
  return /^[0-9a-fA-F]{40}$/.test(source) ? { infoHash: infoHash(fromHex(source)) } : readCid(source)
}

const fits = (metainfo: Metainfo, { infoHash: v1, infoHashV2: v2 }: Hashes): boolean =>
  (v1 !== undefined && equalBytes(metainfo.infoHash, v1)) ||
  (v2 !== undefined && metainfo.infoHashV2 !== undefined && equalBytes(metainfo.infoHashV2, v2))

export class TorrentEngine implements Engine {
  readonly #parts: EngineParts
  readonly #listener: Listener
  readonly #arrivals: Arrivals
  readonly #throttle: Throttle
  readonly #udp: SharedUdp
  readonly #reach: Reach
  readonly #transports: Transports
  readonly #transfers = new Map<string, TorrentTransfer>()
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
    // Without TCP it only told which port is free.
    if (parts.transports?.tcp === false) await answer.value.close()
    engine = new TorrentEngine(parts, answer.value, arrivals)
    if (parts.filter?.blocklist !== undefined) engine.#block(parts.filter.blocklist)
    return engine
  }

  private constructor(parts: EngineParts, listener: Listener, arrivals: Arrivals) {
    this.#parts = parts
    this.#listener = listener
    this.#arrivals = arrivals
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
      failed: ({ code }) => this.#reach.learn({ type: 'utp-failed', reason: code }),
    })
    this.#reach = new Reach({
      ...(parts.reach ?? { lsd: false }),
      ports,
      port: listener.port,
      host,
      udp: this.#udp,
      tell,
      // Of private torrents only their trackers may know (BEP 27).
      wants: (hash) => this.find(hash)?.metainfo.private === false,
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
    return [...this.#transfers.values()]
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
    const torrent = await this.#torrentOf(source)
    const metainfo = parseTorrent(torrent)
    this.#assertOpen()
    if (options.limits !== undefined) readLimits(options.limits)
    readGoals(options.goals ?? {}, { ratioPermille: 0, seedingMs: 0 })
    readBounds(options.bounds ?? {}, { peersMax: 0, uploadSlots: 0 })
    const name = toHex(metainfo.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError('TRANSFER_EXISTS', `the engine has ${metainfo.name} already`)
    // Before anything is written: what is refused leaves no trace.
    wantedPieces(metainfo, options.select)
    for (const address of options.peers ?? []) checkAddress(address)
    for (const url of options.webSeeds ?? []) checkWebSeed(url)
    return this.#while(name, this.#open(name, { infoHash: metainfo.infoHash, torrent }, metainfo, options))
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
    const metainfo = parseTorrent(await this.#torrentOf(source))
    this.#assertOpen()
    const name = toHex(metainfo.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError(
        'TRANSFER_EXISTS',
        `the engine has ${metainfo.name} open: \`remove\` of it forgets its log`,
      )
    await this.#forget(name, metainfo.infoHash)
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  async #closeOnce(): Promise<void> {
    await Promise.resolve() // so that `#closing` is set for whoever looks
    await this.#listener.close()
    this.#arrivals.close()
    const unreached = this.#reach.close()
    await Promise.allSettled(this.#busy.values())
    const endings = await Promise.allSettled([...this.#transfers.values()].map((transfer) => transfer.close()))
    await Promise.allSettled(this.#busy.values()) // those that are being removed
    this.#throttle.close()
    await unreached
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

  async #open(name: string, entry: TransferEntry, metainfo: Metainfo, add: AddOptions): Promise<TorrentTransfer> {
    const { ports, version, strategy, retention } = this.#parts
    if (retention !== undefined) await retain(ports.logs, entry.infoHash, retention, ports.clock.now())
    const others = wireHashesOf(metainfo).slice(1).map(toHex)
    const log = await ports.logs.open(entry)
    let transfer: TorrentTransfer
    try {
      transfer = await TorrentTransfer.open({
        ports,
        metainfo,
        log,
        throttle: this.#throttle.group(),
        dial: (address, hash, events) =>
          this.#filter.refuses(address.host)
            ? this.#refuseToDial(events)
            : this.#transports.dial(address, hash, events),
        refuses: (host) => this.#filter.refuses(host),
        reach: this.#reach,
        version,
        add,
        strategy,
        makeStream: this.#parts.makeStream,
        retention,
        closed: () => {
          this.#transfers.delete(name)
          for (const other of others) this.#otherNames.delete(other)
        },
        forget: () => this.#forget(name, metainfo.infoHash),
      })
    } catch (error) {
      await log.close()
      throw error
    }
    this.#transfers.set(name, transfer)
    for (const other of others) this.#otherNames.set(other, name)
    for (const fact of this.#reach.facts) transfer.learn(fact)
    if (this.#blocked !== undefined) transfer.learn(this.#blocked)
    if (!metainfo.private) this.#reach.meetNodes(metainfo.nodes)
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

  /** The transfers that the data folder has. */
  async #known(): Promise<readonly TransferEntry[]> {
    try {
      return await this.#parts.ports.logs.transfers()
    } catch (error) {
      this.#assertOpen() // the log was closed while it was read
      throw error
    }
  }

  async #torrentOf(source: string | Uint8Array): Promise<Uint8Array> {
    if (typeof source !== 'string') return new Uint8Array(source) // `slice` of a Buffer would not copy
    const identity = identityIn(source)
    if (identity === undefined) return this.#parts.readTorrentFile(source)
    for (const { torrent } of await this.#known()) if (fits(parseTorrent(torrent), identity)) return torrent
    throw new TorrewindError(
      'METADATA_UNKNOWN',
      'the data folder has no torrent of this identity; add its .torrent file (metadata from peers is not there yet)',
    )
  }
}
