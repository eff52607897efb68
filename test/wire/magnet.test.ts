/** Magnet URIs: ours say what libtorrent's say, and strange ones are undefined. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { toHex } from '../../src/values.js'
import { magnetOf, parseMagnet } from '../../src/wire/magnet.js'
import { parseTorrent } from '../../src/wire/metainfo.js'

const V1 = '09bfdb20054caae287bd9ac139e642db07b9b671'
const V2 = '88a7765a7ce962db14e1b7ee65a59c094bf72ad9eb34d6c2d948ea064f07ff37'
// What libtorrent 2.0.8 makes of the fixture `uneven`.
const LIBTORRENT = `magnet:?xt=urn:btih:${V1}&dn=uneven&tr=udp%3a%2f%2ftwo.example%3a6969&tr=http%3a%2f%2fone.example%2fannounce&tr=http%3a%2f%2fthree.example%2fannounce&ws=http%3a%2f%2fseed.example%2ffiles%2f`

const fixture = (name: string) => {
  const metainfo = parseTorrent(readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url)))
  return { ...metainfo, trackers: metainfo.trackers.flat() }
}
/** Why it cannot be used; undefined where it can. */
const faultOf = (text: string): string | undefined => {
  try {
    parseMagnet(text)
    return undefined
  } catch (error) {
    assert.instance(error, TorrewindError)
    assert.is((error as TorrewindError).code, 'SOURCE_INVALID')
    return (error as TorrewindError).message
  }
}
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes)

test('magnet: what libtorrent wrote is read, and says what ours says', () => {
  const theirs = parseMagnet(LIBTORRENT)
  const ours = parseMagnet(magnetOf(fixture('uneven')))
  assert.is(hex(theirs.infoHash), V1)
  assert.equal({ ...ours, trackers: [...ours.trackers].sort() }, { ...theirs, trackers: [...theirs.trackers].sort() })
})

test('magnet: the hash, name, tracker and web seed are written in this order', () => {
  assert.is(
    magnetOf({ ...fixture('uneven'), name: 'a b&c=ü', trackers: ['http://t/?x=1&y=2'], webSeeds: [] }),
    `magnet:?xt=urn:btih:${V1}&dn=a%20b%26c%3D%C3%BC&tr=http%3A%2F%2Ft%2F%3Fx%3D1%26y%3D2`,
  )
})

test('magnet: a hybrid names both of its hashes', () => {
  const text = magnetOf(fixture('many-hybrid'))
  assert.match(text, `&xt=urn:btmh:1220${V2}&`)
  const magnet = parseMagnet(text)
  assert.is(hex(magnet.infoHash), 'a0c20bba5b8c0158bdf45e8f92c654a8d54493bf')
  assert.is(hex(magnet.infoHashV2), V2)
})

test('magnet: a hash is read in hexadecimal and in base 32, in any case', () => {
  for (const hash of [V1, V1.toUpperCase(), 'BG75WIAFJSVOFB55TLATTZSC3MD3TNTR', 'bg75wiafjsvofb55tlattzsc3md3tntr']) {
    assert.is(hex(parseMagnet(`magnet:?xt=urn:btih:${hash}`).infoHash), V1, hash)
  }
  assert.is(hex(parseMagnet(`MAGNET:?dn=x&XT=urn:BTIH:${V1}`).infoHash), V1)
  assert.is(hex(parseMagnet(`magnet:?xt=urn:btmh:1220${V2}`).infoHashV2), V2)
})

test('magnet: peers, numbered trackers and a name with spaces are read', () => {
  const magnet = parseMagnet(
    `magnet:?xt.1=urn:btih:${V1}&xt.2=urn:sha1:ABC&dn=two+words&tr.1=udp%3A%2F%2Fa&tr.2=udp://b&tr=udp://a&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=bad`,
  )
  assert.is(magnet.name, 'two words')
  assert.equal(magnet.trackers, ['udp://a', 'udp://b'])
  assert.equal(magnet.peers, [
    { host: '1.2.3.4', port: 5 },
    { host: '::1', port: 6 },
  ])
})

