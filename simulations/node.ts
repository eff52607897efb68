/**
 * A node: one machine of a simulated swarm, and the real engine that runs on it, process after process.
 *
 * What is durable belongs to the node: the medium of the log, that of the disk, and the clock's error. All else belongs
 * to a process, which is stopped at any step: its ports then do nothing more, and what it awaited is never settled.
 */
import { OURS, type Strategy } from '../src/actors/strategy.js'
import { TorrentEngine } from '../src/engine.js'
import { messageOf, TorrewindError } from '../src/errors.js'
import { stateHash } from '../src/events/snapshot.js'
import { LIMITS } from '../src/limits.js'
import type { Failure, LogReader, Ports } from '../src/ports.js'
import type { ReachSettings } from '../src/reach.js'
import { createMemoryLogStore } from '../src/store/memory-log.js'
import { MemoryMedium } from '../src/store/memory-medium.js'
import type { TorrentTransfer } from '../src/transfer.js'
import type { Encryption } from '../src/transports/dialing.js'
import type { TransportSettings } from '../src/transports/transports.js'
import type { PeerAddress } from '../src/values.js'
import { VERSION } from '../src/version.js'
import { type Channels, ProcessDataChannels } from './channels.js'
import { bytesOnDiskRight, crashLosesNothing, decidesTheSame, foldGivesLiveState } from './checkers.js'
import { type ClockSettings, SimulatedClock, WORLD_BEGAN_AT } from './clock.js'
import type { Content } from './content.js'
import { ProcessDatagrams } from './datagrams.js'
import { ProcessDiscovery, type SimulatedTracker } from './discovery.js'
import { diskConditions, SimulatedDisk } from './disk.js'
import { freeRiding } from './free-riding.js'
import { SimulatedHasher } from './hasher.js'
import type { Host, HostSettings, Side } from './host.js'
import type { Introducer } from './introducers.js'
import { SimulatedMachine } from './machine.js'
import { Manners } from './manners.js'
import { DiskMedium } from './medium.js'
import { ProcessNetwork, type SimulatedNetwork, type Tap } from './network.js'
import { PACKING } from './packing.js'
import type { Chance } from './random.js'
import { ReferenceMemory } from './reference-memory.js'
import { NodeTap } from './tap.js'
import { NodeWatch } from './watch.js'
import { type EventListener, WatchedLogs } from './watched-logs.js'
import { ProcessHttpRanges, type WebServer } from './web.js'
import { ProcessWebSockets } from './web-sockets.js'
import { labelOf, type World } from './world.js'

export interface NodeSettings {
  readonly host: Omit<Partial<HostSettings>, 'host'>
  /** Has the whole content before the world begins. */
  readonly seed: boolean
  /** Has the whole content but this piece before the world begins; undefined for one that has none. */
  readonly lacks: number | undefined
  /** Unchokes others; a free rider never does. */
  readonly serves: boolean
  /** Spoils one of so many blocks that it sends; 0 for an honest peer. */
  readonly spoilsOneIn: number
  readonly clock: ClockSettings
  /** Bytes a second that it hashes; 0 for at once. */
  readonly hashRate: number
  readonly peers: readonly PeerAddress[]
  /** The most that it is connected with. */
  readonly maxPeers: number
  /** Nodes of the DHT that it begins with; undefined where it is none itself. */
  readonly dht: readonly PeerAddress[] | undefined
  /** Exchanges addresses of peers with peers. */
  readonly pex: boolean
  /** Meets peers by WebRTC whom trackers over WebSocket introduce. */
  readonly webrtc: boolean
  /** What carries its connections, and whether they are encrypted. */
  readonly transport: Transport
  readonly encryption: Encryption
  /** The group of nodes that it is counted with in results; empty for what follows from the rest. */
  readonly group: string
  /** Its address, where it shares that with others; then its port must be its own. */
  readonly behind: string | undefined
  readonly port: number
}

export const TRANSPORTS = ['tcp', 'utp', 'both'] as const
export type Transport = (typeof TRANSPORTS)[number]

