/** Magnet URIs: ours say what libtorrent's say, and strange ones are undefined. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/values.js'
import { magnetOf, parseMagnet } from '../../src/wire/magnet.js'
import { parseTorrent } from '../../src/wire/metainfo.js'

const V1 = '09bfdb20054caae287bd9ac139e642db07b9b671'
const V2 = '88a7765a7ce962db14e1b7ee65a59c094bf72ad9eb34d6c2d948ea064f07ff37'
// What libtorrent 2.0.8 makes of the fixture `uneven`.
const LIBTORRENT = `magnet:?xt=urn:btih:${V1}&dn=uneven&tr=udp%3a%2f%2ftwo.example%3a6969&tr=http%3a%2f%2fone.example%2fannounce&tr=http%3a%2f%2fthree.example%2fannounce&ws=http%3a%2f%2fseed.example%2ffiles%2f`

const fixture = (name: string) => parseTorrent(readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url)))
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes)

test('magnet: what libtorrent wrote is read, and says what ours says', () => {
  const theirs = parseMagnet(LIBTORRENT)
  const ours = parseMagnet(magnetOf(fixture('uneven')))
  assert.is(hex(theirs?.infoHash), V1)
  assert.equal(
    { ...ours, trackers: [...(ours?.trackers ?? [])].sort() },
    { ...theirs, trackers: [...(theirs?.trackers ?? [])].sort() },
  )
})

test('magnet: the hash, name, tracker and web seed are written in this order', () => {
  assert.is(
    magnetOf({ ...fixture('uneven'), name: 'a b&c=ü', trackers: [['http://t/?x=1&y=2']], webSeeds: [] }),
    `magnet:?xt=urn:btih:${V1}&dn=a%20b%26c%3D%C3%BC&tr=http%3A%2F%2Ft%2F%3Fx%3D1%26y%3D2`,
  )
})

test('magnet: a hybrid names both of its hashes', () => {
  const text = magnetOf(fixture('many-hybrid'))
  assert.match(text, `&xt=urn:btmh:1220${V2}&`)
  const magnet = parseMagnet(text)
  assert.is(hex(magnet?.infoHash), 'a0c20bba5b8c0158bdf45e8f92c654a8d54493bf')
  assert.is(hex(magnet?.infoHashV2), V2)
})

test('magnet: a hash is read in hexadecimal and in base 32, in any case', () => {
  for (const hash of [V1, V1.toUpperCase(), 'BG75WIAFJSVOFB55TLATTZSC3MD3TNTR', 'bg75wiafjsvofb55tlattzsc3md3tntr']) {
    assert.is(hex(parseMagnet(`magnet:?xt=urn:btih:${hash}`)?.infoHash), V1, hash)
  }
  assert.is(hex(parseMagnet(`MAGNET:?dn=x&XT=urn:BTIH:${V1}`)?.infoHash), V1)
  assert.is(hex(parseMagnet(`magnet:?xt=urn:btmh:1220${V2}`)?.infoHashV2), V2)
})

test('magnet: peers, numbered trackers and a name with spaces are read', () => {
  const magnet = parseMagnet(
    `magnet:?xt.1=urn:btih:${V1}&xt.2=urn:sha1:ABC&dn=two+words&tr.1=udp%3A%2F%2Fa&tr.2=udp://b&tr=udp://a&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=bad`,
  )
  assert.is(magnet?.name, 'two words')
  assert.equal(magnet?.trackers, ['udp://a', 'udp://b'])
  assert.equal(magnet?.peers, [
    { host: '1.2.3.4', port: 5 },
    { host: '::1', port: 6 },
  ])
})

test('magnet: what names no torrent, a broken one or two is undefined', () => {
  const wrong = [
    '',
    'magnet:',
    'magnet:?',
    'magnet:?dn=x',
    'http://x',
    V1,
    `magnet:?xt=urn:btih:${V1.slice(1)}`,
    `magnet:?xt=urn:btih:${V1}0`,
    `magnet:?xt=urn:btih:${'8'.repeat(32)}`,
    'magnet:?xt=urn:btmh:1220abcd',
    `magnet:?xt=urn:btmh:1220${V2}00`,
    `magnet:?xt=urn:btmh:${V2}`,
    'magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C',
    `magnet:?xt=urn:btih:${V1}&xt=urn:btih:${'0'.repeat(40)}`,
    `magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(70_000)}`,
  ]
  for (const text of wrong) assert.is(parseMagnet(text), undefined, text.slice(0, 80))
})

test('magnet: trackers that cannot be used are passed over', () => {
  const magnet = parseMagnet(`magnet:?xt=urn:btih:${V1}&tr=&tr=a%0d%0ab&tr=${'x'.repeat(5_000)}&tr=udp://ok&tr=%ff%zz`)
  assert.ok(magnet?.trackers.includes('udp://ok'))
  assert.not.ok(magnet?.trackers.some((url) => url === '' || url.includes('\n') || url.length > 4_096))
})

test('magnet: any name and any trackers survive the way through a magnet', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  const url = text.map((rest) => `http://${rest}`)
  fc.assert(
    fc.property(text, fc.uniqueArray(url, { maxLength: 4 }), (name, trackers) => {
      const magnet = parseMagnet(magnetOf({ ...fixture('uneven'), name, trackers: [trackers], webSeeds: [] }))
      assert.is(magnet?.name, name)
      assert.equal(magnet?.trackers, trackers)
    }),
  )
})

test('magnet: no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseMagnet(text)
      parseMagnet(`magnet:?${text}`)
      parseMagnet(`magnet:?xt=urn:btih:${V1}&${text}`)
    }),
  )
})

test.run()
