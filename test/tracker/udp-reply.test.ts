/** From a datagram to the one that answers it, without a socket. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { writeUint32 } from '../../src/wire/integers.js'
import { encodeUdpAnswer, readUdpAnswer, type UdpAnswer } from '../../src/wire/udpanswer.js'
import { encodeUdpRequest, type UdpAnnounce, type UdpRequest } from '../../src/wire/udprequest.js'
import type { Access } from '../../tracker/access.js'
import { ConnectionIds } from '../../tracker/connection-ids.js'
import { type CoreOptions, TrackerCore } from '../../tracker/core.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { Rates } from '../../tracker/rates.js'
import type { SwarmStore } from '../../tracker/store.js'
import { udpReply } from '../../tracker/udp-reply.js'
import { hashOf, host, seeded } from './swarm-world.js'
import { udpAnnounce } from './udp-client.js'

const ME = host('192.0.2.1')
const ME6 = host('2001:db8::1')
const KEY = new Uint8Array(16).fill(7)

interface Desk {
  readonly core: TrackerCore
  readonly ids: ConnectionIds
  nowMs: number
  /** As bytes; memory answers at once. */
  bytes(datagram: Uint8Array, from?: Uint8Array): Uint8Array | undefined
  ask(request: UdpRequest, from?: Uint8Array): UdpAnswer | undefined
  /** An announce with an id of its own. */
  announce(number: number, more?: Partial<UdpAnnounce>, from?: Uint8Array): UdpAnswer | undefined
}

const memory = (): SwarmStore =>
  new MemoryStore({ intervalSeconds: 1_800, peersMax: 1_000, swarmsMax: 1_000, hashSeed: 5 }, seeded(1))

const desk = (more: Partial<CoreOptions> = {}): Desk => {
  const now = (): number => self.nowMs
  const self: Desk = {
    core: new TrackerCore({ store: memory(), intervalSeconds: 1_800, now, ...more }),
    ids: new ConnectionIds(KEY, now),
    nowMs: 1_000,
    bytes: (datagram, from = ME) => {
      const answer = udpReply(self.core, self.ids, datagram, from)
      if (answer instanceof Promise) throw new Error('an answer from memory is there at once')
      return answer
    },
    ask: (request, from = ME) => {
      const answer = self.bytes(encodeUdpRequest(request), from)
      if (answer === undefined) return undefined
      const read = readUdpAnswer(answer, from.length === 4 ? 'ipv4' : 'ipv6')
      if (read.type === 'fault') throw new Error(read.reason)
      return read
    },
    announce: (number, more = {}, from = ME) => self.ask(udpAnnounce(self.ids.of(from), number, more), from),
  }
  return self
}

const peersOf = (answer: UdpAnswer | undefined): readonly string[] => {
  if (answer?.type !== 'announced') throw new Error(`${JSON.stringify(answer)} is no answer to an announce`)
  return answer.peers.map((peer) => `${peer.host} ${peer.port}`).sort()
}

const reasonOf = (answer: UdpAnswer | undefined): string => {
  if (answer?.type !== 'failure') throw new Error(`${JSON.stringify(answer)} is no failure`)
  return answer.reason
}

/** The bytes of an announce with some of them changed. */
const announceBytes = (one: Desk, change: (bytes: Uint8Array) => void = () => {}): Uint8Array => {
  const bytes = encodeUdpRequest(udpAnnounce(one.ids.of(ME), 1))
  change(bytes)
  return bytes
}

test('udp reply: a connect is answered with an id that is then taken, and comes back with its transaction', () => {
  const one = desk()
  const answer = one.ask({ type: 'connect', transactionId: 0xdead_beef })
  assert.is(answer?.type, 'connected')
  assert.is(answer?.transactionId, 0xdead_beef)
  if (answer?.type !== 'connected') return
  const announced = one.ask(udpAnnounce(answer.connectionId, 1))
  assert.equal(announced, {
    type: 'announced',
    transactionId: 1_001,
    intervalSeconds: 1_800,
    complete: 0,
    incomplete: 1,
    peers: [],
  })
})

