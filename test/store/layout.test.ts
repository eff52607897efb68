/** Where the bytes of a torrent lie. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Layout } from '../../src/store/layout.js'
import { type FileShape, torrentOf } from './torrents.js'

const KIB = 1_024

const layoutOf = (files: readonly FileShape[], pieceLength = 16 * KIB): Layout =>
  new Layout(torrentOf(files, pieceLength))

const shape = fc.record({
  length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 * KIB })),
  padding: fc.boolean(),
})
const shapes = fc
  .array(shape, { minLength: 1, maxLength: 12 })
  .filter((files) => files.some(({ length, padding }) => length > 0 && !padding))

test('layout: the spans of a range are all of it, in order, each within one file', () => {
  fc.assert(
    fc.property(shapes, fc.nat(), fc.nat(), (files, a, b) => {
      const layout = layoutOf(files)
      const { totalBytes } = layout.metainfo
      const start = a % totalBytes
      const length = 1 + (b % (totalBytes - start))
      const spans = layout.spans(start, length)
      let at = 0
      for (const span of spans) {
        assert.is(span.at, at)
        assert.ok(span.length > 0)
        at += span.length
      }
      assert.is(at, length)
      // Byte by byte would be slow: the first and the last of each span say as much.
      const starts: number[] = []
      let total = 0
      for (const file of files) {
        starts.push(total)
        total += file.length
      }
      for (const span of spans) {
        const owner = files.findIndex(
          (file, index) =>
            (starts[index] ?? 0) <= start + span.at && start + span.at < (starts[index] ?? 0) + file.length,
        )
        const file = files[owner]
        assert.ok(file !== undefined)
        assert.is(span.file, file?.padding === true ? undefined : owner)
        assert.is((starts[owner] ?? 0) + span.offset, start + span.at)
        assert.ok(span.offset + span.length <= (file?.length ?? 0))
      }
    }),
  )
})

test('layout: nothing lies in no file', () => {
  const layout = layoutOf([{ length: 10 }, { length: 20 }])
  assert.equal(layout.spans(0, 0), [])
  assert.equal(layout.spans(10, 0), [])
})

test('layout: empty files are passed over, wherever they are', () => {
  const layout = layoutOf([{ length: 0 }, { length: 0 }, { length: 10 }, { length: 0 }, { length: 5 }, { length: 0 }])
  assert.equal(layout.spans(0, 15), [
    { file: 2, offset: 0, at: 0, length: 10 },
    { file: 4, offset: 0, at: 10, length: 5 },
  ])
  assert.equal(layout.spans(10, 1), [{ file: 4, offset: 0, at: 0, length: 1 }])
})

test('layout: padding lies in no file', () => {
  const layout = layoutOf([{ length: 10 }, { length: 16 * KIB - 10, padding: true }, { length: 7 }])
  assert.equal(layout.spans(5, 16 * KIB), [
    { file: 0, offset: 5, at: 0, length: 5 },
    { file: undefined, offset: 0, at: 5, length: 16 * KIB - 10 },
    { file: 2, offset: 0, at: 16 * KIB - 5, length: 5 },
  ])
  assert.equal(layout.realFiles, [0, 2])
  assert.is(layout.diskFiles.length, 3, 'files keep their places')
})

test('layout: the pieces of a file are those that its bytes lie in', () => {
  fc.assert(
    fc.property(shapes, (files) => {
      const layout = layoutOf(files)
      const { pieceLength, totalBytes } = layout.metainfo
      const found = new Map<number, Set<number>>()
      for (let piece = 0; piece * pieceLength < totalBytes; piece++) {
        const start = piece * pieceLength
        for (const { file } of layout.spans(start, Math.min(pieceLength, totalBytes - start)))
          if (file !== undefined) found.set(file, (found.get(file) ?? new Set()).add(piece))
      }
      for (const file of layout.realFiles) {
        const { firstPiece, lastPiece, length } = layout.piecesOf(file)
        assert.is(length, files[file]?.length)
        const pieces = [...(found.get(file) ?? [])]
        assert.is(lastPiece - firstPiece + 1, pieces.length)
        if (pieces.length > 0) assert.equal([firstPiece, lastPiece], [pieces[0], pieces.at(-1)])
      }
    }),
  )
})

test('layout: a byte is found among twenty thousand files at once', () => {
  const layout = layoutOf(
    Array.from({ length: 20_000 }, () => ({ length: 3 })),
    16 * KIB,
  )
  for (let round = 0; round < 10_000; round++) {
    const byte = (round * 7_919) % 60_000
    assert.is(layout.spans(byte, 1)[0]?.file, Math.floor(byte / 3))
  }
})

test.run()
