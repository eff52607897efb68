/**
 * Datagrams: UDP sockets.
 *
 * Strategy: where no host is named one socket of IPv6 takes both families, with IPv4 addresses mapped into IPv6 on the
 * way out and plain again on the way in; machines without IPv6 get one of IPv4. Node would look up each address that is
 * sent to, and answer late: addresses are checked here and taken as they are.
 */
import { createSocket, type Socket } from 'node:dgram'
import { LIMITS } from '../limits.js'
import type { Answer, BindOptions, DatagramSocket, Datagrams, Failure } from '../ports.js'
import type { PeerAddress } from '../values.js'
import { datagramFailure, type Family, familyOf } from '../wire/datagram.js'
import { plainHost } from './connection.js'
import { DONE, failed, failureOf } from './failure.js'

type Lookup = NonNullable<Parameters<typeof createSocket>[0] & object>['lookup']
const asItIs: Lookup = (address, _, callback) => callback(null, address, 0)

/** What systems without IPv6 say to a socket of it. */
const NO_IPV6: readonly string[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL']

class UdpSocket implements DatagramSocket {
  readonly port: number
  readonly #socket: Socket
  readonly #families: readonly Family[]
  readonly #mapsIpv4: boolean
  #unsent = 0
  /** Datagrams are being read. */
  #awake = false
  #closed = false

  constructor(socket: Socket, families: readonly Family[], { received, rested }: BindOptions) {
    this.port = socket.address().port
    this.#socket = socket
    this.#families = families
    this.#mapsIpv4 = families.length > 1
    socket.on('message', ({ buffer, byteOffset, length }, { address, port }) => {
      if (this.#closed) return
      // The system hands over up to 32 at a time, before anything else has its turn.
      if (rested !== undefined && !this.#awake) {
        this.#awake = true
        setImmediate(() => {
          this.#awake = false
          if (!this.#closed) rested()
        })
      }
      received(new Uint8Array(buffer, byteOffset, length), { host: plainHost(address), port })
    })
  }

  send(chunks: readonly Uint8Array[], to: PeerAddress, done?: (answer: Answer<undefined>) => void): void {
    if (this.#closed) return
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
    const failure = datagramFailure(bytes, to, this.#families) ?? this.#fullness()
    if (failure !== undefined) {
      if (done !== undefined) setImmediate(() => this.#tell(done, { type: 'failed', failure }))
      return
    }
    this.#unsent++
    const host = this.#mapsIpv4 && !to.host.includes(':') ? `::ffff:${to.host}` : to.host
    this.#socket.send([...chunks], to.port, host, (error) => {
      this.#unsent--
      if (done !== undefined)
        this.#tell(done, error === null || error === undefined ? DONE : { type: 'failed', failure: failureOf(error) })
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }

  #fullness(): Failure | undefined {
    if (this.#unsent < LIMITS.datagramsUnsentMax) return undefined
    return { code: 'ENOBUFS', message: `${this.#unsent} datagrams wait to be sent` }
  }

  #tell(done: (answer: Answer<undefined>) => void, answer: Answer<undefined>): void {
    if (!this.#closed) done(answer)
  }
}

type Bound = (answer: Answer<DatagramSocket>) => void

/** As far as the system lets us. */
const widen = (socket: Socket, bytes: number | undefined): void => {
  if (bytes === undefined) return
  try {
    socket.setRecvBufferSize(bytes)
  } catch {
    // It stays as it is.
  }
}

const bindTo = (options: BindOptions, host: string, families: readonly Family[], done: Bound): void => {
  const socket = createSocket({ type: families.includes('ipv6') ? 'udp6' : 'udp4', lookup: asItIs })
  const refuse = (error: Error): void => {
    socket.close()
    done({ type: 'failed', failure: failureOf(error) })
  }
  socket.once('error', refuse)
  socket.once('listening', () => {
    // An error that comes later is of one datagram, and the next may be received.
    widen(socket, options.receiveBufferBytes)
    socket.off('error', refuse).on('error', () => undefined)
    done({ type: 'done', value: new UdpSocket(socket, families, options) })
  })
  // Not from within the call, which would bind at once.
  setImmediate(() => socket.bind({ port: options.port, address: host, exclusive: true }))
}

export const nodeDatagrams = (): Datagrams => ({
  bind: (options, done) => {
    const { host = '::' } = options
    const family = familyOf(host)
    if (family === undefined) {
      setImmediate(() => done(failed('EINVAL', `${host} is no address`)))
    } else if (host !== '::') {
      bindTo(options, host, [family], done)
    } else {
      bindTo(options, host, ['ipv4', 'ipv6'], (answer) => {
        const isWithoutIpv6 = answer.type === 'failed' && NO_IPV6.includes(answer.failure.code)
        if (isWithoutIpv6) bindTo(options, '0.0.0.0', ['ipv4'], done)
        else done(answer)
      })
    }
  },
})
