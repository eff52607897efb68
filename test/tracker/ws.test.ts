/** The WebSocket front as clients meet it: meeting, access, counts, and what becomes of those that do not keep to it. */
import { get } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { createTracker, type Tracker, type TrackerOptions } from '../../tracker/index.js'
import { askAnnounce, askScrape, RawClient, request } from './http-client.js'
import { setOf, tokenMaker } from './token-maker.js'
import { hashText, idOf, offerOf, WebClient } from './ws-client.js'

const HOST = '127.0.0.1'

interface Context {
  trackers: Tracker[]
  clients: WebClient[]
  start(options?: TrackerOptions): Promise<Tracker>
  open(tracker: Tracker, path?: string): Promise<WebClient>
}

const test = suite<Context>('tracker ws')
test.before.each((context) => {
  context.trackers = []
  context.clients = []
  context.start = async (options = {}) => {
    const tracker = await createTracker({ host: HOST, httpPort: 0, ws: true, rate: 0, ...options })
    context.trackers.push(tracker)
    return tracker
  }
  context.open = async ({ httpPort }, path = '/announce') => {
    const client = await WebClient.open(`ws://${HOST}:${httpPort}${path}`)
    context.clients.push(client)
    return client
  }
})
test.after.each(async ({ trackers, clients }) => {
  for (const client of clients) client.end()
  await Promise.all(trackers.map((tracker) => tracker.close()))
})

const httpOf = ({ httpPort }: Tracker): string => `http://${HOST}:${httpPort}`
const statusOf = (opening: Promise<WebClient>): Promise<string> =>
  opening.then(
    () => 'open',
    ({ message }: Error) => message,
  )
/** Sockets close in their own time. */
const untilPeers = async (tracker: Tracker, peers: number): Promise<void> => {
  while ((await tracker.stats()).peers !== peers) await new Promise((resolve) => setImmediate(resolve))
}

test('ws: an offer reaches another peer, whose answer comes back to who made it', async ({ start, open }) => {
  const tracker = await start()
  const [first, second] = [await open(tracker), await open(tracker, '/')]
  assert.equal(await first.asks('a', { event: 'started' }), {
    ...{ action: 'announce', info_hash: hashText(1), interval: LIMITS.trackerWebIntervalSeconds },
    ...{ complete: 0, incomplete: 1 },
  })
  const { complete, incomplete } = await second.asks('b', { left: 0, numwant: 5, offers: [offerOf('o'), offerOf('p')] })
  assert.equal([complete, incomplete], [1, 1])
  const { offer_id: offerId, ...offered } = await first.next()
  assert.equal(offered, {
    ...{ action: 'announce', info_hash: hashText(1), peer_id: idOf('b') },
    ...{ offer: { type: 'offer', sdp: 'an offer' } },
  })
  const answer = { to_peer_id: idOf('b'), offer_id: offerId, answer: { type: 'answer', sdp: 'an answer' } }
  first.announce('a', answer)
  assert.equal(await second.next(), {
    ...{ action: 'announce', info_hash: hashText(1), peer_id: idOf('a') },
    ...{ offer_id: offerId, answer: answer.answer },
  })
  // Not twice, and nobody is told: the next thing that either hears is the answer to what it asks.
  first.announce('a', answer)
  assert.is((await first.asks('a')).interval, LIMITS.trackerWebIntervalSeconds)
  assert.is((await second.asks('b', { left: 0 })).complete, 1)
})

test('ws: who leaves, or whose socket ends, is counted no more and passed nothing', async ({ start, open }) => {
  const tracker = await start()
  const clients = await Promise.all([1, 2, 3].map(() => open(tracker)))
  for (const [at, client] of clients.entries()) await client.asks(`${at}`)
  const [first, second, third] = clients
  assert.ok(first && second && third)
  assert.is((await first.asks('0', { event: 'stopped' })).incomplete, 2)
  second.end()
  await untilPeers(tracker, 1)
  assert.is((await third.asks('2', { offers: [offerOf('o')] })).incomplete, 1)
  assert.is((await first.asks('0')).incomplete, 2)
  assert.equal(first.messages, [])
})

test('ws: several peers may share a socket, and each is told what is for its torrent', async ({ start, open }) => {
  const tracker = await start()
  const client = await open(tracker)
  for (const torrent of [1, 2]) await client.asks('a', { info_hash: hashText(torrent) })
  await client.asks('b')
  client.announce('b', { offers: [offerOf('o'), offerOf('p')] })
  const told = [await client.next(), await client.next()]
  assert.equal(told.map(({ offer }) => offer !== undefined).sort(), [false, true])
  client.end()
  await untilPeers(tracker, 0)
})

