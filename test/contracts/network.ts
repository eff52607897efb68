/** The contract of a network: what every implementation of the `Network` port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import type { Connection, ConnectionEvents, Listener, Network } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { Ear } from './ear.js'
import { Pattern } from './pattern.js'
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

const MIB = 1_048_576
const DIAL_MS = 10_000

interface Pair {
  readonly listener: Listener
  readonly address: PeerAddress
  readonly dialer: Ear
  readonly acceptor: Ear
  readonly dialed: Connection
  readonly accepted: Connection
}

export const networkContract = (name: string, makeWorld: () => Promise<NetworkWorld>): void => {
  const claim = (text: string, check: (world: NetworkWorld) => Promise<void>): void => {
    test(`${name}: ${text}`, async () => {
      const world = await makeWorld()
      try {
        await check(world)
      } finally {
        await world.close()
      }
    })
  }

  const listen = async (
    { network, host, until }: NetworkWorld,
    accepted: (connection: Connection) => ConnectionEvents,
  ): Promise<Listener> => {
    const answer = await until(network.listen({ port: 0, host, accepted }), 'listening')
    if (answer.type === 'failed') throw new Error(answer.failure.message)
    return answer.value
  }

  /** A listener and one connection to it, heard at both ends. */
  const connected = async (world: NetworkWorld, dialer = new Ear(), acceptor = new Ear()): Promise<Pair> => {
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
  const whileOthersTalk = async (world: NetworkWorld, rounds = 50): Promise<void> => {
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

  const bothDirections = (text: string, check: (world: NetworkWorld, toAcceptor: boolean) => Promise<void>): void => {
    claim(`${text}, towards who accepted`, (world) => check(world, true))
    claim(`${text}, towards who dialed`, (world) => check(world, false))
  }

  claim('a dial is accepted, and each end knows the address of the other', async (world) => {
    const { dialed, accepted, address, dialer, acceptor, listener } = await connected(world)
    assert.equal(dialed.remote, address)
    assert.is(accepted.remote.host, world.host)
    assert.ok(accepted.remote.port > 0 && accepted.remote.port !== address.port)
    assert.equal(dialer.heard, ['opened'])
    assert.equal(acceptor.heard, [], 'who accepted was given the connection, so it is not told that it opened')
    await listener.close()
  })

  claim('nothing is called back from within dial', async (world) => {
    const ear = new Ear()
    const listener = await listen(world, () => new Ear())
    world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, ear)
    assert.equal(ear.heard, [])
    await world.until(ear.whenOpened(), 'the dial opens')
    await listener.close()
  })

  bothDirections('chunks arrive joined, in order and whole', async (world, toAcceptor) => {
    const { dialed, accepted, dialer, acceptor, listener } = await connected(world)
    const from = toAcceptor ? dialed : accepted
    const to = toAcceptor ? acceptor : dialer
    from.send([Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)])
    from.send([Uint8Array.of(4)])
    from.send([])
    from.send([Uint8Array.of(5), Uint8Array.of(6, 7, 8)])
    await world.until(to.whenReceived(8), 'the bytes arrive')
    assert.equal([...to.bytes], [1, 2, 3, 4, 5, 6, 7, 8])
    await listener.close()
  })

  claim('flushed is called once for each send, in order, and never from within it', async (world) => {
    const { dialed, acceptor, listener } = await connected(world)
    const flushed: number[] = []
    const last = signal<void>()
    for (let send = 0; send < 20; send++) {
      const chunks = Array.from({ length: send % 4 }, () => new Uint8Array(1_000 * send))
      dialed.send(chunks, () => {
        flushed.push(send)
        if (send === 19) last.send()
      })
      assert.equal(flushed, [])
    }
    await world.until(last.promise, 'the last send is flushed')
    assert.equal(
      flushed,
      Array.from({ length: 20 }, (_, send) => send),
    )
    assert.is(dialed.unsentBytes, 0)
    await world.until(acceptor.whenReceived(1_000), 'bytes arrive')
    await listener.close()
  })

  bothDirections('64 MiB arrive unchanged, and a pause holds them back', async (world, toAcceptor) => {
    const totalBytes = 64 * MIB
    const chunkBytes = 60_000
    const unsentMax = 4 * MIB
    const pattern = new Pattern(1)
    let damagedAt: number | undefined
    let checked = 0
    const receiver = new Ear(false)
    const pausedAt = signal<number>()
    const other = new Ear(false)
    const { dialed, accepted, listener } = await connected(
      world,
      toAcceptor ? other : receiver,
      toAcceptor ? receiver : other,
    )
    const from = toAcceptor ? dialed : accepted
    const to = toAcceptor ? accepted : dialed
    receiver.onReceived = (chunk) => {
      damagedAt ??= pattern.differs(checked, chunk)
      const before = checked
      checked += chunk.length
      if (before < 8 * MIB && checked >= 8 * MIB) {
        to.pause()
        pausedAt.send(checked)
      }
    }
    let sent = 0
    const pump = (): void => {
      while (sent < totalBytes && from.unsentBytes < unsentMax) {
        const chunk = pattern.at(sent, Math.min(chunkBytes, totalBytes - sent))
        sent += chunk.length
        from.send([chunk], pump)
      }
    }
    pump()
    const bytesAtPause = await world.until(pausedAt.promise, 'the receiver pauses')
    await whileOthersTalk(world)
    assert.ok(checked - bytesAtPause <= MIB, `${checked - bytesAtPause} bytes came after the pause`)
    assert.ok(sent < totalBytes, 'the sender sees that nobody reads')
    assert.ok(from.unsentBytes >= unsentMax)
    to.resume()
    await world.until(receiver.whenReceived(totalBytes), 'all bytes arrive')
    assert.is(damagedAt, undefined)
    assert.is(receiver.receivedBytes, totalBytes)
    assert.is(sent, totalBytes)
    await listener.close()
  })

  claim('connections side by side do not mix their bytes', async (world) => {
    const count = 12
    const bytesEach = MIB
    const acceptors: { readonly connection: Connection; readonly ear: Ear }[] = []
    const listener = await listen(world, (connection) => {
      const ear = new Ear(false)
      acceptors.push({ connection, ear })
      ear.onReceived = (chunk) => {
        // The first byte says which stream is wanted; then the stream goes out in parts.
        const pattern = new Pattern(chunk[0] ?? 0)
        let sent = 0
        const pump = (): void => {
          if (sent >= bytesEach) return
          const part = pattern.at(sent, Math.min(30_011, bytesEach - sent))
          sent += part.length
          connection.send([part], pump)
        }
        pump()
      }
      return ear
    })
    const dialers = Array.from({ length: count }, (_, which) => {
      const ear = new Ear()
      ear.onOpened = (connection) => connection.send([Uint8Array.of(which)])
      world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, ear)
      return ear
    })
    for (const [which, ear] of dialers.entries()) {
      await world.until(ear.whenReceived(bytesEach), 'the stream arrives')
      assert.is(new Pattern(which).differs(0, ear.bytes), undefined)
      assert.is(ear.receivedBytes, bytesEach)
    }
    assert.is(acceptors.length, count)
    await listener.close()
  })

  claim('a pause from within opened holds back what comes first', async (world) => {
    const acceptorHasSent = signal<void>()
    const listener = await listen(world, (connection) => {
      connection.send([Uint8Array.of(1, 2, 3)], () => acceptorHasSent.send())
      return new Ear()
    })
    const ear = new Ear()
    ear.onOpened = (connection) => connection.pause()
    world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, ear)
    const connection = await world.until(ear.whenOpened(), 'the dial opens')
    await world.until(acceptorHasSent.promise, 'the other side has sent')
    await whileOthersTalk(world)
    assert.equal(ear.heard, ['opened'])
    connection.resume()
    await world.until(ear.whenReceived(3), 'the bytes arrive')
    await listener.close()
  })

  claim('a pause from within accepted holds back what comes first', async (world) => {
    const ear = new Ear()
    const arrived = signal<Connection>()
    const listener = await listen(world, (connection) => {
      connection.pause()
      arrived.send(connection)
      return ear
    })
    const dialer = new Ear()
    const sent = signal<void>()
    dialer.onOpened = (connection) => connection.send([Uint8Array.of(1, 2, 3)], () => sent.send())
    world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, dialer)
    const connection = await world.until(arrived.promise, 'the listener accepts')
    await world.until(sent.promise, 'the other side has sent')
    await whileOthersTalk(world)
    assert.equal(ear.heard, [])
    connection.resume()
    await world.until(ear.whenReceived(3), 'the bytes arrive')
    await listener.close()
  })

  claim('a dial that is refused says so once', async (world) => {
    const ear = new Ear()
    world.network.dial(await world.refusing(), DIAL_MS, ear)
    assert.equal(ear.heard, [])
    assert.is((await world.until(ear.whenClosed(), 'the dial is refused')).code, 'ECONNREFUSED')
    await whileOthersTalk(world)
    assert.equal(ear.heard, ['closed ECONNREFUSED'])
  })

  claim('a dial that nobody answers ends at its timeout', async (world) => {
    const ear = new Ear()
    world.network.dial(await world.silent(), 200, ear)
    assert.is((await world.until(ear.whenClosed(), 'the dial times out')).code, 'ETIMEDOUT')
    assert.equal(ear.heard, ['closed ETIMEDOUT'])
  })

  claim('a dial that is closed before it opens is never heard of', async (world) => {
    const listener = await listen(world, () => new Ear())
    const ears: Ear[] = []
    for (const address of [{ host: world.host, port: listener.port }, await world.refusing(), await world.silent()]) {
      const ear = new Ear()
      const dial = world.network.dial(address, 200, ear)
      dial.close()
      dial.close()
      ears.push(ear)
    }
    await whileOthersTalk(world)
    for (const ear of ears) assert.equal(ear.heard, [])
    await listener.close()
  })

  claim('nothing is called back after close, be it called from within opened', async (world) => {
    const accepted = new Ear()
    const listener = await listen(world, (connection) => {
      connection.send([new Uint8Array(100_000)])
      return accepted
    })
    const ear = new Ear()
    ear.onOpened = (connection) => {
      connection.send([new Uint8Array(1_000)], () => ear.heard.push('flushed'))
      connection.close()
    }
    world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, ear)
    await world.until(accepted.whenClosed(), 'the other side hears of it')
    await whileOthersTalk(world)
    assert.equal(ear.heard, ['opened'])
    await listener.close()
  })

  bothDirections('nothing is called back after close from within received', async (world, toAcceptor) => {
    const closing = new Ear()
    const other = new Ear()
    const { dialed, accepted, listener } = await connected(
      world,
      toAcceptor ? other : closing,
      toAcceptor ? closing : other,
    )
    const from = toAcceptor ? dialed : accepted
    const to = toAcceptor ? accepted : dialed
    let calls = 0
    closing.onReceived = () => {
      calls++
      to.send([new Uint8Array(10)], () => closing.heard.push('flushed'))
      to.close()
    }
    for (let send = 0; send < 50; send++) from.send([new Uint8Array(50_000)])
    await world.until(other.whenClosed(), 'the other side hears of it')
    await whileOthersTalk(world)
    assert.is(calls, 1)
    assert.is(closing.heard.filter((event) => !event.startsWith('received')).length, toAcceptor ? 0 : 1)
    assert.not.ok(closing.heard.includes('flushed'))
    await listener.close()
  })

  bothDirections('an end of the other side comes after its bytes, once, as EOF', async (world, toAcceptor) => {
    const { dialed, accepted, dialer, acceptor, listener } = await connected(world)
    const from = toAcceptor ? dialed : accepted
    const ear = toAcceptor ? acceptor : dialer
    from.send([new Uint8Array(10_000)], () => from.close())
    assert.is((await world.until(ear.whenClosed(), 'the end is heard')).code, 'EOF')
    assert.is(ear.receivedBytes, 10_000)
    await whileOthersTalk(world)
    assert.is(ear.heard.filter((event) => event.startsWith('closed')).length, 1)
    await listener.close()
  })

  claim('whatever is asked of a closed connection does nothing', async (world) => {
    const { dialed, accepted, dialer, acceptor, listener } = await connected(world)
    dialed.close()
    await world.until(acceptor.whenClosed(), 'the end is heard')
    for (const connection of [dialed, accepted]) {
      connection.send([Uint8Array.of(1), Uint8Array.of(2)], () => dialer.heard.push('flushed'))
      connection.pause()
      connection.resume()
      connection.close()
      assert.is(connection.unsentBytes, 0)
    }
    await whileOthersTalk(world)
    assert.equal(dialer.heard, ['opened'])
    assert.equal(acceptor.heard, ['closed EOF'])
    await listener.close()
  })

  claim('a connection may be closed from within accepted', async (world) => {
    const ear = new Ear()
    const listener = await listen(world, (connection) => {
      connection.close()
      return ear
    })
    const dialer = new Ear()
    world.network.dial({ host: world.host, port: listener.port }, DIAL_MS, dialer)
    await world.until(dialer.whenClosed(), 'the other side hears of it')
    assert.equal(ear.heard, [])
    await listener.close()
  })

  claim('a port that is taken is a failure, and can be had when the listener is closed', async (world) => {
    const { network, host, until } = world
    const first = await listen(world, () => new Ear())
    assert.ok(first.port > 0)
    const options = { port: first.port, host, accepted: () => new Ear() }
    const second = await until(network.listen(options), 'listening again')
    assert.is(second.type === 'failed' && second.failure.code, 'EADDRINUSE')
    await until(first.close(), 'the listener closes')
    await until(first.close(), 'the listener closes twice')
    const third = await until(network.listen(options), 'listening after that')
    assert.is(third.type, 'done')
    if (third.type === 'done') await third.value.close()
  })

  claim('a listener that closes keeps its connections and takes no more', async (world) => {
    const { dialed, acceptor, listener, address } = await connected(world)
    await world.until(listener.close(), 'the listener closes')
    dialed.send([Uint8Array.of(1)])
    await world.until(acceptor.whenReceived(1), 'bytes arrive')
    const late = new Ear()
    world.network.dial(address, DIAL_MS, late)
    assert.is((await world.until(late.whenClosed(), 'the late dial ends')).code, 'ECONNREFUSED')
    assert.is(present(acceptor, 'the ear').heard.length, 1)
  })
}
