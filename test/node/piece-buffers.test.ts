/** Memory of pieces in flight. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { PieceBuffers } from '../../src/node/piece-buffers.js'
import { pieceIndex } from '../../src/values.js'
import { Pattern } from '../contracts/pattern.js'
import { pieceMemoryContract } from '../contracts/piece-memory.js'

const LENGTH = 1_000
const one = pieceIndex(1)
const two = pieceIndex(2)
const three = pieceIndex(3)

pieceMemoryContract('piece buffers', () => ({
  memory: new PieceBuffers(65_536, 2),
  pieceLength: 65_536,
  bytes: new Pattern(9).take(0, 2 * 65_536 + 40_000),
}))

/** The memory that the piece has from its first byte on. */
const bufferOf = (buffers: PieceBuffers, piece: typeof one): ArrayBufferLike => {
  buffers.keep(piece, 0, Uint8Array.of(1))
  return buffers.held(piece, 1).buffer
}

test('piece buffers: a piece keeps its buffer until it is taken back', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const buffer = bufferOf(buffers, one)
  assert.is(buffer.byteLength, LENGTH)
  assert.is(bufferOf(buffers, one), buffer)
  assert.is.not(bufferOf(buffers, two), buffer)
  assert.is(buffers.lent, 2)
  buffers.takeBack(one)
  assert.is(buffers.lent, 1)
})

test('piece buffers: what was taken back is lent again, to one piece only', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const buffer = bufferOf(buffers, one)
  buffers.takeBack(one)
  buffers.takeBack(one)
  assert.is(bufferOf(buffers, two), buffer)
  assert.is.not(bufferOf(buffers, three), buffer)
})

test('piece buffers: no more are kept than were asked for, and none after trimming', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const before = [one, two, three].map((piece) => bufferOf(buffers, piece))
  for (const piece of [one, two, three]) buffers.takeBack(piece)
  const after = [one, two, three].map((piece) => bufferOf(buffers, piece))
  assert.is(after.filter((buffer) => before.includes(buffer)).length, 2)
  for (const piece of [one, two, three]) buffers.takeBack(piece)
  buffers.trim()
  assert.not(after.includes(bufferOf(buffers, one)))
})

test.run()