test('ws: peers over both ways are counted together and never told of each other', async ({ start, open }) => {
  const tracker = await start()
  const client = await open(tracker)
  await client.asks('a', { left: 0, event: 'completed' })
  const overHttp = await askAnnounce(httpOf(tracker), request(1))
  assert.equal([overHttp.complete, overHttp.incomplete, overHttp.downloaded, overHttp.peers], [1, 1, 1, []])
  const { complete, incomplete } = await client.asks('a', { left: 0, offers: [offerOf('o')] })
  assert.equal([complete, incomplete, client.messages], [1, 1, []])
  const counts = { complete: 1, incomplete: 1, downloaded: 1 }
  assert.equal([...(await askScrape(httpOf(tracker), [1])).files.values()], [counts])
  client.say({ action: 'scrape', info_hash: [hashText(1), hashText(2)] })
  assert.equal(await client.next(), {
    action: 'scrape',
    files: { [hashText(1)]: counts, [hashText(2)]: { complete: 0, incomplete: 0, downloaded: 0 } },
    flags: { min_request_interval: LIMITS.trackerWebIntervalSeconds },
  })
  const { torrents, peers, seeds, web } = await tracker.stats()
  assert.equal(
    { torrents, peers, seeds, web },
    {
      ...{ torrents: 2, peers: 2, seeds: 1 },
      web: { torrents: 1, peers: 1, seeds: 1 },
    },
  )
})

test('ws: a torrent that is not on the list is refused, and not remembered', async ({ start, open }) => {
  const tracker = await start({ allow: [`${'0'.repeat(39)}1`] })
  const client = await open(tracker)
  assert.is((await client.asks('a')).incomplete, 1)
  assert.equal(await client.asks('a', { info_hash: hashText(2) }), {
    ...{ action: 'announce', info_hash: hashText(2) },
    'failure reason': 'this tracker does not serve this torrent',
  })
  assert.is((await tracker.stats()).peers, 1)
})

test('ws: a private tracker takes tokens in the path or the query, and each announce is held to them', async (context) => {
  const maker = await tokenMaker()
  const tracker = await context.start({ tokens: { keys: setOf(maker) } })
  const token = await maker.make({ scope: 'announce', info_hashes: [`${'0'.repeat(39)}1`] })
  const without = await context.open(tracker)
  assert.match(String((await without.asks('a'))['failure reason']), /token/)
  without.say({ action: 'scrape', info_hash: hashText(1) })
  assert.match(String((await without.next())['failure reason']), /token/)
  for (const path of [`/announce?token=${token}`, `/${token}/announce`]) {
    const client = await context.open(tracker, path)
    // Said in one go, while the token is still being verified.
    for (const event of ['started', 'stopped', 'started']) client.announce('b', { event })
    const incomplete = [await client.next(), await client.next(), await client.next()].map((told) => told.incomplete)
    assert.equal(incomplete, [1, 0, 1])
    assert.match(String((await client.asks('b', { info_hash: hashText(2) }))['failure reason']), /not for this torrent/)
    client.end()
    await untilPeers(tracker, 0)
  }
})

test('ws: whoever is gone when its token is verified is not there afterwards', async ({ start, open }) => {
  const maker = await tokenMaker()
  const tracker = await start({ tokens: { keys: setOf(maker) } })
  const token = await maker.make({ scope: 'announce' })
  const client = await open(tracker, `/announce?token=${token}`)
  const before = (await tracker.stats()).announces
  client.announce('a')
  client.socket.close()
  await client.untilClosed()
  while ((await tracker.stats()).announces === before) await new Promise((resolve) => setImmediate(resolve))
  await untilPeers(tracker, 0)
})

test('ws: what is wrong with a message is said, and the socket stays', async ({ start, open }) => {
  const tracker = await start()
  const client = await open(tracker)
  const saying = async (message: unknown) => {
    client.say(message)
    return client.next()
  }
  assert.equal(await saying('nonsense'), { 'failure reason': 'the message is no JSON' })
  assert.equal(await saying(Buffer.from('[]')), { 'failure reason': 'the message is no object' })
  assert.equal(await client.asks('a', { info_hash: 'short' }), {
    'failure reason': 'info_hash has 5 bytes and not 20',
  })
  assert.equal(await client.asks('a', { offers: [7] }), {
    ...{ action: 'announce', info_hash: hashText(1), 'failure reason': 'an offer is no object' },
  })
  const long = 'x'.repeat(LIMITS.trackerWebDescriptionCharactersMax + 1)
  assert.match(String((await client.asks('a', { offers: [offerOf('o', long)] }))['failure reason']), /longer than/)
  const many = Array.from({ length: LIMITS.trackerWebOffersMax + 2 }, () => offerOf('o'))
  assert.match(String((await client.asks('a', { offers: many }))['warning message']), /^2 of your offers/)
  const { announces, failures } = await tracker.stats()
  assert.equal([announces, failures], [6, 5])
})

