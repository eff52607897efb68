/**
 * A node: one machine of a simulated swarm, on which the real engine runs, process after process.
 *
 * What is durable belongs to the node: the medium of its logs, what it holds of each torrent, and the clock's error. All
 * else belongs to a process, its life.
 */

import { present } from '../src/assert.js'
import { messageOf, TorrewindError } from '../src/errors.js'
import type { Failure, LogReader, LogStore } from '../src/ports.js'
import type { QueueLimits } from '../src/queue.js'
import { createMemoryLogStore } from '../src/store/memory-log.js'
import { MemoryMedium } from '../src/store/memory-medium.js'
import type { TorrentTransfer } from '../src/transfer.js'
import type { PeerAddress } from '../src/values.js'
import { type ClockSettings, SimulatedClock } from './clock.js'
import { diskConditions } from './disk.js'
import { Holding } from './holding.js'
import type { Host } from './host.js'
import { Life, type Living } from './life.js'
import { SimulatedMachine } from './machine.js'
import { Manners } from './manners.js'
import type { DiskMedium } from './medium.js'
import type { NodeSettings } from './node-settings.js'
import { PACKING } from './packing.js'
import type { Chance } from './random.js'
import type { NodeSurroundings } from './surroundings.js'
import { User } from './user.js'
import type { NodeWatch } from './watch.js'
import { labelOf } from './world.js'

/** How a process ends: killed, with the power of its machine, or in good order. */
export type Stop = 'process' | 'power' | 'close'

export type NodeStanding = 'off' | 'starting' | 'running' | 'closing' | 'closed'

/** Following conversations takes memory for each connection: so many nodes say enough. */
const FOLLOWED_MAX = 64
/** A process that cannot start is started again, as a supervisor would. */
const RETRY_US = 5_000_000
/** From one start of a machine to the next; the engine takes starts within 10 s of each other for the same one. */
const BOOT_US_MIN = 12_000_000

const addressOfNode = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

export class SimulatedNode implements Living {
  readonly host: Host
  /** What it has of each of its torrents, in the order in which they are added first. */
  readonly holdings: readonly Holding[]
  readonly manners: Manners
  readonly user: User
  /** What it says is compared with the protocol. */
  readonly followed: boolean
  /** Conditions of disk and log, which faults change. */
  readonly disk = diskConditions()
  readonly log: { commitMs: number; failure: Failure | undefined } = { commitMs: 1, failure: undefined }
  readonly logMedium = new MemoryMedium(PACKING)
  readonly machine: SimulatedMachine
  readonly diskChance: Chance
  clock: ClockSettings
  /** So many of its torrents may be active. */
  queue: QueueLimits
  /** A process is about to be no more. */
  onStopping: ((how: Stop) => void) | undefined
  /** What it remembers of the DHT. */
  dhtNodes: Uint8Array | undefined
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
  readonly #logChance: Chance
  readonly #orderChance: Chance
  #bootedAt = Number.NEGATIVE_INFINITY
  #life: Life | undefined

