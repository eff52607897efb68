/**
 * The UDP front: a socket around `udpReply`.
 *
 * Strategy: where no host is named one socket of IPv6 takes both families, as that of the HTTP front does. Answers go to
 * the address as the socket wrote it, so nothing is looked up. What cannot be sent at once is dropped beyond a bound:
 * datagrams get lost, and clients ask again.
 */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { present } from '../src/assert.js'
import { systemCode } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { hostToBytes } from '../src/wire/compact.js'
import type { Allocate } from '../src/wire/udpanswer.js'
import { listenError } from './listen-error.js'
import { type Soon, soon } from './store.js'

export interface UdpFrontOptions {
  /** Every address of the machine, where it is left out. */
  readonly host?: string | undefined
  /** 0 takes any free one. */
  readonly port: number
  /** `from` has 4 or 16 bytes; without an answer, none is sent. One that is there at once may lie in what `allocate` gave. */
  reply(datagram: Uint8Array, from: Uint8Array, allocate: Allocate): Soon<Uint8Array | undefined>
}

export interface UdpFront {
  readonly port: number
  /** Answers that were dropped, as too many waited to be sent. */
  readonly unsent: number
  /** Takes no more datagrams, answers those that it has, and resolves when the socket is closed. */
  close(): Promise<void>
}

/** Node would look up each address that is sent to, even one that is an address already, and send it a turn later. */
const asItIs: NonNullable<SocketOptions['lookup']> = (address, _options, done) => done(null, address, 0)

/** Answers that are sent before it is asked whether they have left: to ask for each takes as long as to draw three peers. */
const ROUND = 16

/**
 * Memory for one answer, which is used again when that has left; to make as much for each takes as long as to fill it.
 * Most answers are of few lengths, so views of it are kept by theirs.
 */
class Outgoing {
  readonly #bytes = new Uint8Array(LIMITS.trackerAnswerDatagramBytesMax)
  readonly #views: (Uint8Array | undefined)[] = new Array(LIMITS.trackerAnswerDatagramBytesMax + 1)

  take(length: number): Uint8Array {
    const known = this.#views[length]
    if (known !== undefined) return known
    const view = this.#bytes.subarray(0, length)
    this.#views[length] = view
    return view
  }
}

const newRound = (): readonly Outgoing[] => Array.from({ length: ROUND }, () => new Outgoing())

/** What systems without IPv6 say to a socket of it. */
const NO_IPV6: readonly (string | undefined)[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL']
const MAPPED = '::ffff:'

/** IPv4 comes to a socket of IPv6 as mapped addresses, and addresses of one link with a zone. */
const plainHost = (address: string): string => {
  if (address.startsWith(MAPPED) && address.includes('.')) return address.slice(MAPPED.length)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

const bind = (type: 'udp4' | 'udp6', address: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type, lookup: asItIs, recvBufferSize: LIMITS.trackerReceiveBufferBytes })
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ port, address, exclusive: true }, () => {
      // What comes later is of one datagram, and the next may be received.
      socket.removeAllListeners('error').on('error', () => {})
      resolve(socket)
    })
  })

const bindTo = async (host: string | undefined, port: number): Promise<Socket> => {
  if (host === undefined) {
    return bind('udp6', '::', port).catch((error: unknown) => {
      if (NO_IPV6.includes(systemCode(error))) return bind('udp4', '0.0.0.0', port)
      throw error
    })
  }
  const { address, family } = await lookup(host)
  return bind(family === 6 ? 'udp6' : 'udp4', address, port)
}

export const startUdpFront = async ({ host, port, reply }: UdpFrontOptions): Promise<UdpFront> => {
  const socket = await bindTo(host, port).catch((error: unknown) => {
    throw listenError(error, host, port)
  })
  let closing: Promise<void> | undefined
  /** Called when nothing is left to be answered. */
  let drained = (): void => {}
  let unanswered = 0
  let unsent = 0
  let isClosed = false

  let round = newRound()
  /** Answers of this round. */
  let sent = 0
  const allocate: Allocate = (length) => present(round[sent], 'memory for the next answer').take(length)
  /** Answers that had not left when it was last looked. */
  let waiting = 0

  const send = (answer: Uint8Array | undefined, toPort: number, to: string): void => {
    if (answer === undefined || isClosed) return
    if (waiting >= LIMITS.datagramsUnsentMax) waiting = socket.getSendQueueCount()
    if (waiting >= LIMITS.datagramsUnsentMax) {
      unsent++
      return
    }
    socket.send(answer, toPort, to)
    if (++sent < ROUND) return
    sent = 0
    waiting = socket.getSendQueueCount()
    // Some could not leave at once, and are in use for longer.
    if (waiting > 0) round = newRound()
  }

  socket.on('message', (datagram, { address, port: fromPort }) => {
    const from = closing === undefined && fromPort !== 0 ? hostToBytes(plainHost(address)) : undefined
    if (from === undefined) return
    const answer = reply(datagram, from, allocate)
    if (!(answer instanceof Promise)) return send(answer, fromPort, address)
    unanswered++
    // A store that failed has its reply, too: what is rejected here is a fault of ours, and ends the process.
    void soon(answer, (later) => {
      send(later, fromPort, address)
      if (--unanswered === 0) drained()
    })
  })

  const close = async (): Promise<void> => {
    if (unanswered > 0) {
      await new Promise<void>((resolve) => {
        // Nobody waits longer for an answer than clients do for a datagram.
        const timer = setTimeout(resolve, LIMITS.trackerDrainMs)
        drained = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    isClosed = true
    await new Promise<void>((resolve) => socket.close(resolve))
  }

  return {
    port: socket.address().port,
    get unsent() {
      return unsent
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
