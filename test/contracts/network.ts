/** The contract of a network: what every implementation of the `Network` port does. */
import * as assert from 'uvu/assert'
import { Ear } from './ear.js'
import { networkFlowContract } from './network-flow.js'
import { claimsOf, connected, DIAL_MS, listen, type NetworkWorld, whileOthersTalk } from './network-rig.js'

export type { NetworkWorld } from './network-rig.js'

export const networkContract = (name: string, makeWorld: () => Promise<NetworkWorld>): void => {
  const { claim, bothDirections } = claimsOf(name, makeWorld)

  networkFlowContract(name, makeWorld)

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
    assert.is(acceptor.heard.length, 1)
  })
}
