/** Announce requests: the URL that clients ask, and what trackers make of its query. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { fromHex, infoHash, peerId } from '../../src/values.js'
import { type Announce, type AnnounceRequest, announceUrl, readAnnounceQuery } from '../../src/wire/announce.js'
import { latin1Bytes } from '../../src/wire/bencode.js'

const HASH = infoHash(fromHex('123456789abcdef123456789abcdef123456789a'))
const ID = peerId(latin1Bytes('-TW0100-abcdefghijkl'))
const REQUEST: AnnounceRequest = {
  infoHash: HASH,
  peerId: ID,
  port: 6_881,
  uploadedBytes: 1,
  downloadedBytes: 2,
  leftBytes: 3,
}

const query = (url: string): string => url.slice(url.indexOf('?'))
const GOOD = query(announceUrl('http://t/announce', REQUEST))

const read = (text: string): Announce => {
  const announce = readAnnounceQuery(text)
  if (announce.type === 'fault') throw new Error(announce.reason)
  return announce
}

const refuse = (text: string, reason: RegExp): void => {
  const announce = readAnnounceQuery(text)
  assert.is(announce.type, 'fault', `${text} was taken`)
  if (announce.type === 'fault') assert.match(announce.reason, reason)
}

test('announce: the URL has raw bytes percent-encoded, and asks for compact answers', () => {
  assert.is(
    announceUrl('http://t/announce', REQUEST),
    'http://t/announce?info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-TW0100-abcdefghijkl&port=6881&uploaded=1&downloaded=2&left=3&compact=1&no_peer_id=1',
  )
})

test('announce: a query that the tracker has in its URL is kept, and a fragment is not', () => {
  assert.match(
    announceUrl('http://t/announce?passkey=x%20y', REQUEST),
    /^http:\/\/t\/announce\?passkey=x%20y&info_hash=/,
  )
  assert.match(announceUrl('http://t/announce?', REQUEST), /^http:\/\/t\/announce\?info_hash=/)
  assert.match(announceUrl('http://t/announce?a=b&', REQUEST), /^http:\/\/t\/announce\?a=b&info_hash=/)
  assert.match(announceUrl('http://t/announce#top', REQUEST), /^http:\/\/t\/announce\?info_hash=/)
})

test('announce: all that can be said is read back as it was', () => {
  const full: AnnounceRequest = {
    ...REQUEST,
    event: 'completed',
    numwant: 30,
    key: 'a&b=\xff+%',
    trackerId: '\x00\x80 id',
    host: '2001:db8::1',
    compact: false,
    noPeerId: false,
  }
  assert.equal(read(query(announceUrl('http://t/announce?passkey=1', full))), { type: 'announce', ...full })
})

test('announce: any 20 bytes survive the way through a URL', () => {
  const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(twenty, twenty, (hash, id) => {
      const url = announceUrl('http://t/a', { ...REQUEST, infoHash: infoHash(hash), peerId: peerId(id) })
      assert.is(new URL(url).href, url)
      const announce = read(query(url))
      assert.equal([...announce.infoHash], [...hash])
      assert.equal([...announce.peerId], [...id])
    }),
  )
})

test('announce: clients that escape more, less or in lower case are understood', () => {
  const hash = latin1Bytes('aA0-._~!*+()\x00\x7f\x80\xff/:@ ')
  const announce = read(
    `info_hash=%61A0-._~!*+()%00%7f%80%ff/:@%20&peer_id=-TW0100-abcdefghijkl&port=1&uploaded=0&downloaded=0&left=0`,
  )
  assert.equal([...announce.infoHash], [...hash])
})

test('announce: a field that BEP 3 requires is missed by name', () => {
  for (const key of ['info_hash', 'peer_id', 'port', 'uploaded', 'downloaded', 'left']) {
    refuse(GOOD.replace(new RegExp(`[?&]${key}=[^&]*`), ''), new RegExp(`^${key} is missing`))
  }
  refuse('', /info_hash is missing/)
})

test('announce: a field that is there twice is refused, but an unknown one is passed over', () => {
  for (const again of ['info_hash=x', 'port=6881', 'left=0', 'compact=1', 'numwant=1']) {
    refuse(`${GOOD}&${again}&numwant=2`, /more than once/)
  }
  assert.is(read(`${GOOD}&corrupt=0&supportcrypto=1&corrupt=0&x&=&&`).port, 6_881)
})

test('announce: a hash or an id of another length is refused', () => {
  refuse(GOOD.replace('info_hash=%12', 'info_hash='), /info_hash has 19 bytes/)
  refuse(GOOD.replace('info_hash=', 'info_hash=x'), /info_hash has 21 bytes/)
  refuse(GOOD.replace('peer_id=-', 'peer_id='), /peer_id has 19 bytes/)
  refuse(GOOD.replace(/info_hash=[^&]*/, `info_hash=${'a'.repeat(40)}`), /info_hash has 40 bytes/)
})