test('udp reply: peers find each other, by the address that they come from', () => {
  const one = desk()
  one.announce(1, { host: '198.51.100.9' }, host('192.0.2.9'))
  assert.equal(peersOf(one.announce(2)), ['192.0.2.9 6001'])
})

test('udp reply: where it may be trusted, peers are known by the address that they say they have', () => {
  const one = desk({ trustsAnnounced: true })
  one.announce(1, { host: '198.51.100.9' }, host('192.0.2.9'))
  one.announce(2, {}, host('192.0.2.10'))
  assert.equal(peersOf(one.announce(3)), ['192.0.2.10 6002', '198.51.100.9 6001'])
  // Over IPv6 there is no place for an address (BEP 15).
  one.announce(4, { host: '198.51.100.10' }, ME6)
  assert.equal(peersOf(one.announce(5, {}, host('2001:db8::5'))), ['2001:db8::1 6004'])
})

test('udp reply: answers over IPv4 have peers of IPv4 only, and over IPv6 of IPv6 only', () => {
  const one = desk()
  for (let number = 1; number <= 5; number++) {
    one.announce(number, {}, host(`192.0.2.${number}`))
    one.announce(10 + number, {}, host(`2001:db8::${number}`))
  }
  const [four, six] = [peersOf(one.announce(20)), peersOf(one.announce(21, {}, host('2001:db8::ff')))]
  assert.is(four.length, 5)
  assert.ok(
    four.every((peer) => /^192\.0\.2\.\d 600\d$/.test(peer)),
    four.join(),
  )
  assert.is(six.length, 6 - 1)
  assert.ok(
    six.every((peer) => /^2001:db8::\d 601\d$/.test(peer)),
    six.join(),
  )
  const counts = one.announce(21, {}, host('2001:db8::ff'))
  assert.is(counts?.type === 'announced' && counts.incomplete, 12)
})

test('udp reply: packed answers are byte for byte those of the wire', () => {
  const crowd = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 65_535 })), { maxLength: 30 })
  fc.assert(
    fc.property(crowd, fc.boolean(), (peers, ipv6) => {
      const one = desk()
      for (const [at, [six, seed, port]] of peers.entries()) {
        one.announce(at + 1, { port, leftBytes: seed ? 0 : 1 }, host(six ? `2001:db8::${at + 2}` : `10.0.1.${at}`))
      }
      const from = ipv6 ? ME6 : ME
      const bytes = one.bytes(encodeUdpRequest(udpAnnounce(one.ids.of(from), 0)), from) ?? new Uint8Array()
      const answer = readUdpAnswer(bytes, ipv6 ? 'ipv6' : 'ipv4')
      assert.is(answer.type, 'announced')
      if (answer.type !== 'announced') return
      assert.is(answer.peers.length, peers.filter(([six]) => six === ipv6).length)
      assert.equal(Buffer.from(encodeUdpAnswer(answer, ipv6 ? 'ipv6' : 'ipv4')), Buffer.from(bytes))
    }),
    { numRuns: 60 },
  )
})

test('udp reply: as many peers as wished, 50 without a wish, and never more than one datagram holds', () => {
  const one = desk()
  for (let number = 1; number <= 300; number++) {
    one.announce(number, {}, Uint8Array.of(10, 0, number >> 8, number & 0xff))
    one.announce(number, {}, host(`2001:db8:1::${number.toString(16)}`))
  }
  for (const [wish, count] of [
    [0, 0],
    [7, 7],
    [undefined, 50],
    [1_000_000, 200],
    [0x7fff_ffff, 200],
  ] as const) {
    assert.is(peersOf(one.announce(400, { numwant: wish })).length, count, `${wish}`)
  }
  const answer = one.bytes(encodeUdpRequest(udpAnnounce(one.ids.of(ME6), 400, { numwant: 1_000_000 })), ME6)
  assert.is(answer?.length, 20 + 67 * 18)
  assert.ok((answer?.length ?? Number.NaN) <= LIMITS.trackerAnswerDatagramBytesMax)
})

