/** .torrent files: what libtorrent made is read as libtorrent reads it, and what is wrong has a code that says so. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ErrorCode, TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import { toHex } from '../../src/values.js'
import { type Encodable, encode, latin1Bytes } from '../../src/wire/bencode.js'
import { type Metainfo, parseInfo, parseTorrent, pieceLengthOf } from '../../src/wire/metainfo.js'

const fixture = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url))

/** What a file of v1 without attributes has. */
const PLAIN = { executable: false, hidden: false, symlink: undefined, piecesRoot: undefined }

type Fields = Record<string, Encodable | undefined>
const info = (changes: Fields = {}): Fields => ({
  name: 'film.mkv',
  length: 40_000,
  'piece length': 16_384,
  pieces: new Uint8Array(60),
  ...changes,
})
const folder = (files: readonly Encodable[], changes: Fields = {}): Fields =>
  info({ name: 'folder', length: undefined, files, ...changes })
const torrent = (infoFields: Fields = info(), changes: Fields = {}): Uint8Array =>
  encode({ info: infoFields, ...changes })
const parse = (infoFields?: Fields, changes?: Fields): Metainfo => parseTorrent(torrent(infoFields, changes))

const refuse = (bytes: Uint8Array, code: ErrorCode, message: RegExp): void => {
  assert.throws(
    () => parseTorrent(bytes),
    (error: unknown) => {
      assert.instance(error, TorrewindError)
      assert.is((error as TorrewindError).code, code, (error as TorrewindError).message)
      assert.match((error as TorrewindError).message, message)
      return true
    },
  )
}

test('metainfo: a v1 torrent of libtorrent gives its hash, files, tiers and words', () => {
  const metainfo = parseTorrent(fixture('uneven'))
  assert.is(toHex(metainfo.infoHash), '09bfdb20054caae287bd9ac139e642db07b9b671')
  assert.is(metainfo.infoHashV2, undefined)
  assert.is(metainfo.name, 'uneven')
  assert.is(metainfo.totalBytes, 49_153)
  assert.is(metainfo.pieceCount, 4)
  assert.is(metainfo.private, true)
  assert.is(metainfo.multiFile, true)
  assert.equal(metainfo.trackers, [
    ['http://one.example/announce', 'udp://two.example:6969'],
    ['http://three.example/announce'],
  ])
  assert.equal(metainfo.webSeeds, ['http://seed.example/files/'])
  assert.is(metainfo.comment, 'made by libtorrent')
  assert.is(metainfo.createdBy, 'libtorrent')
  assert.is(metainfo.creationDate, 1_795_378_044)
  assert.equal(
    metainfo.files.map(({ path, offset, length, executable }) => [path.join('/'), offset, length, executable]),
    [
      ['uneven/a.bin', 0, 32_768, true],
      ['uneven/empty', 32_768, 0, false],
      ['uneven/deep/b.txt', 32_768, 100, false],
      ['uneven/deep/er/ünï.bin', 32_868, 16_285, false],
    ],
  )
})

test('metainfo: a single file has its own name for a path', () => {
  const metainfo = parseTorrent(fixture('one-v1'))
  assert.is(toHex(metainfo.infoHash), '5b035d2b536cf96a0a784c5360c09e02a0c8b26b')
  assert.is(metainfo.multiFile, false)
  assert.equal(metainfo.files, [{ path: ['one-v1'], offset: 0, length: 104_857, padding: false, ...PLAIN }])
})

test('metainfo: a hybrid is read by its v1 half, padding included, and keeps both hashes', () => {
  const metainfo = parseTorrent(fixture('many-hybrid'))
  assert.is(toHex(metainfo.infoHash), 'a0c20bba5b8c0158bdf45e8f92c654a8d54493bf')
  assert.is(
    toHex(metainfo.infoHashV2 ?? new Uint8Array()),
    '88a7765a7ce962db14e1b7ee65a59c094bf72ad9eb34d6c2d948ea064f07ff37',
  )
  assert.is(metainfo.totalBytes, 327_680)
  assert.ok(metainfo.files.some(({ padding }) => padding))
  for (const { padding, offset } of metainfo.files) if (!padding) assert.is(offset % 16_384, 0)
})

test('metainfo: a hybrid of one file is read by its v1 half', () => {
  const metainfo = parseTorrent(fixture('one-hybrid'))
  assert.is(toHex(metainfo.infoHash), '8da67ffeb4ca037b7ae112db476309348412a424')
  assert.is(metainfo.totalBytes, 104_857)
})