export const PEER_PORT = 6_881

export const NODE_DEFAULTS: NodeSettings = {
  host: {},
  seed: false,
  lacks: undefined,
  serves: true,
  spoilsOneIn: 0,
  clock: {},
  hashRate: 1_000_000_000,
  peers: [],
  maxPeers: LIMITS.peersMax,
  dht: undefined,
  pex: false,
  webrtc: false,
  transport: 'tcp',
  encryption: 'off',
  group: '',
  behind: undefined,
  port: PEER_PORT,
}

/** What the nodes of a swarm share. */
export interface NodeSurroundings {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly content: Content
  readonly trackers: ReadonlyMap<string, SimulatedTracker>
  readonly webServers: ReadonlyMap<string, WebServer>
  /** Trackers over WebSocket. */
  readonly introducers: ReadonlyMap<string, Introducer>
  readonly channels: Channels
  report(checker: string, node: SimulatedNode, text: string): void
  isDishonest(address: string): boolean
  /** What the scenario puts in place of the engine's own decisions. */
  strategyAt(node: number): Strategy | undefined
  completed(node: SimulatedNode): void
  /** The inputs of this node are to be recorded, and decided again. */
  records(node: number): boolean
  /** Hears of each event that a node logs, where somebody wants to. */
  readonly onEvent: EventListener | undefined
}

export type NodeStanding = 'off' | 'starting' | 'running' | 'closing' | 'closed'

/** Following conversations takes memory for each connection: so many nodes say enough. */
const FOLLOWED_MAX = 64
/** A process that cannot start is started again, as a supervisor would. */
const RETRY_US = 5_000_000
/** From one start of a machine to the next; the engine takes starts within 10 s of each other for the same one. */
const BOOT_US_MIN = 12_000_000
/** The content of a seed was put there a day before the world began. */
const FILLED_AT = WORLD_BEGAN_AT - 86_400_000

const addressOfNode = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

/** One process: the ports that it was given, and what it made of them. */
interface Life {
  readonly clock: SimulatedClock
  readonly stops: ((how: 'process' | 'power') => void)[]
  readonly tickets: { abandon(): void }[]
  engine: TorrentEngine | undefined
  transfer: TorrentTransfer | undefined
  /** A write of its log failed, so that what happened since is nowhere but in its memory. */
  logFailed: boolean
}

export class SimulatedNode {
  readonly host: Host
  readonly medium: DiskMedium
  readonly watch: NodeWatch
  readonly manners: Manners
  /** Conditions of disk and log, which faults change. */
  readonly disk = diskConditions()
  readonly log: { commitMs: number; failure: Failure | undefined } = { commitMs: 1, failure: undefined }
  readonly machine: SimulatedMachine
  clock: ClockSettings
  standing: NodeStanding = 'off'
  completedAt: number | undefined
  startedAt: number | undefined
  crashes = 0
  /** It never comes back. */
  retired = false
  /** Whoever it belongs to does not want it to run just now: nobody else starts it, either. */
  away = false
  /** Somebody started it while it was closing. */
  #again = false
  /** Where its user knows the files to be. */
  #folder = '/downloads'
  /** What it remembers of the DHT. */
  #dhtNodes: Uint8Array | undefined
  readonly #logMedium = new MemoryMedium(PACKING)
  readonly #diskChance: Chance
  readonly #logChance: Chance
  #bootedAt = Number.NEGATIVE_INFINITY
  #life: Life | undefined

