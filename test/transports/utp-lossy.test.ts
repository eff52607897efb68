/** uTP over links that lose, double and reorder, and among strangers: streams stay whole, and what is not theirs is nothing. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { Connection } from '../../src/ports.js'
import { utpNetwork } from '../../src/transports/utp-network.js'
import { equalBytes, type PeerAddress } from '../../src/values.js'
import { putUtpHead, putUtpMoment, UTP, UTP_HEADER_BYTES } from '../../src/wire/utp.js'
import { Ear } from '../contracts/ear.js'
import { ManualClock } from '../contracts/manual-clock.js'
import { Pattern } from '../contracts/pattern.js'
import { chanceOf, type LinkSettings, LossyLink } from './lossy.js'

const LEFT = { host: '10.0.0.1', port: 1 }
const RIGHT = { host: '10.0.0.2', port: 2 }
const GOOD: LinkSettings = { delayMs: 20, jitterMs: 0, loss: 0, duplicates: 0 }

interface Place {
  readonly clock: ManualClock
  readonly link: LossyLink
  readonly dialer: Ear
  readonly acceptor: Ear
  readonly accepted: Connection[]
  /** Of the listeners, of which connections outlive them. */
  close(): Promise<void>
  /** Of the networks, with all they have. */
  end(): void
  dial(): void
}

const place = async (settings: LinkSettings, seed: number, ends = [LEFT, RIGHT] as const): Promise<Place> => {
  const [from, to] = ends
  const clock = new ManualClock()
  const link = new LossyLink(clock, settings, seed)
  const chance = chanceOf(seed + 1)
  const entropy = (length: number): Uint8Array => Uint8Array.from({ length }, () => chance() * 256)
  const [left, right] = ends.map(({ host }) => utpNetwork({ datagrams: link.at(host), clock, entropy }))
  if (left === undefined || right === undefined) throw new Error('there are two')
  const accepted: Connection[] = []
  const dialer = new Ear()
  const acceptor = new Ear()
  const listening = [
    left.listen({ port: from.port, accepted: () => new Ear() }),
    right.listen({
      port: to.port,
      accepted: (connection) => {
        accepted.push(connection)
        return acceptor
      },
    }),
  ]
  clock.advance(1)
  const listeners = await Promise.all(listening)
  const close = async (): Promise<void> => {
    for (const listener of listeners) if (listener.type === 'done') await listener.value.close()
  }
  const end = (): void => {
    left.close()
    right.close()
  }
  return { clock, link, dialer, acceptor, accepted, close, end, dial: () => void left.dial(to, 10_000, dialer) }
}

const opened = async (
  settings: LinkSettings,
  seed: number,
  ends?: readonly [PeerAddress, PeerAddress],
): Promise<Place & { readonly dialed: Connection }> => {
  const made = await place({ ...settings, loss: 0 }, seed, ends)
  made.dial()
  made.clock.advance(1_000)
  const dialed = made.dialer.connection
  if (dialed === undefined) throw new Error('it opens')
  made.link.settings = settings
  return { ...made, dialed }
}

const PART = 50_000
const partsOf = (pattern: Pattern, bytes: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes / PART) }, (_, part) =>
    pattern.at(part * PART, Math.min(PART, bytes - part * PART)).slice(),
  )

for (const [name, settings, limitMs] of [
  ['a good link', GOOD, 3_000],
  ['1 % lost', { ...GOOD, loss: 0.01 }, 20_000],
  ['5 % lost, 5 % doubled, reordered', { delayMs: 20, jitterMs: 15, loss: 0.05, duplicates: 0.05 }, 90_000],
  ['a fifth lost', { ...GOOD, loss: 0.2 }, 600_000],
] as const)
  test(`utp: a mebibyte each way arrives whole and in order over ${name}`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { clock, dialed, accepted, dialer, acceptor, close } = await opened(settings, seed)
      const [forth, back] = [new Pattern(1), new Pattern(2)]
      const bytes = 1 << 20
      let flushed = 0
      dialed.send(partsOf(forth, bytes), () => flushed++)
      const answering = accepted[0]
      answering?.send(partsOf(back, bytes), () => flushed++)
      let ms = 0
      while (ms < limitMs && (acceptor.receivedBytes < bytes || dialer.receivedBytes < bytes)) {
        clock.advance(100)
        ms += 100
      }
      assert.ok(ms < limitMs, `seed ${seed}: not all arrived within ${limitMs} ms`)
      assert.is(flushed, 2)
      assert.is(acceptor.receivedBytes, bytes)
      assert.is(dialer.receivedBytes, bytes)
      assert.ok(equalBytes(acceptor.bytes, Buffer.concat(partsOf(forth, bytes))))
      assert.ok(equalBytes(dialer.bytes, Buffer.concat(partsOf(back, bytes))))
      dialed.close()
      clock.advance(60_000)
      assert.is(acceptor.heard.at(-1), 'closed EOF')
      await close()
      clock.advance(60_000)
      assert.is(clock.waiting, 0, 'nothing is left')
    }
  })