test('udp reply: whoever has the torrent is counted and sent to those who have not, and whoever stops is gone', () => {
  const one = desk()
  one.announce(1, { event: 'completed', leftBytes: 0 }, host('192.0.2.9'))
  const answer = one.announce(2)
  assert.is(answer?.type === 'announced' && answer.complete, 1)
  assert.is(peersOf(answer).length, 1)
  assert.equal(peersOf(one.announce(1, { event: 'stopped' }, host('192.0.2.9'))), [])
  assert.equal(peersOf(one.announce(2)), [])
})

test('udp reply: a scrape gives counts by their place, and none for what is unknown or not served', () => {
  const one = desk({ allow: new Set([`${'0'.repeat(39)}1`, `${'0'.repeat(39)}3`]) })
  one.announce(1)
  one.announce(2, { infoHash: hashOf(3), leftBytes: 0 })
  const scraped = (...numbers: number[]): UdpAnswer | undefined =>
    one.ask({ type: 'scrape', transactionId: 5, connectionId: one.ids.of(ME), infoHashes: numbers.map(hashOf) })
  const [none, leech, seed] = [
    { complete: 0, downloaded: 0, incomplete: 0 },
    { complete: 0, downloaded: 0, incomplete: 1 },
    { complete: 1, downloaded: 0, incomplete: 0 },
  ]
  assert.equal(scraped(2, 3, 4, 1, 3), { type: 'scraped', transactionId: 5, files: [none, seed, none, leech, seed] })
  const most = scraped(...Array.from({ length: LIMITS.trackerScrapeHashesMax }, (_, at) => at))
  assert.is(most?.type === 'scraped' && most.files.length, 74)
})

test('udp reply: a scrape of none, of more than 74 and of part of one is refused', () => {
  const one = desk()
  const scrape = (bytes: number): Uint8Array => {
    const datagram = new Uint8Array(16 + bytes)
    datagram.set(one.ids.of(ME))
    writeUint32(datagram, 8, 2)
    return datagram
  }
  for (const bytes of [0, 19, 21, 75 * 20, 300 * 20]) {
    const datagram = scrape(bytes)
    const answer = one.bytes(datagram) ?? new Uint8Array()
    assert.is(readUdpAnswer(answer, 'ipv4').type, 'failure', `${bytes} bytes`)
    assert.ok(answer.length <= datagram.length)
  }
  assert.is(one.core.tally.totals().scrapes, 5)
  assert.is(one.core.tally.totals().failures, 5)
})

test('udp reply: torrents that are not served, and ids that are not known, are refused in words', () => {
  const one = desk({ allow: new Set() })
  assert.is(reasonOf(one.announce(1)), 'this tracker does not serve this torrent')
  const other = new ConnectionIds(new Uint8Array(16), () => 0)
  const [connectionId, infoHashes] = [other.of(ME), [hashOf(1), hashOf(2), hashOf(3)]]
  assert.is(
    reasonOf(one.ask({ type: 'scrape', transactionId: 1, connectionId, infoHashes })),
    'the connection id is not one of yours, or has expired',
  )
  assert.is(reasonOf(one.ask(udpAnnounce(other.of(ME), 1))), 'the connection id is not one of yours, or has expired')
  assert.equal(one.core.tally.totals(), { announces: 2, scrapes: 1, failures: 3, limited: 0 })
})

