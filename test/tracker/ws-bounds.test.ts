/** What the WebSocket front does with sockets that say nothing, read nothing, or are too many. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TrackerCore } from '../../tracker/core.js'
import { type HttpFront, startHttpFront } from '../../tracker/http.js'
import { machineNow } from '../../tracker/machine.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { Rates } from '../../tracker/rates.js'
import { CountedStore } from '../../tracker/web-counts.js'
import { WebReplies } from '../../tracker/web-reply.js'
import { WebSwarms } from '../../tracker/web-swarms.js'
import { WEB_FRONT_BOUNDS, WebFront, type WebFrontBounds } from '../../tracker/ws.js'
import { RawClient } from './http-client.js'
import { seeded } from './swarm-world.js'
import { idOf, offerOf, WebClient } from './ws-client.js'

interface Context {
  fronts: (HttpFront | WebFront)[]
  clients: WebClient[]
  start(bounds: Partial<WebFrontBounds>, rate?: number): Promise<{ readonly front: WebFront; readonly port: number }>
  open(port: number): Promise<WebClient>
}

const test = suite<Context>('tracker ws bounds')
const SETTINGS = { intervalSeconds: 100, peersMax: 1_000, swarmsMax: 1_000, hashSeed: 1 }

test.before.each((context) => {
  context.fronts = []
  context.clients = []
  context.start = async (bounds, rate) => {
    const swarms = new WebSwarms(SETTINGS, seeded(1))
    const core = new TrackerCore({
      store: new CountedStore(new MemoryStore(SETTINGS, seeded(2)), swarms),
      ...{ intervalSeconds: SETTINGS.intervalSeconds, now: machineNow },
      rates: rate === undefined ? undefined : new Rates({ perSecond: rate, seed: 1 }),
    })
    const replies = new WebReplies(core, swarms)
    const front = new WebFront({
      ...{ core, swarms, replies, now: machineNow },
      bounds: { ...WEB_FRONT_BOUNDS, lingerMs: 100, lookMs: 20, ...bounds },
    })
    const http = await startHttpFront({
      ...{ host: '127.0.0.1', port: 0 },
      reply: () => ({ status: 404, contentType: 'text/plain', body: new Uint8Array(0) }),
      upgrade: (...asked) => front.upgrade(...asked),
    })
    context.fronts.push(front, http)
    return { front, port: http.port }
  }
  context.open = async (port) => {
    const client = await WebClient.open(`ws://127.0.0.1:${port}/announce`)
    context.clients.push(client)
    return client
  }
})
test.after.each(async ({ fronts, clients }) => {
  for (const client of clients) client.end()
  await Promise.all(fronts.map((front) => front.close()))
})

const statusOf = (opening: Promise<WebClient>): Promise<string> =>
  opening.then(
    () => 'open',
    ({ message }: Error) => message,
  )

test('ws bounds: a socket that is in no swarm is let go, and one that is in any is not', async ({ start, open }) => {
  const { port } = await start({ idleMs: 1_000, pingMs: 50 })
  const member = await open(port)
  await member.asks('a')
  const gone = await open(port)
  await gone.asks('b')
  const idle = await open(port)
  await gone.asks('b', { event: 'stopped' })
  assert.equal([await idle.untilClosed(), await gone.untilClosed()], [1_000, 1_000])
  assert.is((await member.asks('a')).incomplete, 1)
})

test('ws bounds: one that does not say that it is there is taken for gone, with its peers', async ({ start, open }) => {
  const { port, front } = await start({ pingMs: 50, silenceMs: 1_500 })
  const watcher = await open(port)
  const client = await RawClient.open(port)
  client.send(
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
  )
  const text = Buffer.from(JSON.stringify({ action: 'announce', info_hash: idOf('h'), peer_id: idOf('a') }))
  client.socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]))
  await client.until('answered', ({ text }) => text.includes('"incomplete":1'))
  await client.until('closed', ({ closed }) => closed)
  assert.is((await watcher.asks('b', { info_hash: idOf('h') })).incomplete, 1)
  assert.is(front.sockets, 1)
})

test('ws bounds: beyond so many sockets, and so many of one address, there is no room until one goes', async (context) => {
  for (const [bounds, rate] of [
    [{ socketsMax: 2 }, undefined],
    [{ socketsPerAddressMax: 2 }, 1_000],
  ] as const) {
    const { port, front } = await context.start(bounds, rate)
    const [first] = [await context.open(port), await context.open(port)]
    assert.is(await statusOf(context.open(port)), 'Unexpected server response: 503')
    first.end()
    while (front.sockets === 2) await new Promise((resolve) => setImmediate(resolve))
    await context.open(port)
  }
  // Where addresses are not held to a rate, they are those of a proxy.
  const { port } = await context.start({ socketsPerAddressMax: 1 })
  for (const _ of [1, 2]) await context.open(port)
})

test('ws bounds: what a socket does not read is lost beyond a bound, and others have theirs', async ({
  start,
  open,
}) => {
  const { port } = await start({ unsentBytesMax: 65_536 })
  const [deaf, busy, other] = [await open(port), await open(port), await open(port)]
  const ids = [...'abcdefghijklmnopqrst']
  for (const id of ids) await deaf.asks(id)
  await other.asks('z', { left: 0 })
  deaf.socket.pause()
  const rounds = 400
  const offers = ids.map((id) => offerOf(id, 'x'.repeat(2_800)))
  for (let round = 0; round < rounds; round++) {
    const { incomplete, complete } = await busy.asks('y', { left: 0, offers })
    assert.equal([incomplete, complete], [20, 2])
  }
  assert.is((await other.asks('z', { left: 0 })).incomplete, 20)
  deaf.socket.resume()
  // What says that it is there comes after all that waited.
  const heard = new Promise((resolve) => deaf.socket.once('pong', resolve))
  deaf.socket.ping()
  await heard
  const passed = deaf.messages.splice(0).length
  assert.ok(passed > 0 && passed < rounds * ids.length, `${passed} of ${rounds * ids.length} were kept`)
  assert.is((await deaf.asks('a', { event: 'stopped' })).incomplete, 19)
})

test('ws bounds: a flood of frames that ask nothing is not read on, or is the end of its socket', async (context) => {
  const { port, front } = await context.start({}, 50)
  const flooding = await context.open(port)
  const limited = (): number => front.options.core.tally.limitedOf('ws')
  for (let at = 0; at < 5_000; at++) flooding.socket.pong()
  while (limited() === 0) await new Promise((resolve) => setImmediate(resolve))
  // One look at its address for each time that it is read, and not for each frame.
  assert.ok(limited() < 100)
  let isServed = false
  while (!isServed) isServed = (await flooding.asks('a'))['failure reason'] === undefined
  // Those that want to be answered faster than they read.
  const other = await context.start({})
  const pinging = await context.open(other.port)
  for (let at = 0; at < 5_000; at++) pinging.socket.ping()
  assert.is(await pinging.untilClosed(), 1_006)
  assert.is(other.front.sockets, 0)
})

test.run()