  constructor(
    readonly surroundings: NodeSurroundings,
    readonly number: number,
    readonly settings: NodeSettings,
  ) {
    const { world, network, contents } = surroundings
    this.host = network.attach(number, { ...settings.host, host: settings.behind ?? addressOfNode(number) })
    this.machine = new SimulatedMachine(world, number)
    this.clock = settings.clock
    this.queue = settings.queue
    this.diskChance = world.chance('disk', number)
    this.#logChance = world.chance('log', number)
    this.#orderChance = world.chance('order of torrents', number)
    this.followed = number <= FOLLOWED_MAX
    this.manners = new Manners(world, world.chance('manners', number))
    if (settings.spoilsOneIn > 0) this.manners.begin('spoils', settings.spoilsOneIn)
    this.user = new User(this)
    this.holdings = (settings.torrents ?? contents.map((_, at) => at + 1)).map((torrent) => this.#hold(torrent))
  }

  #hold(torrent: number): Holding {
    const { surroundings, number, settings } = this
    return new Holding({
      world: surroundings.world,
      content: present(surroundings.contents[torrent - 1], 'a torrent of the swarm'),
      seed: settings.seed,
      lacks: settings.lacks,
      followed: this.followed,
      report: (checker, text) => surroundings.report(checker, this, text, 'safety', torrent),
      mayBeBanned: (address) => surroundings.isDishonest(address),
      diskFails: () => this.disk.failure !== undefined,
      completed: () => this.#completed(),
      logged: (seq, at, event) => surroundings.onEvent?.(number, seq, at, event, torrent),
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

  /** What it has of the first of its torrents, or of the only one. */
  get first(): Holding {
    return present(this.holdings[0], 'a torrent of the node')
  }
  get transfer(): TorrentTransfer | undefined {
    return this.first.transfer
  }
  get medium(): DiskMedium {
    return this.first.medium
  }
  get watch(): NodeWatch {
    return this.first.watch
  }

  /** Over all that it holds. */
  sum(of: (watch: NodeWatch) => number): number {
    return this.holdings.reduce((sum, { watch }) => sum + of(watch), 0)
  }

  /** A bit on one of its disks is wrong without anybody's fault. */
  get rotten(): boolean {
    return this.holdings.some(({ watch }) => watch.rotten)
  }

  /** The process that runs, where there is one. */
  get engine(): Life['engine'] {
    return this.#life?.engine
  }

  /** What peers name by this. */
  holdingOf(infoHash: Uint8Array): Holding | undefined {
    return this.holdings.find((holding) => holding.isNamed(infoHash))
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
    const isFirst = this.startedAt === undefined
    this.startedAt ??= world.now
    if (!this.host.up) {
      this.host.up = true
      this.#bootedAt = world.now
      this.machine.startAnew()
      network.retry()
    }
    for (const { watch } of this.holdings) watch.began()
    // Programs need not remember what was added first: the queue does.
    const { length } = this.holdings
    this.#open(isFirst || length === 1 ? this.holdings : this.#orderChance.some(this.holdings, length))
  }

  /** The process is killed, or the machine loses its power: only what is durable is left. */
  crash(how: 'process' | 'power'): void {
    const life = this.#life
    if (life === undefined || this.standing === 'closed') return
    this.crashes++
    this.onStopping?.(how)
    for (const holding of this.holdings) holding.examine()
    this.#stop(life, how)
    if (how === 'power') {
      this.host.up = false
      for (const { medium } of this.holdings) medium.losePower(this.diskChance)
      this.logMedium.losePower((writes) => this.#logChance.below(writes + 1))
    }
    // Opened before the next process opens them: whoever opens logs takes them from those before.
    const logs = this.#logs()
    const left = this.holdings.map((holding) => ({ holding, log: logs.reader(holding.infoHash) }))
    this.task(async () => {
      for (const { holding, log } of left) await holding.checkCrash(await log, how)
    })
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
    this.onStopping?.('close')
    this.standing = 'closing'
    this.#again = false
    life.task(async () => {
      const { engine } = life
      for (const holding of this.holdings) holding.examine()
      await engine?.close()
      for (const holding of this.holdings) await this.#checkEnd(holding, life)
      this.#stop(life, 'process')
      this.standing = 'closed'
      if (this.#again) this.start()
    })
  }

  #open(order: readonly Holding[]): void {
    const life = new Life(this)
    this.#life = life
    life.task(async () => {
      try {
        await life.open(order)
        if (this.#life !== life) return
        this.standing = 'running'
        for (const holding of this.holdings) this.task(() => holding.began())
        if (this.away || this.retired) this.close()
      } catch (error) {
        this.#notStarted(life, error)
      }
    })
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
    life.stop(how)
    for (const holding of this.holdings) holding.transfer = undefined
    this.#life = undefined
    this.standing = 'off'
  }

  /** Something that it awaits, while its process runs. */
  task(work: () => Promise<void>): void {
    if (this.#life !== undefined) this.#life.task(work)
    else this.surroundings.world.task(this.number, work)
  }

  #completed(): void {
    if (this.holdings.some(({ completedAt }) => completedAt === undefined)) return
    this.completedAt ??= this.surroundings.world.now
    this.surroundings.completed(this.number)
  }

  /** A fresh look at the log of one torrent, by a clock of its own. */
  reader({ infoHash }: Holding = this.first): Promise<LogReader | undefined> {
    return this.#logs().reader(infoHash)
  }

  #logs(): LogStore {
    const clock = new SimulatedClock(this.surroundings.world, this.number, this.clock)
    return createMemoryLogStore(clock, this.logMedium)
  }

  async #checkEnd(holding: Holding, { logFailed, records }: Life): Promise<void> {
    const { transfer } = holding
    if (transfer === undefined) return
    const of = { recorded: records, whole: !logFailed }
    await holding.checkEnd(transfer, await this.reader(holding), of)
  }
}