test('udp reply: an id that is sent again by another address, or when it has expired, is refused', () => {
  const one = desk()
  const overheard = encodeUdpRequest(udpAnnounce(one.ids.of(ME), 1))
  assert.is(readUdpAnswer(one.bytes(overheard) ?? new Uint8Array(), 'ipv4').type, 'announced')
  assert.is(readUdpAnswer(one.bytes(overheard, host('192.0.2.2')) ?? new Uint8Array(), 'ipv4').type, 'failure')
  one.nowMs += 2 * LIMITS.trackerConnectionIdMs
  assert.is(readUdpAnswer(one.bytes(overheard) ?? new Uint8Array(), 'ipv4').type, 'failure')
  assert.is((one.core.store as MemoryStore).state.peers.count, 1)
})

test('udp reply: port 0, an event that there is none of, and options past the end are refused', () => {
  const one = desk()
  for (const [change, reason] of [
    [(bytes: Uint8Array) => bytes.fill(0, 96, 98), /port is not from 1 to 65535/],
    [(bytes: Uint8Array) => writeUint32(bytes, 80, 4), /there is no event 4/],
    [(bytes: Uint8Array) => writeUint32(bytes, 8, 3), /there is no action 3/],
    [(bytes: Uint8Array) => writeUint32(bytes, 8, 0xffff_ffff), /there is no action 4294967295/],
  ] as const) {
    const answer = readUdpAnswer(one.bytes(announceBytes(one, change)) ?? new Uint8Array(), 'ipv4')
    assert.match(answer.type === 'failure' ? answer.reason : answer.type, reason)
  }
  const cut = Buffer.concat([announceBytes(one), Uint8Array.of(2, 200, 0x2f)])
  assert.is(readUdpAnswer(one.bytes(cut) ?? new Uint8Array(), 'ipv4').type, 'failure')
  assert.is((one.core.store as MemoryStore).state.peers.count, 0)
})

test('udp reply: bytes after an announce are passed over, but not without end', () => {
  const one = desk()
  const long = (more: number): Uint8Array => Buffer.concat([announceBytes(one), new Uint8Array(more)])
  const answered = (bytes: Uint8Array): string => readUdpAnswer(one.bytes(bytes) ?? new Uint8Array(), 'ipv4').type
  assert.is(answered(long(1_000)), 'announced')
  assert.is(answered(long(LIMITS.trackerQueryBytesMax - 98)), 'announced')
  assert.is(answered(long(LIMITS.trackerQueryBytesMax)), 'failure')
  assert.is(answered(long(65_000)), 'failure')
})

test('udp reply: an announce that is cut off anywhere is refused, or too short to be answered', () => {
  const one = desk()
  const whole = announceBytes(one)
  for (let length = 0; length < whole.length; length++) {
    const answer = one.bytes(whole.subarray(0, length))
    if (length < 16) assert.is(answer, undefined)
    else assert.is(readUdpAnswer(answer ?? new Uint8Array(), 'ipv4').type, 'failure', `${length} bytes`)
    assert.ok((answer?.length ?? 0) <= length)
  }
})

test('udp reply: what is no request of this protocol gets nothing', () => {
  const one = desk()
  const connect = encodeUdpRequest({ type: 'connect', transactionId: 1 })
  const wrong = Uint8Array.from(connect)
  wrong[7] = 0
  const query = new TextEncoder().encode('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe')
  for (const datagram of [new Uint8Array(), connect.subarray(0, 15), wrong, query, new Uint8Array(16)]) {
    assert.is(one.bytes(datagram), undefined)
  }
})

test('udp reply: whoever shows no id of its own never gets more bytes than it sent', () => {
  const forged = fc.record({
    id: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    action: fc.oneof(fc.nat(4), fc.nat(0xffff_ffff)),
    rest: fc.uint8Array({ maxLength: 400 }),
    isConnect: fc.boolean(),
  })
  const one = desk()
  for (let number = 1; number <= 60; number++) one.announce(number, {}, Uint8Array.of(10, 0, 0, number))
  fc.assert(
    fc.property(forged, fc.boolean(), ({ id, action, rest, isConnect }, ipv6) => {
      const datagram = new Uint8Array(12 + rest.length)
      datagram.set(isConnect ? [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80] : id)
      writeUint32(datagram, 8, action)
      datagram.set(rest, 12)
      const answer = one.bytes(datagram, ipv6 ? ME6 : ME)
      assert.ok((answer?.length ?? 0) <= datagram.length)
      const read = answer && readUdpAnswer(answer, 'ipv4')
      assert.ok(read === undefined || read.type === 'failure' || (read.type === 'connected' && isConnect))
    }),
    { numRuns: 20_000 },
  )
  assert.is((one.core.store as MemoryStore).state.peers.count, 60)
})

