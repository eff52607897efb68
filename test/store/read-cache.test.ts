/** Stored bytes that peers ask for. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { geometryOf } from '../../src/events/geometry.js'
import { LIMITS } from '../../src/limits.js'
import type { Failure } from '../../src/ports.js'
import { Layout } from '../../src/store/layout.js'
import { PieceStorage } from '../../src/store/piece-storage.js'
import { isLoan, type Loan, ReadCache } from '../../src/store/read-cache.js'
import { pieceIndex } from '../../src/values.js'
import { Pattern } from '../contracts/pattern.js'
import { HeldDisk } from './held-disk.js'
import { torrentOf } from './torrents.js'

const KIB = 1_024
const MIB = 1_024 * KIB
const pattern = new Pattern(5)

const cacheOf = (totalBytes: number, pieceLength: number) => {
  const disk = new HeldDisk([totalBytes])
  disk.files[0] = pattern.take(0, totalBytes)
  const storage = new PieceStorage(new Layout(torrentOf([{ length: totalBytes }], pieceLength)), disk)
  return { disk, cache: new ReadCache(storage, geometryOf(pieceLength, totalBytes)) }
}

const rangeOf = (piece: number, offset: number, length: number) => ({ piece: pieceIndex(piece), offset, length })

/** Reads, and keeps what came. */
const reading = (cache: ReadCache, piece: number, offset: number, length: number) => {
  const got: { loan?: Loan; failure?: Failure; answers: number } = { answers: 0 }
  cache.read(rangeOf(piece, offset, length), (answer) => {
    got.answers++
    if (isLoan(answer)) got.loan = answer
    else got.failure = answer
  })
  return got
}

test('read cache: any range of a piece is what is on disk', () => {
  const [pieceLength, totalBytes] = [3 * MIB, 7 * MIB + 12_345]
  const { cache } = cacheOf(totalBytes, pieceLength)
  fc.assert(
    fc.property(fc.nat({ max: 2 }), fc.nat(), fc.nat(), fc.boolean(), (piece, a, b, keep) => {
      const pieceBytes = Math.min(pieceLength, totalBytes - piece * pieceLength)
      const offset = a % pieceBytes
      const length = 1 + (b % Math.min(128 * KIB, pieceBytes - offset))
      const { loan, answers } = reading(cache, piece, offset, length)
      assert.is(answers, 1)
      assert.is(loan?.bytes.length, length)
      assert.is(pattern.differs(piece * pieceLength + offset, loan?.bytes ?? new Uint8Array(0)), undefined)
      if (!keep) loan?.release()
    }),
  )
})

test('read cache: the blocks of a chunk cost one read, those asked for meanwhile too', () => {
  const { cache, disk } = cacheOf(2 * MIB, MIB)
  disk.hold()
  const first = reading(cache, 0, 0, 16 * KIB)
  const second = reading(cache, 0, 16 * KIB, 16 * KIB)
  assert.is(first.answers + second.answers, 0)
  disk.answerAll()
  const third = reading(cache, 0, 512 * KIB, 16 * KIB)
  assert.equal([first.answers, second.answers, third.answers], [1, 1, 1])
  assert.equal(disk.asked, [`read 0 0 ${MIB}`])
})

test('read cache: a read never goes beyond its piece', () => {
  const { cache, disk } = cacheOf(5 * 48 * KIB + 7, 48 * KIB)
  for (let piece = 0; piece < 6; piece++) reading(cache, piece, 0, 7)
  assert.equal(disk.asked.slice(-2), [`read 0 ${4 * 48 * KIB} ${48 * KIB}`, `read 0 ${5 * 48 * KIB} 7`])
})

test('read cache: what is lent stays as it is, however much is read meanwhile', () => {
  const pieceLength = LIMITS.readChunkBytes
  const pieces = 3 * Math.ceil(LIMITS.readCacheBytesMax / pieceLength)
  const { cache } = cacheOf(pieces * pieceLength, pieceLength)
  const { loan } = reading(cache, 0, 100, 1_000)
  for (let piece = 0; piece < pieces; piece++) reading(cache, piece, 0, 10).loan?.release()
  cache.clear()
  for (let piece = 1; piece < pieces; piece++) reading(cache, piece, 0, 10).loan?.release()
  assert.is(pattern.differs(100, loan?.bytes ?? new Uint8Array(0)), undefined)
})

test('read cache: the oldest goes when it is full, and is read again', () => {
  const pieceLength = LIMITS.readChunkBytes
  const fits = Math.floor(LIMITS.readCacheBytesMax / pieceLength)
  const { cache, disk } = cacheOf((fits + 2) * pieceLength, pieceLength)
  const readAll = (from: number, to: number): number => {
    const before = disk.asked.length
    for (let piece = from; piece < to; piece++) reading(cache, piece, 0, 10).loan?.release()
    return disk.asked.length - before
  }
  assert.is(readAll(0, fits), fits)
  assert.is(readAll(0, fits), 0)
  assert.is(readAll(fits, fits + 1), 1)
  assert.is(readAll(1, fits + 1), 0)
  assert.is(readAll(0, 1), 1)
})

test('read cache: a failure is told to all who wait, and the next one asks anew', () => {
  const { cache, disk } = cacheOf(MIB, 64 * KIB)
  disk.broken.add(0)
  disk.hold()
  const waiting = [reading(cache, 0, 0, 10), reading(cache, 0, 10, 10)]
  disk.answerAll()
  for (const { failure, answers } of waiting) assert.equal([failure?.code, answers], ['EIO', 1])
  disk.broken.clear()
  const next = reading(cache, 0, 0, 10)
  disk.answerAll()
  assert.is(pattern.differs(0, next.loan?.bytes ?? new Uint8Array(0)), undefined)
})

test('read cache: after clearing the disk is asked again, also for what was being read just then', () => {
  const { cache, disk } = cacheOf(MIB, 64 * KIB)
  disk.hold()
  const early = reading(cache, 0, 0, 10)
  cache.clear()
  // The file is another one from here on; what was asked for before may still be the old.
  disk.files[0] = new Uint8Array(MIB).fill(9)
  disk.answerAll()
  assert.is(early.answers, 1)
  early.loan?.release()
  const late = reading(cache, 0, 0, 10)
  disk.answerAll()
  assert.equal(late.loan?.bytes.slice(), new Uint8Array(10).fill(9))
})

test('read cache: memory that comes back at once is used again once, not twice', () => {
  const { cache, disk } = cacheOf(MIB, 64 * KIB)
  disk.hold()
  cache.read(rangeOf(0, 0, 10), (answer) => {
    if (isLoan(answer)) answer.release()
  })
  cache.clear()
  disk.answerAll()
  const two = [reading(cache, 1, 0, 1_000), reading(cache, 2, 0, 1_000)]
  disk.answerAll()
  for (const [index, { loan }] of two.entries())
    assert.is(pattern.differs((1 + index) * 64 * KIB, loan?.bytes ?? new Uint8Array(0)), undefined)
})

test.run()
