/** Transports: the ways in which the transfers of an engine reach peers, and in which peers reach them. */
import { LIMITS } from '../limits.js'
import type { Connection, ConnectionEvents, Datagrams, Failure, Network, Ports } from '../ports.js'
import type { InfoHash, PeerAddress } from '../values.js'
import { hostToBytes } from '../wire/compact.js'
import type { ProxyServer } from '../wire/proxy.js'
import { Dial, type Encryption, type Way } from './dialing.js'
import { proxied } from './proxying.js'
import { type UtpNetwork, utpNetwork } from './utp-network.js'

export interface TransportSettings {
  /** Off, where it is left out. */
  readonly encryption?: Encryption | undefined
  /** On, where it is left out. */
  readonly tcp?: boolean | undefined
  /** Through which peers are dialed, over TCP. */
  readonly proxy?: ProxyServer | undefined
  /** Off, where it is left out. */
  readonly utp?: boolean | undefined
}

/** Peers are let in: through a proxy they cannot come, and around it they may not. */
export const letsIn = ({ tcp, proxy }: TransportSettings): boolean => tcp !== false && proxy === undefined

export interface TransportsOptions extends TransportSettings {
  readonly ports: Pick<Ports, 'clock' | 'network' | 'entropy'>
  /** Datagrams of the port that is shared with others, for uTP. */
  readonly datagrams: Datagrams
  readonly port: number
  readonly host: string | undefined
  accepted(connection: Connection): ConnectionEvents
  /** There is uTP. */
  listening(): void
  /** There is no uTP. */
  failed(failure: Failure): void
}

/** Of this machine or of its own network: no line is shared with others on the way there, to which uTP would give way. */
const isNear = (host: string): boolean => {
  const bytes = hostToBytes(host)
  if (bytes === undefined) return false
  const [first = 0, second = 0] = bytes
  if (bytes.length === 16)
    return (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80) || isLoopback6(bytes)
  if (first === 10 || first === 127) return true
  return (first === 192 && second === 168) || (first === 172 && second >> 4 === 1) || (first === 169 && second === 254)
}

const isLoopback6 = (bytes: Uint8Array): boolean => bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))

export class Transports {
  readonly #options: TransportsOptions
  readonly #network: Pick<Network, 'dial'>
  readonly #utp: UtpNetwork | undefined
  #listens = false

  constructor(options: TransportsOptions) {
    this.#options = options
    const { network, clock: time } = options.ports
    this.#network = options.proxy === undefined ? network : proxied(network, time, options.proxy)
    if (options.utp !== true || options.proxy !== undefined) return
    const { clock } = options.ports
    const { datagrams, port, host, accepted } = options
    this.#utp = utpNetwork({ datagrams, clock, entropy: (length) => options.ports.entropy(length) })
    void this.#utp.listen({ port, host, accepted }).then((answer) => {
      if (answer.type === 'done') {
        this.#listens = true
        options.listening()
      } else options.failed(answer.failure)
    })
  }

  dial(
    address: PeerAddress,
    infoHash: InfoHash,
    events: ConnectionEvents,
    punching: boolean,
  ): Pick<Connection, 'close'> {
    const { ports, encryption = 'off', tcp = true } = this.#options
    if (encryption === 'off' && tcp && this.#utp === undefined)
      return this.#network.dial(address, LIMITS.dialTimeoutMs, events)
    const { clock } = ports
    const entropy = (length: number): Uint8Array => ports.entropy(length)
    return new Dial({ clock, entropy, encryption, ways: this.#waysTo(address, punching), address, infoHash, events })
  }

  /** Connections that are left end at once. */
  close(): void {
    this.#utp?.close()
  }

  /** Near peers by TCP first, as that is quicker; others by uTP first, as that lets others have the line. */
  #waysTo({ host }: PeerAddress, punching: boolean): readonly Way[] {
    const { tcp = true } = this.#options
    const overTcp: Way = { network: this.#network, delayMs: LIMITS.dialHeadStartMs, timeoutMs: LIMITS.dialTimeoutMs }
    // Addresses alone: uTP resolves no names.
    const utp = this.#listens && hostToBytes(host) !== undefined ? this.#utp : undefined
    if (utp === undefined) return tcp || this.#utp === undefined ? [overTcp] : [unready(this.#utp)]
    const overUtp: Way = { network: utp, delayMs: LIMITS.dialHeadStartMs, timeoutMs: LIMITS.utpDialTimeoutMs }
    if (!tcp || punching) return [overUtp]
    return isNear(host) ? [overTcp, overUtp] : [overUtp, overTcp]
  }
}

/** It fails, and says why. */
const unready = (network: UtpNetwork): Way => ({ network, delayMs: 0, timeoutMs: LIMITS.utpDialTimeoutMs })