const LOOPBACK = [
  { host: '127.0.0.1', port: 1 },
  { host: '127.0.0.2', port: 2 },
] as const
const [LARGE = 0, SMALLER = 0] = LIMITS.utpLoopbackPacketBytes

for (const [name, ends, settings, most] of [
  ['are large over loopback', LOOPBACK, GOOD, LARGE],
  ['stay small elsewhere', [LEFT, RIGHT], GOOD, LIMITS.utpPacketBytes],
  ['are smaller where larger ones do not pass', LOOPBACK, { ...GOOD, roomBytes: 10_000, drops: true }, SMALLER],
  ['stay small where the other side cuts them off', LOOPBACK, { ...GOOD, roomBytes: 1_500 }, LIMITS.utpPacketBytes],
  ['stay small where only those pass', LOOPBACK, { ...GOOD, roomBytes: 1_400, drops: true }, LIMITS.utpPacketBytes],
  ['are large where some are lost', LOOPBACK, { ...GOOD, loss: 0.001 }, LARGE],
] as const)
  test(`utp: packets ${name}, and the stream stays whole`, async () => {
    const { clock, link, dialed, acceptor, close } = await opened(settings, 7, ends)
    const forth = new Pattern(1)
    const bytes = 2 << 20
    const sizes = new Map<number, number>()
    link.spy = ({ length }) => sizes.set(length, (sizes.get(length) ?? 0) + 1)
    dialed.send(partsOf(forth, bytes))
    for (let ms = 0; ms < 60_000 && acceptor.receivedBytes < bytes; ms += 100) clock.advance(100)
    assert.is(acceptor.receivedBytes, bytes)
    assert.ok(equalBytes(acceptor.bytes, Buffer.concat(partsOf(forth, bytes))))
    const usual = [...sizes].filter(([size, count]) => size > 1_000 && count > 5).map(([size]) => size)
    assert.is(Math.max(...usual), most)
    // Each larger size was tried once.
    for (const [size, count] of sizes) assert.ok(size <= most || count === 1, `${count} of ${size}`)
    await close()
  })

test('utp: a connection whose other side falls silent for a quarter of a minute ends', async () => {
  const { clock, dialed, dialer, link, close } = await opened(GOOD, 1)
  dialed.send([new Uint8Array(100_000)])
  clock.advance(2_000)
  link.settings = { ...GOOD, loss: 1 }
  dialed.send([new Uint8Array(100)])
  clock.advance(12_000)
  assert.equal(dialer.heard, ['opened'])
  clock.advance(10_000)
  assert.is(dialer.heard.at(-1), 'closed ETIMEDOUT')
  await close()
})

test('utp: one that is idle stays, and says so', async () => {
  const { clock, dialed, dialer, acceptor, link, close } = await opened(GOOD, 1)
  const before = link.sent
  clock.advance(600_000)
  assert.ok(link.sent - before > 10 && link.sent - before < 100, `${link.sent - before} datagrams in ten minutes`)
  assert.equal(dialer.heard, ['opened'])
  dialed.send([Uint8Array.of(1)])
  clock.advance(1_000)
  assert.is(acceptor.receivedBytes, 1)
  await close()
})

test('utp: a reader who pauses holds the sender back, for as long as it likes', async () => {
  const { clock, dialed, accepted, acceptor, close } = await opened(GOOD, 1)
  accepted[0]?.pause()
  const bytes = 2 * LIMITS.utpReceiveBytesMax
  dialed.send([new Uint8Array(bytes)])
  clock.advance(600_000)
  assert.is(acceptor.receivedBytes, 0)
  // What is in packets, among them one that looks whether there is room again.
  const packedBytes = LIMITS.utpReceiveBytesMax + 2 * LIMITS.utpPacketBytes
  assert.ok(dialed.unsentBytes >= bytes - packedBytes, `${bytes - dialed.unsentBytes} bytes left`)
  accepted[0]?.resume()
  clock.advance(60_000)
  assert.is(acceptor.receivedBytes, bytes)
  await close()
})

test('utp: a network that is closed leaves nothing of connections whose listener was closed before', async () => {
  const { clock, dialer, acceptor, close, end } = await opened(GOOD, 1)
  await close()
  clock.advance(600_000)
  assert.equal(dialer.heard, ['opened'])
  end()
  assert.is(dialer.heard.at(-1), 'closed ECONNABORTED')
  assert.is(acceptor.heard.at(-1), 'closed ECONNABORTED')
  clock.advance(1)
  assert.is(clock.waiting, 0)
})

