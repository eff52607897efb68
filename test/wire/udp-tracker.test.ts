/** The protocol of UDP trackers: bytes as BEP 15 and BEP 41 have them, there and back, and what is cut off or wrong. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { fromHex, infoHash, peerId, toHex } from '../../src/values.js'
import { latin1Text } from '../../src/wire/bencode.js'
import { bytesToHost } from '../../src/wire/compact.js'
import { encodeUdpAnswer, readUdpAnswer, transactionOf, type UdpAnswer } from '../../src/wire/udpanswer.js'
import { encodeUdpRequest, readUdpRequest, type UdpAnnounce, type UdpRequest } from '../../src/wire/udprequest.js'

/** With the prototype of objects that are written down. */
const record = <Model extends object>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }) =>
  fc.record(model, { noNullPrototype: true })

const bits = fc.integer({ min: 0, max: 0xffff_ffff })
const count = fc.integer({ min: 0, max: 0x7fff_ffff })
const port = fc.integer({ min: 1, max: 65_535 })
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const connectionId = bytesOf(8)
const hash = bytesOf(20).map((bytes) => infoHash(bytes))
const total = fc.maxSafeNat()
const ipv4 = bytesOf(4).map(bytesToHost)
const ipv6 = bytesOf(16)
  .filter((bytes) => bytes[0] !== 0)
  .map(bytesToHost)

const announces: fc.Arbitrary<UdpAnnounce> = record({
  type: fc.constant('announce'),
  transactionId: bits,
  connectionId,
  infoHash: hash,
  peerId: bytesOf(20).map((bytes) => peerId(bytes)),
  downloadedBytes: total,
  leftBytes: total,
  uploadedBytes: total,
  event: fc.constantFrom(undefined, 'completed' as const, 'started' as const, 'stopped' as const),
  host: fc.option(
    ipv4.filter((host) => host !== '0.0.0.0'),
    { nil: undefined },
  ),
  key: bits,
  numwant: fc.option(count, { nil: undefined }),
  port,
  urlData: fc.uint8Array({ maxLength: 1_200 }).map(latin1Text),
})

const requests: fc.Arbitrary<UdpRequest> = fc.oneof(
  record({ type: fc.constant('connect'), transactionId: bits }),
  announces,
  record({
    type: fc.constant('scrape'),
    transactionId: bits,
    connectionId,
    infoHashes: fc.array(hash, { minLength: 1, maxLength: LIMITS.trackerScrapeHashesMax }),
  }),
)

const answersOver = (host: fc.Arbitrary<string>): fc.Arbitrary<UdpAnswer> =>
  fc.oneof(
    record({ type: fc.constant('connected'), transactionId: bits, connectionId }),
    record({
      type: fc.constant('announced'),
      transactionId: bits,
      intervalSeconds: fc.integer({ min: 1, max: LIMITS.trackerIntervalSecondsMax }),
      complete: count,
      incomplete: count,
      peers: fc.array(record({ host, port }), { maxLength: 100 }),
    }),
    record({
      type: fc.constant('scraped'),
      transactionId: bits,
      files: fc.array(record({ complete: count, downloaded: count, incomplete: count }), {
        maxLength: LIMITS.trackerScrapeHashesMax,
      }),
    }),
    record({
      type: fc.constant('failure'),
      transactionId: bits,
      reason: fc.stringMatching(/^[a-z](?:[a-zé ]{0,50}[a-z])?$/),
    }),
  )

const ANNOUNCE: UdpAnnounce = {
  type: 'announce',
  transactionId: 0xdead_beef,
  connectionId: fromHex('0102030405060708'),
  infoHash: infoHash(new Uint8Array(20).fill(0x11)),
  peerId: peerId(new Uint8Array(20).fill(0x22)),
  downloadedBytes: 1,
  leftBytes: 2 ** 40,
  uploadedBytes: 3,
  event: 'started',
  host: undefined,
  key: 0x4b45_5900,
  numwant: undefined,
  port: 6_881,
  urlData: '',
}

