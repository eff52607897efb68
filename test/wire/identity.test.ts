/** CIDs of torrents: known texts, every multibase, and nothing but torrents. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { base16 } from 'multiformats/bases/base16'
import { base32upper } from 'multiformats/bases/base32'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { base256emoji } from 'multiformats/bases/base256emoji'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex, infoHash, toHex } from '../../src/values.js'
import { cidOf, cidText, cidV2Of, readCid } from '../../src/wire/identity.js'
import { parseTorrent } from '../../src/wire/metainfo.js'

const V1 = '09bfdb20054caae287bd9ac139e642db07b9b671'
const TORRENT = { infoHash: infoHash(fromHex(V1)) }

test('identity: the bytes of a CID are version, codec, hash function, length and hash', () => {
  assert.is(toHex(cidOf(TORRENT).bytes), `017b1114${V1}`)
  assert.is(cidText(TORRENT), base32('017b1114', V1))
})

// A second way to the same text, by the alphabet of RFC 4648 alone.
const base32 = (...hex: readonly string[]): string => {
  const bits = [...hex.join('')].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('')
  const fives = bits.match(/.{1,5}/g) ?? []
  return `b${fives.map((five) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number.parseInt(five.padEnd(5, '0'), 2))).join('')}`
}

test('identity: a hybrid has a CID for each of its hashes, and both are read', () => {
  const metainfo = parseTorrent(readFileSync(new URL('fixtures/many-hybrid.torrent', import.meta.url)))
  const cid = cidV2Of(metainfo)
  const v2 = toHex(metainfo.infoHashV2 ?? new Uint8Array())
  assert.is(toHex(cid?.bytes ?? new Uint8Array()), `017b1220${v2}`)
  const read = readCid(String(cid))
  assert.is(read?.infoHash, undefined)
  assert.is(toHex(read?.infoHashV2 ?? new Uint8Array()), v2)
  assert.is(cidV2Of({ infoHashV2: undefined }), undefined)
})

test('identity: a CID is read in any multibase', () => {
  for (const base of [base16, base32upper, base36, base58btc, base64url, base256emoji]) {
    const read = readCid(base.encode(cidOf(TORRENT).bytes))
    assert.is(toHex(read?.infoHash ?? new Uint8Array()), V1, base.name)
    assert.is(read?.infoHashV2, undefined)
  }
})

test('identity: a CID of something else is no torrent', () => {
  const sha1 = digest.create(0x11, fromHex(V1))
  assert.is(readCid(CID.createV1(0x55, sha1).toString()), undefined)
  assert.is(readCid(CID.createV1(0x7b, digest.create(0x12, fromHex(V1))).toString()), undefined)
  assert.is(readCid(CID.createV1(0x7b, digest.create(0x1e, new Uint8Array(32))).toString()), undefined)
  assert.is(readCid('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'), undefined)
})

test('identity: text that is no CID is undefined, however long or strange', () => {
  const text = cidText(TORRENT)
  for (const wrong of [
    '',
    'b',
    text.slice(0, -1),
    `${text}a`,
    text.slice(1),
    V1,
    'movie.torrent',
    `z${'1'.repeat(1_000_000)}`,
  ]) {
    assert.is(readCid(wrong), undefined, wrong.slice(0, 60))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (wrong) => {
      readCid(wrong)
      readCid(`b${wrong}`)
    }),
  )
})

test.run()
