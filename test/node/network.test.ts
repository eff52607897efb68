/** Real TCP keeps the contract of networks, and what real sockets do besides is borne. */
import { connect, createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { plainHost } from '../../src/node/connection.js'
import { nodeNetwork } from '../../src/node/network.js'
import type { Connection, ConnectionEvents, Listener, Network } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { Ear } from '../contracts/ear.js'
import { type NetworkWorld, networkContract } from '../contracts/network.js'
import { signal, waitAtMost } from '../contracts/waiting.js'

const until = waitAtMost(20_000)
const HOST = '127.0.0.1'

/** Whatever a test leaves open would keep the process from ending. */
const closers: (() => unknown)[] = []
test.after.each(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A server outside the port, for what the port itself would never do. */
const rawServer = async (serve: (socket: Socket) => void): Promise<{ readonly port: number; close(): void }> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  const listening = signal<void>()
  server.listen(0, HOST, () => listening.send())
  await until(listening.promise, 'the server listens')
  const address = server.address()
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  closers.push(close)
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close }
}

/** Listens, and then never accepts, so that the system drops what comes when its queue is full. */
const DEAF = `
const { parentPort } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
})`

/** The network, with a note of all that is opened. */
const tidyNetwork = (): Network => {
  const network = nodeNetwork()
  return {
    dial: (address: PeerAddress, timeoutMs: number, events: ConnectionEvents) => {
      const dial = network.dial(address, timeoutMs, events)
      closers.push(() => dial.close())
      return dial
    },
    listen: async ({ accepted, ...options }) => {
      const answer = await network.listen({
        ...options,
        accepted: (connection: Connection) => {
          closers.push(() => connection.close())
          return accepted(connection)
        },
      })
      if (answer.type === 'done') closers.push(() => answer.value.close())
      return answer
    },
  }
}

const realWorld = async (): Promise<NetworkWorld> => ({
  network: tidyNetwork(),
  host: HOST,
  until,
  refusing: async () => {
    const server = await rawServer(() => {})
    server.close()
    return { host: HOST, port: server.port }
  },
  silent: async () => {
    const worker = new Worker(DEAF, { eval: true })
    const listening = signal<number>()
    worker.once('message', (port: number) => listening.send(port))
    const port = await until(listening.promise, 'the deaf server listens')
    const fillers = Array.from({ length: 8 }, () => connect({ host: HOST, port }).on('error', () => {}))
    closers.push(() => worker.terminate(), ...fillers.map((filler) => () => filler.destroy()))
    await until(
      Promise.all(fillers.slice(0, 2).map((filler) => new Promise((resolve) => filler.once('connect', resolve)))),
      'the queue fills',
    )
    return { host: HOST, port }
  },
  close: async () => {},
})

networkContract('network', realWorld)

const listening = async (host: string | undefined, ear: Ear, arrived: (connection: Connection) => void) => {
  const answer = await tidyNetwork().listen({
    port: 0,
    host,
    accepted: (connection) => {
      arrived(connection)
      return ear
    },
  })
  if (answer.type === 'failed') throw new Error(answer.failure.message)
  return answer.value
}

const remoteSeenBy = async (listener: Listener, dialedHost: string, arrived: Promise<Connection>) => {
  const ear = new Ear()
  const dial = tidyNetwork().dial({ host: dialedHost, port: listener.port }, 5_000, ear)
  const remote = (await until(arrived, 'the listener accepts')).remote
  dial.close()
  return remote.host
}

test('network: without a host both families are served, and IPv4 addresses look like IPv4', async () => {
  const arrived = signal<Connection>()
  const listener = await listening(undefined, new Ear(), (connection) => arrived.send(connection))
  assert.is(await remoteSeenBy(listener, HOST, arrived.promise), HOST)
  await listener.close()
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  if (!hasIpv6) return
  const arrivedToo = signal<Connection>()
  const listenerToo = await listening(undefined, new Ear(), (connection) => arrivedToo.send(connection))
  assert.is(await remoteSeenBy(listenerToo, '::1', arrivedToo.promise), '::1')
  await listenerToo.close()
})

