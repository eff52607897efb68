/** Multicast on this machine's loopback keeps the contract, and says what is wrong where there is no network. */
import { createSocket } from 'node:dgram'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { World } from '../../simulations/world.js'
import { nodeMulticast } from '../../src/node/multicast.js'
import { joining, multicastContract } from '../contracts/multicast.js'
import { signal, waitAtMost } from '../contracts/waiting.js'
import { Lan } from '../discovery/lan.js'
import { untilIn } from '../simulations/until.js'

const until = waitAtMost(20_000)

/** Any port that nobody uses: not that of BEP 14, where others of this machine may be. */
const freePort = async (): Promise<number> => {
  const socket = createSocket('udp4')
  const bound = signal<void>()
  socket.bind(0, '127.0.0.1', () => bound.send())
  await until(bound.promise, 'binding')
  const { port } = socket.address()
  socket.close()
  return port
}

const group = async () => ({ host: '239.192.152.143', port: await freePort() })

multicastContract('node multicast', async () => ({
  multicast: nodeMulticast('127.0.0.1'),
  group: await group(),
  until,
  close: async () => undefined,
}))

multicastContract('simulated multicast', async () => {
  const world = new World(1)
  return {
    multicast: new Lan(world).at('10.0.0.1'),
    group: { host: '239.192.152.143', port: 6_771 },
    until: untilIn(world),
    close: async () => undefined,
  }
})

const codeOf = async (host: string | undefined, to: { host: string; port: number }): Promise<string> => {
  const answer = await until(joining(nodeMulticast(host), to), 'joining')
  if (answer.type === 'done') answer.value.close()
  return answer.type === 'done' ? 'done' : answer.failure.code
}

test('node multicast: an address that this machine does not have takes part in no network', async () => {
  assert.is(await codeOf('192.0.2.77', await group()), 'ENODEV')
})

test('node multicast: what is no group, or of another family than the address, is refused', async () => {
  assert.is(await codeOf('127.0.0.1', { host: 'ff15::efc0:988f', port: await freePort() }), 'EINVAL')
  assert.is(await codeOf(undefined, { host: 'a name', port: await freePort() }), 'EINVAL')
  assert.not.equal(await codeOf('127.0.0.1', { host: '10.0.0.1', port: await freePort() }), 'done')
})

test.run()
