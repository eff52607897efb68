import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inFlightMax, pickBlocks } from '../../src/actors/picker.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import type { Random } from '../../src/random.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { bitsOf, downloading, everyPiece, fetched, open, type Shape, seedPeer } from './beginnings.js'
import { given, type Story, toPiece, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const count = 20
const SHAPE: Shape = { pieceLength: 32_768, totalBytes: count * 32_768 }
const many = { pieceCount: count }
/** Pieces of which three fit into the buffers. */
const LARGE: Shape = { pieceLength: 12 * 1_024 * 1_024, totalBytes: 8 * 12 * 1_024 * 1_024 }
const LARGE_BLOCKS = 768
const inOrder: Random = { below: () => 0 }

/** The pieces that would be asked of the peer next, for so many blocks. */
const picks = (story: Story, peer: number, blocks = 2 * count, random = inOrder): number[] => {
  const { ranges } = pickBlocks(story.state, story.peer(peer), blocks, random, story.now)
  return [...new Set(ranges.map(({ piece }) => piece as number))]
}
const requested = (peer: number, piece: number, first: number, blocks: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: pieceIndex(piece), offset: first * 16_384, length: blocks * 16_384 }],
})

test('picker: blocks of pieces in flight come before new pieces', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many), seedPeer(2, many), [requested(1, 9, 0, 1)])
  const { ranges } = pickBlocks(story.state, story.peer(2), 3, inOrder, story.now)
  assert.equal(ranges[0], { piece: 9, offset: 16_384, length: 16_384 })
  assert.is(ranges.length, 2)
})

test('picker: a seed is asked for what is rarer than the pieces in flight before it is asked for those', () => {
  const everyOther = everyPiece(count).filter((piece) => piece % 2 === 1)
  const common = open(2, { ...many, has: everyOther, weWant: true, serves: true })
  const inFlight = requested(2, 9, 0, 1)
  const story = given(downloading(SHAPE), seedPeer(1, many), fetched(1, [0, 2, 4, 6], SHAPE), common, [inFlight])
  const ofSeed = picks(story, 1)
  assert.equal(ofSeed.slice(0, 6).sort(), [8, 10, 12, 14, 16, 18].sort())
  assert.is(ofSeed.length, count - 4)
  assert.is(picks(story, 2)[0], 9, 'of a leecher, what is in flight comes first')
})

test('picker: no block is picked twice, however much room there is', () => {
  const leecher = open(2, { ...many, has: everyPiece(count).slice(0, 12), weWant: true, serves: true })
  for (const peer of [1, 2]) {
    const story = given(downloading(SHAPE), seedPeer(1, many), leecher, [requested(1, 9, 0, 1), requested(1, 15, 0, 1)])
    const { ranges } = pickBlocks(story.state, story.peer(peer), 4 * count, inOrder, story.now)
    const blocks = ranges.flatMap(({ piece, offset, length }) =>
      Array.from({ length: length / 16_384 }, (_, block) => `${piece}:${offset / 16_384 + block}`),
    )
    assert.ok(blocks.length > 0)
    assert.is(new Set(blocks).size, blocks.length, `peer ${peer}`)
  }
})

test('picker: neighbouring blocks are asked for as one range, and no more than there is room for', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many))
  const { ranges } = pickBlocks(story.state, story.peer(1), 3, inOrder, story.now)
  assert.equal(
    ranges.map(({ offset, length }) => [offset, length]),
    [
      [0, 32_768],
      [0, 16_384],
    ],
  )
})

test('picker: the last block of all is as short as it is', () => {
  const story = given(downloading(), open(1, { has: [7], weWant: true, serves: true }))
  const { ranges } = pickBlocks(story.state, story.peer(1), 9, inOrder, story.now)
  assert.equal(ranges, [{ piece: 7, offset: 0, length: 16_484 }])
})