  constructor(
    readonly surroundings: NodeSurroundings,
    readonly number: number,
    readonly settings: NodeSettings,
  ) {
    const { world, network, content } = surroundings
    this.host = network.attach(number, { ...settings.host, host: settings.behind ?? addressOfNode(number) })
    this.machine = new SimulatedMachine(world, number)
    this.medium = new DiskMedium(content)
    this.clock = settings.clock
    this.#diskChance = world.chance('disk', number)
    this.#logChance = world.chance('log', number)
    if (settings.seed || settings.lacks !== undefined) this.medium.fill(FILLED_AT)
    if (settings.lacks !== undefined) this.medium.erasePiece(settings.lacks, FILLED_AT)
    this.manners = new Manners(world, content, world.chance('manners', number))
    if (settings.spoilsOneIn > 0) this.manners.begin('spoils', settings.spoilsOneIn)
    this.watch = new NodeWatch({
      world,
      content,
      medium: this.medium,
      followed: number <= FOLLOWED_MAX,
      report: (checker, text) => surroundings.report(checker, this, text),
      mayBeBanned: (address) => surroundings.isDishonest(address),
      diskFails: () => this.disk.failure !== undefined,
      completed: () => this.#completed(),
      logged: (seq, at, event) => surroundings.onEvent?.(number, seq, at, event),
      state: () => this.#life?.transfer?.state,
    })
  }

  get address(): PeerAddress {
    return { host: this.host.settings.host, port: this.settings.port }
  }

  get honest(): boolean {
    return this.manners.honest
  }

  get group(): string {
    const { group, seed } = this.settings
    if (group !== '') return group
    return this.honest ? (seed ? 'seeds' : 'leechers') : 'poisoners'
  }

  get transfer(): TorrentTransfer | undefined {
    return this.#life?.transfer
  }

