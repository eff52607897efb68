/** Memory of pieces in flight. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../src/assert.js'
import { PieceBuffers } from '../../src/store/piece-buffers.js'
import { pieceIndex } from '../../src/values.js'

const LENGTH = 1_000
const one = pieceIndex(1)
const two = pieceIndex(2)
const three = pieceIndex(3)

test('piece buffers: a piece keeps its buffer until it is taken back', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const buffer = buffers.of(one)
  assert.is(buffer.length, LENGTH)
  assert.is(buffers.of(one), buffer)
  assert.is(buffers.held(one), buffer)
  assert.is.not(buffers.of(two), buffer)
  assert.is(buffers.lent, 2)
  buffers.takeBack(one)
  assert.is(buffers.lent, 1)
  assert.throws(
    () => buffers.held(one),
    (error: unknown) => error instanceof AssertionError,
  )
})

test('piece buffers: what was taken back is lent again, to one piece only', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const buffer = buffers.of(one)
  buffers.takeBack(one)
  buffers.takeBack(one)
  assert.is(buffers.of(two), buffer)
  assert.is.not(buffers.of(three), buffer)
})

test('piece buffers: no more are kept than were asked for, and none after trimming', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  const before = [one, two, three].map((piece) => buffers.of(piece))
  for (const piece of [one, two, three]) buffers.takeBack(piece)
  const after = [one, two, three].map((piece) => buffers.of(piece))
  assert.is(after.filter((buffer) => before.includes(buffer)).length, 2)
  for (const piece of [one, two, three]) buffers.takeBack(piece)
  buffers.trim()
  assert.not(after.includes(buffers.of(one)))
})

test('piece buffers: what was never lent can be taken back', () => {
  const buffers = new PieceBuffers(LENGTH, 2)
  buffers.takeBack(three)
  assert.is(buffers.lent, 0)
})

test.run()