test('announce: a port that cannot be dialled is refused', () => {
  for (const port of ['0', '65536', '-1', '', 'x', '1.5', '1e3', '0x10', '99999999999999999999999']) {
    refuse(GOOD.replace('port=6881', `port=${port}`), /port is not/)
  }
})

test('announce: counts that are no counts are refused, and those above 2^53 are cut to it', () => {
  for (const value of ['-1', '', 'x', '1.5', '1e3', ' 1', '9'.repeat(21)]) {
    refuse(GOOD.replace('left=3', `left=${value}`), /left is no number/)
    refuse(GOOD.replace('uploaded=1', `uploaded=${value}`), /uploaded is no number/)
    refuse(GOOD.replace('downloaded=2', `downloaded=${value}`), /downloaded is no number/)
  }
  assert.is(read(GOOD.replace('left=3', 'left=9223372036854775807')).leftBytes, Number.MAX_SAFE_INTEGER)
})

test('announce: a strange number of wanted peers becomes the usual one, and a large one the most', () => {
  for (const numwant of ['-1', 'x', '', '1.5']) {
    assert.is(read(`${GOOD}&numwant=${numwant}`).numwant, LIMITS.trackerNumwantDefault)
  }
  assert.is(read(GOOD).numwant, LIMITS.trackerNumwantDefault)
  assert.is(read(`${GOOD}&numwant=0`).numwant, 0)
  assert.is(read(`${GOOD}&numwant=7`).numwant, 7)
  assert.is(read(`${GOOD}&numwant=99999999`).numwant, LIMITS.trackerNumwantMax)
})

test('announce: events are those of the BEPs, and an empty one is none', () => {
  for (const event of ['started', 'completed', 'stopped', 'paused']) {
    assert.is(read(`${GOOD}&event=${event}`).event, event)
  }
  assert.is(read(`${GOOD}&event=`).event, undefined)
  assert.is(read(`${GOOD}&event=empty`).event, undefined)
  refuse(`${GOOD}&event=exploded`, /event is none of/)
})

test('announce: an over-long query, key or tracker id is refused', () => {
  refuse(`${GOOD}&x=${'x'.repeat(LIMITS.trackerQueryBytesMax)}`, /query is longer/)
  refuse(`${GOOD}&key=${'x'.repeat(LIMITS.trackerKeyBytesMax + 1)}`, /key is longer/)
  refuse(`${GOOD}&trackerid=${'x'.repeat(LIMITS.trackerIdBytesMax + 1)}`, /trackerid is longer/)
})

test('announce: broken percent-encoding and characters that are no byte are refused', () => {
  for (const broken of ['%', '%1', '%zz', '%%20', '☃']) refuse(`${GOOD}&x=${broken}`, /not percent-encoded/)
})

test('announce: an address that is none is as if it were not there', () => {
  assert.is(read(`${GOOD}&ip=evil.example`).host, undefined)
  assert.is(read(`${GOOD}&ip=::ffff:1.2.3.4`).host, '1.2.3.4')
})

test('announce: compact is what is not 0', () => {
  assert.is(read(GOOD.replace('compact=1', 'compact=0')).compact, false)
  assert.is(read(GOOD.replace('&compact=1', '')).compact, true)
  assert.is(read(GOOD).noPeerId, true)
})

test('announce: no query makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(GOOD.length), (text, at) => {
      readAnnounceQuery(text)
      readAnnounceQuery(GOOD.slice(0, at) + text + GOOD.slice(at))
      readAnnounceQuery(GOOD.slice(0, at))
    }),
    { numRuns: 1_000 },
  )
})

test.run()
