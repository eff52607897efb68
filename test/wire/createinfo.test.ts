/** Making .torrent files: what is written is read back the same, and canonical to the byte. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/values.js'
import { latin1Text } from '../../src/wire/bencode.js'
import { choosePieceLength, encodeTorrent, type NewTorrent } from '../../src/wire/createinfo.js'
import { parseTorrent } from '../../src/wire/metainfo.js'

const KIB = 1_024
const MIB = KIB * KIB
const GIB = KIB * MIB

const SMALL: NewTorrent = {
  name: 'a',
  files: [{ path: ['a'], length: 3 }],
  multiFile: false,
  pieceLength: 16_384,
  pieceHashes: new Uint8Array(20).fill(0x41),
}

test('createinfo: the smallest torrent has these bytes', () => {
  assert.is(
    latin1Text(encodeTorrent(SMALL)),
    'd4:infod6:lengthi3e4:name1:a12:piece lengthi16384e6:pieces20:AAAAAAAAAAAAAAAAAAAAee',
  )
})

test('createinfo: one tracker is an announce, more are tiers, and the first is both', () => {
  const one = latin1Text(encodeTorrent({ ...SMALL, trackers: [['udp://a']] }))
  assert.match(one, /8:announce7:udp:\/\/a/)
  assert.not.match(one, /announce-list/)
  const tiers = [['udp://a', 'udp://b'], [], ['udp://c']]
  const parsed = parseTorrent(encodeTorrent({ ...SMALL, trackers: tiers }))
  assert.equal(parsed.trackers, [['udp://a', 'udp://b'], ['udp://c']])
})

test('createinfo: everything that can be said is read back', () => {
  const torrent: NewTorrent = {
    name: 'folder',
    files: [
      { path: ['folder', 'b', 'x.sh'], length: 20_000, executable: true },
      { path: ['folder', 'a'], length: 0 },
      { path: ['folder', '.pad', '12768'], length: 12_768, padding: true },
      { path: ['folder', 'ü'], length: 1 },
    ],
    multiFile: true,
    pieceLength: 16_384,
    pieceHashes: Uint8Array.from({ length: 60 }, (_, at) => at),
    trackers: [['http://a/announce'], ['udp://b:1']],
    webSeeds: ['http://w/', 'http://v/'],
    private: true,
    comment: 'ça va',
    createdBy: 'Torrewind 0.1.0',
    creationDate: 1_700_000_000,
  }
  const parsed = parseTorrent(encodeTorrent(torrent))
  assert.equal(
    parsed.files.map(({ path, length, padding, executable }) => ({ path, length, padding, executable })),
    torrent.files.map(({ path, length, padding = false, executable = false }) => ({
      path,
      length,
      padding,
      executable,
    })),
  )
  for (const key of [
    'name',
    'multiFile',
    'pieceLength',
    'pieceHashes',
    'trackers',
    'webSeeds',
    'private',
    'comment',
    'createdBy',
    'creationDate',
  ] as const) {
    assert.equal(parsed[key], torrent[key], key)
  }
})

test('createinfo: a torrent of libtorrent, read and written, keeps its bytes and so its hash', () => {
  for (const name of ['uneven', 'one-v1', 'many-v1']) {
    const bytes = new Uint8Array(readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url)))
    const parsed = parseTorrent(bytes)
    const again = encodeTorrent(parsed)
    assert.is(toHex(parseTorrent(again).infoHash), toHex(parsed.infoHash))
    assert.equal(again, bytes)
  }
})

test('createinfo: pieces are a power of two and number 1,000 to 2,000 where the bounds allow', () => {
  assert.is(choosePieceLength(0), 16 * KIB)
  assert.is(choosePieceLength(1), 16 * KIB)
  assert.is(choosePieceLength(64 * MIB), 64 * KIB)
  assert.is(choosePieceLength(GIB), MIB)
  assert.is(choosePieceLength(1_024 * GIB), 16 * MIB)
  fc.assert(
    fc.property(fc.integer({ min: 32 * MIB, max: 31 * GIB }), (totalBytes) => {
      const pieceLength = choosePieceLength(totalBytes)
      assert.is(Math.log2(pieceLength) % 1, 0)
      const pieces = totalBytes / pieceLength
      assert.ok(pieces > 999 && pieces <= 2_000, `${pieces}`)
    }),
  )
})

test('createinfo: what could not be read back is our own bug', () => {
  const bad: readonly Partial<NewTorrent>[] = [
    { name: '..', files: [{ path: ['..'], length: 3 }] },
    { files: [] },
    { files: [{ path: ['b'], length: 3 }] },
    { files: [{ path: ['a'], length: 16_385 }] },
    { files: [{ path: ['a'], length: -1 }] },
    { files: [{ path: ['a'], length: 0 }], pieceHashes: new Uint8Array() },
    { multiFile: true },
    {
      multiFile: true,
      files: [
        { path: ['a', 'x'], length: 1 },
        { path: ['a', 'X'], length: 1 },
      ],
    },
    { pieceLength: 1 },
    { pieceHashes: new Uint8Array(21) },
  ]
  for (const change of bad) {
    assert.throws(
      () => encodeTorrent({ ...SMALL, ...change }),
      (error: Error) => error.name === 'AssertionError',
    )
  }
})

test.run()
