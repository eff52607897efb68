/**
 * A NAT: which datagrams from outside reach a host behind it, by what the host sent (RFC 3489's kinds, RFC 4787's terms).
 *
 * A mapping is made, and kept alive, by what is sent, not by what comes in. All kinds but the symmetric one keep the
 * host's own port, as most do where nobody else has it.
 */
export const NAT_KINDS = ['none', 'full-cone', 'restricted', 'port-restricted', 'symmetric', 'blocked'] as const
/**
 * Whose datagrams come through to a port, once something was sent from it: everybody's (`full-cone`), those of addresses
 * (`restricted`) or of addresses and ports (`port-restricted`) that something was sent to. `symmetric` is as
 * `port-restricted`, with another port outside for each address and port that is sent to. Nothing at all comes or goes
 * through where it is `blocked`.
 */
export type NatKind = (typeof NAT_KINDS)[number]

export interface NatSettings {
  readonly nat: NatKind
  /** What nothing is sent through for so long is forgotten. */
  readonly natTimeoutUs: number
}

interface Remote {
  readonly host: string
  readonly port: number
}

interface Mapping {
  readonly insidePort: number
  readonly outsidePort: number
  readonly sentAt: number
}

/** Routers for the home hold some thousands; what was used longest ago goes first. */
const MAPPINGS_MAX = 4_096

/** Whom a mapping is for. */
const keyOf = (kind: NatKind, port: number, remote: Remote): string => {
  if (kind === 'full-cone') return `${port}`
  return kind === 'restricted' ? `${port} ${remote.host}` : `${port} ${remote.host} ${remote.port}`
}

export class Nat {
  readonly #settings: () => NatSettings
  readonly #freePort: () => number
  /** Those that were used longest ago come first. */
  readonly #mappings = new Map<string, Mapping>()
  /** Keys of a symmetric NAT's mappings, by their ports outside. */
  readonly #keys = new Map<number, string>()

  /** Settings may change at any time; what was mapped by another kind is then of no use any more. */
  constructor(settings: () => NatSettings, freePort: () => number) {
    this.#settings = settings
    this.#freePort = freePort
  }

  /** The port that what is sent from this one seems to come from; undefined where it does not come out. */
  outward(port: number, to: Remote, now: number): number | undefined {
    const { nat } = this.#settings()
    if (nat === 'none') return port
    if (nat === 'blocked') return undefined
    const key = keyOf(nat, port, to)
    const outsidePort = this.#alive(key, now)?.outsidePort ?? (nat === 'symmetric' ? this.#freePort() : port)
    this.#forget(key)
    this.#mappings.set(key, { insidePort: port, outsidePort, sentAt: now })
    if (nat === 'symmetric') this.#keys.set(outsidePort, key)
    const [oldest = key] = this.#mappings.keys()
    if (this.#mappings.size > MAPPINGS_MAX) this.#forget(oldest)
    return outsidePort
  }

  /** The port inside that what comes for this one goes to; undefined where it does not come in. */
  inward(outsidePort: number, from: Remote, now: number): number | undefined {
    const { nat } = this.#settings()
    if (nat === 'none') return outsidePort
    if (nat === 'blocked') return undefined
    if (nat !== 'symmetric') return this.#alive(keyOf(nat, outsidePort, from), now)?.insidePort
    const key = this.#keys.get(outsidePort)
    const mapping = key === undefined ? undefined : this.#alive(key, now)
    return mapping !== undefined && key === keyOf(nat, mapping.insidePort, from) ? mapping.insidePort : undefined
  }

  /** Something is mapped to this port outside, or was. */
  has(outsidePort: number): boolean {
    return this.#keys.has(outsidePort)
  }

  /** It was started anew. */
  forgetAll(): void {
    this.#mappings.clear()
    this.#keys.clear()
  }

  #alive(key: string, now: number): Mapping | undefined {
    const mapping = this.#mappings.get(key)
    if (mapping === undefined || now - mapping.sentAt < this.#settings().natTimeoutUs) return mapping
    this.#forget(key)
    return undefined
  }

  #forget(key: string): void {
    const mapping = this.#mappings.get(key)
    if (mapping === undefined) return
    this.#mappings.delete(key)
    if (this.#keys.get(mapping.outsidePort) === key) this.#keys.delete(mapping.outsidePort)
  }
}