test('UDP tracker: a connect has the bytes of BEP 15', () => {
  assert.is(
    toHex(encodeUdpRequest({ type: 'connect', transactionId: 0x0102_0304 })),
    '00000417271019800000000001020304',
  )
})

test('UDP tracker: an announce has the bytes of BEP 15, and its URL data those of BEP 41', () => {
  const head = [
    ...['0102030405060708', '00000001', 'deadbeef', '11'.repeat(20), '22'.repeat(20)],
    ...[
      '0000000000000001',
      '0000010000000000',
      '0000000000000003',
      '00000002',
      '00000000',
      '4b455900',
      'ffffffff',
      '1ae1',
    ],
  ].join('')
  assert.is(toHex(encodeUdpRequest(ANNOUNCE)), head)
  const urlData = '/announce?passkey=1'
  const bytes = encodeUdpRequest({ ...ANNOUNCE, urlData, host: '10.1.2.3', numwant: 50, event: 'stopped' })
  const option = `0213${toHex(new TextEncoder().encode(urlData))}`
  assert.is(toHex(bytes.subarray(98)), option)
  assert.is(toHex(bytes.subarray(80, 88)), '000000030a010203')
  assert.is(toHex(bytes.subarray(92, 96)), '00000032')
  const long = encodeUdpRequest({ ...ANNOUNCE, urlData: `/${'x'.repeat(299)}` })
  assert.equal([long.length, long[98], long[99], long[98 + 257], long[98 + 258]], [98 + 300 + 4, 2, 255, 2, 45])
})

test('UDP tracker: events have the numbers of BEP 15', () => {
  const numbers = (['completed', 'started', 'stopped', undefined] as const).map(
    (event) => encodeUdpRequest({ ...ANNOUNCE, event })[83],
  )
  assert.equal(numbers, [1, 2, 3, 0])
})

test('UDP tracker: answers of BEP 15 are read, with peers of the family that they came by', () => {
  const head = '00000001deadbeef000007080000000200000003'
  const read = (hex: string, family: 'ipv4' | 'ipv6' = 'ipv4') => readUdpAnswer(fromHex(hex), family)
  assert.equal(read(`${head}0a0000011ae1c0a80002ffff`), {
    type: 'announced',
    transactionId: 0xdead_beef,
    intervalSeconds: 1_800,
    incomplete: 2,
    complete: 3,
    peers: [
      { host: '10.0.0.1', port: 6_881 },
      { host: '192.168.0.2', port: 65_535 },
    ],
  })
  const overIpv6 = read(`${head}20010db80000000000000000000000011ae1`, 'ipv6')
  assert.equal(overIpv6.type === 'announced' && overIpv6.peers, [{ host: '2001:db8::1', port: 6_881 }])
  assert.equal(read('00000002000000010000000100000002000000030000000400000005ffffffff'), {
    type: 'scraped',
    transactionId: 1,
    files: [
      { complete: 1, downloaded: 2, incomplete: 3 },
      { complete: 4, downloaded: 5, incomplete: 0 },
    ],
  })
  assert.equal(read('0000000300000001'), { type: 'failure', transactionId: 1, reason: 'the tracker gave no reason' })
  assert.equal(read('00000003000000016e6f1b5b316d00'), { type: 'failure', transactionId: 1, reason: 'no [1m' })
})

test('UDP tracker: whatever is asked is read as it was', () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.equal(readUdpRequest(encodeUdpRequest(request)), request)
    }),
  )
})

test('UDP tracker: whatever is answered is read as it was, over both families', () => {
  for (const [family, host] of [
    ['ipv4', ipv4],
    ['ipv6', ipv6],
  ] as const)
    fc.assert(
      fc.property(answersOver(host), (answer) => {
        const bytes = encodeUdpAnswer(answer, family)
        assert.equal(readUdpAnswer(bytes, family), answer)
        assert.is(transactionOf(bytes), answer.transactionId)
      }),
    )
})

