/** Torrents of v2 and hybrids: what libtorrent made is read as libtorrent reads it, and each wrong one has a code. */
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ErrorCode, TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import { toHex } from '../../src/values.js'
import { type Encodable, encode, latin1Text } from '../../src/wire/bencode.js'
import { blockHashes, rootOver, shapeOf } from '../../src/wire/merkle.js'
import { type Metainfo, parseInfo, parseTorrent, pieceLengthOf } from '../../src/wire/metainfo.js'

const fixture = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url))

type Tree = Map<string, Encodable>
const PIECE = 32_768

/** Zeros: what is in files matters to nobody here. */
const layerOf = (length: number): { root: Uint8Array; layer: Uint8Array } => {
  const shape = shapeOf(length, PIECE)
  const leaves = blockHashes(new Uint8Array(length))
  const layer = new Uint8Array(shape.pieces * 32)
  const per = 2 ** shape.pieceHeight * 32
  for (let piece = 0; piece < shape.pieces; piece++)
    layer.set(rootOver(leaves.subarray(piece * per, (piece + 1) * per), 0, shape.pieceHeight), piece * 32)
  return { root: rootOver(layer, shape.pieceHeight, shape.height - shape.pieceHeight), layer }
}

const file = (length: number, more: Record<string, Encodable> = {}): Tree =>
  new Map([['', { length, ...(length > 0 ? { 'pieces root': layerOf(length).root } : {}), ...more } as Encodable]])

const tree = (entries: Record<string, Encodable>): Tree => new Map(Object.entries(entries))

const torrent = (files: Encodable, info: Record<string, Encodable> = {}, outer: Record<string, Encodable> = {}) =>
  encode({
    info: { name: 'album', 'piece length': PIECE, 'meta version': 2, 'file tree': files, ...info },
    'piece layers': {},
    ...outer,
  })

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

const shown = ({ files }: Metainfo) =>
  files.map(({ path, offset, length, padding }) => [path.join('/'), offset, length, padding])

test('file tree: a v2 torrent of libtorrent gives its hash, pieces and layers', () => {
  const metainfo = parseTorrent(fixture('one-v2'))
  assert.is(metainfo.version, 'v2')
  assert.is(metainfo.infoHashV2?.length, 32)
  assert.is(toHex(metainfo.infoHash), toHex(metainfo.infoHashV2 ?? new Uint8Array()).slice(0, 40))
  assert.is(metainfo.pieceHashes.length, 0)
  assert.is(metainfo.multiFile, false)
  assert.is(metainfo.pieceLayers.get(0)?.length, metainfo.pieceCount * 32)
})

test('file tree: a hybrid of libtorrent has the roots of v2 in the list of v1', () => {
  const metainfo = parseTorrent(fixture('many-hybrid'))
  assert.is(metainfo.version, 'hybrid')
  for (const { length, padding, piecesRoot } of metainfo.files)
    assert.is(piecesRoot?.length, padding || length === 0 ? undefined : 32)
  const last = metainfo.files.filter(({ padding }) => !padding).map(({ offset, length }) => offset + length)
  for (const end of last)
    if (end % metainfo.pieceLength > 0)
      assert.is(pieceLengthOf(metainfo, Math.floor(end / metainfo.pieceLength)), end % metainfo.pieceLength)
})

test('file tree: every file begins with a piece, empty ones take none, and the last of each is as long as it is', () => {
  const metainfo = parseTorrent(
    torrent(tree({ a: file(1), b: file(0), c: tree({ x: file(PIECE), y: file(40_000) }), d: file(0) })),
  )
  assert.equal(shown(metainfo), [
    ['album/a', 0, 1, false],
    ['album/b', 1, 0, false],
    ['album/.pad/32767', 1, 32_767, true],
    ['album/c/x', 32_768, 32_768, false],
    ['album/c/y', 65_536, 40_000, false],
    ['album/d', 105_536, 0, false],
  ])
  assert.is(metainfo.pieceCount, 4)
  assert.is(metainfo.contentBytes, 72_769)
  assert.equal(
    [0, 1, 2, 3].map((piece) => pieceLengthOf(metainfo, piece)),
    [1, 32_768, 32_768, 7_232],
  )
})