test('metainfo: what comes after v2 is unsupported, whatever else is in it', () => {
  refuse(torrent(info({ 'meta version': 3, name: 7 })), 'TORRENT_UNSUPPORTED', /later than 2/)
  refuse(torrent(info({ 'meta version': 3 })), 'TORRENT_UNSUPPORTED', /later than 2/)
})

test('metainfo: hashes and info are copies, whatever kind of bytes the torrent came in', () => {
  const bytes = fixture('uneven')
  const { pieceHashes, infoBytes } = parseTorrent(bytes)
  assert.is(pieceHashes.buffer.byteLength, 80)
  assert.is(infoBytes.buffer.byteLength, infoBytes.length)
  const before = toHex(infoBytes)
  bytes.fill(0)
  assert.is(toHex(infoBytes), before)
  assert.is(Object.getPrototypeOf(pieceHashes), Uint8Array.prototype)
})

test('metainfo: the info alone gives the same as the file, but for its sources', () => {
  const whole = parseTorrent(fixture('uneven'))
  const { trackers, webSeeds } = whole
  const none = { comment: undefined, createdBy: undefined, creationDate: undefined }
  assert.equal(parseInfo(whole.infoBytes, { trackers, webSeeds }), { ...whole, ...none })
  assert.equal(parseInfo(whole.infoBytes).trackers, [])
})

test('metainfo: the last piece has what is left', () => {
  const metainfo = parseTorrent(fixture('uneven'))
  assert.equal(
    [0, 1, 2, 3].map((piece) => pieceLengthOf(metainfo, piece)),
    [16_384, 16_384, 16_384, 1],
  )
  assert.throws(() => pieceLengthOf(metainfo, 4), /no piece 4/)
  assert.throws(() => pieceLengthOf(metainfo, -1), /no piece -1/)
  const even = parse(info({ length: 32_768, pieces: new Uint8Array(40) }))
  assert.is(pieceLengthOf(even, 1), 16_384)
})

test('metainfo: every truncation of a valid torrent is refused as bencode', () => {
  for (const name of ['uneven', 'many-hybrid']) {
    const bytes = fixture(name)
    for (let end = 0; end < bytes.length; end++) refuse(bytes.subarray(0, end), 'BENCODE_INVALID', /at byte/)
  }
})

test('metainfo: bytes that are not canonical bencode are refused', () => {
  const text = Buffer.from(torrent()).toString('latin1')
  refuse(latin1Bytes(`${text}\n`), 'BENCODE_INVALID', /after the value/)
  refuse(latin1Bytes(text.replace('i40000e', 'i040000e')), 'BENCODE_INVALID', /leading zero/)
  refuse(latin1Bytes(text.replace('4:name8:', '4:name08:')), 'BENCODE_INVALID', /leading zero/)
  refuse(latin1Bytes('d4:infode8:announce1:xe'), 'BENCODE_INVALID', /not sorted/)
  refuse(latin1Bytes('d4:infode4:infodee'), 'BENCODE_INVALID', /twice/)
  refuse(latin1Bytes('<!DOCTYPE html>'), 'BENCODE_INVALID', /no value starts/)
  refuse(new Uint8Array(), 'BENCODE_INVALID', /ends/)
})

test('metainfo: a torrent nested 10,000 deep is refused', () => {
  refuse(latin1Bytes(`d4:info${'l'.repeat(10_000)}${'e'.repeat(10_000)}e`), 'BENCODE_INVALID', /nested deeper/)
})

test('metainfo: a file larger than the bound is refused unread', () => {
  refuse(new Uint8Array(LIMITS.torrentBytesMax + 1), 'TORRENT_TOO_LARGE', /more than/)
})

