/** A swarm: the world of one run, with its network, its trackers and its nodes, and what was found wrong in it. */
import type { Strategy } from '../src/actors/strategy.js'
import { present } from '../src/assert.js'
import type { TorrewindError } from '../src/errors.js'
import { mix } from '../src/random.js'
import { Channels } from './channels.js'
import { Content, type ContentSettings } from './content.js'
import { SimulatedTracker, type TrackerSettings } from './discovery.js'
import type { Fault } from './faults.js'
import { Introducer } from './introducers.js'
import { SimulatedNetwork } from './network.js'
import { SimulatedNode } from './node.js'
import { NODE_DEFAULTS, type NodeSettings } from './node-settings.js'
import { type Strategies, strategyOf } from './strategies.js'
import type { NodeSurroundings } from './surroundings.js'
import type { EventListener } from './watched-logs.js'
import { WebServer } from './web.js'
import { labelOf, US_PER_SECOND, World } from './world.js'

export interface Violation {
  /** The name of the checker. */
  readonly checker: string
  readonly kind: 'safety' | 'liveness' | 'crash'
  readonly node: number | undefined
  /** Which of the swarm's torrents it is about, from 1 on, where there are several. */
  readonly torrent?: number | undefined
  readonly atSeconds: number
  readonly text: string
}

/** A run that goes wrong everywhere says so often enough with these. */
const VIOLATIONS_MAX = 20

export interface SwarmSettings {
  /** Of each of its torrents. */
  readonly content: Omit<ContentSettings, 'name' | 'trackers' | 'webSeeds'>
  /** One, where it is left out. */
  readonly torrents?: number | undefined
  readonly trackers: number
  /** Trackers over WebSocket, which come before the others. */
  readonly webTrackers?: number | undefined
  readonly webSeeds?: { readonly count: number; readonly rate: number } | undefined
  readonly tracker: TrackerSettings
  readonly strategies?: Strategies | undefined
  /** In place of those that the scenario would have. */
  readonly faults?: readonly Fault[] | undefined
  /** So many nodes record their inputs. */
  readonly recordedNodes?: number | undefined
}

export class Swarm implements NodeSurroundings {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly contents: readonly Content[]
  readonly trackers: ReadonlyMap<string, SimulatedTracker>
  readonly webServers: ReadonlyMap<string, WebServer>
  readonly introducers: ReadonlyMap<string, Introducer>
  readonly channels: Channels
  readonly nodes: SimulatedNode[] = []
  readonly violations: Violation[] = []
  /** Hears of each event that a node logs. */
  onEvent: EventListener | undefined
  onViolation: ((violation: Violation) => void) | undefined
  onCompleted: ((node: SimulatedNode) => void) | undefined
  /** Called once, when the nodes that are there from the start were added. */
  beforeRun: (() => void) | undefined
  /** What a picker or choker of the scenario did wrong. */
  failure: TorrewindError | undefined
  readonly #strategies: Strategies
  /** The schedule of this run. */
  faults: readonly Fault[] = []
  #given: readonly Fault[] | undefined
  readonly #recordedNodes: number

  constructor(seed: number, settings: SwarmSettings) {
    const { content, torrents = 1, trackers, tracker, strategies = {}, faults, recordedNodes = 0 } = settings
    this.#given = faults
    this.#recordedNodes = recordedNodes
    this.#strategies = strategies
    this.world = new World(seed)
    this.network = new SimulatedNetwork(this.world)
    const urls = Array.from({ length: trackers }, (_, which) => `http://tracker-${which}.example/announce`)
    const { webTrackers = 0 } = settings
    const webUrls = Array.from({ length: webTrackers }, (_, which) => `wss://tracker-${which}.example/announce`)
    const { count, rate } = settings.webSeeds ?? { count: 0, rate: 0 }
    const webSeeds = Array.from({ length: count }, (_, which) => `http://web-${which}.example/files/`)
    this.contents = Array.from({ length: torrents }, (_, torrent) => {
      const name = torrent === 0 ? 'content' : `content-${torrent}`
      const noise = torrent === 0 ? seed : mix(seed, torrent)
      return new Content(noise, { ...content, name, trackers: [...webUrls, ...urls], webSeeds })
    })
    this.webServers = new Map(webSeeds.map((url) => [url, new WebServer(this.world, url, this.contents, rate)]))
    this.introducers = new Map(webUrls.map((url) => [url, new Introducer(this.world, url, tracker)]))
    this.channels = new Channels(this.network)
    this.trackers = new Map(urls.map((url) => [url, new SimulatedTracker(this.world, url, tracker)]))
  }

