/** The HTTP front over real sockets, asked by well-behaved clients and by ones that are wrong. */
import { Agent } from 'node:http'
import { networkInterfaces } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { announceOverHttp, TRACKER_BOUNDS } from '../../src/node/http-tracker.js'
import type { Answer } from '../../src/ports.js'
import { toHex } from '../../src/values.js'
import { type AnnounceAnswer, announceUrl } from '../../src/wire/tracker.js'
import { createTracker, type Tracker } from '../../tracker/index.js'
import { askAnnounce, askScrape, failureOf, fetchUrl, RawClient, request } from './http-client.js'
import { hashOf, idOf } from './swarm-world.js'

const test = suite<{ tracker: Tracker; base: string }>('tracker http')

test.before.each(async (context) => {
  context.tracker = await createTracker({ host: '127.0.0.1', httpPort: 0, intervalSeconds: 900 })
  context.base = `http://127.0.0.1:${context.tracker.httpPort}`
})
test.after.each(({ tracker }) => tracker.close())

test('http: two peers find each other, by the addresses that they ask from', async ({ base }) => {
  const first = await askAnnounce(base, request(1, { event: 'started' }))
  assert.equal(first.peers, [])
  assert.is(first.intervalSeconds, 900)
  assert.is(first.minIntervalSeconds, 60)
  assert.is(first.externalHost, '127.0.0.1')
  const second = await askAnnounce(base, request(2, { leftBytes: 0 }))
  assert.equal(second.peers, [{ host: '127.0.0.1', port: 6_001 }])
  assert.is(second.complete, 1)
  assert.is(second.incomplete, 1)
  assert.equal((await askAnnounce(base, request(1))).peers, [{ host: '127.0.0.1', port: 6_002 }])
  await askAnnounce(base, request(2, { event: 'stopped' }))
  assert.equal((await askAnnounce(base, request(1))).peers, [])
})

test('http: the address that a peer says it has is passed over', async ({ base }) => {
  await askAnnounce(base, request(1, { host: '198.51.100.1' }))
  assert.equal((await askAnnounce(base, request(2))).peers, [{ host: '127.0.0.1', port: 6_001 }])
})

test('http: whoever asks for dictionaries gets them, with ids', async ({ base }) => {
  await askAnnounce(base, request(1))
  const { peers } = await askAnnounce(base, request(2, { compact: false, noPeerId: false }))
  assert.equal(peers, [{ host: '127.0.0.1', port: 6_001, peerId: idOf(1) }])
})

test('http: a scrape counts seeds, leeches and completions', async ({ base }) => {
  await askAnnounce(base, request(1))
  await askAnnounce(base, request(1, { leftBytes: 0, event: 'completed' }))
  await askAnnounce(base, request(2))
  const { files } = await askScrape(base, [1, 2])
  assert.equal(files.get(toHex(hashOf(1))), { complete: 1, incomplete: 1, downloaded: 1 })
  assert.equal(files.get(toHex(hashOf(2))), { complete: 0, incomplete: 0, downloaded: 0 })
  assert.match(await failureOf(`${base}/scrape`), /info_hash is missing/)
})

test('http: the tracker is understood by our own client', async ({ base }) => {
  await askAnnounce(base, request(1))
  const ask = (number: number, port: number): Promise<Answer<AnnounceAnswer>> =>
    new Promise((resolve) => {
      announceOverHttp(`${base}/announce`, request(number, { port }), TRACKER_BOUNDS, resolve)
    })
  const answer = await ask(2, 6_002)
  assert.is(answer.type, 'done')
  if (answer.type === 'done') assert.equal(answer.value.peers, [{ host: '127.0.0.1', port: 6_001 }])
})

test('http: 1,000 announces go over one connection', async ({ base, tracker }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ports = new Set<number>()
  try {
    for (let number = 1; number <= 1_000; number++) {
      const { status, localPort, headers } = await fetchUrl(
        announceUrl(`${base}/announce`, request(number, { infoHash: hashOf(number % 10) })),
        agent,
      )
      assert.is(status, 200)
      assert.is(headers.connection, 'keep-alive')
      ports.add(localPort)
    }
  } finally {
    agent.destroy()
  }
  assert.is(ports.size, 1)
  const expected = { torrents: 10, peers: 1_000, seeds: 0, announces: 1_000, scrapes: 0, failures: 0, limited: 0 }
  assert.equal(await tracker.stats(), expected)
  const stats = await fetchUrl(`${base}/stats`)
  assert.is(stats.headers['content-type'], 'application/json')
  assert.equal(JSON.parse(stats.body.toString()), expected)
})