test('metainfo: what is no torrent names the field that is missing', () => {
  refuse(latin1Bytes('le'), 'TORRENT_INVALID', /no dictionary/)
  refuse(latin1Bytes('de'), 'TORRENT_INVALID', /info is missing/)
  refuse(latin1Bytes('d4:infoi1ee'), 'TORRENT_INVALID', /info is missing/)
  refuse(torrent(info({ name: undefined })), 'TORRENT_INVALID', /info\.name is missing/)
  refuse(torrent(info({ name: 7 })), 'TORRENT_INVALID', /info\.name is missing/)
  refuse(torrent(info({ length: undefined })), 'TORRENT_INVALID', /neither/)
  refuse(torrent(info({ files: [] })), 'TORRENT_INVALID', /both/)
  refuse(torrent(info({ length: 'x' })), 'TORRENT_INVALID', /info\.length is missing or no integer/)
  refuse(torrent(info({ pieces: undefined })), 'TORRENT_INVALID', /info\.pieces is missing/)
  refuse(torrent(info({ pieces: [] })), 'TORRENT_INVALID', /info\.pieces is missing/)
  refuse(torrent(info({ 'piece length': undefined })), 'TORRENT_INVALID', /info\.piece length is missing/)
  refuse(torrent(folder([])), 'TORRENT_INVALID', /info\.files is no list/)
  refuse(torrent(folder(['x'])), 'TORRENT_INVALID', /info\.files\[0\] is no dictionary/)
  refuse(torrent(folder([{ path: ['a'] }])), 'TORRENT_INVALID', /info\.files\[0\]\.length/)
  refuse(torrent(folder([{ length: 1 }])), 'TORRENT_INVALID', /info\.files\[0\]\.path/)
  refuse(torrent(folder([{ length: 1, path: 'a' }])), 'TORRENT_INVALID', /info\.files\[0\]\.path/)
  refuse(torrent(folder([{ length: 1, path: [1] }])), 'TORRENT_INVALID', /info\.files\[0\]\.path\[0\]/)
})

test('metainfo: negative and huge lengths are refused', () => {
  refuse(torrent(info({ length: -1 })), 'TORRENT_INVALID', /info\.length is negative/)
  refuse(torrent(info({ length: -(2n ** 63n) })), 'TORRENT_INVALID', /info\.length is negative/)
  refuse(torrent(info({ length: 2n ** 63n })), 'TORRENT_INVALID', /info\.length is larger than 2\^53/)
  refuse(torrent(info({ length: Number.MAX_SAFE_INTEGER })), 'TORRENT_INVALID', /info\.pieces has 3 hashes/)
  const half = { length: 2 ** 52, path: ['a'] }
  refuse(torrent(folder([half, { ...half, path: ['b'] }])), 'TORRENT_INVALID', /larger than 2\^53 bytes together/)
  refuse(torrent(folder([{ length: -5, path: ['a'] }])), 'TORRENT_INVALID', /files\[0\]\.length is negative/)
})

test('metainfo: a torrent without a byte is refused', () => {
  refuse(torrent(info({ length: 0, pieces: '' })), 'TORRENT_INVALID', /hold no byte/)
  refuse(torrent(folder([{ length: 0, path: ['a'] }], { pieces: '' })), 'TORRENT_INVALID', /hold no byte/)
})

test('metainfo: a count of pieces that does not fit is refused', () => {
  refuse(torrent(info({ pieces: new Uint8Array(40) })), 'TORRENT_INVALID', /has 2 hashes, but .* take 3/)
  refuse(torrent(info({ pieces: new Uint8Array(80) })), 'TORRENT_INVALID', /has 4 hashes, but .* take 3/)
  refuse(torrent(info({ pieces: '' })), 'TORRENT_INVALID', /has 0 hashes/)
  refuse(torrent(info({ pieces: new Uint8Array(59) })), 'TORRENT_INVALID', /hashes of 20 bytes/)
  const many = LIMITS.piecesMax + 1
  refuse(
    torrent(info({ pieces: new Uint8Array(many * 20), length: many * 16_384 })),
    'TORRENT_INVALID',
    /more than 2097152 hashes/,
  )
})

test('metainfo: a length of pieces out of bounds is refused', () => {
  for (const pieceLength of [0, -16_384, LIMITS.pieceLengthMin - 1, LIMITS.pieceLengthMax + 1]) {
    refuse(torrent(info({ 'piece length': pieceLength })), 'TORRENT_INVALID', /not within/)
  }
  refuse(torrent(info({ 'piece length': 2n ** 60n })), 'TORRENT_INVALID', /out of all bounds/)
})

test('metainfo: a length of pieces that is no power of two is taken', () => {
  assert.is(parse(info({ 'piece length': 15_000 })).pieceLength, 15_000)
})

const UNSAFE_PARTS = [
  '..',
  '.',
  '',
  '/etc',
  'a/b',
  'a\\b',
  '\\\\server',
  'C:',
  'c:\\x',
  'a\0b',
  'a\nb',
  '\x1b[2J',
  'a\x7f',
  'CON',
  'nul.txt',
  'Com1',
  'LPT9.tar.gz',
  'aux ',
  'con .txt',
  'dot.',
  'space ',
  'x'.repeat(256),
  'é'.repeat(128),
]