test('file tree: layers of pieces are taken where they are right, and may be missing', () => {
  const { root, layer } = layerOf(100_000)
  const files = tree({ film: file(100_000) })
  const layers = (bytes: Uint8Array) => ({ 'piece layers': new Map([[latin1Text(root), bytes]]) })
  assert.equal(parseTorrent(torrent(files, {}, layers(layer))).pieceLayers.get(0), layer)
  assert.is(parseTorrent(torrent(files)).pieceLayers.size, 0)
  const wrong = layer.slice()
  wrong[5] = (wrong[5] ?? 0) ^ 1
  for (const bytes of [wrong, layer.slice(32), layer.slice(1), new Uint8Array([...layer, ...layer])])
    refuse(torrent(files, {}, layers(bytes)), 'TORRENT_INVALID', /piece layers are not those of film/)
  refuse(torrent(files, {}, { 'piece layers': 7 }), 'TORRENT_INVALID', /piece layers is no dictionary/)
})

test('file tree: info alone has no layers and the same hashes', () => {
  const whole = parseTorrent(fixture('one-v2'))
  const info = parseInfo(whole.infoBytes)
  assert.equal(info.infoHashV2, whole.infoHashV2)
  assert.is(info.pieceLayers.size, 0)
})

test('file tree: trees that are no trees are refused', () => {
  refuse(torrent(7), 'TORRENT_INVALID', /no dictionary of files/)
  refuse(torrent(new Map()), 'TORRENT_INVALID', /no dictionary of files/)
  refuse(torrent(tree({ a: 7 })), 'TORRENT_INVALID', /is no dictionary/)
  refuse(torrent(tree({ '': { length: 1 } })), 'TORRENT_INVALID', /a file and a folder at once/)
  refuse(torrent(tree({ a: new Map([...file(1), ['b', file(1)]]) })), 'TORRENT_INVALID', /a file and a folder at once/)
  refuse(torrent(tree({ a: new Map([['', { length: 5 }]]) })), 'TORRENT_INVALID', /pieces root is missing/)
  refuse(torrent(tree({ a: file(5, { 'pieces root': 'short' }) })), 'TORRENT_INVALID', /no hash of 32 bytes/)
  refuse(torrent(tree({ a: file(1, { length: -1 }) })), 'TORRENT_INVALID', /is negative/)
  refuse(torrent(tree({ a: file(1, { length: 2n ** 60n }) })), 'TORRENT_INVALID', /larger than 2\^53/)
  refuse(torrent(tree({ a: file(1, { length: Number.MAX_SAFE_INTEGER }) })), 'TORRENT_INVALID', /more than 2097152/)
  const half = file(1, { length: 2 ** 52 })
  refuse(torrent(tree({ a: half, b: half, c: half })), 'TORRENT_INVALID', /larger than 2\^53 bytes/)
  refuse(torrent(tree({ a: file(0) })), 'TORRENT_INVALID', /hold no byte/)
})

test('file tree: names that lead elsewhere, and two that are one, are refused', () => {
  for (const name of ['..', '.', 'a/b', 'a\\b', 'nul', 'a\0', 'C:x', 'dot.'])
    refuse(torrent(tree({ [name]: file(1) })), 'PATH_UNSAFE', /./)
  refuse(torrent(tree({ b: file(1), B: file(1) })), 'PATH_UNSAFE', /differs only in the case/)
  refuse(torrent(tree({ ['x'.repeat(300)]: file(1) })), 'PATH_UNSAFE', /longer than 255/)
})

test('file tree: one that is deep beyond use is refused, and costs no stack', () => {
  let deep = file(1)
  for (let level = 0; level < 60; level++) deep = tree({ d: deep })
  assert.is(parseTorrent(torrent(deep)).files.length, 1)
  const bytes = (levels: number): Uint8Array =>
    new TextEncoder().encode(`d4:infod9:file tree${'d1:a'.repeat(levels)}de${'e'.repeat(levels)}ee`)
  refuse(bytes(LIMITS.bencodeDepthMax + 1), 'BENCODE_INVALID', /nested deeper/)
  refuse(bytes(100_000), 'BENCODE_INVALID', /nested deeper/)
})

