/** Messages of trackers over WebSocket, in both directions: what is written is read, and nothing makes reading throw. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { infoHash, peerId } from '../../src/values.js'
import { latin1Text } from '../../src/wire/bencode.js'
import {
  encodeRelayedAnswer,
  encodeRelayedOffer,
  encodeWebAnswer,
  encodeWebFailure,
  encodeWebScrape,
  readWebAnswer,
} from '../../src/wire/websocketanswer.js'
import { encodeWebAnnounce, readWebRequest, type WebFault, type WebRequest } from '../../src/wire/websocketrequest.js'

const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 })
const id = bytes20.map(latin1Text)
const HASH = 'é'.repeat(20)
const ID = 'p'.repeat(20)
const OFFER = { offer_id: 'o'.repeat(20), offer: { type: 'offer', sdp: 'v=0' } }

const read = (fields: object): WebRequest => readWebRequest(JSON.stringify(fields))
const announce = (more: object = {}): WebRequest =>
  read({ action: 'announce', info_hash: HASH, peer_id: ID, left: 3, ...more })
const faultOf = (request: WebRequest): WebFault => {
  if (request.type !== 'fault') throw new Error(`${JSON.stringify(request)} was taken`)
  return request
}

test('WebSocket messages: an announce that we write is read as it was', () => {
  const count = fc.maxSafeNat()
  const event = fc.constantFrom('started', 'completed', 'stopped', undefined)
  fc.assert(
    fc.property(bytes20, bytes20, count, event, (hash, own, leftBytes, said) => {
      const request = { infoHash: infoHash(hash), peerId: peerId(own), port: 1, uploadedBytes: 1, downloadedBytes: 2 }
      assert.equal(readWebRequest(encodeWebAnnounce({ ...request, leftBytes, event: said })), {
        ...{ type: 'announce', infoHash: hash, peerId: latin1Text(own), leftBytes, event: said },
        ...{ numwant: 0, takesOffers: false, offers: [], offersLeft: 0 },
      })
    }),
  )
})

test('WebSocket messages: offers are as many as are wanted, and those beyond the bound are passed over', () => {
  const many = Array.from({ length: LIMITS.trackerWebOffersMax + 3 }, () => OFFER)
  const cases: readonly [fields: object, numwant: number, takesOffers: boolean, offersLeft: number][] = [
    [{ offers: [OFFER, OFFER] }, 2, true, 0],
    [{ offers: [OFFER, OFFER], numwant: 1 }, 1, true, 0],
    [{ offers: [OFFER, OFFER], numwant: 50 }, 2, true, 0],
    [{ offers: [OFFER], numwant: 'all' }, 1, true, 0],
    [{ offers: [OFFER], numwant: -1 }, 1, true, 0],
    [{ offers: [OFFER], numwant: 0 }, 0, true, 0],
    [{ offers: many, numwant: 50 }, LIMITS.trackerWebOffersMax, true, 3],
    [{ offers: null }, 0, true, 0],
    [{}, 0, true, 0],
    [{ numwant: 50 }, 0, true, 0],
    [{ numwant: 0 }, 0, false, 0],
  ]
  for (const [fields, ...expected] of cases) {
    const request = announce(fields)
    if (request.type !== 'announce') throw new Error(`${JSON.stringify(fields)} is refused`)
    assert.equal([request.numwant, request.takesOffers, request.offersLeft], expected, JSON.stringify(fields))
  }
})

test('WebSocket messages: what is left may be unknown, and any event that clients send is understood', () => {
  for (const left of [null, undefined]) {
    const request = announce({ left })
    assert.is(request.type === 'announce' && request.leftBytes, Number.MAX_SAFE_INTEGER)
  }
  for (const event of [undefined, null, '', 'empty', 'update']) {
    const request = announce({ event })
    assert.is(request.type === 'announce' && request.event, undefined)
  }
  for (const event of ['started', 'stopped', 'completed', 'paused']) {
    const request = announce({ event })
    assert.is(request.type === 'announce' && request.event, event)
  }
})

test('WebSocket messages: fields of the wrong type or length are named, with the torrent where that is known', () => {
  const cases: readonly [fields: object, reason: RegExp, hasHash: boolean][] = [
    [{ info_hash: undefined }, /^info_hash is no text$/, false],
    [{ info_hash: 7 }, /^info_hash is no text$/, false],
    [{ info_hash: 'é'.repeat(19) }, /^info_hash has 19 bytes and not 20$/, false],
    [{ info_hash: 'é'.repeat(40) }, /^info_hash has 40 bytes and not 20$/, false],
    [{ info_hash: 'Ā'.repeat(20) }, /^info_hash has characters that are no bytes$/, false],
    [{ peer_id: [ID] }, /^peer_id is no text$/, true],
    [{ peer_id: '' }, /^peer_id has 0 bytes/, true],
    [{ left: '3' }, /^left is no number/, true],
    [{ left: -1 }, /^left is no number/, true],
    [{ event: 'begun' }, /^event is none of/, true],
    [{ event: {} }, /^event is none of/, true],
    [{ offers: 'many' }, /^offers is no list/, true],
    [{ offers: { length: 1_000_000 } }, /^offers is no list/, true],
    [{ offers: [null] }, /^an offer is no object/, true],
    [{ offers: [{ ...OFFER, offer_id: 'x' }] }, /^offer_id has 1 bytes/, true],
    [{ offers: [{ ...OFFER, offer: 'v=0' }] }, /^the offer is no object/, true],
    [{ offers: [{ ...OFFER, offer: { type: 'answer', sdp: 'v=0' } }] }, /^the offer has no sdp, or another type/, true],
    [{ offers: [{ ...OFFER, offer: { type: 'offer', sdp: 1 } }] }, /^the offer has no sdp/, true],
    [{ offers: [{ ...OFFER, offer: { type: 'offer', sdp: 'x'.repeat(16_385) } }] }, /^the offer is longer than/, true],
    [{ answer: {} }, /^to_peer_id is no text/, true],
    [{ answer: {}, to_peer_id: ID, offer_id: ID }, /^the answer has no sdp/, true],
    [{ answer: 'v=0', to_peer_id: ID, offer_id: ID }, /^the answer is no object/, true],
  ]
  for (const [fields, reason, hasHash] of cases) {
    const fault = faultOf(announce(fields))
    assert.match(fault.reason, reason)
    assert.is(fault.action, 'announce')
    assert.is(fault.infoHash !== undefined, hasHash, JSON.stringify(fields))
  }
  for (const text of [
    '',
    'null',
    '7',
    '[]',
    '"announce"',
    '{',
    '{}',
    '{"action":"connect"}',
    '{"action":["announce"]}',
  ]) {
    const fault = faultOf(readWebRequest(text))
    assert.is(fault.action, undefined, text)
  }
})

test('WebSocket messages: a scrape names its torrents, one or many, and neither none nor too many', () => {
  assert.equal(read({ action: 'scrape', info_hash: HASH }), {
    type: 'scrape',
    infoHashes: [new Uint8Array(20).fill(0xe9)],
  })
  const many = (count: number) => read({ action: 'scrape', info_hash: Array.from({ length: count }, () => HASH) })
  assert.is(many(LIMITS.trackerScrapeHashesMax).type, 'scrape')
  for (const request of [many(0), many(LIMITS.trackerScrapeHashesMax + 1), read({ action: 'scrape' })]) {
    assert.is(faultOf(request).action, 'scrape')
  }
  assert.match(faultOf(read({ action: 'scrape', info_hash: [HASH, 7] })).reason, /no text/)
})

test('WebSocket messages: nothing that is JSON or text makes reading throw, and faults are answered', () => {
  const fields = fc.record(
    {
      action: fc.constantFrom('announce', 'scrape'),
      info_hash: fc.oneof(id, fc.string(), fc.array(id), fc.jsonValue()),
      peer_id: fc.oneof(id, fc.jsonValue()),
      left: fc.oneof(fc.double(), fc.jsonValue()),
      offers: fc.oneof(fc.array(fc.oneof(fc.constant(OFFER), fc.jsonValue())), fc.jsonValue()),
      ...{ answer: fc.jsonValue(), to_peer_id: id, offer_id: id, numwant: fc.jsonValue(), event: fc.jsonValue() },
    },
    { requiredKeys: ['action'] },
  )
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fields.map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(text, (message) => {
      const request = readWebRequest(message)
      if (request.type === 'announce') assert.ok(request.numwant <= request.offers.length)
      if (request.type === 'fault')
        assert.is(readWebAnswer(encodeWebFailure(request.reason, request.action, request.infoHash)).type, 'failure')
      assert.ok(['answer', 'failure', 'scraped', 'other', 'fault'].includes(readWebAnswer(message).type))
    }),
    { numRuns: 1_000 },
  )
})

test('WebSocket messages: nesting without end is no more than a message that cannot be read', () => {
  for (const text of ['['.repeat(60_000), '{"a":'.repeat(12_000), `${'['.repeat(30_000)}${']'.repeat(30_000)}`]) {
    assert.is(readWebRequest(text).type, 'fault')
    assert.is(readWebAnswer(text).type === 'answer', false)
  }
})

test('WebSocket messages: an answer that a tracker writes is read as it was', () => {
  const count = fc.option(fc.maxSafeNat(), { nil: undefined })
  fc.assert(
    fc.property(
      bytes20,
      fc.integer({ min: 1, max: 86_400 }),
      count,
      count,
      (hash, intervalSeconds, complete, incomplete) => {
        const answer = { intervalSeconds, complete, incomplete, warning: undefined }
        const expected = { type: 'answer', infoHash: latin1Text(hash), answer }
        assert.equal(readWebAnswer(encodeWebAnswer(infoHash(hash), answer)), expected)
      },
    ),
  )
  const warned = readWebAnswer('{"action":"announce","info_hash":"x","interval":-5,"warning message":"a\\u0007b"}')
  const intervalSeconds = LIMITS.trackerIntervalSecondsDefault
  const answer = { intervalSeconds, complete: undefined, incomplete: undefined, warning: 'a b' }
  assert.equal(warned, { type: 'answer', infoHash: 'x', answer })
})

test('WebSocket messages: what peers say through a tracker is no answer to an announce', () => {
  const hash = infoHash(new Uint8Array(20).fill(0xe9))
  const reply = { type: 'answer', infoHash: hash, peerId: ID, toPeerId: ID, offerId: ID, sdp: 'v=0' } as const
  const said = { infoHash: HASH, peerId: ID, offerId: ID, sdp: 'v=0' }
  const offer = encodeRelayedOffer(hash, ID, { offerId: ID, sdp: 'v=0' })
  assert.equal(readWebAnswer(offer), { type: 'offered', ...said })
  assert.equal(readWebAnswer(encodeRelayedAnswer(reply)), { type: 'replied', ...said })
  for (const text of [
    '{"action":"announce"}',
    '{}',
    offer.replace('v=0', 'v'.repeat(16_385)),
    offer.replace(ID, 'short'),
  ])
    assert.equal(readWebAnswer(text), { type: 'other' }, text)
  assert.equal(JSON.parse(encodeRelayedOffer(hash, ID, { offerId: 'o'.repeat(20), sdp: 'v=0' })), {
    ...{ action: 'announce', info_hash: HASH, peer_id: ID },
    ...OFFER,
  })
})

test('WebSocket messages: counts that a tracker writes are read as they were, and strange ones as none', () => {
  const file = { complete: 1, incomplete: 2, downloaded: 3 }
  const read = readWebAnswer(encodeWebScrape([{ infoHash: infoHash(new Uint8Array(20).fill(0xe9)), ...file }], 120))
  assert.equal(read, { type: 'scraped', files: new Map([[HASH, { ...file, minIntervalSeconds: 120 }]]) })
  const strange = readWebAnswer('{"action":"scrape","files":{"a":7,"b":{"complete":-1,"downloaded":"3"}},"flags":[]}')
  const none = { complete: 0, incomplete: 0, downloaded: 0, minIntervalSeconds: undefined }
  assert.equal(strange, { type: 'scraped', files: new Map([['b', none]]) })
  assert.equal(readWebAnswer('{"action":"scrape"}'), { type: 'scraped', files: new Map() })
})

test('WebSocket messages: a failure says whose it is, where that is known', () => {
  const hash = infoHash(new Uint8Array(20).fill(0xe9))
  assert.equal(readWebAnswer(encodeWebFailure('no', 'announce', hash)), {
    ...{ type: 'failure', infoHash: HASH, isScrape: false, reason: 'no' },
  })
  assert.equal(JSON.parse(encodeWebFailure('no', 'announce')), { 'failure reason': 'no' })
  assert.equal(readWebAnswer('{"failure reason":7}'), {
    ...{ type: 'failure', infoHash: undefined, isScrape: false, reason: 'the tracker gave no reason' },
  })
})

test.run()
