/** The surroundings of a node: what the nodes of a swarm share, and who is told of what they do. */
import type { Strategy } from '../src/actors/strategy.js'
import type { Channels } from './channels.js'
import type { Content } from './content.js'
import type { SimulatedTracker } from './discovery.js'
import type { Introducer } from './introducers.js'
import type { SimulatedNetwork } from './network.js'
import type { EventListener } from './watched-logs.js'
import type { WebServer } from './web.js'
import type { World } from './world.js'

export interface NodeSurroundings {
  readonly world: World
  readonly network: SimulatedNetwork
  /** Of its torrents, which are numbered from 1. */
  readonly contents: readonly Content[]
  readonly trackers: ReadonlyMap<string, SimulatedTracker>
  readonly webServers: ReadonlyMap<string, WebServer>
  /** Trackers over WebSocket. */
  readonly introducers: ReadonlyMap<string, Introducer>
  readonly channels: Channels
  /** `torrent` is the number of what it is about. */
  report(checker: string, node: { readonly number: number }, text: string, kind?: 'safety', torrent?: number): void
  isDishonest(address: string): boolean
  /** What the scenario puts in place of the engine's own decisions. */
  strategyAt(node: number): Strategy | undefined
  /** The node of this number has everything, for the first time or again. */
  completed(node: number): void
  /** The inputs of this node are to be recorded, and decided again. */
  records(node: number): boolean
  /** Hears of each event that a node logs, where somebody wants to. */
  readonly onEvent: EventListener | undefined
}