test('file tree: a length of pieces that is no power of two, or below a block, is refused', () => {
  for (const length of [8_192, 16_385, 49_152])
    refuse(torrent(tree({ a: file(1) }), { 'piece length': length }), 'TORRENT_INVALID', /no power of two from 16384/)
})

test('file tree: symbolic links and attributes are read; links that lead nowhere are refused', () => {
  const link = (target: readonly string[]) => new Map([['', { attr: 'l', 'symlink path': target } as Encodable]])
  const { files } = parseTorrent(torrent(tree({ a: tree({ b: file(1, { attr: 'xh' }) }), to: link(['a', 'b']) })))
  assert.equal([files[0]?.executable, files[0]?.hidden], [true, true])
  assert.equal(files[1]?.symlink, ['album', 'a', 'b'])
  assert.is(files[1]?.length, 0)
  assert.equal(parseTorrent(torrent(tree({ a: tree({ b: file(1) }), to: link(['a']) }))).files[1]?.symlink, [
    'album',
    'a',
  ])
  // From the folder of the link, as libtorrent writes them, to other links, and into the torrent again.
  const folder = tree({
    b: file(1),
    below: link(['..', 'c']),
    own: link(['b']),
    beside: link(['own']),
    far: link(['..', 'a', 'b']),
  })
  const linked = parseTorrent(torrent(tree({ a: folder, c: file(1), out: link(['a', '..', 'c']) }))).files
  assert.equal(
    linked.flatMap(({ path, symlink }) =>
      symlink ? [`${path.slice(1).join('/')} to ${symlink.slice(1).join('/')}`] : [],
    ),
    ['a/below to c', 'a/beside to a/own', 'a/far to a/b', 'a/own to a/b', 'out to c'],
  )
  const circle = tree({ a: file(1), one: link(['two']), two: link(['three']), three: link(['one']) })
  refuse(torrent(circle), 'PATH_UNSAFE', /leads in circles/)
  for (const target of [
    ['nowhere'],
    ['to'],
    ['..', 'etc'],
    ['a', '..', '..'],
    ['..', 'album', 'a'],
    ['.'],
    ['a', ''],
    [],
  ])
    refuse(torrent(tree({ a: tree({ b: file(1) }), to: link(target) })), 'PATH_UNSAFE', /./)
})

const hybrid = (files: readonly Encodable[], pieces: number): Record<string, Encodable> => ({
  files,
  pieces: new Uint8Array(pieces * 20),
})
const v2 = tree({ a: file(5), b: file(7) })
const pad = { attr: 'p', length: PIECE - 5, path: ['.pad', 'x'] }

test('file tree: a hybrid whose halves agree is taken, with padding that has no path too', () => {
  const { version, files, contentBytes, totalBytes } = parseTorrent(
    torrent(
      v2,
      hybrid(
        [
          { length: 5, path: ['a'] },
          { attr: 'p', length: PIECE - 5 },
          { length: 7, path: ['b'] },
        ],
        2,
      ),
    ),
  )
  assert.is(version, 'hybrid')
  assert.equal([contentBytes, totalBytes, files.length], [12, PIECE + 7, 3])
})

test('file tree: a hybrid whose halves disagree is refused', () => {
  const a = { length: 5, path: ['a'] }
  const b = { length: 7, path: ['b'] }
  const disagreeing: readonly (readonly Encodable[])[] = [
    [a, b],
    [a, pad, { ...b, path: ['c'] }],
    [a, pad, { ...b, length: 8 }],
    [a, pad],
    [b, { ...pad, length: PIECE - 7 }, a],
    [a, pad, b, { length: 1, path: ['z'] }],
    [a, { ...pad, length: PIECE }, b],
  ]
  for (const files of disagreeing)
    for (const pieces of [1, 2])
      assert.throws(
        () => parseTorrent(torrent(v2, hybrid(files, pieces))),
        (error: TorrewindError) => error.code === 'TORRENT_INVALID',
      )
  refuse(torrent(v2, hybrid([a, b], 1)), 'TORRENT_INVALID', /describes other files .*b does not begin with a piece/)
  refuse(torrent(v2, { length: 12, pieces: new Uint8Array(20) }), 'TORRENT_INVALID', /in a folder/)
})

test.run()
