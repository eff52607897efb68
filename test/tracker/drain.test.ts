/** How a tracker stops: not ready, listening no more, answering what is on its way, and keeping what is to be kept. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { announceUrl } from '../../src/wire/tracker.js'
import { createTracker, type TrackerLogger } from '../../tracker/index.js'
import { inPlace } from '../cli/place.js'
import { ask, publish } from './catalogue-client.js'
import { torrentOf } from './catalogue-world.js'
import { RawClient, request } from './http-client.js'
import { setOf, tokenMaker } from './token-maker.js'
import { UdpClient, udpAnnounce } from './udp-client.js'

const test = suite('tracker drain')

/** A server of keys that answers when it is told to. */
const slowKeys = async (keys: string) => {
  let answer = (): void => {}
  const released = new Promise<void>((resolve) => {
    answer = resolve
  })
  let asked = (): void => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const server = createServer((_, response) => {
    asked()
    void released.then(() => response.setHeader('content-type', 'application/json').end(keys))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { url, isAsked, answer, close: () => server.close() }
}

test('drain: what is on its way is answered, on connections that are then closed, and nothing new is taken', async () => {
  const maker = await tokenMaker('one')
  const token = await maker.make({ scope: 'announce' })
  const keys = await slowKeys(setOf(maker))
  const tracker = await createTracker({
    ...{ host: '127.0.0.1', httpPort: 0, udpPort: 0, metrics: { port: 0 } },
    tokens: { keys: keys.url },
  })
  const udp = await UdpClient.open(tracker.udpPort ?? 0)
  const http = await RawClient.open(tracker.httpPort)
  const idle = await RawClient.open(tracker.httpPort)
  try {
    const path = new URL(announceUrl(`http://tracker/${token}/announce`, request(1)))
    http.send(`GET ${path.pathname}${path.search} HTTP/1.1\r\nhost: x\r\n\r\n`)
    const id = await udp.connect()
    const answered = udp.ask(udpAnnounce(id, 2, { urlData: `?token=${token}` }))
    await keys.isAsked
    const closed = tracker.close()
    assert.is(tracker.isReady, false)
    const ready = await ask(`http://127.0.0.1:${tracker.metricsPort}/ready`)
    assert.equal([ready.status, ready.json], [503, { ready: false, reason: 'draining' }])
    await RawClient.open(tracker.httpPort).then(
      () => assert.unreachable('it listens no more'),
      (error: NodeJS.ErrnoException) => assert.is(error.code, 'ECONNREFUSED'),
    )
    await idle.until('closed', ({ closed }) => closed)
    assert.is(http.text, '', 'it is not answered yet')
    keys.answer()
    await http.until('answered and closed', ({ closed }) => closed)
    assert.match(http.text, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(http.text, /connection: close/i)
    assert.match(http.text, /8:intervali/)
    assert.is((await answered).type, 'announced')
    await closed
    await ask(`http://127.0.0.1:${tracker.metricsPort}/ready`).then(
      () => assert.unreachable('the port of the metrics goes last'),
      (error: unknown) => assert.ok(error instanceof Error),
    )
  } finally {
    http.socket.destroy()
    idle.socket.destroy()
    await udp.close()
    await tracker.close()
    keys.close()
  }
})

test('drain: a .torrent on its way is published, and who watches is let go', () =>
  inPlace(async (folder) => {
    const options = { host: '127.0.0.1', httpPort: 0, store: `level:${folder}` }
    const tracker = await createTracker(options)
    const torrent = torrentOf('on its way')
    const watcher = await RawClient.open(tracker.httpPort)
    watcher.send('GET /catalogue/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
    await watcher.until('watching', ({ text }) => text.includes('retry:'))
    const publisher = await RawClient.open(tracker.httpPort)
    publisher.send(
      `POST /catalogue HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-bittorrent\r\ncontent-length: ${torrent.length}\r\nexpect: 100-continue\r\n\r\n`,
    )
    // It was looked at, and its body is waited for.
    await publisher.until('asked for the body', ({ text }) => text.includes('100 Continue'))
    const closed = tracker.close()
    await watcher.until('let go', (client) => client.closed)
    publisher.send(Buffer.from(torrent).toString('latin1'))
    await publisher.until('answered and closed', (client) => client.closed)
    assert.match(publisher.text, /HTTP\/1\.1 201 Created\r\n/)
    assert.match(publisher.text, /connection: close/i)
    await closed
    const again = await createTracker(options)
    const { json } = await ask(`http://127.0.0.1:${again.httpPort}/catalogue`)
    assert.is(json.entries[0].name, 'on its way')
    await again.close()
  }))

test('drain: the health of swarms is written when it stops, however short it ran', () =>
  inPlace(async (folder) => {
    const options = { host: '127.0.0.1', httpPort: 0, store: `level:${folder}` }
    const first = await createTracker(options)
    const base = `http://127.0.0.1:${first.httpPort}`
    const { json } = await publish(base, torrentOf('a swarm'))
    const health = async (at: string): Promise<number[]> =>
      (await ask(`${at}/catalogue/${json.infoHash}`)).json.health.at
    // What is told of all swarms comes after they were looked at.
    const watcher = await RawClient.open(first.httpPort)
    watcher.send('GET /catalogue/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
    await watcher.until('told', ({ text }) => text.includes('event: stats'))
    const sampled = await health(base)
    assert.is(sampled.length, 1)
    await first.close()
    const second = await createTracker(options)
    assert.equal((await health(`http://127.0.0.1:${second.httpPort}`)).slice(0, 1), sampled)
    await second.close()
  }))

test('log: an embedder hears of the beginning and the end, of each request only with debug, and of no token ever', async () => {
  const maker = await tokenMaker('one')
  const token = await maker.make({ scope: 'announce' })
  const heard = async (isDebug: boolean): Promise<readonly string[]> => {
    const lines: string[] = []
    const log = (level: string) => (fields: object, message: string) => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
    }
    const logger: TrackerLogger = {
      ...{ debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      isLevelEnabled: (level) => isDebug || level !== 'debug',
    }
    const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0, tokens: { keys: setOf(maker) }, logger })
    const base = `http://127.0.0.1:${tracker.httpPort}`
    await ask(announceUrl(`${base}/${token}/announce`, request(1)))
    await ask(announceUrl(`${base}/announce?token=${token}x`, request(2)))
    await ask(`${base}/announce?token=${token}`)
    await tracker.close()
    return lines
  }
  const quiet = await heard(false)
  assert.equal(
    quiet.map((line) => line.split(' {')[0]),
    ['info listening', 'info stopping', 'info stopped'],
  )
  assert.not.match(quiet.join('\n'), /[0-9a-f]{40}|127\.0\.0\.1/)
  const loud = await heard(true)
  assert.match(loud.join('\n'), /debug announce answered .*"infoHash":"0{39}1","host":"127\.0\.0\.1","port":6001/)
  assert.match(loud.join('\n'), /debug announce refused .*"code":"denied"/)
  assert.match(loud.join('\n'), /debug request not looked at .*"code":"malformed"/)
  for (const line of [...quiet, ...loud]) assert.not.ok(line.includes(token.slice(0, 40)), 'no token')
})

test.run()
