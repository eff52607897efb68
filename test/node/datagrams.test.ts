/** Real UDP keeps the contract of datagrams, in both families, and what real sockets do besides is borne. */
import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import type { Datagrams } from '../../src/ports.js'
import { binding, datagramsContract, mailbox } from '../contracts/datagrams.js'
import { waitAtMost } from '../contracts/waiting.js'

const until = waitAtMost(20_000)

/** Whatever a test leaves open would keep the process from ending. */
const closers: (() => unknown)[] = []
test.after.each(() => {
  for (const close of closers.splice(0)) close()
})

/** Datagrams, with a note of all that is bound. */
const tidyDatagrams = (): Datagrams => {
  const datagrams = nodeDatagrams()
  return {
    bind: (options, done) =>
      datagrams.bind(options, (answer) => {
        if (answer.type === 'done') closers.push(() => answer.value.close())
        done(answer)
      }),
  }
}

const worldAt = (host: string, elsewhere: string, foreign: string) => async () => ({
  datagrams: tidyDatagrams(),
  host,
  elsewhere,
  foreign,
  until,
  close: async () => undefined,
})

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

datagramsContract('datagrams of IPv4', worldAt('127.0.0.1', '192.0.2.1', '::1'))
if (hasIpv6) {
  datagramsContract('datagrams of IPv6', worldAt('::1', '2001:db8::1', '127.0.0.1'))

  test('datagrams: one socket of all addresses talks in both families, and IPv4 looks like IPv4', async () => {
    const world = { datagrams: tidyDatagrams(), until }
    const all = await mailbox(world, undefined)
    for (const host of ['127.0.0.1', '::1']) {
      const other = await mailbox(world, host)
      other.socket.send([Uint8Array.of(1)], { host, port: all.socket.port })
      await until(all.whenHeard(1), 'it arrives')
      assert.equal(all.heard.splice(0), [{ bytes: [1], from: other.address }])
      all.socket.send([Uint8Array.of(2)], other.address)
      await until(other.whenHeard(1), 'the answer arrives')
      assert.equal(other.heard, [{ bytes: [2], from: { host, port: all.socket.port } }])
    }
  })

  test('datagrams: a port that one family has is not free for both', async () => {
    const taken = await mailbox({ datagrams: tidyDatagrams(), until }, '127.0.0.1')
    const answer = await binding(tidyDatagrams(), { port: taken.socket.port, received: () => undefined })
    assert.is(answer.type === 'failed' && answer.failure.code, 'EADDRINUSE')
  })
}

test('datagrams: news that nobody listens there ends nothing', async () => {
  const world = { datagrams: tidyDatagrams(), until }
  const [left, right] = [await mailbox(world, '127.0.0.1'), await mailbox(world, '127.0.0.1')]
  const gone = await mailbox(world, '127.0.0.1')
  gone.socket.close()
  for (let send = 1; send <= 20; send++) {
    left.socket.send([Uint8Array.of(0)], gone.address)
    left.socket.send([Uint8Array.of(send)], right.address)
    await until(right.whenHeard(send), 'the others arrive')
  }
})

test('datagrams: a thousand sockets can be opened and closed, those that could not be bound among them', async () => {
  const blocker = createSocket('udp4')
  await new Promise<void>((resolve) => blocker.bind({ port: 0, address: '127.0.0.1' }, resolve))
  closers.push(() => blocker.close())
  const { port } = blocker.address()
  for (let round = 0; round < 1_000; round++) {
    const host = '127.0.0.1'
    const options = { port: round % 2 === 0 ? port : 0, host, received: () => undefined }
    const answer = await binding(nodeDatagrams(), options)
    assert.is(answer.type, round % 2 === 0 ? 'failed' : 'done')
    if (answer.type === 'done') answer.value.close()
  }
})

test.run()
