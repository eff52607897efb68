/** Reach: how others find and reach this engine beside trackers: by a port of the router, and over the local network. */
import type { EngineFact } from './actors/vocabulary.js'
import { type Family, familyOfHost } from './dht/contact.js'
import { type ItemAnswer, ItemQuestion } from './dht/item-question.js'
import { DHT_ROUTERS } from './dht/routers.js'
import { DhtService } from './dht/service.js'
import { LocalDiscovery } from './discovery/local-discovery.js'
import { PortMapping } from './discovery/port-mapping.js'
import type { SharedUdp } from './discovery/udp-shared.js'
import type { Cancel, Clock, PeerSearch, Ports } from './ports.js'
import { type InfoHash, type PeerAddress, toHex } from './values.js'
import type { KeyMagnet } from './wire/keymagnet.js'

export interface ReachSettings {
  /** Tell the local network of what is here, and hear what is there (BEP 14). */
  readonly lsd: boolean
  /** How long the router is asked to let others in, each time; not asked, where it is left out. */
  readonly portMappingLeaseMs?: number | undefined
  /** Exchange addresses of peers with peers (BEP 11); not, where it is left out. */
  readonly pex?: boolean | undefined
  /** Be a node of the DHT (BEP 5); none, where it is left out. */
  readonly dht?: DhtReach | undefined
}

export interface DhtReach {
  /** Nodes to begin with; those that everybody begins with, where it is left out. */
  readonly bootstrap?: readonly PeerAddress[] | undefined
}

export interface ReachOptions extends ReachSettings {
  readonly ports: Ports
  /** That we listen on. */
  readonly port: number
  /** To every transfer that there is. */
  tell(fact: EngineFact): void
  wants(infoHash: InfoHash): boolean
  found(infoHash: InfoHash, address: PeerAddress): void
  /** The socket of the DHT, where there is one. */
  readonly udp: SharedUdp
  /** The address that we listen on. */
  readonly host: string | undefined
}

/** Facts that take each other's place. */
const subjectOf = (fact: EngineFact): string => {
  if ('protocol' in fact) return fact.protocol
  if (fact.type === 'utp-failed') return 'utp'
  if (fact.type === 'lsd-joined' || fact.type === 'lsd-failed') return 'lsd'
  return fact.type === 'dht-joined' || fact.type === 'dht-failed' ? 'dht' : fact.type
}

/** What a socket that is bound to the address can send to. */
const familiesOf = (host: string | undefined): readonly Family[] =>
  host === undefined || host === '::' ? ['ipv4', 'ipv6'] : [familyOfHost(host)]

export class Reach {
  readonly #tell: ReachOptions['tell']
  readonly #port: number
  readonly #mapping: PortMapping | undefined
  readonly #local: LocalDiscovery | undefined
  readonly #dht: DhtService | undefined
  readonly #facts = new Map<string, EngineFact>()
  readonly #questions = new Set<ItemQuestion>()
  readonly #clock: Clock

  constructor(options: ReachOptions) {
    const { ports, port, portMappingLeaseMs: leaseMs, lsd, wants, found, dht, udp, host } = options
    const { clock, routers, multicast } = ports
    this.#tell = options.tell
    this.#clock = clock
    const tell = (fact: EngineFact): void => this.learn(fact)
    this.#port = port
    if (options.pex === true) tell({ type: 'pex-began' })
    if (leaseMs !== undefined && routers !== undefined)
      this.#mapping = new PortMapping({ clock, routers, port, leaseMs, tell })
    if (lsd && multicast !== undefined)
      this.#local = new LocalDiscovery({ multicast, clock, cookie: toHex(ports.entropy(4)), port, tell, wants, found })
    if (dht !== undefined)
      this.#dht = new DhtService({
        clock,
        socket: udp,
        entropy: (length) => ports.entropy(length),
        families: familiesOf(host),
        bootstrap: dht.bootstrap ?? DHT_ROUTERS,
        bootstrapIsOurs: dht.bootstrap !== undefined,
        resolve: ports.resolve,
        memory: ports.dhtMemory,
        tell,
      })
  }

  /** Something that concerns every transfer, those to come as well. */
  learn(fact: EngineFact): void {
    this.#facts.delete(subjectOf(fact))
    this.#facts.set(subjectOf(fact), fact)
    if (subjectOf(fact) === 'dht') for (const question of this.#questions) question.hear(fact)
    this.#tell(fact)
  }

  /** What is known, for transfers that come later. */
  get facts(): readonly EngineFact[] {
    return [...this.#facts.values()]
  }

  /** The port that others reach us at, as far as is known now. */
  get publicPort(): number {
    return this.#mapping?.externalPort ?? this.#port
  }

  announceLocally(infoHash: InfoHash): void {
    this.#local?.announce(infoHash)
  }

  /** Asks the DHT who has the torrent, and tells it that we do. */
  lookUp(infoHash: InfoHash, search: PeerSearch): Cancel {
    // Where the router does not say otherwise, others reach us at the port that they see.
    const port = this.#mapping?.externalPort
    return this.#dht?.search({ type: 'peers', target: infoHash, announce: { port } }, search) ?? (() => undefined)
  }

  /** What the key stands for by now, as the DHT has it (BEP 46); undefined where there is no DHT here. */
  askForItem(key: KeyMagnet): Promise<ItemAnswer> | undefined {
    const dht = this.#dht
    if (dht === undefined) return undefined
    return new Promise((resolve) => {
      const question = new ItemQuestion(this.#clock, dht, key, (answer) => {
        this.#questions.delete(question)
        resolve(answer)
      })
      this.#questions.add(question)
      const known = this.#facts.get('dht')
      if (known !== undefined) question.hear(known)
    })
  }

  /** A node of the DHT may be there. */
  meetNode(address: PeerAddress): void {
    this.#dht?.meet(address)
  }

  /** A torrent that is not private names nodes of the DHT. */
  meetNodes(nodes: readonly PeerAddress[]): void {
    for (const node of nodes) this.#dht?.meetNamed(node)
  }

  get dht(): DhtService | undefined {
    return this.#dht
  }

  /** The local network hears no more of us; the router takes the port away, and is waited for no longer than its bound. */
  async close(): Promise<void> {
    this.#local?.close()
    for (const question of this.#questions) question.close()
    await Promise.all([this.#dht?.close(), this.#mapping?.close()])
  }
}