  /** Something was found that must not be: what follows would say nothing new. */
  get stopped(): boolean {
    return this.violations.length > 0 || this.failure !== undefined
  }

  /** Of the first of its torrents, or of the only one. */
  get content(): Content {
    return present(this.contents[0], 'a torrent of the swarm')
  }

  /** Of all its torrents. */
  get pieces(): number {
    return this.contents.reduce((sum, { pieces }) => sum + pieces, 0)
  }

  get events(): number {
    return this.nodes.reduce((sum, node) => sum + node.sum(({ events }) => events), 0)
  }

  get blocks(): number {
    return this.nodes.reduce((sum, node) => sum + node.sum(({ blocksReceived }) => blocksReceived), 0)
  }

  add(settings: Partial<NodeSettings> = {}): SimulatedNode {
    const node = new SimulatedNode(this, this.nodes.length + 1, { ...NODE_DEFAULTS, ...settings })
    this.nodes.push(node)
    return node
  }

  /** Something that the scenario does, at a time in seconds. */
  at(seconds: number, act: () => void, node = 0): void {
    const us = Math.max(this.world.now, Math.round(seconds * US_PER_SECOND))
    this.world.schedule(us, labelOf('scenario', node), act)
  }

  get seconds(): number {
    return this.world.now / US_PER_SECOND
  }

  /** What is to be played: the schedule that this run was given, or else this one. */
  takeFaults(drawn: readonly Fault[]): readonly Fault[] {
    const taken = this.#given ?? drawn
    if (this.#given !== undefined) this.#given = []
    this.faults = [...this.faults, ...taken]
    return taken
  }

  report(
    checker: string,
    node: { readonly number: number } | undefined,
    text: string,
    kind: Violation['kind'] = 'safety',
    torrent?: number,
  ): void {
    const of = this.contents.length > 1 ? torrent : undefined
    const isKnown = this.violations.some((known) => known.checker === checker && known.text === text)
    if (isKnown || this.violations.length >= VIOLATIONS_MAX) return
    const violation = { checker, kind, node: node?.number, torrent: of, atSeconds: this.seconds, text }
    this.violations.push(violation)
    this.onViolation?.(violation)
  }

  isDishonest(address: string): boolean {
    const server = this.webServers.get(address)
    if (server !== undefined) return server.spoiled
    const [host] = address.split(':')
    return this.nodes.some((node) => (!node.honest || node.rotten) && host === node.address.host)
  }

  strategyAt(node: number): Strategy {
    return strategyOf(this.#strategies, {
      seed: this.world.seed,
      node,
      seconds: () => this.seconds,
      nodeAt: ({ host }) => this.network.find(host)?.node ?? 0,
      failed: (error) => {
        this.failure ??= error
      },
    })
  }

  /** A picker or choker of the scenario may ask for what is not in the log, so that it could not decide again. */
  records(node: number): boolean {
    return node <= this.#recordedNodes && Object.keys(this.#strategies).length === 0
  }

  completed(node: number): void {
    const completed = this.nodes[node - 1]
    if (completed !== undefined) this.onCompleted?.(completed)
  }

  /** Runs until the condition holds, a violation was found, or the time is up. */
  async run(until: { readonly seconds: number; readonly when: () => boolean }): Promise<void> {
    this.beforeRun?.()
    this.beforeRun = undefined
    const when = (): boolean => this.stopped || until.when()
    await this.world.run({ at: Math.round(until.seconds * US_PER_SECOND), when })
  }

  /** Ends every process in good order; what is found then counts, too. */
  async close(withinSeconds = 120): Promise<void> {
    for (const node of this.nodes) {
      node.retired = true
      node.close()
    }
    const closing = (): boolean => this.nodes.some(({ standing }) => standing === 'closing' || standing === 'starting')
    await this.world.run({ at: this.world.now + withinSeconds * US_PER_SECOND, when: () => !closing() })
    if (!this.contents.every((content) => content.isUntouched()))
      this.report('referenceUntouched', undefined, 'somebody wrote to the shared content')
    for (const node of this.nodes)
      if (node.standing === 'closing') this.report('closesInTime', node, 'close did not come to an end', 'liveness')
  }
}
