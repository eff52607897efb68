import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Backlog } from '../src/backlog.js'
import { LIMITS } from '../src/limits.js'

test('backlog: a new connection is handed one block, to see how fast it is', () => {
  const backlog = new Backlog()
  assert.is(backlog.room, 1)
  backlog.add(1)
  assert.is(backlog.room, 0)
})

test('backlog: a fast connection is handed as much as keeps it busy, from its first block on', () => {
  const backlog = new Backlog()
  backlog.flushed(1, backlog.add(1), 0)
  assert.is(backlog.room, LIMITS.blocksInSocketMax)
  backlog.add(LIMITS.blocksInSocketMax)
  assert.is(backlog.room, 0)
})

test('backlog: a slow connection is handed what leaves it in a second, and one block at least', () => {
  const backlog = new Backlog()
  backlog.flushed(1, backlog.add(1), 100)
  assert.is(backlog.room, 10)
  const depths = [backlog.add(5), backlog.add(5)]
  assert.equal(depths, [5, 10])
  // Ten blocks in two and a half seconds.
  backlog.flushed(5, 5, 1_250)
  backlog.flushed(5, 10, 2_500)
  assert.is(backlog.room, 4)
  backlog.flushed(1, backlog.add(1), 60_000)
  assert.is(backlog.room, 1)
})

test('backlog: a connection that became slow holds more than it would be handed now, and no more is', () => {
  const backlog = new Backlog()
  backlog.flushed(1, backlog.add(1), 0)
  const first = backlog.add(2)
  backlog.add(60)
  backlog.flushed(2, first, 4_000)
  assert.is(backlog.room, 0)
})

test.run()