test('ws: a message or offer of a megabyte ends its socket by the code for that, and no other', async ({
  start,
  open,
}) => {
  const tracker = await start()
  const [hostile, quiet] = [await open(tracker), await open(tracker)]
  hostile.announce('a', { offers: [offerOf('o', 'x'.repeat(1_000_000))] })
  assert.is(await hostile.untilClosed(), 1_009)
  assert.is((await quiet.asks('b')).incomplete, 1)
})

test('ws: bytes that are no frames, text that is no UTF-8 and parts without end are the end of their socket', async (context) => {
  const tracker = await context.start()
  const quiet = await context.open(tracker)
  const upgrade = `GET /announce HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`
  const head = (first: number, length: number): Buffer => Buffer.from([first, 0x80 | length, 0, 0, 0, 0])
  const part = Buffer.concat([head(0x00, 1), Buffer.from('x')])
  const cases = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    // Unmasked, as only servers may send.
    Buffer.from([0x81, 0x01, 0x78]),
    Buffer.concat([head(0x81, 2), Buffer.from([0xc3, 0x28])]),
    Buffer.concat([
      Buffer.concat([head(0x01, 1), Buffer.from('x')]),
      ...Array(LIMITS.trackerWebPartsMax + 1).fill(part),
    ]),
  ]
  for (const bytes of cases) {
    const client = await RawClient.open(tracker.httpPort)
    client.socket.write(upgrade)
    await client.until('answered', ({ text }) => text.includes('101 Switching Protocols'))
    client.socket.write(bytes)
    await client.until('closed', ({ closed }) => closed)
  }
  assert.is((await quiet.asks('b')).incomplete, 1)
})

test('ws: nobody takes the id of another, its offers or its answers', async ({ start, open }) => {
  const tracker = await start()
  const [own, other, thief] = [await open(tracker), await open(tracker), await open(tracker)]
  await own.asks('a')
  assert.match(String((await thief.asks('a'))['failure reason']), /another connection has this peer_id/)
  assert.match(String((await thief.asks('a', { event: 'stopped' }))['failure reason']), /another connection/)
  await other.asks('b', { numwant: 1, offers: [offerOf('o')] })
  const { offer_id: offerId } = await own.next()
  const answer = { offer_id: offerId, to_peer_id: idOf('b'), answer: { type: 'answer', sdp: 'stolen' } }
  thief.announce('a', answer)
  await thief.asks('c')
  thief.announce('c', answer)
  thief.announce('c', { ...answer, to_peer_id: idOf('a'), offer_id: idOf('x') })
  // All of it was read when this is answered.
  await thief.asks('c')
  own.announce('a', { ...answer, answer: { type: 'answer', sdp: 'mine' } })
  assert.equal((await other.next()).answer, { type: 'answer', sdp: 'mine' })
  assert.equal([own.messages, other.messages], [[], []])
})

test('ws: whoever asks too often is told, not read for a moment, and then served', async ({ start, open }) => {
  const tracker = await start({ rate: 1 })
  const client = await open(tracker)
  const asked = LIMITS.trackerRateBurstSeconds + 10
  for (let at = 0; at < asked; at++) client.announce('a')
  const failures: unknown[] = []
  for (let at = 0; failures.length === 0; at++) {
    assert.ok(at < asked)
    const { 'failure reason': failure } = await client.next()
    if (failure !== undefined) failures.push(failure)
  }
  assert.equal(failures, ['you ask too often: wait a minute'])
  assert.ok((await tracker.stats()).limited > 0)
  // Others of that address have to wait as well, and are told in terms of HTTP.
  assert.is(await statusOf(open(tracker)), 'Unexpected server response: 429')
  let isServed = false
  while (!isServed) {
    client.announce('a')
    isServed = (await client.next())['failure reason'] === undefined
  }
})

test('ws: only what a tracker is asked at is taken, and the rest of its port stays as it is', async ({
  start,
  open,
}) => {
  const tracker = await start()
  for (const path of ['/scrape', '/announce/', '/x/announce', '/catalogue/live'])
    assert.is(await statusOf(open(tracker, path)), 'Unexpected server response: 404', path)
  // Clients that would rather speak HTTP/2 ask on the way, and are answered by HTTP/1.1.
  const asked = new Promise<number | undefined>((resolve, reject) => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }
    const asking = get(`${httpOf(tracker)}/stats`, { headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    asking.on('error', reject)
  })
  assert.is(await asked, 200)
  const plain = await start({ ws: false })
  assert.match(await statusOf(open(plain)), /^Unexpected server response: \d+$/)
  assert.is((await plain.stats()).web, undefined)
})

test('ws: a tracker that closes says so to those that are there, also where they do not listen', async ({
  start,
  open,
}) => {
  const tracker = await start()
  const [client, deaf] = [await open(tracker), await open(tracker)]
  await client.asks('a')
  deaf.socket.pause()
  await tracker.close()
  assert.is(await client.untilClosed(), 1_001)
  assert.match(await statusOf(open(tracker)), /ECONNREFUSED/)
})

test.run()
