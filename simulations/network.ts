/** The simulated network: the `Network` port of each process, and the connections between them. */
import type { Connection, ConnectionEvents, Failure, ListenOptions, Network } from '../src/ports.js'
import { PassingConnection } from '../src/transports/passing.js'
import type { PeerAddress } from '../src/values.js'
import { Endpoint } from './endpoint.js'
import type { Host, Listening, Side } from './host.js'
import { Stations } from './station.js'
import { Ways } from './ways.js'
import { labelOf } from './world.js'

const REFUSED: Failure = { code: 'ECONNREFUSED', message: 'nobody listens there' }
const TIMED_OUT: Failure = { code: 'ETIMEDOUT', message: 'there was no answer in time' }
const IN_USE: Failure = { code: 'EADDRINUSE', message: 'the port is taken' }
const UNREACHABLE: Failure = { code: 'ENETUNREACH', message: 'this process is gone' }

const US_PER_MS = 1_000

export class SimulatedNetwork extends Ways {
  /** Where datagrams come from and go to. */
  readonly stations = new Stations(this)
  #endpoints = 0

  endpoint(host: Host, remote: PeerAddress, toNode: number): Endpoint {
    return new Endpoint(this, host, remote, ++this.#endpoints, toNode)
  }

  /** Both sides of a connection of two hosts, who came together otherwise than by dialing. */
  pair(from: Host, to: Host): readonly [near: Endpoint, far: Endpoint] {
    const near = this.endpoint(from, { host: to.settings.host, port: to.freePort() }, to.node)
    const far = this.endpoint(to, { host: from.settings.host, port: from.freePort() }, from.node)
    Endpoint.join(near, far)
    return [near, far]
  }
}

/** Stands between a process and one connection of it: hears what passes, and may send something else. */
export interface Tap {
  send(chunks: readonly Uint8Array[], flushed?: () => void): void
  /** `hear` lets the process have the chunk. None, where nobody listens to what comes. */
  readonly received: ((chunk: Uint8Array, hear: (chunk: Uint8Array) => void) => void) | undefined
}
export type MakeTap = (side: Side) => Tap

/** The network as one process has it. */
export class ProcessNetwork implements Network {
  readonly #network: SimulatedNetwork
  readonly #host: Host
  readonly #dials = new Set<{ close(): void }>()
  #gone = false
  readonly #tap: MakeTap | undefined

  constructor(network: SimulatedNetwork, host: Host, tap?: MakeTap) {
    this.#network = network
    this.#host = host
    this.#tap = tap
  }

  dial(address: PeerAddress, timeoutMs: number, events: ConnectionEvents): Pick<Connection, 'close'> {
    const { world } = this.#network
    const from = this.#host
    let settled = this.#gone
    let endpoint: Endpoint | undefined
    const handle = {
      close: () => {
        if (endpoint !== undefined) endpoint.close()
        settle()
      },
    }
    const settle = (): void => {
      settled = true
      timeout.act = undefined
      this.#dials.delete(handle)
    }
    const fail = (failure: Failure): void => {
      if (settled) return
      settle()
      events.closed(failure)
    }
    const timeoutAt = world.now + Math.ceil(timeoutMs * US_PER_MS)
    const timeout = world.schedule(timeoutAt, labelOf('connection', from.node), () => fail(TIMED_OUT))
    if (this.#gone) {
      timeout.act = undefined
      return handle
    }
    this.#dials.add(handle)
    const to = this.#network.find(address.host, address.port)
    // Nobody has this address, or the host's NAT drops what nobody behind it asked for.
    if (to === undefined || (to.settings.unreachable && to !== from)) return handle
    this.#network.after(from, to, () => {
      if (settled) return
      const listening = to.listeners.get(address.port)
      this.#network.after(to, from, () => {
        if (settled) return
        if (listening === undefined) {
          fail(REFUSED)
          return
        }
        settle()
        const accepting = this.#network.endpoint(to, { host: from.settings.host, port: from.freePort() }, from.node)
        endpoint = this.#network.endpoint(from, address, to.node)
        Endpoint.join(endpoint, accepting)
        const tapped = this.#tapped(endpoint)
        endpoint.hear(tapped.hearing(events))
        const ours = endpoint
        this.#network.after(from, to, () => this.#accept(to, address.port, accepting, ours))
        events.opened(tapped.connection)
      })
    })
    return handle
  }

  /** The last word of the handshake reached the listener. */
  #accept(to: Host, port: number, accepting: Endpoint, dialed: Endpoint): void {
    if (accepting.closed) return // its process is gone
    const listening = to.listeners.get(port)
    if (listening === undefined) {
      accepting.close()
      this.#network.after(to, this.#host, () => dialed.takeReset())
      return
    }
    listening.accept(accepting)
  }

  async listen(options: ListenOptions): ReturnType<Network['listen']> {
    const { listeners } = this.#host
    if (this.#gone) return { type: 'failed', failure: UNREACHABLE }
    if (listeners.has(options.port)) return { type: 'failed', failure: IN_USE }
    const port = options.port === 0 ? this.#host.freePort() : options.port
    const taken: Listening = {
      accept: (side) => {
        const tapped = this.#tapped(side)
        side.hear(tapped.hearing(options.accepted(tapped.connection)))
      },
    }
    listeners.set(port, taken)
    const close = async (): Promise<void> => {
      if (listeners.get(port) === taken) listeners.delete(port)
    }
    return { type: 'done', value: { port, close } }
  }

  /** The process is gone. Its system ends its connections; where the power was lost, nobody does. */
  stop(how: 'process' | 'power'): void {
    this.#gone = true
    for (const dial of [...this.#dials]) dial.close()
    this.#host.listeners.clear()
    for (const endpoint of [...this.#host.endpoints]) {
      if (how === 'power') endpoint.vanish()
      else endpoint.close()
    }
  }

  #tapped(side: Side): Tapped {
    const tap = this.#tap?.(side)
    if (tap === undefined) return { connection: side, hearing: (events) => events }
    return { connection: new TappedConnection(side, tap), hearing: (events) => hearingOf(tap, events) }
  }
}

/** A connection as its process has it, and how what comes is brought to who hears of it. */
interface Tapped {
  readonly connection: Connection
  hearing(events: ConnectionEvents): ConnectionEvents
}

const hearingOf = (tap: Tap, events: ConnectionEvents): ConnectionEvents => {
  const { received } = tap
  if (received === undefined) return events
  const hear = (chunk: Uint8Array): void => events.received(chunk)
  return {
    opened: (connection) => events.opened(connection),
    received: (chunk) => received(chunk, hear),
    closed: (failure) => events.closed(failure),
  }
}

class TappedConnection extends PassingConnection {
  readonly #tap: Tap

  constructor(inner: Side, tap: Tap) {
    super(inner)
    this.#tap = tap
  }

  override send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    this.#tap.send(chunks, flushed)
  }
}
