/** Simulated datagrams: the `Datagrams` port of one process, over the station of its host. */
import { LIMITS } from '../src/limits.js'
import type { Answer, BindOptions, DatagramSocket, Datagrams, Failure } from '../src/ports.js'
import { joinedBytes, type PeerAddress } from '../src/values.js'
import { canonicalHost } from '../src/wire/compact.js'
import { datagramFailure, familyOf } from '../src/wire/datagram.js'
import type { Host } from './host.js'
import type { SimulatedNetwork } from './network.js'
import type { Station } from './station.js'
import { labelOf } from './world.js'

const IN_USE: Failure = { code: 'EADDRINUSE', message: 'the port is taken' }
const DONE: Answer<undefined> = { type: 'done', value: undefined }
/** All addresses of a machine, in each family. */
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::']

const failed = (failure: Failure): Answer<never> => ({ type: 'failed', failure })

class SimulatedSocket implements DatagramSocket {
  /** What came of the sends of this instant. */
  #outcomes: (() => void)[] = []
  #unsent = 0
  #closed = false

  constructor(
    readonly station: Station,
    readonly port: number,
    readonly closed: (socket: SimulatedSocket) => void,
  ) {}

  send(chunks: readonly Uint8Array[], to: PeerAddress, done?: (answer: Answer<undefined>) => void): void {
    if (this.#closed) return
    const { host } = this.station
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const family = host.settings.host.includes(':') ? 'ipv6' : 'ipv4'
    const failure = datagramFailure(length, to, [family]) ?? this.#fullness()
    if (failure === undefined) {
      this.#unsent++
      // Addresses of IPv6 have many texts.
      const address = family === 'ipv6' ? { host: canonicalHost(to.host) ?? to.host, port: to.port } : to
      this.station.send(this.port, address, joinedBytes(...chunks))
    }
    // The system takes all of an instant at the end of it, so that a process that sends in a loop finds it full.
    if (this.#outcomes.length === 0)
      host.world.schedule(host.world.now, labelOf('connection', host.node), () => this.#tell())
    this.#outcomes.push(() => {
      if (failure === undefined) this.#unsent--
      if (!this.#closed) done?.(failure === undefined ? DONE : failed(failure))
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.station.sockets.delete(this.port)
    this.closed(this)
  }

  #fullness(): Failure | undefined {
    if (this.#unsent < LIMITS.datagramsUnsentMax) return undefined
    return { code: 'ENOBUFS', message: `${this.#unsent} datagrams wait to be sent` }
  }

  #tell(): void {
    const outcomes = this.#outcomes
    this.#outcomes = []
    for (const tell of outcomes) tell()
  }
}

/** Datagrams as one process has them. */
export class ProcessDatagrams implements Datagrams {
  readonly #network: SimulatedNetwork
  readonly #host: Host
  readonly #sockets = new Set<SimulatedSocket>()
  #gone = false

  constructor(network: SimulatedNetwork, host: Host) {
    this.#network = network
    this.#host = host
  }

  bind(options: BindOptions, done: (answer: Answer<DatagramSocket>) => void): void {
    this.#network.later(this.#host.node, () => {
      if (!this.#gone) done(this.#bound(options))
    })
  }

  #bound({ port: wanted, host, received, rested }: BindOptions): Answer<DatagramSocket> {
    if (host !== undefined && familyOf(host) === undefined)
      return failed({ code: 'EINVAL', message: `${host} is no address` })
    if (host !== undefined && !EVERYWHERE.includes(host) && host !== this.#host.settings.host)
      return failed({ code: 'EADDRNOTAVAIL', message: `${host} is not of this machine` })
    const station = this.#network.stations.of(this.#host)
    if (station.sockets.has(wanted)) return failed(IN_USE)
    const port = wanted === 0 ? station.freePort() : wanted
    station.sockets.set(port, (bytes, from) => {
      received(bytes, from)
      rested?.()
    })
    const socket = new SimulatedSocket(station, port, (closed) => this.#sockets.delete(closed))
    this.#sockets.add(socket)
    return { type: 'done', value: socket }
  }

  /** The process is gone; what it sent is on its way. */
  stop(): void {
    this.#gone = true
    for (const socket of [...this.#sockets]) socket.close()
  }
}
