/** Trackers over HTTP that are down, slow, endless or going round in circles: each ends as a failure within bounds. */
import type { RequestListener, ServerResponse } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import { encode } from '../../src/wire/bencode.js'
import { readAnnounceQuery } from '../../src/wire/tracker.js'
import { signal } from '../contracts/waiting.js'
import { ANSWER_BYTES, HTML, outcomeOf, REQUEST, until, withServer, withTracker } from './tracker-rig.js'

const MIB = 1_048_576

test('discovery: a tracker that is down is REFUSED', async () => {
  let downUrl = ''
  await withTracker(
    () => {},
    async ({ url }) => {
      downUrl = url
    },
  )
  assert.match(await outcomeOf(downUrl), /^REFUSED: /)
})

test('discovery: a tracker that says nothing is a TIMEOUT, and its connection is closed', async () => {
  await withTracker(
    () => {},
    async ({ url, whenAllClosed }) => {
      assert.is(await outcomeOf(url, 100), 'TIMEOUT: no answer within 100 ms')
      await until(whenAllClosed(), 'the connection is closed')
    },
  )
})

test('discovery: a tracker that drips an answer for ever is a TIMEOUT too', async () => {
  const drip = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write('0'), 10)
    response.on('close', () => clearInterval(timer))
  }
  await withTracker(
    (_, response) => drip(response.writeHead(200)),
    async ({ url, whenAllClosed }) => {
      assert.is(await outcomeOf(url, 200), 'TIMEOUT: no answer within 200 ms')
      await until(whenAllClosed(), 'the connection is closed')
    },
  )
})

test('discovery: redirects are followed, relative ones too, within one timeout', async () => {
  const asked: string[] = []
  const listener: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.push(path)
    if (path === '/announce') response.writeHead(301, { location: `/second?${request.url?.split('?')[1]}` }).end(HTML)
    else if (path === '/second') response.writeHead(307, { location: `third?${request.url?.split('?')[1]}` }).end()
    else response.end(readAnnounceQuery(request.url?.split('?')[1] ?? '').type === 'announce' ? ANSWER_BYTES : HTML)
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    assert.is(await outcomeOf(url), 'done')
    assert.equal(asked, ['/announce', '/second', '/third'])
    await until(whenAllClosed(), 'all connections are closed')
  })
})

test('discovery: redirects in a loop are REDIRECTS after as many as allowed', async () => {
  let asked = 0
  const listener: RequestListener = (_, response) => {
    asked++
    response.writeHead(302, { location: '/announce' }).end('x'.repeat(100_000))
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    assert.is(await outcomeOf(url), `REDIRECTS: more than ${LIMITS.trackerRedirectsMax} redirects`)
    assert.is(asked, LIMITS.trackerRedirectsMax + 1)
    await until(whenAllClosed(), 'all connections are closed')
  })
})

test('discovery: a redirect to what is not HTTP leads nowhere', async () => {
  for (const location of ['file:///etc/passwd', 'udp://127.0.0.1:1', 'http://', 'ftp://a/']) {
    const listener: RequestListener = (_, response) => response.writeHead(302, { location }).end()
    await withTracker(listener, async ({ url }) => {
      assert.is(await outcomeOf(url), 'REDIRECTS: redirected to what is no HTTP address')
    })
  }
})

test('discovery: headers without end are TOO_LARGE', async () => {
  const server = createRawServer((socket) => {
    const more = (): void => {
      while (socket.write(`x-more: ${'x'.repeat(1_000)}\r\n`));
      socket.once('drain', more)
    }
    socket.write('HTTP/1.1 200 OK\r\n', more)
  })
  await withServer(server, 'http', async ({ url }) => assert.match(await outcomeOf(url), /^TOO_LARGE: /))
})

test('discovery: of 100 MiB no more is read than the bound, whether announced or not', async () => {
  for (const length of [undefined, 100 * MIB]) {
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, length === undefined ? {} : { 'content-length': length })
      const chunk = Buffer.alloc(MIB, '1')
      let sent = 0
      const pump = (): void => {
        while (sent < 100) {
          sent++
          if (!response.write(chunk)) {
            response.once('drain', pump)
            return
          }
        }
        response.end()
      }
      pump()
    }
    await withTracker(listener, async (tracker) => {
      const buffersBefore = process.memoryUsage().arrayBuffers
      assert.match(await outcomeOf(tracker.url), /^TOO_LARGE: the tracker answered more than 2097152 bytes$/)
      assert.ok(process.memoryUsage().arrayBuffers - buffersBefore < 16 * MIB)
      await until(tracker.whenAllClosed(), 'the connection is closed')
      // What the system's own buffers took is written, too, though nobody reads it.
      assert.ok(tracker.writtenBytes < 40 * MIB, `${tracker.writtenBytes} bytes were taken`)
    })
  }
})

test('discovery: 100 MiB that were packed small are TOO_LARGE', async () => {
  const bomb = gzipSync(Buffer.alloc(100 * MIB))
  assert.ok(bomb.length < LIMITS.trackerAnswerBytesMax)
  const listener: RequestListener = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^TOO_LARGE: /))
})

test('discovery: the longest answer that is allowed is read', async () => {
  const padding = LIMITS.trackerAnswerBytesMax - encode({ interval: 60, x: new Uint8Array(2_000_000) }).length
  const body = encode({ interval: 60, x: new Uint8Array(2_000_000 + padding) })
  assert.is(body.length, LIMITS.trackerAnswerBytesMax)
  const listener: RequestListener = (_, response) => response.end(body)
  await withTracker(listener, async ({ url }) => assert.is(await outcomeOf(url), 'done'))
})

test('discovery: a connection that breaks within the answer is a failure', async () => {
  const listener: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 1_000 })
    response.write(ANSWER_BYTES, () => response.socket?.destroy())
  }
  await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^ECONNRESET: /))
})

test('discovery: who cancels hears nothing, and the connection is closed', async () => {
  const arrived = signal<ServerResponse>()
  const listener: RequestListener = (request, response) => {
    if (request.url?.startsWith('/silent') === true) arrived.send(response)
    else response.end(ANSWER_BYTES)
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    const calls: unknown[] = []
    const discovery = nodeDiscovery(nodeClock(), nodeDatagrams())
    const done = (answer: unknown) => calls.push(answer)
    discovery.announce(url, REQUEST, done)()
    discovery.announce('udp://127.0.0.1:1', REQUEST, done)()
    const cancel = discovery.announce(url.replace('announce', 'silent'), REQUEST, done)
    const response = await until(arrived.promise, 'the tracker is asked')
    response.write(ANSWER_BYTES)
    cancel()
    cancel()
    await until(whenAllClosed(), 'all connections are closed')
    assert.is(await outcomeOf(url), 'done')
    assert.equal(calls, [])
  })
})

test.run()
