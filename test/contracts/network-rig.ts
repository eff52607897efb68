/** What contract suites of networks stand on: a world to run in, connections heard at both ends, and named claims. */
import { test } from 'uvu'
import type { Connection, ConnectionEvents, Listener, Network } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { Ear } from './ear.js'
import { signal, type Until } from './waiting.js'

export interface NetworkWorld {
  readonly network: Network
  /** An address of this world that can be listened at. */
  readonly host: string
  readonly until: Until
  /** An address that nobody listens at, and that says so. */
  refusing(): Promise<PeerAddress>
  /** An address that does not answer at all. */
  silent(): Promise<PeerAddress>
  close(): Promise<void>
}

export const DIAL_MS = 10_000

export interface Pair {
  readonly listener: Listener
  readonly address: PeerAddress
  readonly dialer: Ear
  readonly acceptor: Ear
  readonly dialed: Connection
  readonly accepted: Connection
}

export const listen = async (
  { network, host, until }: NetworkWorld,
  accepted: (connection: Connection) => ConnectionEvents,
): Promise<Listener> => {
  const answer = await until(network.listen({ port: 0, host, accepted }), 'listening')
  if (answer.type === 'failed') throw new Error(answer.failure.message)
  return answer.value
}

/** A listener and one connection to it, heard at both ends. */
export const connected = async (world: NetworkWorld, dialer = new Ear(), acceptor = new Ear()): Promise<Pair> => {
  const arrived = signal<Connection>()
  const listener = await listen(world, (connection) => {
    arrived.send(connection)
    return acceptor
  })
  const address = { host: world.host, port: listener.port }
  world.network.dial(address, DIAL_MS, dialer)
  const dialed = await world.until(dialer.whenOpened(), 'the dial opens')
  const accepted = await world.until(arrived.promise, 'the listener accepts')
  return { listener, address, dialer, acceptor, dialed, accepted }
}

/** Waits until other connections had every chance to be served: `rounds` messages there and back. */
export const whileOthersTalk = async (world: NetworkWorld, rounds = 50): Promise<void> => {
  const done = signal<void>()
  let left = rounds
  const dialer = new Ear(false)
  const acceptor = new Ear(false)
  const { dialed, accepted, listener } = await connected(world, dialer, acceptor)
  acceptor.onReceived = (chunk) => accepted.send([new Uint8Array(chunk)])
  dialer.onReceived = (chunk) => {
    left--
    if (left > 0) dialed.send([new Uint8Array(chunk)])
    else done.send()
  }
  dialed.send([Uint8Array.of(1)])
  await world.until(done.promise, 'others talk')
  dialed.close()
  accepted.close()
  await listener.close()
}

type Check = (world: NetworkWorld) => Promise<void>

export interface Claims {
  claim(text: string, check: Check): void
  /** Checks once as who dialed, once as who accepted. */
  bothDirections(text: string, check: (world: NetworkWorld, toAcceptor: boolean) => Promise<void>): void
}

export const claimsOf = (name: string, makeWorld: () => Promise<NetworkWorld>): Claims => {
  const claim = (text: string, check: Check): void => {
    test(`${name}: ${text}`, async () => {
      const world = await makeWorld()
      try {
        await check(world)
      } finally {
        await world.close()
      }
    })
  }
  return {
    claim,
    bothDirections: (text, check) => {
      claim(`${text}, towards who accepted`, (world) => check(world, true))
      claim(`${text}, towards who dialed`, (world) => check(world, false))
    },
  }
}