test('metainfo: a name that is not safe on every system is refused, wherever it stands', () => {
  for (const part of UNSAFE_PARTS) {
    refuse(torrent(info({ name: part })), 'PATH_UNSAFE', /info\.name /)
    refuse(torrent(folder([{ length: 40_000, path: ['x'] }], { name: part })), 'PATH_UNSAFE', /info\.name /)
    refuse(torrent(folder([{ length: 40_000, path: [part] }])), 'PATH_UNSAFE', /files\[0\]\.path\[0\] /)
    refuse(torrent(folder([{ length: 40_000, path: ['a', part, 'b'] }])), 'PATH_UNSAFE', /files\[0\]\.path\[1\] /)
  }
  refuse(torrent(folder([{ length: 40_000, path: [] }])), 'PATH_UNSAFE', /path is empty/)
})

test('metainfo: a path that is too deep or too long is refused', () => {
  const deep = Array.from({ length: LIMITS.filePathPartsMax }, () => 'd')
  refuse(torrent(folder([{ length: 40_000, path: deep }])), 'PATH_UNSAFE', /more than 63 parts/)
  assert.is(parse(folder([{ length: 40_000, path: deep.slice(1) }])).files[0]?.path.length, LIMITS.filePathPartsMax)
  const long = Array.from({ length: 13 }, () => 'x'.repeat(250))
  refuse(torrent(folder([{ length: 40_000, path: long }])), 'PATH_UNSAFE', /longer than 3072 bytes/)
})

const paths = (...all: readonly (readonly string[])[]): Uint8Array =>
  torrent(
    folder(
      all.map((path) => ({ length: 20_000, path })),
      { pieces: new Uint8Array(Math.ceil((all.length * 20_000) / 16_384) * 20) },
    ),
  )

test('metainfo: two files of one path are refused, and so are paths that some systems take for one', () => {
  refuse(paths(['a', 'b'], ['a', 'b']), 'PATH_UNSAFE', /files\[1\]\.path is there twice/)
  refuse(paths(['README'], ['readme']), 'PATH_UNSAFE', /case of letters/)
  refuse(paths(['A', 'b'], ['a', 'B']), 'PATH_UNSAFE', /case of letters/)
  refuse(paths(['caf\u00e9'], ['cafe\u0301']), 'PATH_UNSAFE', /twice/)
})

test('metainfo: a file that is a folder too is refused, in either order', () => {
  refuse(paths(['a'], ['a', 'b']), 'PATH_UNSAFE', /files\[1\]\.path has a file for a folder/)
  refuse(paths(['a', 'b'], ['A']), 'PATH_UNSAFE', /files\[1\]\.path is a file and a folder/)
  assert.is(parseTorrent(paths(['a', 'x'], ['b', 'x'], ['ab'], ['A', 'y'])).files.length, 4)
})

test('metainfo: padding may repeat its name, and is never a file of its own', () => {
  const files = [
    { length: 10_000, path: ['a'] },
    { length: 5_000, path: ['.pad', '5000'], attr: 'p' },
    { length: 20_000, path: ['b'], attr: 'hx' },
    { length: 5_000, path: ['.pad', '5000'], attr: 'p' },
  ]
  const metainfo = parse(folder(files))
  assert.equal(
    metainfo.files.map(({ padding }) => padding),
    [false, true, false, true],
  )
  assert.equal(
    metainfo.files.map(({ executable }) => executable),
    [false, false, true, false],
  )
  assert.is(metainfo.totalBytes, 40_000)
})

test('metainfo: names in UTF-8 are preferred, and what is not UTF-8 is read as latin1', () => {
  const raw = Uint8Array.from([0x66, 0xfc, 0x72]) // "für" in latin1
  assert.is(parse(info({ name: raw })).name, 'für')
  assert.is(parse(info({ name: raw, 'name.utf-8': '日本' })).name, '日本')
  const { files } = parse(folder([{ length: 40_000, path: [raw], 'path.utf-8': ['ok', '語'] }]))
  assert.equal(files[0]?.path, ['folder', 'ok', '語'])
  // Shift-JIS has control characters of latin1 in it; on a terminal they would be obeyed.
  assert.is(parse(info({ name: Uint8Array.from([0x83, 0x65, 0x9b]) })).name, '_e_')
})

