/** The pacer of `have`, over transfers that were fetched by hand. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HavePacer } from '../src/have-pacer.js'
import { LIMITS } from '../src/limits.js'
import { downloading, fetched, open, seedPeer } from './actors/beginnings.js'
import { given, type Story, toTransfer } from './actors/given.js'
import { ManualClock } from './contracts/manual-clock.js'

const MANY = 500
const GAP_MS = Math.ceil((MANY + 1) * LIMITS.haveGapPerPeerMs)

interface Scene {
  readonly story: Story
  readonly clock: ManualClock
  readonly pacer: HavePacer
  /** The pieces of each telling. */
  readonly told: (readonly number[])[]
  /** Stores a piece, and commits what was stored. */
  store(piece: number): void
}

const scene = (peers: number): Scene => {
  const others = Array.from({ length: peers }, (_, at) => open(2 + at)).flat()
  const story = given(downloading(), seedPeer(1), others)
  const clock = new ManualClock()
  const told: (readonly number[])[] = []
  const pacer = new HavePacer({
    clock,
    state: () => story.state,
    tell: (committedSeq) => {
      story.when(toTransfer({ type: 'log-committed', committedSeq }))
      told.push(...story.eventsOf('pieces-announced').map(({ pieces }) => pieces))
    },
  })
  const store = (piece: number): void => {
    story.also(...fetched(1, [piece]))
    pacer.committed(story.state.nextSeq)
  }
  return { story, clock, pacer, told, store }
}

test('have: few peers are told of each piece at once', () => {
  const { told, store, clock } = scene(LIMITS.logStoredDelayMs / LIMITS.haveGapPerPeerMs - 1)
  store(0)
  store(1)
  assert.equal(told, [[0], [1]])
  assert.is(clock.waiting, 0)
})

test('have: many peers are told of the first piece at once, and of what follows it soon, together', () => {
  const { told, store, clock } = scene(MANY)
  store(0)
  assert.equal(told, [[0]])
  store(1)
  clock.advance(GAP_MS - 1)
  store(2)
  assert.equal(told, [[0]])
  clock.advance(1)
  assert.equal(told, [[0], [1, 2]])
  assert.is(clock.waiting, 0)
  clock.advance(GAP_MS)
  store(3)
  assert.equal(told, [[0], [1, 2], [3]])
})

test('have: the last piece waits for nothing, nor does what was stored before a pause', () => {
  const last = scene(MANY)
  const { pieceCount } = last.story.state.geometry
  for (let piece = 0; piece < pieceCount; piece++) last.store(piece)
  assert.equal(last.told, [[0], Array.from({ length: pieceCount - 1 }, (_, at) => at + 1)])
  assert.is(last.clock.waiting, 0)

  const paused = scene(MANY)
  paused.store(0)
  paused.store(1)
  paused.story.also({ type: 'paused' })
  paused.pacer.committed(paused.story.state.nextSeq)
  assert.equal(paused.told, [[0], [1]])
})

test('have: nobody is told any more once it is stopped', () => {
  const { told, store, clock, pacer } = scene(MANY)
  store(0)
  store(1)
  pacer.stop()
  clock.advance(GAP_MS)
  assert.equal(told, [[0]])
})

test.run()
