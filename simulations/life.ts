/**
 * A life: one process on a simulated machine, with the ports that it was given and the engine that it made of them. It may
 * be stopped at any step: its ports then do nothing more, and what it awaited is never settled.
 */

import { OURS, type Strategy } from '../src/actors/strategy.js'
import { present } from '../src/assert.js'
import { TorrentEngine } from '../src/engine.js'
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Failure, Ports } from '../src/ports.js'
import type { QueueLimits } from '../src/queue.js'
import type { ReachSettings } from '../src/reach.js'
import { createMemoryLogStore } from '../src/store/memory-log.js'
import type { MemoryMedium } from '../src/store/memory-medium.js'
import { partFile } from '../src/store/parts.js'
import type { TransportSettings } from '../src/transports/transports.js'
import { VERSION } from '../src/version.js'
import { ProcessDataChannels } from './channels.js'
import { type ClockSettings, SimulatedClock } from './clock.js'
import { ProcessDatagrams } from './datagrams.js'
import { ProcessDiscovery } from './discovery.js'
import { type DiskConditions, SimulatedDisk } from './disk.js'
import { freeRiding } from './free-riding.js'
import { SimulatedHasher } from './hasher.js'
import type { Holding } from './holding.js'
import type { Host, Side } from './host.js'
import type { SimulatedMachine } from './machine.js'
import { ProcessNetwork } from './network.js'
import type { NodeSettings } from './node-settings.js'
import type { Chance } from './random.js'
import { ReferenceMemory } from './reference-memory.js'
import type { NodeSurroundings } from './surroundings.js'
import { NodeTap, type TappedNode } from './tap.js'
import { WatchedLogs } from './watched-logs.js'
import { ProcessHttpRanges } from './web.js'
import { ProcessWebSockets } from './web-sockets.js'

/** What a process is given of its machine, beside its settings: what is durable, and what faults change. */
export interface Living extends TappedNode {
  readonly surroundings: NodeSurroundings
  readonly number: number
  readonly settings: NodeSettings
  readonly host: Host
  readonly machine: SimulatedMachine
  readonly clock: ClockSettings
  readonly queue: QueueLimits
  readonly holdings: readonly Holding[]
  readonly disk: DiskConditions
  readonly diskChance: Chance
  readonly log: { readonly commitMs: number; readonly failure: Failure | undefined }
  readonly logMedium: MemoryMedium
  /** What it remembers of the DHT. */
  dhtNodes: Uint8Array | undefined
}

export class Life {
  readonly clock: SimulatedClock
  engine: TorrentEngine | undefined
  /** A write of its log failed, so that what happened since is nowhere but in its memory. */
  logFailed = false
  #stopped = false
  readonly #node: Living
  readonly #stops: ((how: 'process' | 'power') => void)[] = []
  readonly #tickets: { abandon(): void }[] = []

  constructor(node: Living) {
    this.#node = node
    this.clock = new SimulatedClock(node.surroundings.world, node.number, node.clock)
  }

  /** It awaits something of its own. */
  task(work: () => Promise<void>): void {
    const { surroundings, number } = this.#node
    this.#tickets.push(surroundings.world.task(number, work))
  }

