import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { simulate } from '../../simulations/index.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { downloading, open, type Shape, seedPeer } from './beginnings.js'
import { given, type Story, says, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const PIECE = pieceIndex(0)
const one = { pieceCount: 1 }
const SECOND = 1_000

const shapeOf = (blocks: number): Shape => ({ pieceLength: BLOCK_BYTES * blocks, totalBytes: BLOCK_BYTES * blocks })
const rangeOf = (first: number, blocks: number) => ({
  piece: PIECE,
  offset: first * BLOCK_BYTES,
  length: blocks * BLOCK_BYTES,
})

const requested = (peer: number, first: number, blocks: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [rangeOf(first, blocks)],
})

/** One piece of so many blocks, and as many seeds that serve us. */
const begun = (blocks: number, seeds: number): Story =>
  given(downloading(shapeOf(blocks)), Array.from({ length: seeds }, (_, at) => seedPeer(at + 1, one)).flat())

/** The peer brings a block, which took so long. */
const brings = (story: Story, peer: number, block: number, ms: number): void => {
  story.also(requested(peer, block, 1)).after(ms)
  story.also({ type: 'block-received', peer: peerKey(peer), ...rangeOf(block, 1) })
}

test('endgame: what another peer owes is asked of one with nothing to do, if it brings it in half the time', () => {
  const story = begun(2, 2)
    .also(requested(1, 0, 2))
    .when(woken)
  assert.equal(story.askedOf(2), [])
  // Nothing came for a second: so it may take two for the second block, and a new peer one.
  story.after(SECOND).when(woken)
  assert.equal(story.askedOf(2), ['0:1'])
  assert.equal(story.askedOf(1), [])
  checkInvariants(story.state)
})

test('endgame: what is next to come is not asked of a peer that is no faster', () => {
  const story = begun(4, 2)
  brings(story, 1, 0, SECOND)
  brings(story, 2, 1, SECOND)
  story.also(requested(1, 2, 1), { ...requested(1, 3, 1) })
  story.when(woken)
  assert.equal(story.askedOf(2), ['0:3'])
  story.also({ type: 'requests-cancelled', peer: peerKey(2), ranges: [rangeOf(3, 1)] })
  story.when(story.block(1, 0, 3))
  assert.equal(story.askedOf(2), [])
})

test('endgame: a slow peer does not hold the last block', () => {
  const story = begun(3, 2)
  brings(story, 1, 0, 10 * SECOND)
  brings(story, 2, 1, SECOND)
  story.also(requested(1, 2, 1)).when(woken)
  assert.equal(story.askedOf(2), ['0:2'])
})

test('endgame: nobody is asked twice while a block is open somewhere', () => {
  const open2 = open(2, { has: [0], weWant: true, serves: true })
  const story = given(downloading(), seedPeer(1), open2, [requested(1, 0, 2)]).after(SECOND)
  story.when(says(2, { type: 'have', piece: 0 })).thenNothing()
})

test('endgame: only a peer with nothing on order is asked for what others owe, and for a few blocks at a time', () => {
  const story = begun(60, 2)
    .also(requested(1, 0, 59), requested(2, 59, 1))
    .after(SECOND)
    .when(woken)
  assert.equal(story.askedOf(2), [])
  story.when(story.block(2, 0, 59))
  assert.is(story.askedOf(2).length, LIMITS.endgameBlocksMax)
  assert.is(story.askedOf(2)[0], '0:58')
  checkInvariants(story.state)
})

test('endgame: the line that will take longest is shortened first', () => {
  const story = begun(30, 3)
  brings(story, 1, 0, 100)
  brings(story, 2, 1, 4 * SECOND)
  brings(story, 3, 2, 100)
  story.also(requested(1, 3, 20), requested(2, 23, 7)).when(woken)
  assert.equal(story.askedOf(3).slice(0, 2), ['0:29', '0:28'])
})

test('endgame: what another one brings soon is asked of nobody else', () => {
  const story = begun(6, 3)
  brings(story, 1, 0, 20 * SECOND)
  brings(story, 2, 1, SECOND)
  brings(story, 3, 2, SECOND)
  story.also(requested(1, 3, 3), requested(2, 5, 1)).when(woken)
  assert.equal(story.askedOf(3), ['0:4', '0:3'])
})

test('endgame: at most so many slow peers are asked for a block', () => {
  for (const holders of [LIMITS.endgameOrdersMax - 1, LIMITS.endgameOrdersMax]) {
    const story = begun(6, 4)
    for (const peer of [1, 2, 3]) brings(story, peer, peer, 20 * SECOND)
    brings(story, 4, 4, 100)
    for (let peer = 1; peer <= holders; peer++) story.also(requested(peer, 0, 1))
    story.also(requested(1, 5, 1)).when(woken)
    assert.is(story.askedOf(4).includes('0:0'), holders < LIMITS.endgameOrdersMax)
    checkInvariants(story.state)
  }
})

test('endgame: in a steady state of slow peers hardly a block in a hundred is received in vain', async () => {
  const { violations, groups } = await simulate('steady-state', { settings: { peers: 40, arrivalsPerSecond: 0.1 } })
  assert.equal(violations, [])
  const sum = (of: (group: (typeof groups)[number]) => number): number =>
    groups.reduce((total, each) => total + of(each), 0)
  const [served, kept] = [sum(({ uploadedBytes }) => uploadedBytes), sum(({ downloadedBytes }) => downloadedBytes)]
  assert.ok(served / kept < 1.01, `${served} bytes for ${kept}`)
})

test.run()