test('picker: rarest first, once there is something to trade', () => {
  const had = [0, 1, 2, 3]
  const common = open(2, { ...many, has: everyPiece(count).filter((piece) => piece !== 13 && piece !== 17) })
  const some = open(3, { ...many, has: [5, 13] })
  const story = given(downloading(SHAPE), seedPeer(1, many), fetched(1, had, SHAPE), common, some)
  const order = picks(story, 1)
  assert.equal(order.slice(0, 2), [17, 13])
  assert.is(order.at(-1), 5)
  assert.is(order.length, count - had.length)
})

test('picker: the first few pieces are drawn at random, each once', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many))
  const drawn: number[] = []
  const random: Random = {
    below(below, purpose) {
      assert.is(purpose, 'first-piece')
      assert.is(below, count)
      drawn.push(drawn.length >> 1)
      return drawn.at(-1) ?? 0
    },
  }
  const order = picks(story, 1, 2 * count, random)
  assert.is(order.length, count)
  assert.equal(
    order.slice(0, 8),
    everyPiece(8).map((position) => story.state.rarity.at(position)),
  )
  assert.ok(drawn.length <= 16)
})

test('picker: sequential takes pieces in order', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many), [
    { type: 'pieces-selected', wanted: bitsOf([3, 1, 8, 19], count), sequential: true },
  ])
  assert.equal(picks(story, 1), [1, 3, 8, 19])
})

test('picker: only what the peer has is asked of it', () => {
  const story = given(downloading(SHAPE), open(1, { ...many, has: [4, 6], weWant: true, serves: true }))
  assert.equal(picks(story, 1).sort(), [4, 6])
})

test('picker: of a peer that chokes us only what it allows', () => {
  const story = given(downloading(SHAPE), open(1, { ...many, has: [4, 6], fast: true, weWant: true }))
  assert.equal(picks(story, 1), [])
  story.also({ type: 'allowed-fast-received', peer: peerKey(1), piece: pieceIndex(6) })
  story.also({ type: 'allowed-fast-received', peer: peerKey(1), piece: pieceIndex(7) })
  assert.equal(picks(story, 1), [6])
})

test('picker: no more pieces are in flight than buffers hold', () => {
  assert.is(inFlightMax(16_384), LIMITS.piecesInFlightMax)
  assert.is(inFlightMax(LIMITS.pieceBuffersBytesMax / 8), 8)
  assert.is(inFlightMax(LIMITS.pieceLengthMax), LIMITS.piecesInFlightMin)
  const story = given(downloading(LARGE), seedPeer(1))
  assert.is(picks(story, 1, 100_000).length, LIMITS.piecesInFlightMin)
})

test('picker: a piece being written has a place of its own until it is stored', () => {
  const story = given(downloading(LARGE), seedPeer(1))
  for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, LARGE_BLOCKS))
  story.when(...story.wholePiece(1, 0)).when(toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [] }))
  assert.equal(picks(story, 1, 9), [])
  story.when(toPiece(0, { type: 'piece-written' }))
  assert.is(picks(story, 1, 9).length, 1)
})

/** Three pieces that only peer 1 had, begun by it; it is gone, and peer 2 has others. */
const stuck = (has: readonly number[]): Story => {
  const story = given(downloading(LARGE), open(1, { has: [0, 1, 2], weWant: true, serves: true, incoming: true }))
  for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, 3))
  story.when(story.block(1, 0, 0), story.block(1, 0, 1), story.block(1, 1, 0), story.block(1, 2, 0))
  story.also({ type: 'peer-closed', peer: peerKey(1), by: 'them', reason: 'EOF', detail: '' })
  return story.also(...open(2, { has, weWant: true, serves: true, incoming: true }))
}

test('picker: a piece that nobody brings gives its place to one that a peer can bring, the emptiest first', () => {
  const story = stuck([4, 5]).when(woken)
  assert.equal(story.eventsOf('piece-dropped'), [{ type: 'piece-dropped', piece: 1, reason: 'idle' }])
  assert.equal(story.effectsOf('drop'), [{ type: 'drop', piece: 1 }])
  assert.ok(story.askedOf(2).length > 0)
  assert.is(story.state.pieces.size, LIMITS.piecesInFlightMin)
  checkInvariants(story.state)
})

