/**
 * Multicast: datagrams to a group of the local network, over each network that this machine is in.
 *
 * Strategy: one socket listens to the group, on all networks; what is sent goes out of a socket of its own for each
 * network, which is there for that datagram. So networks that come and go need no attention in between: they are looked
 * at when something is sent, which is once in minutes.
 */
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { Answer, JoinOptions, Multicast, MulticastSocket } from '../ports.js'
import type { PeerAddress } from '../values.js'
import { type Family, familyOf } from '../wire/datagram.js'
import { plainHost } from './connection.js'
import { DONE, failed, failureOf } from './failure.js'

/** One address of this machine in a network: what is sent from it, and how the system names that network. */
interface Leg {
  readonly host: string
  readonly name: string
}

/** On which networks: all but that of this machine alone, or the one of this address. */
const legsOf = (family: Family, host: string | undefined): readonly Leg[] =>
  Object.entries(networkInterfaces()).flatMap(([device, addresses = []]) => {
    const own = addresses.filter(
      (each) => each.family.toLowerCase() === family && (host === undefined ? !each.internal : each.address === host),
    )
    // Networks of IPv6 are named by their device, and one of its addresses is chosen by the system.
    if (family === 'ipv6') return own.length === 0 ? [] : [{ host: host ?? '::', name: `::%${device}` }]
    return own.map(({ address }) => ({ host: address, name: address }))
  })

const socketOf = (family: Family): Socket =>
  createSocket({ type: family === 'ipv6' ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: family === 'ipv6' })

const attempt = (act: () => void): Answer<undefined> => {
  try {
    act()
    return DONE
  } catch (error) {
    return { type: 'failed', failure: failureOf(error) }
  }
}

class Membership implements MulticastSocket {
  readonly #listening: Socket
  readonly #sending = new Set<Socket>()
  readonly #group: PeerAddress
  readonly #family: Family
  readonly #host: string | undefined
  readonly #joined = new Set<string>()
  #closed = false

  constructor(listening: Socket, group: PeerAddress, family: Family, host: string | undefined) {
    this.#listening = listening
    this.#group = group
    this.#family = family
    this.#host = host
  }

  /** Listens on networks that are new; the failure is that of the last one, where none is listened on. */
  join(): Answer<undefined> {
    let last: Answer<undefined> = failed('ENODEV', `this machine has no network of ${this.#family} to ask`)
    for (const { name } of legsOf(this.#family, this.#host)) {
      if (this.#joined.has(name)) continue
      last = attempt(() => this.#listening.addMembership(this.#group.host, name))
      if (last.type === 'done') this.#joined.add(name)
    }
    return this.#joined.size > 0 ? DONE : last
  }

  send(bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void {
    if (this.#closed) return
    this.join()
    const legs = legsOf(this.#family, this.#host)
    let left = legs.length
    let result: Answer<undefined> = failed('ENODEV', `this machine has no network of ${this.#family} to ask`)
    if (left === 0) setImmediate(() => this.#tell(done, result))
    for (const leg of legs)
      this.#sendFrom(leg, bytes, (answer) => {
        if (result.type === 'failed') result = answer
        if (--left === 0) this.#tell(done, result)
      })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listening.close()
    for (const socket of this.#sending) socket.close()
    this.#sending.clear()
  }

  #sendFrom({ host, name }: Leg, bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void {
    const socket = socketOf(this.#family)
    this.#sending.add(socket)
    const end = (answer: Answer<undefined>): void => {
      if (!this.#sending.delete(socket)) return
      socket.close()
      done(answer)
    }
    const fail = (error: Error): void => end({ type: 'failed', failure: failureOf(error) })
    socket.on('error', fail)
    socket.on('listening', () => {
      const chosen = attempt(() => socket.setMulticastInterface(name))
      if (chosen.type === 'failed') end(chosen)
      else
        socket.send(bytes, this.#group.port, this.#group.host, (error) =>
          error === null || error === undefined ? end(DONE) : fail(error),
        )
    })
    // Not from within the call, which would bind at once.
    setImmediate(() => {
      if (this.#sending.has(socket)) socket.bind({ port: 0, address: host, exclusive: true })
    })
  }

  #tell(done: (answer: Answer<undefined>) => void, answer: Answer<undefined>): void {
    if (!this.#closed) done(answer)
  }
}

const joinGroup = (
  { group, received }: JoinOptions,
  family: Family,
  host: string | undefined,
  done: (answer: Answer<MulticastSocket>) => void,
): void => {
  const socket = socketOf(family)
  const refuse = (error: Error): void => {
    socket.close()
    done({ type: 'failed', failure: failureOf(error) })
  }
  socket.once('error', refuse)
  socket.once('listening', () => {
    // An error that comes later is of one datagram, and the next may be received.
    socket.off('error', refuse).on('error', () => undefined)
    const membership = new Membership(socket, group, family, host)
    const joined = membership.join()
    if (joined.type === 'failed') {
      membership.close()
      done(joined)
      return
    }
    socket.on('message', ({ buffer, byteOffset, length }, from) => {
      received(new Uint8Array(buffer, byteOffset, length), { host: plainHost(from.address), port: from.port })
    })
    done({ type: 'done', value: membership })
  })
  // Others of this machine listen there too. Not from within the call, which would bind at once.
  setImmediate(() => socket.bind({ port: group.port, exclusive: true }))
}

/** Over the network of `host`, an address of this machine, or over all networks that it is in. */
export const nodeMulticast = (host?: string): Multicast => ({
  join: (options, done) => {
    const family = familyOf(options.group.host)
    const foreign = host !== undefined && familyOf(host) !== family
    if (family === undefined || foreign)
      setImmediate(() => done(failed('EINVAL', `${options.group.host} is no group of the family`)))
    else joinGroup(options, family, host, done)
  },
})
