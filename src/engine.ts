/** The engine: many transfers that share ports, limits and one listening socket. */
import type { EngineFact } from './actors/vocabulary.js'
import type { AddOptions, BlocklistSource, ConnectionLimits, Engine, QueueBounds, RateLimits, Transfer } from './api.js'
import { Arrivals } from './arrivals.js'
import { SharedUdp } from './discovery/udp-shared.js'
import { TorrewindError } from './errors.js'
import type { EventOf } from './events/vocabulary.js'
import { readConnectionLimits } from './goals.js'
import type { Answer, Cancel, Listener } from './ports.js'
import { Queue, type QueueLimits, readQueueBounds } from './queue.js'
import { Reach, type ReachSettings } from './reach.js'
import { type SlotLimits, Slots } from './slots.js'
import { readLimits, Throttle } from './throttle.js'
import type { TorrentTransfer } from './transfer.js'
import { type TransferParts, Transfers } from './transfers.js'
import type { Dialer } from './transports/dialing.js'
import { letsIn, type TransportSettings, Transports } from './transports/transports.js'
import type { InfoHash } from './values.js'
import { AddressFilter, type Blocklist, type BlocklistReport, blocklistOf } from './wire/blocklist.js'

export interface EngineParts extends TransferParts {
  /** Addresses with which nothing is had to do; its blocklist may be set before. */
  readonly filter?: AddressFilter | undefined
  /** Throws `BLOCKLIST_UNREADABLE`. */
  readBlocklist?(source: BlocklistSource): Promise<Blocklist>
  readonly port: number
  readonly host: string | undefined
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
}

/** Of the handshake of who has not sent it yet. */
const NOTHING = new Uint8Array()

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
  readonly #transfers: Transfers
  readonly #queue: Queue<TorrentTransfer>
  readonly #slots: Slots
  readonly #filter: AddressFilter
  /** What is blocked, for transfers that come later. */
  #blocked: EventOf<'blocklist-set'> | undefined
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
      hashes: () => (engine === undefined ? [] : engine.#transfers.hashes),
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
    this.#transfers = new Transfers({
      ...parts,
      queue: this.#queue,
      slots: this.#slots,
      throttle: this.#throttle,
      reach: () => this.#reach,
      dial: (...dialed) => this.#dial(...dialed),
      refuses: (host) => this.#filter.refuses(host),
      facts: () => [...this.#reach.facts, ...(this.#blocked === undefined ? [] : [this.#blocked])],
      assertOpen: () => this.#assertOpen(),
    })
    const { host, ports } = parts
    this.#udp = new SharedUdp({ datagrams: ports.datagrams, port: listener.port, host })
    const tell = (fact: EngineFact): void => {
      for (const transfer of this.#transfers.all) transfer.learn(fact)
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
    for (const transfer of this.#transfers.all) transfer.shareLimits(this.limits)
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
    for (const transfer of this.#transfers.all) {
      transfer.learn(this.#blocked)
      transfer.refuseBlocked()
    }
  }

  find(hash: InfoHash): TorrentTransfer | undefined {
    return this.#transfers.find(hash)
  }

  add(source: string | Uint8Array, options: AddOptions): Promise<Transfer> {
    return this.#transfers.add(source, options)
  }

  forget(source: string | Uint8Array): Promise<void> {
    return this.#transfers.forget(source)
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
    const endings = await this.#transfers.close()
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

  #dial(...[address, hash, events, punching]: Parameters<Dialer>): ReturnType<Dialer> {
    if (!this.#filter.refuses(address.host)) return this.#transports.dial(address, hash, events, punching)
    const { clock } = this.#parts.ports
    const close = clock.wakeAt(clock.now(), () =>
      events.closed({ code: 'BLOCKED', message: 'the address is on the blocklist' }),
    )
    return { close }
  }
}
