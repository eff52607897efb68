/** What the HTTP front does with clients that take too long, send too much, or are there when it closes. */
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { latin1Bytes } from '../../src/wire/bencode.js'
import { HTTP_FRONT_BOUNDS, type HttpFront, type HttpFrontBounds, startHttpFront } from '../../tracker/http.js'
import { BodyBudget, readBody } from '../../tracker/http-body.js'
import { fetchUrl, RawClient } from './http-client.js'

/** Times short enough for a test; a busy machine may take several times as long to notice. */
const SHORT: HttpFrontBounds = {
  requestTimeoutMs: 400,
  bodyTimeoutMs: 400,
  keepAliveMs: 300,
  lingerMs: 300,
  drainMs: 300,
  connectionsMax: 100,
}
const BODY = 'x'.repeat(1_000)
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

interface Context {
  fronts: HttpFront[]
  clients: RawClient[]
  start(bounds?: Partial<HttpFrontBounds>): Promise<HttpFront>
  open(front: HttpFront): Promise<RawClient>
}

const test = suite<Context>('tracker http bounds')

test.before.each((context) => {
  context.fronts = []
  context.clients = []
  context.start = async (bounds = {}) => {
    const front = await startHttpFront({
      host: '127.0.0.1',
      port: 0,
      bounds: { ...SHORT, ...bounds },
      reply: () => ({ status: 200, contentType: 'text/plain', body: latin1Bytes(BODY) }),
    })
    context.fronts.push(front)
    return front
  }
  context.open = async ({ port }) => {
    const client = await RawClient.open(port)
    context.clients.push(client)
    return client
  }
})
test.after.each(async ({ fronts, clients }) => {
  for (const { socket } of clients) socket.destroy()
  await Promise.all(fronts.map((front) => front.close()))
})

const closed = (client: RawClient): Promise<void> => client.until('closed', (one) => one.closed)
const served = async ({ port }: HttpFront): Promise<void> => {
  assert.is((await fetchUrl(`http://127.0.0.1:${port}/`)).body.toString(), BODY)
}

test('bounds: a client that says nothing is let go', async ({ start, open }) => {
  const front = await start()
  const client = await open(front)
  await closed(client)
  assert.match(client.text, /^(HTTP\/1\.1 408 |$)/)
  await served(front)
})

test('bounds: a client that stops in the middle of its request is let go', async ({ start, open }) => {
  const front = await start()
  const client = await open(front)
  client.send('GET /announce?info_hash=')
  await closed(client)
  assert.match(client.text, /^HTTP\/1\.1 408 /)
  await served(front)
})

test('bounds: a client that sends a byte at a time is let go however long it goes on, and holds nobody up', async ({
  start,
  open,
}) => {
  const front = await start()
  const slow = await Promise.all(Array.from({ length: 20 }, () => open(front)))
  const drip = setInterval(() => {
    for (const client of slow) if (!client.closed) client.send('a')
  }, 20)
  try {
    for (const client of slow) client.send('GET /')
    await served(front)
    await Promise.all(slow.map(closed))
  } finally {
    clearInterval(drip)
  }
  for (const { text } of slow) assert.match(text, /^(HTTP\/1\.1 408 |$)/)
})

test('bounds: a connection that rests for too long after an answer is closed', async ({ start, open }) => {
  const client = await open(await start())
  client.send(GET)
  await closed(client)
  assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nx{1000}$/s)
})

