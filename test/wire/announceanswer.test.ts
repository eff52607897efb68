/** Answers to announces: ours are read back, those of others in their many forms, and garbage is a fault. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { type PeerId, peerId } from '../../src/values.js'
import {
  type AnnounceAnswer,
  encodeAnnounceAnswer,
  type ReadAnnounceAnswer,
  readAnnounceAnswer,
} from '../../src/wire/announceanswer.js'
import { type Encodable, encode, latin1Bytes, latin1Text } from '../../src/wire/bencode.js'
import { encodeFailure } from '../../src/wire/trackeranswer.js'

const id = (text: string): PeerId => peerId(latin1Bytes(text.padEnd(20, '-')))

const ANSWER: AnnounceAnswer = {
  intervalSeconds: 1_800,
  complete: 1,
  incomplete: 2,
  peers: [
    { host: '1.2.3.4', port: 6_881, peerId: id('one') },
    { host: '2001:db8::1', port: 6_882, peerId: id('two') },
  ],
}

const read = (bytes: Uint8Array | string): ReadAnnounceAnswer => {
  const answer = readAnnounceAnswer(typeof bytes === 'string' ? latin1Bytes(bytes) : bytes)
  if (answer.type !== 'answer') throw new Error(`${answer.type}: ${answer.reason}`)
  return answer
}

const refuse = (bytes: Uint8Array | string, reason: RegExp): void => {
  const answer = readAnnounceAnswer(typeof bytes === 'string' ? latin1Bytes(bytes) : bytes)
  assert.is(answer.type, 'fault')
  if (answer.type === 'fault') assert.match(answer.reason, reason)
}

const withPeers = (peers: Encodable, more: Record<string, Encodable> = {}): Uint8Array =>
  encode({ interval: 60, peers, ...more })

test('announce answer: a compact one has IPv4 in peers and IPv6 in peers6', () => {
  assert.is(
    latin1Text(encodeAnnounceAnswer(ANSWER, { compact: true, noPeerId: true })),
    'd8:completei1e10:incompletei2e8:intervali1800e5:peers6:\x01\x02\x03\x04\x1a\xe16:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe2e',
  )
})

test('announce answer: one that is not compact has dictionaries of both families', () => {
  assert.is(
    latin1Text(encodeAnnounceAnswer(ANSWER, { compact: false, noPeerId: false })),
    'd8:completei1e10:incompletei2e8:intervali1800e5:peersld2:ip7:1.2.3.47:peer id20:one-----------------4:porti6881eed2:ip11:2001:db8::17:peer id20:two-----------------4:porti6882eeee',
  )
  assert.not.match(latin1Text(encodeAnnounceAnswer(ANSWER, { compact: false, noPeerId: true })), /peer id/)
})

test('announce answer: without peers there is still an empty list of them', () => {
  const none = { intervalSeconds: 5, peers: [] }
  assert.is(latin1Text(encodeAnnounceAnswer(none, { compact: true, noPeerId: true })), 'd8:intervali5e5:peers0:e')
  assert.is(latin1Text(encodeAnnounceAnswer(none, { compact: false, noPeerId: true })), 'd8:intervali5e5:peerslee')
})

test('announce answer: all that can be said is read back', () => {
  const full: AnnounceAnswer = {
    ...ANSWER,
    minIntervalSeconds: 30,
    downloaded: 7,
    trackerId: '\x00\xff id',
    warning: 'très old client',
    externalHost: '2001:db8::9',
  }
  assert.equal(read(encodeAnnounceAnswer(full, { compact: false, noPeerId: false })), { type: 'answer', ...full })
  const compact = read(encodeAnnounceAnswer(full, { compact: true, noPeerId: true }))
  assert.equal(compact, { type: 'answer', ...full, peers: full.peers.map(({ host, port }) => ({ host, port })) })
})

test('announce answer: a failure has its reason, and when to ask again', () => {
  const failure = (bytes: Uint8Array) => readAnnounceAnswer(bytes)
  assert.equal(failure(encodeFailure('not here')), { type: 'failure', reason: 'not here', retryInMinutes: undefined })
  assert.equal(failure(encodeFailure('no', 5)), { type: 'failure', reason: 'no', retryInMinutes: 5 })
  assert.equal(failure(encodeFailure('no', 'never')), { type: 'failure', reason: 'no', retryInMinutes: 'never' })
  assert.equal(failure(encode({ 'failure reason': '', 'retry in': '15' })), {
    type: 'failure',
    reason: 'the tracker gave no reason',
    retryInMinutes: 15,
  })
  assert.is(failure(encode({ 'failure reason': 1, interval: 5, peers: '' })).type, 'failure')
})

test('announce answer: words of a tracker are bounded and cannot drive a terminal', () => {
  const long = readAnnounceAnswer(encodeFailure(`\x1b[2J\u202e\n${'é'.repeat(100_000)}`))
  assert.is(long.type, 'failure')
  if (long.type !== 'failure') return
  assert.ok(long.reason.length <= LIMITS.trackerTextMax && long.reason.startsWith('[2J'))
  assert.not.match(long.reason, /\p{Cc}|\p{Cf}/u)
})

test('announce answer: HTML, nothing, garbage and what is no dictionary are faults', () => {
  refuse('<!DOCTYPE html><html><body>404</body></html>', /not bencoded: no value starts/)
  refuse('', /not bencoded/)
  refuse('\x1f\x8b\x08\0\0', /not bencoded/)
  refuse('i5e', /no dictionary/)
  refuse('le', /no dictionary/)
  refuse('de', /neither an interval nor peers/)
  refuse('d5:helloi1ee', /neither an interval nor peers/)
  refuse('d8:intervali5e5:peers0:ed', /data after/)
})

test('announce answer: keys in any order and a blank end are forgiven', () => {
  assert.is(read('d5:peers0:8:intervali5ee\r\n\n').intervalSeconds, 5)
  refuse('d5:peers0:8:intervali5e5:peers0:e', /twice/)
})

test('announce answer: a longer one than the bound is refused, and so is one of too many values', () => {
  refuse(new Uint8Array(LIMITS.trackerAnswerBytesMax + 1).fill(0x64), /longer than/)
  refuse(`d5:peersl${'le'.repeat(LIMITS.trackerAnswerTokensMax)}ee`, /more than 100000 values/)
  refuse(`d5:peers${'l'.repeat(10_000)}`, /nested deeper/)
})

test('announce answer: peers of a form that nobody knows are a fault', () => {
  refuse(withPeers(new Uint8Array(7)), /peers of the answer/)
  refuse(withPeers(5), /peers of the answer/)
  refuse(withPeers({}), /peers of the answer/)
  refuse(withPeers('', { peers6: new Uint8Array(17) }), /peers of the answer/)
  refuse(withPeers('', { peers6: [] }), /peers of the answer/)
})

test('announce answer: single peers that cannot be dialled are left out', () => {
  const peers = [
    { ip: '1.2.3.4', port: 1 },
    { ip: '::ffff:1.2.3.5', port: 2, 'peer id': 'short' },
    { ip: '1.2.3.4', port: 0 },
    { ip: '1.2.3.4', port: 65_536 },
    { ip: '1.2.3.4' },
    { port: 1 },
    { ip: 'tracker.example', port: 1 },
    { ip: '1'.repeat(10_000), port: 1 },
    'x',
    7,
  ]
  assert.equal(read(withPeers(peers)).peers, [
    { host: '1.2.3.4', port: 1, peerId: undefined },
    { host: '1.2.3.5', port: 2, peerId: undefined },
  ])
  assert.equal(read(withPeers(Uint8Array.from([1, 2, 3, 4, 0, 0]))).peers, [])
})

test('announce answer: no more peers are taken than the bound', () => {
  const many = new Uint8Array(6 * (LIMITS.trackerPeersMax + 5)).fill(1)
  assert.is(read(withPeers(many, { peers6: new Uint8Array(18).fill(1) })).peers.length, LIMITS.trackerPeersMax)
  const list = Array.from({ length: LIMITS.trackerPeersMax + 5 }, () => ({ ip: '1.2.3.4', port: 1 }))
  assert.is(read(withPeers(list)).peers.length, LIMITS.trackerPeersMax)
})

test('announce answer: an interval that makes no sense is the usual one, and none is longer than a day', () => {
  const interval = (value: Encodable): number => read(encode({ interval: value, peers: '' })).intervalSeconds
  assert.is(interval(0), LIMITS.trackerIntervalSecondsDefault)
  assert.is(interval(-5), LIMITS.trackerIntervalSecondsDefault)
  assert.is(interval('5'), LIMITS.trackerIntervalSecondsDefault)
  assert.is(interval(2n ** 60n), LIMITS.trackerIntervalSecondsDefault)
  assert.is(interval(10 ** 9), LIMITS.trackerIntervalSecondsMax)
  assert.is(read('d5:peers0:e').intervalSeconds, LIMITS.trackerIntervalSecondsDefault)
})

test('announce answer: what is said beside, in the wrong form, is as if it were not there', () => {
  const answer = read(
    encode({
      interval: 5,
      complete: -1,
      incomplete: 'x',
      'external ip': 'abc',
      'tracker id': 'x'.repeat(300),
      'warning message': [],
    }),
  )
  assert.equal(answer.peers, [])
  for (const key of ['complete', 'incomplete', 'externalHost', 'trackerId', 'warning'] as const) {
    assert.is(answer[key], undefined, key)
  }
})

test('announce answer: every truncation is a fault, and no bytes make the reader throw', () => {
  const bytes = encodeAnnounceAnswer(ANSWER, { compact: true, noPeerId: true })
  for (let end = 0; end < bytes.length; end++) assert.is(readAnnounceAnswer(bytes.subarray(0, end)).type, 'fault')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(bytes.length - 1), fc.nat(255), (garbage, at, byte) => {
      readAnnounceAnswer(garbage)
      const changed = new Uint8Array(bytes)
      changed[at] = byte
      readAnnounceAnswer(changed)
    }),
    { numRuns: 2_000 },
  )
})

test.run()