test('network: an address is shown without what maps or scopes it', () => {
  assert.is(plainHost('::ffff:10.1.2.3'), '10.1.2.3')
  assert.is(plainHost('::FFFF:10.1.2.3'), '10.1.2.3')
  assert.is(plainHost('fe80::1%eth0'), 'fe80::1')
  assert.is(plainHost('2001:db8::1'), '2001:db8::1')
})

test('network: an address that is not of this machine cannot be listened at', async () => {
  const answer = await tidyNetwork().listen({ port: 0, host: '192.0.2.1', accepted: () => new Ear() })
  assert.is(answer.type === 'failed' && answer.failure.code, 'EADDRNOTAVAIL')
})

test('network: a reset of the other side ends a dialed connection', async () => {
  const server = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  const ear = new Ear()
  ear.onOpened = (connection) => connection.send([Uint8Array.of(1)])
  tidyNetwork().dial({ host: HOST, port: server.port }, 5_000, ear)
  assert.is((await until(ear.whenClosed(), 'the reset is heard')).code, 'ECONNRESET')
  assert.equal(ear.heard, ['opened', 'closed ECONNRESET'])
  server.close()
})

test('network: a reset of the other side ends an accepted connection', async () => {
  const ear = new Ear()
  const listener = await listening(HOST, ear, () => {})
  const socket = connect({ host: HOST, port: listener.port })
  socket.once('connect', () => socket.write('x'))
  await until(ear.whenReceived(1), 'a byte arrives')
  socket.resetAndDestroy()
  assert.is((await until(ear.whenClosed(), 'the reset is heard')).code, 'ECONNRESET')
  await listener.close()
})

test('network: an end while reading is paused is heard when it goes on, after the bytes', async () => {
  const server = await rawServer((socket) => socket.end(new Uint8Array(5_000)))
  const ear = new Ear()
  ear.onOpened = (connection) => connection.pause()
  tidyNetwork().dial({ host: HOST, port: server.port }, 5_000, ear)
  const connection = await until(ear.whenOpened(), 'the dial opens')
  connection.resume()
  assert.is((await until(ear.whenClosed(), 'the end is heard')).code, 'EOF')
  assert.is(ear.receivedBytes, 5_000)
  server.close()
})

test('network: what arrives for a closed connection never throws', async () => {
  const ended = signal<void>()
  let resets = 0
  const server = await rawServer((socket) => {
    socket.on('close', () => {
      resets++
      if (resets === 100) ended.send()
    })
    socket.write(new Uint8Array(70_000))
    socket.once('data', () => socket.resetAndDestroy())
  })
  for (let dial = 0; dial < 100; dial++) {
    const ear = new Ear(false)
    const close = (connection: Connection): void => {
      connection.send([new Uint8Array(200_000), Uint8Array.of(1)], () => {})
      if (dial % 2 === 0) connection.close()
    }
    ear.onOpened = close
    ear.onReceived = () => ear.connection?.close()
    tidyNetwork().dial({ host: HOST, port: server.port }, 5_000, ear)
  }
  await until(ended.promise, 'all connections end')
  server.close()
})

test('network: idle connections hold no buffer for reading', async () => {
  const count = 300
  const network = tidyNetwork()
  const accepted: Connection[] = []
  const greeted = new Ear(false)
  const listener = await listening(HOST, greeted, (connection) => accepted.push(connection))
  const before = process.memoryUsage().arrayBuffers
  const ears = Array.from({ length: count }, () => {
    const ear = new Ear(false)
    ear.onOpened = (connection) => connection.send([Uint8Array.of(1)])
    network.dial({ host: HOST, port: listener.port }, 5_000, ear)
    return ear
  })
  await until(greeted.whenReceived(count), 'all have greeted')
  for (const connection of accepted) connection.send([Uint8Array.of(2)])
  for (const ear of ears) await until(ear.whenReceived(1), 'all are greeted')
  const perConnection = (process.memoryUsage().arrayBuffers - before) / (2 * count)
  assert.ok(perConnection < 4_096, `${Math.round(perConnection)} bytes of buffers for each end`)
  for (const ear of ears) ear.connection?.close()
  for (const connection of accepted) connection.close()
  await listener.close()
})

test.run()
