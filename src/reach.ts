/** Reach: how others find and reach this engine beside trackers: by a port of the router, and over the local network. */
import type { EngineFact } from './actors/vocabulary.js'
import { LocalDiscovery } from './discovery/local-discovery.js'
import { PortMapping } from './discovery/port-mapping.js'
import type { Ports } from './ports.js'
import { type InfoHash, type PeerAddress, toHex } from './values.js'

export interface ReachSettings {
  /** Tell the local network of what is here, and hear what is there (BEP 14). */
  readonly lsd: boolean
  /** How long the router is asked to let others in, each time; not asked, where it is left out. */
  readonly portMappingLeaseMs?: number | undefined
}

export interface ReachOptions extends ReachSettings {
  readonly ports: Ports
  /** That we listen on. */
  readonly port: number
  /** To every transfer that there is. */
  tell(fact: EngineFact): void
  wants(infoHash: InfoHash): boolean
  found(infoHash: InfoHash, address: PeerAddress): void
}

/** Facts that take each other's place. */
const subjectOf = (fact: EngineFact): string => ('protocol' in fact ? fact.protocol : 'lsd')

export class Reach {
  readonly #port: number
  readonly #mapping: PortMapping | undefined
  readonly #local: LocalDiscovery | undefined
  readonly #facts = new Map<string, EngineFact>()

  constructor(options: ReachOptions) {
    const { ports, port, portMappingLeaseMs: leaseMs, lsd, wants, found } = options
    const { clock, routers, multicast } = ports
    const tell = (fact: EngineFact): void => {
      this.#facts.delete(subjectOf(fact))
      this.#facts.set(subjectOf(fact), fact)
      options.tell(fact)
    }
    this.#port = port
    if (leaseMs !== undefined && routers !== undefined)
      this.#mapping = new PortMapping({ clock, routers, port, leaseMs, tell })
    if (lsd && multicast !== undefined)
      this.#local = new LocalDiscovery({ multicast, clock, cookie: toHex(ports.entropy(4)), port, tell, wants, found })
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

  /** The local network hears no more of us; the router takes the port away, and is waited for no longer than its bound. */
  close(): Promise<void> {
    this.#local?.close()
    return this.#mapping?.close() ?? Promise.resolve()
  }
}