test('udp reply: any bytes after a good head get an answer of the protocol, and errors no longer than they are', () => {
  const one = desk()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.uint8Array({ maxLength: 300 }), (action, rest) => {
      const datagram = new Uint8Array(16 + rest.length)
      datagram.set(one.ids.of(ME))
      writeUint32(datagram, 8, action)
      datagram.set(rest, 16)
      const answer = one.bytes(datagram) ?? new Uint8Array()
      const { type } = readUdpAnswer(answer, 'ipv4')
      assert.ok(type === 'announced' || type === 'scraped' || type === 'failure', type)
      if (type === 'failure') assert.ok(answer.length <= datagram.length)
    }),
    { numRuns: 5_000 },
  )
})

test('udp reply: who asks too often gets nothing, and a stranger in its name takes nothing from it', () => {
  const one = desk({ rates: new Rates({ perSecond: 1, seed: 1 }) })
  const burst = LIMITS.trackerRateBurstSeconds
  const id = one.ids.of(ME)
  for (let asked = 0; asked < burst; asked++) assert.ok(one.ask({ type: 'connect', transactionId: asked }))
  assert.is(one.ask({ type: 'connect', transactionId: 1 }), undefined)
  assert.is(one.ask(udpAnnounce(new Uint8Array(8), 1)), undefined)
  for (let asked = 0; asked < burst; asked++) assert.is(one.ask(udpAnnounce(id, 1))?.type, 'announced')
  assert.is(one.ask(udpAnnounce(id, 1)), undefined)
  assert.is(one.core.tally.totals().limited, 3)
  assert.is(one.announce(1, {}, host('192.0.2.2'))?.type, 'announced')
  one.nowMs += 1_000
  assert.is(one.ask(udpAnnounce(id, 1))?.type, 'announced')
})

test('udp reply: a private tracker takes a token from the path or the query of its URL, and answers later', async () => {
  const admitted: (string | undefined)[] = []
  const access: Access = {
    admit: async (token) => {
      admitted.push(token)
      return token === 'aa.bb.cc'
        ? { type: 'admission', subject: 'me' }
        : { type: 'denial', code: 'TOKEN_MISSING', reason: 'a token is missing' }
    },
  }
  const one = desk({ access })
  const later = async (request: UdpRequest): Promise<string> => {
    const bytes = await udpReply(one.core, one.ids, encodeUdpRequest(request), ME)
    const answer = readUdpAnswer(bytes ?? new Uint8Array(), 'ipv4')
    return answer.type === 'failure' ? answer.reason : answer.type
  }
  const id = one.ids.of(ME)
  assert.is(await later(udpAnnounce(id, 1, { urlData: '/announce?token=aa.bb.cc' })), 'announced')
  assert.is(await later(udpAnnounce(id, 1, { urlData: '/aa.bb.cc/announce' })), 'announced')
  assert.is(await later(udpAnnounce(id, 1, { urlData: '/announce' })), 'a token is missing')
  assert.is(await later(udpAnnounce(id, 1)), 'a token is missing')
  assert.is(
    await later({ type: 'scrape', transactionId: 1, connectionId: id, infoHashes: [hashOf(1)] }),
    'a token is missing',
  )
  assert.equal(admitted, ['aa.bb.cc', 'aa.bb.cc', undefined, undefined, undefined])
})

test.run()