test('picker: a piece gives up its place for nothing less than another piece', () => {
  const story = stuck([0]).also({ type: 'pieces-selected', wanted: bitsOf([0, 1, 2, 6]), sequential: false })
  story.also(requested(2, 0, 2, LARGE_BLOCKS - 2))
  const idle = open(3, { has: [0], weWant: true, serves: true, incoming: true })
  story.also(...idle).when(woken)
  assert.is(story.eventsOf('piece-dropped').length, 0)
})

test('picker: no piece gives up its place while there are others, or while the peer has something to do', () => {
  const story = given(downloading(LARGE), open(1, { has: [0], weWant: true, serves: true, incoming: true }))
  story.also(requested(1, 0, 0, 3)).when(story.block(1, 0, 0))
  story.also({ type: 'peer-closed', peer: peerKey(1), by: 'them', reason: 'EOF', detail: '' })
  story.also(...open(2, { has: [4], weWant: true, serves: true, incoming: true })).when(woken)
  assert.is(story.eventsOf('piece-dropped').length, 0)
  assert.ok(story.askedOf(2).length > 0)
  const busy = stuck([1, 4]).when(woken)
  assert.is(busy.eventsOf('piece-dropped').length, 0)
  assert.ok(busy.askedOf(2).every((block) => block.startsWith('1:')))
})

test('picker: a seed that chokes us and allows a piece in flight costs no other piece its place', () => {
  const story = given(downloading(LARGE), open(1, { has: [0, 1, 2], weWant: true, serves: true, incoming: true }))
  for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, 3))
  for (const piece of [0, 1, 2])
    story.when(story.block(1, piece, 0), story.block(1, piece, 1), story.block(1, piece, 2))
  story.also({ type: 'choke-received', peer: peerKey(1) })
  story.also(...open(2, { has: 'all', fast: true, weWant: true, incoming: true }))
  story.also({ type: 'allowed-fast-received', peer: peerKey(2), piece: pieceIndex(1) }).when(woken)
  assert.ok(story.askedOf(2).every((block) => block.startsWith('1:')))
  assert.is(story.eventsOf('piece-dropped').length, 0)
})

test('picker: a piece that somebody brings keeps its place', () => {
  const story = given(downloading(LARGE), open(1, { has: [0, 1, 2], weWant: true, serves: true }))
  for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, 3))
  story.also(...open(2, { has: [4], weWant: true, serves: true })).when(woken)
  assert.is(story.eventsOf('piece-dropped').length, 0)
})

test('picker: a place that becomes free is filled at once', () => {
  const story = given(downloading(LARGE), seedPeer(1), open(2, { has: [0, 4], weWant: true, serves: true }))
  for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, LARGE_BLOCKS))
  story.when(...story.wholePiece(1, 0)).when(toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [] }))
  assert.equal(story.askedOf(2), [])
  story.when(toPiece(0, { type: 'piece-written' }))
  assert.ok(story.askedOf(2).every((block) => block.startsWith('4:')))
  assert.ok(story.askedOf(2).length > 0)
})

test('picker: nobody is asked while nothing is fetched', () => {
  const story = given(downloading(), seedPeer(1)).when(toTransfer({ type: 'pause-asked' }))
  story.when(woken).thenNothing()
})

test('picker: a peer is asked for as many blocks as it lets wait, at most', () => {
  const shape = { pieceLength: 16_384 * 600, totalBytes: 16_384 * 600 * 3 }
  const story = given(downloading(shape), seedPeer(1, { pieceCount: 3 }))
  story.also({
    type: 'extensions-received',
    peer: peerKey(1),
    client: undefined,
    requestsMax: 3,
    listenPort: undefined,
    uploadOnly: false,
  })
  story.when(woken)
  assert.is(story.peer(1).requested.size, 3)
})

test.run()
