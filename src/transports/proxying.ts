/** Proxying: connections that a proxy opens for us, as a network that can only dial. */
import type { Cancel, Clock, Connection, ConnectionEvents, Failure, Network } from '../ports.js'
import type { Instant, PeerAddress } from '../values.js'
import { ProxyDialogue, type ProxyServer } from '../wire/proxy.js'
import { PassingConnection } from './passing.js'

/** The proxy was there and said no; or there was no proxy. */
export const PROXY_REFUSED = 'PROXY_REFUSED'
export const PROXY_FAILED = 'PROXY_FAILED'

/** Of whom the proxy has dialed, over a connection with the proxy. */
class ProxiedConnection extends PassingConnection {
  readonly #peer: PeerAddress
  isClosed = false

  constructor(inner: Connection, peer: PeerAddress) {
    super(inner)
    this.#peer = peer
  }

  override get remote(): PeerAddress {
    return this.#peer
  }

  override close(): void {
    this.isClosed = true
    super.close()
  }
}

class ProxiedDial implements ConnectionEvents {
  readonly #address: PeerAddress
  readonly #dialogue: ProxyDialogue
  readonly #events: ConnectionEvents
  readonly #timeout: Cancel
  handle: Pick<Connection, 'close'> | undefined
  #inner: Connection | undefined
  #isOpen = false

  constructor(clock: Clock, proxy: ProxyServer, address: PeerAddress, timeoutMs: number, events: ConnectionEvents) {
    this.#address = address
    this.#dialogue = new ProxyDialogue(proxy, address)
    this.#events = events
    const until = (clock.now() + timeoutMs) as Instant // later than now
    this.#timeout = clock.wakeAt(until, () => this.#fail({ code: 'ETIMEDOUT', message: 'no answer in time' }))
  }

  opened(connection: Connection): void {
    this.#inner = connection
    connection.send([this.#dialogue.start()])
  }

  received(chunk: Uint8Array): void {
    if (this.#isOpen) {
      this.#events.received(chunk)
      return
    }
    const progress = this.#dialogue.push(chunk)
    if (progress.type === 'refused') this.#fail({ code: PROXY_REFUSED, message: progress.reason })
    else if (progress.type === 'open') this.#open(progress.rest)
    else if (progress.send.length > 0) this.#inner?.send([progress.send])
  }

  closed({ code, message }: Failure): void {
    this.#timeout()
    if (this.#isOpen) this.#events.closed({ code, message })
    else this.#events.closed({ code: PROXY_FAILED, message: `the proxy: ${code}: ${message}` })
  }

  close(): void {
    this.#timeout()
    this.handle?.close()
    this.#inner?.close()
  }

  #open(rest: Uint8Array): void {
    if (this.#inner === undefined) return
    this.#timeout()
    this.#isOpen = true
    const connection = new ProxiedConnection(this.#inner, this.#address)
    this.#events.opened(connection)
    if (rest.length > 0 && !connection.isClosed) this.#events.received(rest)
  }

  #fail(failure: Failure): void {
    this.close()
    this.#events.closed(failure)
  }
}

export const proxied = (network: Pick<Network, 'dial'>, clock: Clock, proxy: ProxyServer): Pick<Network, 'dial'> => ({
  dial: (address, timeoutMs, events) => {
    const dial = new ProxiedDial(clock, proxy, address, timeoutMs, events)
    dial.handle = network.dial({ host: proxy.host, port: proxy.port }, timeoutMs, dial)
    return dial
  },
})