test('metainfo: announce-list wins over announce where it names a tracker', () => {
  const announce = 'http://a/announce'
  assert.equal(parse(info(), { announce }).trackers, [[announce]])
  assert.equal(parse(info(), { announce, 'announce-list': [] }).trackers, [[announce]])
  assert.equal(parse(info(), { announce, 'announce-list': [[], ['']] }).trackers, [[announce]])
  assert.equal(parse(info(), { announce, 'announce-list': [['udp://b', ' udp://c '], ['udp://b']] }).trackers, [
    ['udp://b', 'udp://c'],
  ])
  assert.equal(parse(info(), {}).trackers, [])
})

test('metainfo: trackers and web seeds of the wrong kind are refused by name', () => {
  refuse(torrent(info(), { announce: 1 }), 'TORRENT_INVALID', /announce is no byte string/)
  refuse(torrent(info(), { 'announce-list': 1 }), 'TORRENT_INVALID', /announce-list is no list/)
  refuse(torrent(info(), { 'announce-list': ['http://a'] }), 'TORRENT_INVALID', /announce-list\[0\] is no list/)
  refuse(torrent(info(), { 'announce-list': [['udp://a', 1]] }), 'TORRENT_INVALID', /announce-list\[0\]\[1\]/)
  refuse(torrent(info(), { announce: `http://${'x'.repeat(5_000)}` }), 'TORRENT_INVALID', /longer than 4096/)
  refuse(torrent(info(), { announce: 'http://a/\r\nX: y' }), 'TORRENT_INVALID', /control character/)
  refuse(torrent(info(), { 'url-list': [1] }), 'TORRENT_INVALID', /url-list\[0\]/)
  const many = Array.from({ length: LIMITS.trackersMax + 1 }, (_, at) => [`udp://tracker${at}`])
  refuse(torrent(info(), { 'announce-list': many }), 'TORRENT_INVALID', /more than 1000 trackers/)
})

test('metainfo: web seeds are one URL or a list of them', () => {
  assert.equal(parse(info(), { 'url-list': 'http://a/' }).webSeeds, ['http://a/'])
  const nodes = [['router.example', 6_881], ['2001:db8::1', 1], ['', 5], ['a b', 5], ['1.2.3.4', 0], 'x', ['1.2.3.4']]
  assert.equal(parse(info(), { nodes }).nodes, [
    { host: 'router.example', port: 6_881 },
    { host: '2001:db8::1', port: 1 },
  ])
  assert.equal(parse(info(), { nodes: 'x' }).nodes, [])
  assert.equal(parse(info(), { 'url-list': '' }).webSeeds, [])
  assert.equal(parse(info(), { 'url-list': ['http://a/', 'http://b/', 'http://a/'] }).webSeeds, [
    'http://a/',
    'http://b/',
  ])
})

test('metainfo: words of the wrong kind are passed over', () => {
  const metainfo = parse(info(), { comment: 1, 'created by': [], 'creation date': -5 })
  assert.is(metainfo.comment, undefined)
  assert.is(metainfo.createdBy, undefined)
  assert.is(metainfo.creationDate, undefined)
})

test('metainfo: private is what is not 0', () => {
  assert.is(parse(info({ private: 1 })).private, true)
  assert.is(parse(info({ private: 0 })).private, false)
  assert.is(parse(info()).private, false)
})

test('metainfo: 100,000 files are read in time that grows with their number and not its square', () => {
  const files = Array.from({ length: 100_000 }, (_, at) => ({ length: 1, path: [`folder ${at % 100}`, `file ${at}`] }))
  const bytes = torrent(folder(files, { pieces: new Uint8Array(7 * 20) }))
  const before = process.cpuUsage()
  assert.is(parseTorrent(bytes).files.length, 100_000)
  const { user, system } = process.cpuUsage(before)
  // Half a second of a processor's time, however busy the machine; its square would be minutes.
  assert.ok(user + system < 10_000_000, `${user + system} us`)
})

test('metainfo: whichever byte of a torrent is changed, there is a torrent or a coded error', () => {
  const original = fixture('uneven')
  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.nat(255), (at, byte) => {
      const bytes = new Uint8Array(original)
      bytes[at] = byte
      try {
        const { files, totalBytes } = parseTorrent(bytes)
        assert.is(
          files.reduce((sum, { length }) => sum + length, 0),
          totalBytes,
        )
      } catch (error) {
        assert.instance(error, TorrewindError)
      }
    }),
    { numRuns: 3_000 },
  )
})

test.run()
