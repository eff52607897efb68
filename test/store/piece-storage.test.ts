/** Pieces across files. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../src/ports.js'
import { Layout } from '../../src/store/layout.js'
import { PieceStorage } from '../../src/store/piece-storage.js'
import { Pattern } from '../contracts/pattern.js'
import { HeldDisk } from './held-disk.js'
import { type FileShape, torrentOf } from './torrents.js'

const KIB = 1_024
const PIECE = 16 * KIB

const storageOf = (files: readonly FileShape[]) => {
  const layout = new Layout(torrentOf(files, PIECE))
  const disk = new HeldDisk(files.map(({ length, padding = false }) => (padding ? 0 : length)))
  return { layout, disk, storage: new PieceStorage(layout, disk) }
}

const answerOf = (act: (done: (answer: Answer<undefined>) => void) => void): string => {
  let found = 'nothing'
  act((answer) => {
    found = found !== 'nothing' ? 'twice' : answer.type === 'done' ? 'done' : answer.failure.code
  })
  return found
}

const shape = fc.record({ length: fc.integer({ min: 0, max: 30 * KIB }), padding: fc.boolean() })
const shapes = fc
  .array(shape, { minLength: 1, maxLength: 8 })
  .filter((files) => files.some(({ length, padding }) => length > 0 && !padding))

test('piece storage: what was written is read, and padding is read as zeros', () => {
  fc.assert(
    fc.property(shapes, (files) => {
      const { layout, storage, disk } = storageOf(files)
      const { totalBytes } = layout.metainfo
      const bytes = new Pattern(3).take(0, totalBytes)
      const expected = bytes.slice()
      let offset = 0
      for (const { length, padding } of files) {
        if (padding) expected.fill(0, offset, offset + length)
        offset += length
      }
      for (let start = 0; start < totalBytes; start += PIECE)
        assert.is(
          answerOf((done) => storage.write(start, bytes.subarray(start, start + PIECE), done)),
          'done',
        )
      for (const [start, length] of [
        [0, totalBytes],
        [totalBytes >> 1, totalBytes - (totalBytes >> 1)],
      ] as const) {
        const into = new Uint8Array(length).fill(0xaa)
        assert.is(
          answerOf((done) => storage.read(start, into, done)),
          'done',
        )
        assert.is(Buffer.compare(into, expected.subarray(start, start + length)), 0)
      }
      for (const [file, { padding }] of files.entries())
        if (padding) assert.not(disk.asked.some((asked) => asked.split(' ')[1] === String(file)))
    }),
  )
})

test('piece storage: a piece is written file after file, one at a time', () => {
  const { disk, storage } = storageOf([{ length: 10 }, { length: 20 }, { length: PIECE }])
  disk.hold()
  let done = false
  storage.write(0, new Uint8Array(PIECE), () => {
    done = true
  })
  assert.equal(disk.asked, ['write 0 0 10'])
  disk.answer()
  assert.equal(disk.asked.slice(1), ['write 1 0 20'])
  disk.answer()
  assert.not(done)
  disk.answer()
  assert.ok(done)
  assert.equal(disk.asked.slice(2), [`write 2 0 ${PIECE - 30}`])
})

test('piece storage: the first failure is told once, and what comes after it is not tried', () => {
  const { disk, storage } = storageOf([{ length: 10 }, { length: 20 }, { length: PIECE }])
  disk.broken.add(1)
  assert.is(
    answerOf((done) => storage.write(0, new Uint8Array(PIECE), done)),
    'EIO',
  )
  assert.equal(disk.asked, ['write 0 0 10', 'write 1 0 20'])
  assert.is(
    answerOf((done) => storage.read(0, new Uint8Array(PIECE), done)),
    'EIO',
  )
})

test('piece storage: a file that is too short says so', () => {
  const { disk, storage } = storageOf([{ length: PIECE }])
  disk.files[0] = new Uint8Array(PIECE - 1)
  assert.is(
    answerOf((done) => storage.read(0, new Uint8Array(PIECE), done)),
    'EOF',
  )
})

test('piece storage: a piece of padding alone needs no disk', () => {
  const { disk, storage } = storageOf([{ length: PIECE }, { length: PIECE, padding: true }, { length: 5 }])
  const into = new Uint8Array(PIECE).fill(1)
  assert.is(
    answerOf((done) => storage.read(PIECE, into, done)),
    'done',
  )
  assert.ok(into.every((byte) => byte === 0))
  assert.is(
    answerOf((done) => storage.write(PIECE, into, done)),
    'done',
  )
  assert.equal(disk.asked, [])
})

test.run()