test('UDP tracker: what is cut off anywhere is a fault, or is what was whole of it', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const bytes = encodeUdpRequest(request)
      const whole = request.type === 'announce' ? 98 : bytes.length
      for (let length = 0; length < bytes.length; length++) {
        const read = readUdpRequest(bytes.subarray(0, length))
        if (length < whole && request.type !== 'scrape') assert.is(read.type, 'fault', `${length} of ${bytes.length}`)
        else if (read.type === 'announce' && request.type === 'announce') {
          assert.equal({ ...read, urlData: '' }, { ...request, urlData: '' })
          assert.ok(request.urlData.startsWith(read.urlData))
        } else if (read.type === 'scrape' && request.type === 'scrape')
          assert.equal(read.infoHashes, request.infoHashes.slice(0, (length - 16) / 20))
        else assert.is(read.type, 'fault')
      }
    }),
    { numRuns: 30 },
  )
  fc.assert(
    fc.property(answersOver(ipv4), (answer) => {
      const bytes = encodeUdpAnswer(answer, 'ipv4')
      for (let length = 0; length < bytes.length; length++) {
        const read = readUdpAnswer(bytes.subarray(0, length), 'ipv4')
        if (read.type === 'fault') continue
        assert.is(read.type, answer.type)
        assert.is(read.transactionId, answer.transactionId)
        if (read.type === 'announced' && answer.type === 'announced')
          assert.equal(read.peers, answer.peers.slice(0, (length - 20) / 6))
        else if (read.type === 'scraped' && answer.type === 'scraped')
          assert.equal(read.files, answer.files.slice(0, (length - 8) / 12))
        else assert.is(read.type, 'failure')
      }
    }),
    { numRuns: 30 },
  )
})

test('UDP tracker: whatever bytes come are read or are a fault, and cost no more than the bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 4 }), (bytes, action) => {
      readUdpRequest(bytes)
      readUdpAnswer(bytes, 'ipv4')
      const request = encodeUdpRequest(ANNOUNCE)
      readUdpRequest(Uint8Array.from([...request, ...bytes]))
      const answer = Uint8Array.from([0, 0, 0, action, ...bytes])
      readUdpAnswer(answer, 'ipv6')
    }),
    { numRuns: 1_000 },
  )
  const many = new Uint8Array(65_507).fill(1)
  many.set([0, 0, 0, 1])
  const read = readUdpAnswer(many.subarray(0, 20 + 6 * 10_000), 'ipv4')
  assert.is(read.type === 'announced' && read.peers.length, LIMITS.trackerPeersMax)
})

test('UDP tracker: what is wrong with a request or an answer is said', () => {
  const faultOf = (read: { readonly type: string; readonly reason?: string }): string =>
    read.type === 'fault' ? (read.reason ?? '') : read.type
  const announce = encodeUdpRequest(ANNOUNCE)
  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const copy = announce.slice()
    copy.set(bytes, at)
    return copy
  }
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(15), /15 bytes are no request/],
    [new Uint8Array(16), /another protocol/],
    [changed(8, 0, 0, 0, 9), /no action 9/],
    [changed(80, 0, 0, 0, 4), /no event 4/],
    [changed(96, 0, 0), /port/],
    [Uint8Array.from([...announce, 2]), /option goes past the end/],
    [Uint8Array.from([...announce, 2, 5, 1, 2]), /option goes past the end/],
    [Uint8Array.from([...announce, 7, 200]), /option goes past the end/],
    [announce.subarray(0, 97), /97 bytes/],
  ]
  for (const [bytes, reason] of wrong) assert.match(faultOf(readUdpRequest(bytes)), reason)
  const options = Uint8Array.from([...announce, 1, 9, 2, 0, 0, 2, 1, 0x2f, 1, 2, 1, 0x78, 0, 2, 200])
  const read = readUdpRequest(options)
  assert.is(read.type === 'announce' && read.urlData, '/x', 'unknown options and what follows the end are passed over')
  assert.match(faultOf(readUdpAnswer(fromHex('0000000100000001'), 'ipv4')), /not answered with 8 bytes/)
  assert.match(faultOf(readUdpAnswer(fromHex(`${'00000001'.repeat(5)}0a00`), 'ipv4')), /last peer/)
  assert.match(faultOf(readUdpAnswer(fromHex('0000000900000001'), 'ipv4')), /no action 9/)
})

test.run()
