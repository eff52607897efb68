/** The contract of a network, its bytes: they arrive whole and in order, and a pause holds them back. */
import * as assert from 'uvu/assert'
import type { Connection } from '../../src/ports.js'
import { Ear } from './ear.js'
import { claimsOf, connected, DIAL_MS, listen, type NetworkWorld, whileOthersTalk } from './network-rig.js'
import { Pattern } from './pattern.js'
import { signal } from './waiting.js'

const MIB = 1_048_576

export const networkFlowContract = (name: string, makeWorld: () => Promise<NetworkWorld>): void => {
  const { claim, bothDirections } = claimsOf(name, makeWorld)

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
}
