/** The tracker over UDP, on real sockets. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import type { UdpAnswer } from '../../src/wire/udpanswer.js'
import { encodeUdpRequest } from '../../src/wire/udprequest.js'
import { createTracker, type Tracker, type TrackerOptions } from '../../tracker/index.js'
import { startUdpFront } from '../../tracker/udp.js'
import { askAnnounce, failureOf, request } from './http-client.js'
import { UdpClient, udpAnnounce } from './udp-client.js'

const withTracker = async (
  options: TrackerOptions,
  work: (tracker: Tracker, port: number) => Promise<void>,
): Promise<void> => {
  const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0, udpPort: 0, ...options })
  try {
    await work(tracker, tracker.udpPort ?? 0)
  } finally {
    await tracker.close()
  }
}

const withClient = async (port: number, host: string, work: (client: UdpClient) => Promise<void>): Promise<void> => {
  const client = await UdpClient.open(port, host)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

const peersOf = (answer: UdpAnswer): readonly unknown[] => {
  if (answer.type !== 'announced') throw new Error(`${JSON.stringify(answer)} is no answer to an announce`)
  return answer.peers
}

test('udp: peers of HTTP and of UDP find each other', () =>
  withTracker({}, (tracker, port) =>
    withClient(port, '127.0.0.1', async (client) => {
      const id = await client.connect()
      assert.equal(peersOf(await client.ask(udpAnnounce(id, 1))), [])
      const base = `http://127.0.0.1:${tracker.httpPort}`
      assert.equal((await askAnnounce(base, request(2))).peers, [{ host: '127.0.0.1', port: 6_001 }])
      assert.equal(peersOf(await client.ask(udpAnnounce(id, 3))).length, 2)
      const { announces, peers, failures } = await tracker.stats()
      assert.equal({ announces, peers, failures }, { announces: 3, peers: 3, failures: 0 })
    }),
  ))

test('udp: without a host it answers over IPv4 and IPv6 at one port, each with peers of its own family', () =>
  withTracker({ host: undefined }, (_, port) =>
    withClient(port, '127.0.0.1', (four) =>
      withClient(port, '::1', async (six) => {
        const [id4, id6] = [await four.connect(), await six.connect()]
        await four.ask(udpAnnounce(id4, 1))
        assert.equal(peersOf(await six.ask(udpAnnounce(id6, 2))), [])
        assert.equal(peersOf(await four.ask(udpAnnounce(id4, 3))), [{ host: '127.0.0.1', port: 6_001 }])
        assert.equal(peersOf(await six.ask(udpAnnounce(id6, 4))), [{ host: '::1', port: 6_002 }])
      }),
    ),
  ))

test('udp: it listens where it is told, by address or by name', () =>
  withTracker({ host: '::1' }, (tracker, port) =>
    withClient(port, '::1', async (client) => {
      assert.is(tracker.httpPort > 0, true)
      assert.is((await client.ask(udpAnnounce(await client.connect(), 1))).type, 'announced')
      await withTracker({ host: 'localhost' }, async (named) => {
        assert.is((await fetch(`http://localhost:${named.httpPort}/stats`)).status, 200)
        assert.ok((named.udpPort ?? 0) > 0)
      })
    }),
  ))

test('udp: garbage and forgeries are survived, and leave nothing behind', () =>
  withTracker({}, (tracker, port) =>
    withClient(port, '127.0.0.1', async (client) => {
      const forged = encodeUdpRequest(udpAnnounce(new Uint8Array(8).fill(9), 1))
      for (let length = 0; length <= 40; length++) client.send(new Uint8Array(length).fill(length))
      client.send(new Uint8Array(60_000))
      client.send(forged)
      // The first that is answered is the forgery: with an error, and no longer than it.
      const answer = await client.next()
      assert.is(answer[3], 3)
      assert.ok(answer.length <= forged.length)
      assert.is((await client.ask(udpAnnounce(await client.connect(), 1))).type, 'announced')
      assert.is((await tracker.stats()).peers, 1)
    }),
  ))

test('udp: an address that asks too often hears nothing over UDP, is told so over HTTP, and is counted', () => {
  let nowMs = 0
  return withTracker({ rate: 1, now: () => nowMs }, (tracker, port) =>
    withClient(port, '127.0.0.1', async (client) => {
      const id = await client.connect()
      for (let asked = 0; asked < LIMITS.trackerRateBurstSeconds; asked++) await client.ask(udpAnnounce(id, 1))
      const base = `http://127.0.0.1:${tracker.httpPort}`
      const refused = await fetch(`${base}/announce`)
      assert.is(refused.status, 429)
      assert.is(await refused.text(), 'd14:failure reason32:you ask too often: wait a minute8:retry ini1ee')
      assert.is((await fetch(`${base}/scrape`)).status, 429)
      assert.is((await fetch(`${base}/stats`)).status, 200)
      client.send(encodeUdpRequest(udpAnnounce(id, 2)))
      // Asked after it and answered before: nothing came in between.
      assert.is((await client.ask({ type: 'connect', transactionId: 3 })).transactionId, 3)
      assert.is((await tracker.stats()).limited, 3)
      nowMs = 1_000
      assert.is((await client.ask(udpAnnounce(id, 3))).type, 'announced')
    }),
  )
})

test('udp: with a rate of 0 an address may ask as often as it likes', () =>
  withTracker({ rate: 0, now: () => 0 }, async (tracker) => {
    const base = `http://127.0.0.1:${tracker.httpPort}`
    for (let asked = 0; asked < 2_100; asked += 100) {
      await Promise.all(Array.from({ length: 100 }, () => failureOf(`${base}/announce`)))
    }
    assert.is((await tracker.stats()).limited, 0)
  }))

test('udp: peers say where they are only where that is allowed, over either protocol', async () => {
  for (const announcedIp of [true, false]) {
    await withTracker({ announcedIp }, (tracker, port) =>
      withClient(port, '127.0.0.1', async (client) => {
        const id = await client.connect()
        await client.ask(udpAnnounce(id, 1, { host: '198.51.100.1' }))
        await askAnnounce(`http://127.0.0.1:${tracker.httpPort}`, request(2, { host: '198.51.100.2' }))
        const hosts = peersOf(await client.ask(udpAnnounce(id, 3))).map((peer) => (peer as { host: string }).host)
        assert.equal(hosts.sort(), announcedIp ? ['198.51.100.1', '198.51.100.2'] : ['127.0.0.1', '127.0.0.1'])
      }),
    )
  }
})

test('udp: what is on its way is answered before the socket is closed, and what comes later is not', async () => {
  let answer = (): void => {}
  const asked: number[] = []
  const front = await startUdpFront({
    host: '127.0.0.1',
    port: 0,
    reply: (datagram) => {
      asked.push(datagram.length)
      return new Promise((resolve) => {
        answer = () => resolve(Uint8Array.of(1, 2, 3))
      })
    },
  })
  await withClient(front.port, '127.0.0.1', async (client) => {
    client.send(new Uint8Array(5))
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const closed = front.close()
    client.send(new Uint8Array(6))
    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.is(isClosed, false)
    answer()
    assert.equal([...(await client.next())], [1, 2, 3])
    await closed
    await front.close()
    assert.equal(asked, [5])
  })
})

test('udp: there is none unless it is asked for', async () => {
  const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0 })
  assert.is(tracker.udpPort, undefined)
  await tracker.close()
})

test('udp: a port that is taken and values that no option can take are named by their code, and nothing stays open', () =>
  withTracker({}, async (tracker, port) => {
    const httpPort = tracker.httpPort
    const codeOf = (options: TrackerOptions): Promise<string> =>
      createTracker({ host: '127.0.0.1', httpPort: 0, ...options }).then(
        async (wrong) => {
          await wrong.close()
          return 'nothing'
        },
        (error) => (error instanceof TorrewindError ? error.code : String(error)),
      )
    assert.is(await codeOf({ udpPort: port }), 'PORT_TAKEN')
    assert.is(await codeOf({ httpPort, udpPort: 0 }), 'PORT_TAKEN')
    for (const wrong of [{ udpPort: 65_536 }, { udpPort: -1 }, { udpPort: 0.5 }, { rate: -1 }, { rate: 1_000_001 }]) {
      assert.is(await codeOf(wrong), 'OPTION_INVALID', JSON.stringify(wrong))
    }
    assert.is(await codeOf({ host: '192.0.2.1', udpPort: 0 }), 'OPTION_INVALID')
  }))

test.run()