test('utp: one who begins to listen and is closed before it does holds no socket', async () => {
  const clock = new ManualClock()
  const link = new LossyLink(clock, GOOD, 1)
  const network = utpNetwork({ datagrams: link.at(LEFT.host), clock, entropy: (length) => new Uint8Array(length) })
  const listening = network.listen({ port: LEFT.port, accepted: () => new Ear() })
  network.close()
  clock.advance(1)
  assert.is((await listening).type, 'failed')
  assert.is(link.bound, 0)
})

const packet = (type: (typeof UTP)[keyof typeof UTP], id: number, seq: number, ack: number, bytes = 0): Uint8Array => {
  const made = new Uint8Array(UTP_HEADER_BYTES + bytes)
  putUtpHead(made, type, id, seq)
  putUtpMoment(made, 1, 1, 1 << 20, ack)
  return made
}

test('utp: resets, data and ends by strangers, of other addresses or out of the window, change nothing', async () => {
  const made = await place(GOOD, 5)
  let id = 0
  made.link.spy = (bytes, _, to) => {
    if (to.host === RIGHT.host && (bytes[0] ?? 0) >> 4 === UTP.syn) id = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0) + 1
  }
  made.dial()
  made.clock.advance(1_000)
  const { dialed, link, clock, acceptor, dialer, close } = { ...made, dialed: made.dialer.connection }
  const chance = chanceOf(9)
  const stranger = { host: '10.9.9.9', port: LEFT.port }
  for (let round = 0; round < 2_000; round++) {
    const type = [UTP.data, UTP.fin, UTP.state, UTP.reset][round % 4] ?? UTP.data
    const [seq, ack] = [Math.floor(chance() * 65_536), Math.floor(chance() * 65_536)]
    link.deliver(packet(type, id, seq, ack, 10), stranger, RIGHT)
    // From the right address, but of numbers that a stranger has to guess: a reset by one in 32,768 is not among these.
    if (type !== UTP.data && type !== UTP.fin) link.deliver(packet(type, (id + 7) & 0xffff, seq, ack), LEFT, RIGHT)
  }
  clock.advance(1_000)
  dialed?.send([Uint8Array.of(1, 2, 3)])
  clock.advance(1_000)
  assert.is(acceptor.receivedBytes, 3)
  assert.equal(dialer.heard, ['opened'])
  await close()
})

test('utp: what is replayed is delivered once', async () => {
  const { clock, dialed, acceptor, link, close } = await opened(GOOD, 2)
  const seen: Uint8Array[] = []
  link.spy = (bytes, _, to) => {
    if (to.host === RIGHT.host) seen.push(bytes)
  }
  dialed.send([new Uint8Array(10_000)])
  clock.advance(5_000)
  for (const bytes of seen) link.deliver(bytes, LEFT, RIGHT)
  clock.advance(5_000)
  assert.is(acceptor.receivedBytes, 10_000)
  await close()
})

test('utp: a flood of beginnings takes a bounded place, is answered once each, and nobody hears of it', async () => {
  const { clock, dialed, acceptor, accepted, link, close } = await opened(GOOD, 3)
  const before = link.sent
  for (let round = 0; round < 5_000; round++)
    link.deliver(packet(UTP.syn, round, 1, 0), { host: `10.1.${round >> 8}.${round & 255}`, port: 9 }, RIGHT)
  clock.advance(100)
  assert.is(link.sent - before, LIMITS.utpHalfOpenMax)
  assert.is(accepted.length, 1)
  clock.advance(LIMITS.utpHalfOpenMs + 100)
  dialed.send([Uint8Array.of(1)])
  clock.advance(1_000)
  assert.is(acceptor.receivedBytes, 1)
  await close()
})

test('utp: garbage is nothing, and packets of nobody are answered by so many resets a second', async () => {
  const { clock, link, dialed, acceptor, close } = await opened(GOOD, 4)
  const before = link.sent
  const chance = chanceOf(3)
  for (let round = 0; round < 3_000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(chance() * 60) }, () => chance() * 256)
    if (bytes.length > 1 && round % 2 === 0) bytes.set([1 + 16 * (round % 5), round % 3])
    link.deliver(bytes, { host: '10.7.7.7', port: 7 }, RIGHT)
  }
  assert.ok(link.sent - before <= LIMITS.utpResetsPerSecond + LIMITS.utpHalfOpenMax)
  dialed.send([Uint8Array.of(1)])
  clock.advance(1_000)
  assert.is(acceptor.receivedBytes, 1)
  await close()
})

test.run()