/** Asks on new connections until one is taken. */
const servedAgain = async (front: HttpFront): Promise<void> => {
  const deadline = performance.now() + 15_000
  for (;;) {
    try {
      return await served(front)
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
  }
}

test('bounds: a client that reads no answers is let go, and little is kept for it', async ({ start, open }) => {
  const front = await start({ connectionsMax: 1 })
  const client = await open(front)
  client.send(GET)
  await client.until('answered', ({ text }) => text.endsWith(BODY))
  client.socket.pause()
  const { heapUsed, external } = process.memoryUsage()
  let most = 0
  const watch = setInterval(() => {
    const now = process.memoryUsage()
    most = Math.max(most, now.heapUsed + now.external - heapUsed - external)
  }, 10)
  // 100 MB of answers, if they were all made.
  for (let round = 0; round < 100; round++) client.send(GET.repeat(1_000))
  try {
    await served(front).then(
      () => assert.unreachable('two connections are held where one may be'),
      () => {},
    )
    await servedAgain(front)
  } finally {
    clearInterval(watch)
  }
  assert.ok(most < 40_000_000, `${most} bytes`)
})

for (const [what, bytes, status] of [
  ['a header of 64 KiB', `GET / HTTP/1.1\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`, 431],
  ['a thousand headers', `GET / HTTP/1.1\r\n${'A-header: of-some-length\r\n'.repeat(1_000)}\r\n`, 431],
  ['a target of 64 KiB', `GET /${'y'.repeat(65_536)} HTTP/1.1\r\n\r\n`, 431],
  ['a handshake of BitTorrent', `\x13BitTorrent protocol${'\0'.repeat(48)}`, 400],
  ['the start of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n', 400],
  ['a target with a NUL', 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
] as const) {
  test(`bounds: ${what} is answered with ${status} and the connection closed`, async ({ start, open }) => {
    const front = await start()
    const client = await open(front)
    client.send(bytes)
    await closed(client)
    assert.match(client.text, new RegExp(`^HTTP/1\\.1 ${status} `))
    await served(front)
  })
}

test('bounds: the longest head that is taken is that of the limits', async ({ start, open }) => {
  const client = await open(await start())
  const head = 'GET / HTTP/1.1\r\nHost: x\r\nX: '
  client.send(`${head}${'y'.repeat(LIMITS.trackerRequestHeadBytesMax - head.length - 100)}\r\n\r\n`)
  await client.until('answered', ({ text }) => text.startsWith('HTTP/1.1 200 OK'))
})

test('bounds: a body without end is answered at once, and cut off', async ({ start, open }) => {
  const front = await start()
  const client = await open(front)
  client.send('POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n')
  const chunk = 'z'.repeat(65_536)
  const flood = setInterval(() => {
    if (client.socket.writableLength === 0) client.send(chunk)
  }, 1)
  try {
    await client.until('answered', ({ text }) => text.startsWith('HTTP/1.1 405 '))
    await closed(client)
  } finally {
    clearInterval(flood)
  }
  await served(front)
})

test('bounds: a body that is asked for, and comes a byte at a time, is cut off in its own time', async ({ open }) => {
  let tellGone = (_: unknown): void => {}
  const gone = new Promise<unknown>((resolve) => {
    tellGone = resolve
  })
  const front = await startHttpFront({
    host: '127.0.0.1',
    port: 0,
    bounds: { ...SHORT, requestTimeoutMs: 300, bodyTimeoutMs: 2_000, keepAliveMs: 5_000 },
    reply: () => ({ status: 200, contentType: 'text/plain', body: latin1Bytes(BODY) }),
    routes: (request, response) => {
      if (request.method !== 'POST') return false
      readBody(request, 1_000, new BodyBudget(1_000)).then((body) => response.end(`took ${body.length}`), tellGone)
      return true
    },
  })
  try {
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n'
    const slow = await open(front)
    slow.send(head)
    const drip = setInterval(() => {
      if (!slow.closed) slow.send('a')
    }, 20)
    const paused = await open(front)
    paused.send(head)
    try {
      // One that takes longer than a head may, and less than a body may, is taken.
      await new Promise((resolve) => setTimeout(resolve, 500))
      paused.send('b'.repeat(600))
      await paused.until('taken', ({ text }) => text.includes('took 600'))
      await closed(slow)
    } finally {
      clearInterval(drip)
    }
    assert.match(slow.text, /^(HTTP\/1\.1 408 |$)/)
    await served(front)
  } finally {
    await front.close()
  }
  // Whoever read it was told that nobody is there any more.
  assert.is(await gone, undefined)
})

test('bounds: one that asks whether it may send a body is told no', async ({ start, open }) => {
  const client = await open(await start())
  client.send('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n')
  await closed(client)
  assert.match(client.text, /^HTTP\/1\.1 413 /)
})

test('bounds: a connection beyond the most that are held is closed, and those that are there go on', async ({
  start,
  open,
}) => {
  const front = await start({ connectionsMax: 2, requestTimeoutMs: 10_000, keepAliveMs: 10_000 })
  const [first, second] = [await open(front), await open(front)]
  // Both have been taken before the third comes.
  for (const client of [first, second]) {
    client.send(GET)
    await client.until('answered', ({ text }) => text.endsWith(BODY))
  }
  const third = await open(front)
  await closed(third)
  assert.is(third.text, '')
  first.text = ''
  first.send(GET)
  await first.until('answered', ({ text }) => text.endsWith(BODY))
})

test('bounds: closing lets resting connections go, answers what is on its way, and takes nobody any more', async ({
  start,
  open,
}) => {
  const front = await start({ ...HTTP_FRONT_BOUNDS })
  const [resting, halfWay] = [await open(front), await open(front)]
  resting.send(GET)
  await resting.until('answered', ({ text }) => text.endsWith(BODY))
  halfWay.send(GET)
  await halfWay.until('answered', ({ text }) => text.endsWith(BODY))
  halfWay.text = ''
  halfWay.send('GET / HTTP/1.1\r\n')
  // What was sent before is taken before: an answer to a later request on another connection says so.
  await served(front)
  const closing = front.close()
  await closed(resting)
  halfWay.send('Host: x\r\n\r\n')
  await closed(halfWay)
  assert.match(halfWay.text, /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*x{1000}$/is)
  await closing
  await RawClient.open(front.port).then(
    () => assert.unreachable('a closed front takes connections'),
    (error) => assert.is(error.code, 'ECONNREFUSED'),
  )
})

test('bounds: closing ends clients that never come to an end, and may be asked for twice', async ({ start, open }) => {
  const front = await start({ requestTimeoutMs: 60_000, keepAliveMs: 60_000 })
  const client = await open(front)
  client.send('GET / HTTP/1.1\r\n')
  await served(front)
  const [first, second] = [front.close(), front.close()]
  assert.is(first, second)
  await first
  await closed(client)
  await front.close()
})

test('bounds: a port that is taken says so by its code, and one that was closed is free', async ({ start }) => {
  const front = await start()
  const reply = () => ({ status: 200, contentType: 'text/plain' as const, body: latin1Bytes(BODY) })
  const again = () => startHttpFront({ host: '127.0.0.1', port: front.port, reply })
  await again().then(
    () => assert.unreachable('a port is taken twice'),
    (error) => {
      assert.is(error.code, 'PORT_TAKEN')
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1, port ${front.port}: .*EADDRINUSE`))
    },
  )
  await front.close()
  await (await again()).close()
})

test('bounds: a port that another program has on one address is taken on all of them', async ({ start }) => {
  await start()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, resolve))
  const address = other.address()
  try {
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const reply = () => ({ status: 200, contentType: 'text/plain' as const, body: latin1Bytes(BODY) })
    await startHttpFront({ port, reply }).then(
      () => assert.unreachable('a port is taken twice'),
      (error) => assert.is(error.code, 'PORT_TAKEN'),
    )
  } finally {
    await new Promise((resolve) => other.close(resolve))
  }
})

test('bounds: an address that this machine does not have is a wrong option', async () => {
  const reply = () => ({ status: 200, contentType: 'text/plain' as const, body: latin1Bytes(BODY) })
  await startHttpFront({ host: '192.0.2.1', port: 0, reply }).then(
    () => assert.unreachable('an address of others is listened on'),
    (error) => assert.is(error.code, 'OPTION_INVALID'),
  )
})

test.run()
