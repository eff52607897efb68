/** Scrapes: the rule for their URL, and requests and answers in both directions. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { infoHash, toHex } from '../../src/values.js'
import { type Encodable, encode, latin1Bytes, latin1Text } from '../../src/wire/bencode.js'
import { encodeScrapeAnswer, readScrapeAnswer, readScrapeQuery, scrapeUrl } from '../../src/wire/scrape.js'
import { encodeFailure } from '../../src/wire/trackeranswer.js'

const hash = (byte: number) => infoHash(new Uint8Array(20).fill(byte))

test('scrape: the URL follows from that of the announce as BEP 48 says', () => {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['http://example.com/announce', 'http://example.com/scrape'],
    ['http://example.com/x/announce', 'http://example.com/x/scrape'],
    ['http://example.com/announce.php', 'http://example.com/scrape.php'],
    ['http://example.com/a', undefined],
    ['http://example.com/announce?x2%0644', 'http://example.com/scrape?x2%0644'],
    ['http://example.com/announce?x=2/4', undefined],
    ['http://example.com/x%064announce', undefined],
    ['https://example.com/announce', 'https://example.com/scrape'],
    ['udp://example.com/announce', undefined],
    ['announce', undefined],
    ['http://announce.example.com', undefined],
  ]
  for (const [announce, scrape] of pairs) assert.is(scrapeUrl(announce), scrape, announce)
})

test('scrape: the torrents asked for are in the query, and are read from it', () => {
  const url = scrapeUrl('http://t/announce?key=1', [hash(0x41), hash(0xff)])
  assert.is(url, `http://t/scrape?key=1&info_hash=${'A'.repeat(20)}&info_hash=${'%FF'.repeat(20)}`)
  const read = readScrapeQuery((url ?? '').slice('http://t/scrape'.length))
  assert.is(read.type, 'scrape')
  if (read.type === 'scrape') assert.equal(read.infoHashes.map(toHex), ['41'.repeat(20), 'ff'.repeat(20)])
})

test('scrape: a query without a torrent asks for all of them', () => {
  assert.equal(readScrapeQuery(''), { type: 'scrape', infoHashes: [] })
  assert.equal(readScrapeQuery('?x=1'), { type: 'scrape', infoHashes: [] })
})

test('scrape: hashes of another length, too many of them, or a broken query are refused', () => {
  assert.is(readScrapeQuery(`info_hash=${'a'.repeat(19)}`).type, 'fault')
  assert.is(readScrapeQuery(`info_hash=${'a'.repeat(20)}&info_hash=`).type, 'fault')
  assert.is(readScrapeQuery('info_hash=%zz').type, 'fault')
  const many = Array.from({ length: LIMITS.trackerScrapeHashesMax + 1 }, () => `info_hash=${'a'.repeat(20)}`)
  assert.is(readScrapeQuery(many.join('&')).type, 'fault')
  assert.is(readScrapeQuery(many.slice(1).join('&')).type, 'scrape')
})

test('scrape: a scrape of as many torrents as may be asked for fits the bound of a query', () => {
  const hashes = Array.from({ length: LIMITS.trackerScrapeHashesMax }, () => hash(0xff))
  const url = scrapeUrl('http://t/announce', hashes) ?? ''
  assert.is(readScrapeQuery(url.slice(url.indexOf('?'))).type, 'scrape')
})

test('scrape: the answer has counts by raw info-hash, sorted', () => {
  const bytes = encodeScrapeAnswer(
    [
      { infoHash: hash(0xff), complete: 1, downloaded: 2, incomplete: 3 },
      { infoHash: hash(0x41), complete: 0, downloaded: 0, incomplete: 0 },
    ],
    900,
  )
  assert.is(
    latin1Text(bytes),
    `d5:filesd20:${'A'.repeat(20)}d8:completei0e10:downloadedi0e10:incompletei0ee20:${'\xff'.repeat(20)}d8:completei1e10:downloadedi2e10:incompletei3eee5:flagsd20:min_request_intervali900eee`,
  )
  const read = readScrapeAnswer(bytes)
  if (read.type !== 'answer') throw new Error(read.reason)
  assert.equal(read.files.get('ff'.repeat(20)), { complete: 1, downloaded: 2, incomplete: 3 })
  assert.is(read.files.size, 2)
})

test('scrape: a failure has its reason, and garbage is a fault', () => {
  assert.is(readScrapeAnswer(encodeFailure('no full scrape')).type, 'failure')
  for (const text of ['', '<html>', 'de', 'd5:filesi1ee', 'i1e']) {
    assert.is(readScrapeAnswer(latin1Bytes(text)).type, 'fault', text)
  }
})

test('scrape: counts that are none are 0, and what is no torrent is left out', () => {
  const files = new Map<string, Encodable>([
    ['a'.repeat(20), { complete: -1, incomplete: 'x' }],
    ['short', { complete: 1 }],
    ['b'.repeat(20), 7],
  ])
  const read = readScrapeAnswer(encode({ files }))
  if (read.type !== 'answer') throw new Error(read.reason)
  assert.equal([...read.files], [['61'.repeat(20), { complete: 0, incomplete: 0, downloaded: 0 }]])
})

test('scrape: no bytes and no query make the readers throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      readScrapeAnswer(bytes)
      readScrapeQuery(latin1Text(bytes))
    }),
    { numRuns: 1_000 },
  )
})

test.run()