  /** A process is started, with what is durable of the ones before. */
  start(): void {
    if (this.retired || this.away) return
    if (this.standing === 'closing') this.#again = true
    if (this.standing !== 'off' && this.standing !== 'closed') return
    const { network, world } = this.surroundings
    if (!this.host.up && world.now < this.#bootedAt + BOOT_US_MIN) {
      world.schedule(this.#bootedAt + BOOT_US_MIN, labelOf('scenario', this.number), () => this.start())
      return
    }
    this.standing = 'starting'
    this.startedAt ??= world.now
    if (!this.host.up) {
      this.host.up = true
      this.#bootedAt = world.now
      this.machine.startAnew()
      network.retry()
    }
    this.watch.began()
    const clock = new SimulatedClock(world, this.number, this.clock)
    const life: Life = { clock, stops: [], tickets: [], engine: undefined, transfer: undefined, logFailed: false }
    this.#life = life
    this.#open(life, this.#ports(life))
  }

  /** The process is killed, or the machine loses its power: only what is durable is left. */
  crash(how: 'process' | 'power'): void {
    const life = this.#life
    if (life === undefined || this.standing === 'closed') return
    this.crashes++
    if (life.transfer !== undefined) this.watch.examine(life.transfer.state)
    this.#stop(life, how)
    if (how === 'power') {
      this.host.up = false
      this.medium.losePower(this.#diskChance)
      this.#logMedium.losePower((writes) => this.#logChance.below(writes + 1))
    }
    this.#task(() => this.#checkCrash(how))
  }

  /** Its clock is so much later all at once. */
  jumpClock(byMs: number): void {
    this.clock = { ...this.clock, aheadMs: (this.clock.aheadMs ?? 0) + byMs }
    this.#life?.clock.jump(byMs)
  }

  /** Its clock is so much too fast from now on. */
  driftClock(driftPpm: number): void {
    this.clock = { ...this.clock, driftPpm }
    this.#life?.clock.drift(driftPpm)
  }

  /** It is wanted, for the first time or again. */
  come(): void {
    this.away = false
    this.start()
  }

  /** It is not wanted for a while, or for good. */
  leave(): void {
    this.away = true
    this.close()
  }

  /** Lets go in good order, and compares what the log says with what was live. */
  close(): void {
    const life = this.#life
    if (life === undefined || this.standing !== 'running') return
    this.standing = 'closing'
    this.#again = false
    life.tickets.push(
      this.surroundings.world.task(this.number, async () => {
        const { engine, transfer } = life
        if (transfer !== undefined) this.watch.examine(transfer.state)
        await engine?.close()
        if (transfer !== undefined) await this.#checkEnd(transfer, life)
        this.#stop(life, 'process')
        this.standing = 'closed'
        if (this.#again) this.start()
      }),
    )
  }

  /** After a failure of the world that is over, as a user would. */
  resume(): void {
    const transfer = this.#life?.transfer
    if (transfer?.state.failure === undefined) return
    this.#task(async () => {
      try {
        await transfer.resume()
      } catch (error) {
        if (!(error instanceof TorrewindError)) throw error
      }
    })
  }

  /** Has its files brought to another folder, and notes where they are once they are there, as a program would. */
  move(folder: string): void {
    const transfer = this.#life?.transfer
    if (transfer === undefined || this.standing !== 'running') return
    this.#task(async () => {
      try {
        await transfer.move(folder)
        this.#folder = folder
      } catch (error) {
        if (!(error instanceof TorrewindError)) throw error
      }
    })
  }

  #ports(life: Life): Ports {
    const { world, network, content, trackers, webServers, introducers } = this.surroundings
    const { clock } = life
    const watch = this.watch
    // What is encrypted says nothing to who stands between.
    const isPlain = this.settings.encryption === 'off'
    const tap = isPlain ? (side: Side): Tap => new NodeTap(side, watch, this.manners) : undefined
    const port = new ProcessNetwork(network, this.host, tap)
    const datagrams = new ProcessDatagrams(network, this.host)
    const hasher = new SimulatedHasher(world, this.number, content, { rate: this.settings.hashRate })
    const { host } = this.host.settings
    const entropy = (length: number): Uint8Array => this.machine.entropy(length)
    const webSockets = new ProcessWebSockets(world, this.number, host, introducers)
    const channels = new ProcessDataChannels(this.surroundings.channels, this.host)
    const discovery = new ProcessDiscovery(world, this.number, host, trackers, {
      ...{ clock, webSockets, entropy },
      channels: this.settings.webrtc ? channels : undefined,
    })
    const httpRanges = new ProcessHttpRanges(world, this.number, webServers)
    const logs = createMemoryLogStore(clock, this.#logMedium, {
      writeMs: () => this.log.commitMs,
      failure: () => {
        if (this.log.failure !== undefined && !life.logFailed) {
          life.logFailed = true
          // The transfer closes itself, which awaits; nobody else does.
          life.tickets.push(world.task(this.number, () => new Promise(() => undefined)))
        }
        return this.log.failure
      },
    })
    life.stops.push(
      (how) => port.stop(how),
      () => datagrams.stop(),
      () => clock.stop(),
      () => hasher.stop(),
      () => discovery.stop(),
      (how) => webSockets.stop(how),
      () => channels.stop(),
      () => httpRanges.stop(),
    )
    return {
      clock,
      network: port,
      datagrams,
      hasher,
      discovery,
      httpRanges,
      logs: new WatchedLogs(logs, watch),
      openDisk: (options) => {
        const parts = { clock, medium: this.medium, conditions: this.disk, chance: this.#diskChance }
        const disk = new SimulatedDisk(world, this.number, parts, options)
        life.stops.push(() => disk.stop())
        return disk
      },
      dhtMemory: {
        load: (done) => clock.wakeAt(clock.now(), () => done({ type: 'done', value: this.#dhtNodes })),
        save: (bytes, done) =>
          clock.wakeAt(clock.now(), () => {
            this.#dhtNodes = bytes
            done({ type: 'done', value: undefined })
          }),
      },
      openPieceMemory: () => new ReferenceMemory(content),
      entropy,
      machineStartedAt: () => this.machine.machineStartedAt(),
    }
  }

  #open(life: Life, ports: Ports): void {
    const { world, content } = this.surroundings
    const open = async (): Promise<void> => {
      life.engine = await TorrentEngine.open({
        ports,
        version: VERSION,
        readTorrentFile: async (path) => {
          throw new TorrewindError('SOURCE_UNREADABLE', `there is no ${path} in a simulated world`)
        },
        port: this.settings.port,
        host: undefined,
        downloadLimit: 0,
        uploadLimit: 0,
        reach: this.#reach,
        transports: this.#transports,
        strategy: this.honest ? this.#strategy() : undefined,
      })
      const record = this.#records ? 'inputs' : 'events'
      const { folder } = await life.engine.add(content.torrent, {
        path: this.#folder,
        peers: this.settings.peers,
        record,
        // As it is anyway needs no event that says so.
        ...(this.settings.maxPeers !== LIMITS.peersMax && { bounds: { maxPeers: this.settings.maxPeers } }),
      })
      this.#folder = folder
      life.transfer = life.engine.find(content.metainfo.infoHash)
      this.standing = 'running'
      if (this.away || this.retired) this.close()
    }
    life.tickets.push(world.task(this.number, () => open().catch((error) => this.#notStarted(life, error))))
  }

  /** One that never serves decides otherwise than it would be decided again. */
  get #records(): boolean {
    return this.settings.serves && this.surroundings.records(this.number)
  }

  get #reach(): ReachSettings | undefined {
    const { dht, pex } = this.settings
    if (dht === undefined && !pex) return undefined
    return { lsd: false, pex, dht: dht && { bootstrap: dht } }
  }

  get #transports(): TransportSettings {
    const { transport, encryption } = this.settings
    return { tcp: transport !== 'utp', utp: transport !== 'tcp', encryption }
  }

  #strategy(): Strategy | undefined {
    const strategy = this.surroundings.strategyAt(this.number)
    return this.settings.serves ? strategy : freeRiding(strategy ?? OURS)
  }

  #notStarted(life: Life, error: unknown): void {
    const worlds = error instanceof TorrewindError && ['DISK_FAILED', 'LOG_FAILED'].includes(error.code)
    if (!worlds) this.surroundings.report('starts', this, messageOf(error))
    this.#stop(life, 'process')
    if (!worlds) return
    const { world } = this.surroundings
    world.schedule(world.now + RETRY_US, labelOf('scenario', this.number), () => this.start())
  }

  #stop(life: Life, how: 'process' | 'power'): void {
    for (const stop of life.stops) stop(how)
    for (const ticket of life.tickets) ticket.abandon()
    this.#life = undefined
    this.standing = 'off'
  }

  #task(work: () => Promise<void>): void {
    const ticket = this.surroundings.world.task(this.number, work)
    this.#life?.tickets.push(ticket)
  }

  #completed(): void {
    this.completedAt ??= this.surroundings.world.now
    this.surroundings.completed(this)
  }

  /** A fresh look at the log, by a clock of its own. */
  async reader(): Promise<LogReader | undefined> {
    const clock = new SimulatedClock(this.surroundings.world, this.number, this.clock)
    return createMemoryLogStore(clock, this.#logMedium).reader(this.surroundings.content.metainfo.infoHash)
  }

  async #checkEnd({ state }: TorrentTransfer, { logFailed }: Life): Promise<void> {
    const log = await this.reader()
    if (log !== undefined && !logFailed)
      this.#report('foldGivesLiveState', await foldGivesLiveState(log, stateHash(state)))
    if (log !== undefined && this.#records) this.#report('decidesTheSame', await decidesTheSame(log))
    if (this.watch.rotten) return
    const { content } = this.surroundings
    this.#report('bytesOnDiskRight', bytesOnDiskRight(content, this.medium, state.stored.indices()))
  }

  async #checkCrash(how: 'process' | 'power'): Promise<void> {
    const { committedSeq, durable, everDurable } = this.watch
    const log = await this.reader()
    const left = await (how === 'power'
      ? crashLosesNothing(log, 0, everDurable)
      : crashLosesNothing(log, committedSeq, durable))
    this.#report('crashLosesNothing', left.finding)
    // What was committed and not yet on the medium may be lost with the power, and is then to be fetched again.
    if (how === 'power') this.watch.lost(left.committedSeq, left.stored)
  }

  #report(checker: string, finding: string | undefined): void {
    if (finding !== undefined) this.surroundings.report(checker, this, finding)
  }
}