test('magnet: what qBittorrent, Transmission and pages make of links is read', () => {
  // qBittorrent: capitals, everything encoded, the same tracker twice.
  const link =
    `magnet:?xt=urn%3Abtih%3A${V1.toUpperCase()}&dn=Big%20Buck%20Bunny%20%281080p%29` +
    '&tr=udp%3A%2F%2Ftracker.example%3A1337%2Fannounce&tr=udp%3A%2F%2Ftracker.example%3A1337%2Fannounce&ws=http%3A%2F%2Fw%2F'
  const magnet = parseMagnet(link)
  assert.is(hex(magnet.infoHash), V1)
  assert.is(magnet.name, 'Big Buck Bunny (1080p)')
  assert.equal(magnet.trackers, ['udp://tracker.example:1337/announce'])
  assert.equal(magnet.webSeeds, ['http://w/'])
  // A page that was copied from as it stands.
  assert.equal(parseMagnet(link.replaceAll('&', '&amp;')), magnet)
})

test('magnet: IPv6 peers and selected files are read, and written as they were', () => {
  const text = `magnet:?xt=urn:btih:${V1}&dn=x&x.pe=1.2.3.4:5&x.pe=[2001:db8::1]:6881&x.pe=host.example:7&so=0,2,4,6-8`
  const magnet = parseMagnet(text)
  assert.equal(magnet.peers, [
    { host: '1.2.3.4', port: 5 },
    { host: '2001:db8::1', port: 6881 },
    { host: 'host.example', port: 7 },
  ])
  assert.equal(magnet.selectOnly?.at(-1), { first: 6, last: 8 })
  assert.is(magnetOf(magnet), text)
  assert.equal(parseMagnet(magnetOf(magnet)), magnet)
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}`).selectOnly, undefined)
})

test('magnet: what names no torrent, a broken one or two is refused, and the reason says which', () => {
  const wrong: readonly (readonly [text: string, reason: RegExp])[] = [
    ['', /does not begin with `magnet:\?`/],
    ['magnet:', /does not begin/],
    ['http://x', /does not begin/],
    [V1, /does not begin/],
    ['magnet:?', /names no torrent/],
    ['magnet:?dn=x', /names no torrent/],
    ['magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C', /names no torrent/],
    [`magnet:?xt=urn:btih:${V1.slice(1)}`, /40 hexadecimal digits/],
    [`magnet:?xt=urn:btih:${V1}0`, /40 hexadecimal digits/],
    [`magnet:?xt=urn:btih:${'8'.repeat(32)}`, /base 32/],
    ['magnet:?xt=urn:btmh:1220abcd', /no multihash of SHA2-256/],
    [`magnet:?xt=urn:btmh:1220${V2}00`, /no multihash/],
    [`magnet:?xt=urn:btmh:${V2}`, /no multihash/],
    [`magnet:?xt=urn:btih:${V1}&xt=urn:btih:${'0'.repeat(40)}`, /names two torrents: 09bf.* and 0000/],
    [`magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(70_000)}`, /more than 65536 characters/],
  ]
  for (const [text, reason] of wrong) assert.match(faultOf(text) ?? 'taken', reason, text.slice(0, 80))
  assert.ok((faultOf(`magnet:?dn=${'x'.repeat(60_000)}`) ?? '').length < 300)
})

test('magnet: a name is shortened, and nothing in it moves the cursor or the text around it', () => {
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}&dn=a%1b%5b2Jb%0ac%E2%80%AEd`).name, 'a[2Jbcd')
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(9_000)}`).name?.length, 255)
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}&dn=%0a`).name, undefined)
})

test('magnet: trackers that cannot be used are passed over', () => {
  const magnet = parseMagnet(`magnet:?xt=urn:btih:${V1}&tr=&tr=a%0d%0ab&tr=${'x'.repeat(5_000)}&tr=udp://ok&tr=%ff%zz`)
  assert.ok(magnet.trackers.includes('udp://ok'))
  assert.not.ok(magnet.trackers.some((url) => url === '' || url.includes('\n') || url.length > 4_096))
})

test('magnet: any name and any trackers survive the way through a magnet', () => {
  // What would move the cursor, or other text, is in no name that was read.
  const moves = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((each) => !moves.test(each))
  // White space around an address is none of it.
  const url = text.map((rest) => `http://a${rest}`.trim())
  fc.assert(
    fc.property(text, fc.uniqueArray(url, { maxLength: 4 }), (name, trackers) => {
      const magnet = parseMagnet(magnetOf({ ...fixture('uneven'), name, trackers, webSeeds: [] }))
      assert.is(magnet.name, name)
      assert.equal(magnet.trackers, trackers)
    }),
  )
})

test('magnet: no text makes it throw anything else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      faultOf(text)
      faultOf(`magnet:?${text}`)
      faultOf(`magnet:?xt=urn:btih:${V1}&${text}`)
    }),
  )
})

test.run()