  /** Opens the engine, and adds what the machine has to it, in this order. */
  async open(holdings: readonly Holding[]): Promise<void> {
    const node = this.#node
    const { port, peers, maxPeers } = node.settings
    this.engine = await TorrentEngine.open({
      ports: this.#ports(),
      version: VERSION,
      readTorrentFile: async (path) => {
        throw new TorrewindError('SOURCE_UNREADABLE', `there is no ${path} in a simulated world`)
      },
      port,
      host: undefined,
      queue: node.queue,
      downloadLimit: 0,
      uploadLimit: 0,
      reach: this.#reach,
      transports: this.#transports,
      strategy: this.#strategy,
    })
    for (const holding of holdings) {
      const { content, folder: path } = holding
      const { folder } = await this.engine.add(content.torrent, {
        path,
        peers,
        record: this.records ? 'inputs' : 'events',
        // As it is anyway needs no event that says so.
        ...(maxPeers !== LIMITS.peersMax && { bounds: { maxPeers } }),
      })
      if (this.#stopped) return
      holding.folder = folder
      holding.transfer = this.engine.find(holding.infoHash)
    }
  }

  stop(how: 'process' | 'power'): void {
    this.#stopped = true
    for (const stop of this.#stops) stop(how)
    for (const ticket of this.#tickets) ticket.abandon()
  }

  /** One that never serves decides otherwise than it would be decided again. */
  get records(): boolean {
    const { settings, surroundings, number } = this.#node
    return settings.serves && surroundings.records(number)
  }

  /** In place of the engine's own decisions. */
  get #strategy(): Strategy | undefined {
    const { settings, surroundings, number, manners } = this.#node
    if (!manners.honest) return undefined
    const strategy = surroundings.strategyAt(number)
    return settings.serves ? strategy : freeRiding(strategy ?? OURS)
  }

  get #reach(): ReachSettings | undefined {
    const { dht, pex } = this.#node.settings
    if (dht === undefined && !pex) return undefined
    return { lsd: false, pex, dht: dht && { bootstrap: dht } }
  }

  get #transports(): TransportSettings {
    const { transport, encryption } = this.#node.settings
    return { tcp: transport !== 'utp', utp: transport !== 'tcp', encryption }
  }

  #ports(): Ports {
    const node = this.#node
    const { surroundings, number, settings, machine, holdings } = node
    const { world, network, trackers, webServers, introducers } = surroundings
    const { clock } = this
    const { host } = node.host.settings
    const contents = holdings.map(({ content }) => content)
    // What is encrypted says nothing to who stands between.
    const isPlain = settings.encryption === 'off'
    const port = new ProcessNetwork(network, node.host, isPlain ? (side: Side) => new NodeTap(side, node) : undefined)
    const datagrams = new ProcessDatagrams(network, node.host)
    const hasher = new SimulatedHasher(world, number, contents, { rate: settings.hashRate })
    const entropy = (length: number): Uint8Array => machine.entropy(length)
    const webSockets = new ProcessWebSockets(world, number, host, introducers)
    const channels = new ProcessDataChannels(surroundings.channels, node.host)
    const discovery = new ProcessDiscovery(world, number, host, trackers, {
      ...{ clock, webSockets, entropy },
      channels: settings.webrtc ? channels : undefined,
    })
    const httpRanges = new ProcessHttpRanges(world, number, webServers)
    const logs = createMemoryLogStore(clock, node.logMedium, {
      writeMs: () => node.log.commitMs,
      failure: () => this.#logFailure(),
    })
    this.#stops.push(
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
      logs: new WatchedLogs(logs, (infoHash) => present(node.holdingOf(infoHash), 'what the log is of').watch),
      openDisk: (options) => {
        const { medium } = this.#whose(options.files)
        const parts = { clock, medium, conditions: node.disk, chance: node.diskChance }
        const disk = new SimulatedDisk(world, number, parts, options)
        this.#stops.push(() => disk.stop())
        return disk
      },
      dhtMemory: {
        load: (done) => clock.wakeAt(clock.now(), () => done({ type: 'done', value: node.dhtNodes })),
        save: (bytes, done) =>
          clock.wakeAt(clock.now(), () => {
            node.dhtNodes = bytes
            done({ type: 'done', value: undefined })
          }),
      },
      openPieceMemory: () => new ReferenceMemory(contents),
      entropy,
      machineStartedAt: () => machine.machineStartedAt(),
    }
  }

  /** Whatever its files are called, the last of them is named by the info-hash. */
  #whose(files: readonly { readonly path: readonly string[] }[]): Holding {
    const name = files.at(-1)?.path[0]
    const isOf = ({ content }: Holding): boolean => partFile(content.metainfo).path[0] === name
    return present(this.#node.holdings.find(isOf), `whose ${name} is`)
  }

  #logFailure(): Failure | undefined {
    const { failure } = this.#node.log
    if (failure !== undefined && !this.logFailed) {
      this.logFailed = true
      // The transfer closes itself, which awaits; nobody else does.
      this.task(() => new Promise(() => undefined))
    }
    return failure
  }
}