test('http: requests sent in one go are answered in their order', async ({ tracker }) => {
  const client = await RawClient.open(tracker.httpPort)
  const one = (number: number): string => `GET ${announceUrl('/announce', request(number))} HTTP/1.1\r\nHost: x\r\n\r\n`
  client.send(`${one(1)}${one(2)}GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  await client.until('closed', ({ closed }) => closed)
  assert.equal(client.text.match(/HTTP\/1\.1 \d+|incompletei\d+e/g), [
    'HTTP/1.1 200',
    'incompletei1e',
    'HTTP/1.1 200',
    'incompletei2e',
    'HTTP/1.1 404',
  ])
  client.socket.destroy()
})

test('http: old clients without keep-alive are answered and let go', async ({ tracker }) => {
  const client = await RawClient.open(tracker.httpPort)
  client.send(`GET ${announceUrl('/announce', request(1))} HTTP/1.0\r\n\r\n`)
  await client.until('closed', ({ closed }) => closed)
  assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nd8:completei0e.*e$/s)
  client.socket.destroy()
})

const GOOD = announceUrl('/announce', request(1))
const set = (key: string, value: string): string => GOOD.replace(new RegExp(`\\b${key}=[^&]*`), `${key}=${value}`)
const without = (key: string): string => GOOD.replace(new RegExp(`\\b${key}=[^&]*&?`), '')

const REFUSED: readonly (readonly [what: string, target: string, reason: RegExp])[] = [
  ...['info_hash', 'peer_id', 'port', 'uploaded', 'downloaded', 'left'].map(
    (key) => [`no ${key}`, without(key), new RegExp(`${key} is missing`)] as const,
  ),
  ...['info_hash', 'peer_id', 'port', 'event', 'left'].map(
    (key) => [`${key} twice`, `${GOOD}&event=started&${key}=1`, new RegExp(`${key} is there more than once`)] as const,
  ),
  ['nothing at all', '/announce', /info_hash is missing/],
  ['an info-hash of 19 bytes', set('info_hash', 'a'.repeat(19)), /info_hash has 19 bytes/],
  ['an info-hash of 21 bytes', set('info_hash', 'a'.repeat(21)), /info_hash has 21 bytes/],
  ['an info-hash in hexadecimal digits', set('info_hash', 'a'.repeat(40)), /info_hash has 40 bytes/],
  ['an info-hash of 7,000 bytes', set('info_hash', 'a'.repeat(7_000)), /info_hash has 7000 bytes/],
  ['a peer id of no byte', set('peer_id', ''), /peer_id has 0 bytes/],
  ['half a percent sign', set('info_hash', '%1'), /percent-encoded/],
  ['a percent sign without digits', set('peer_id', '%zz'), /percent-encoded/],
  ['port 0', set('port', '0'), /port/],
  ['port 65536', set('port', '65536'), /port/],
  ['a negative port', set('port', '-1'), /port/],
  ['a port of 100 digits', set('port', '9'.repeat(100)), /port/],
  ['a negative count', set('left', '-1'), /left/],
  ['a count in other digits', set('uploaded', '0x10'), /uploaded/],
  ['an event that no one knows', `${GOOD}&event=exploded`, /event/],
  ['a key without end', `${GOOD}&key=${'k'.repeat(500)}`, /key is longer/],
  ['a query without end', `${GOOD}&x=${'y'.repeat(9_000)}`, /query is longer/],
]

for (const [what, target, reason] of REFUSED) {
  test(`http: ${what} is a failure with its reason, and enters nobody`, async ({ base, tracker }) => {
    assert.match(await failureOf(`${base}${target}`), reason)
    assert.equal(await tracker.stats(), {
      torrents: 0,
      peers: 0,
      seeds: 0,
      announces: 1,
      scrapes: 0,
      failures: 1,
      limited: 0,
    })
    assert.equal((await askAnnounce(base, request(2))).peers, [])
  })
}

for (const numwant of ['-1', '1000000', 'many', '', '1e3']) {
  test(`http: a numwant of "${numwant}" is answered with as many as the tracker gives`, async ({ base }) => {
    for (let number = 1; number <= 60; number++) await askAnnounce(base, request(number, { numwant: 0 }))
    const { status, body } = await fetchUrl(`${base}${set('port', '7000')}&numwant=${numwant}`)
    assert.is(status, 200)
    assert.match(body.toString('latin1'), numwant === '1000000' ? /5:peers354:/ : /5:peers300:/)
  })
}

test('http: bytes that no one encoded are no HTTP, and are answered so', async ({ tracker }) => {
  const client = await RawClient.open(tracker.httpPort)
  client.send(`GET ${set('info_hash', '\x80\xff\xfe\xa0'.repeat(5))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  await client.until('closed', ({ closed }) => closed)
  assert.match(client.text, /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.is((await tracker.stats()).announces, 0)
  client.socket.destroy()
})

test('http: other paths, methods and bodies have their own answers, and the connection goes on', async ({
  tracker,
}) => {
  const client = await RawClient.open(tracker.httpPort)
  for (const [head, status] of [
    ['GET /nothing', 404],
    [`HEAD ${GOOD}`, 405],
    [`POST ${GOOD}`, 405],
    [`GET ${GOOD}`, 200],
  ] as const) {
    client.text = ''
    client.send(`${head} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await client.until(`answered ${status}`, ({ text }) => text.startsWith(`HTTP/1.1 ${status} `))
  }
  client.text = ''
  client.send(`GET ${GOOD} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`)
  await client.until('answered 413', ({ text }) => text.startsWith('HTTP/1.1 413 '))
  assert.is((await tracker.stats()).announces, 1)
  client.socket.destroy()
})

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'))

if (hasIpv6) {
  test('http: on all addresses IPv4 and IPv6 peers find each other, IPv4 under its own name', async () => {
    const tracker = await createTracker({ httpPort: 0 })
    try {
      const [ipv4, ipv6] = [`http://127.0.0.1:${tracker.httpPort}`, `http://[::1]:${tracker.httpPort}`]
      assert.is((await askAnnounce(ipv4, request(1))).externalHost, '127.0.0.1')
      const second = await askAnnounce(ipv6, request(2))
      assert.is(second.externalHost, '::1')
      assert.equal(second.peers, [{ host: '127.0.0.1', port: 6_001 }])
      assert.equal((await askAnnounce(ipv4, request(3))).peers, [
        { host: '127.0.0.1', port: 6_001 },
        { host: '::1', port: 6_002 },
      ])
    } finally {
      await tracker.close()
    }
  })
}

test.run()
