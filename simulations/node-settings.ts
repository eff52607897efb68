/** Settings of a node: what its machine and its lines are like, what it has, and how its process meets others. */
import { LIMITS } from '../src/limits.js'
import type { QueueLimits } from '../src/queue.js'
import type { Encryption } from '../src/transports/dialing.js'
import type { PeerAddress } from '../src/values.js'
import type { ClockSettings } from './clock.js'
import type { HostSettings } from './host.js'

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
  /** Which of the swarm's torrents it has, from 1 on, in the order in which they are added first; all, where undefined. */
  readonly torrents: readonly number[] | undefined
  /** How many of them it downloads and seeds at one time. */
  readonly queue: QueueLimits
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
  torrents: undefined,
  queue: { maxDownloads: 0, maxSeeds: 0 },
}
