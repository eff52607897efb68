import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import { present } from '../../src/assert.js'
import { lengthOfBlock } from '../../src/events/geometry.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { progressOf } from '../../src/progress.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { downloading, everyPiece, fetched, leecher, open, type Shape, seeding, seedPeer } from './beginnings.js'
import { GOOD_BYTES, given, Story, says, toPeer, toPiece, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

/** One piece of two blocks. */
const ONE: Shape = { pieceLength: 32_768, totalBytes: 32_768 }
const PIECE = pieceIndex(0)
const both = { piece: PIECE, offset: 0, length: 32_768 }
const first = { piece: PIECE, offset: 0, length: 16_384 }
const one = { pieceCount: 1 }

const requested = (peer: number, ...ranges: (typeof both)[]): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges,
})

test('block: one that was asked for is kept, and the next is asked for in the same turn', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const piece = present([...story.state.pieces.keys()][0], 'a piece on order')
  story.when(story.block(1, piece, 0))
  assert.equal(story.eventsOf('block-received'), [
    { type: 'block-received', peer: 1, piece, offset: 0, length: 16_384 },
  ])
  const [kept] = story.effectsOf('keep')
  assert.is(kept?.piece, piece)
  assert.equal(
    kept?.blocks.map(({ offset, block }) => [offset, block.length]),
    [[0, 16_384]],
  )
  assert.is(story.peer(1).downloaded.total, 16_384)
  checkInvariants(story.state)
})

/** Blocks of pieces that one peer brings in one chunk. */
const together = (story: Story, peer: number, ...blocks: readonly (readonly [piece: number, block: number])[]): Input =>
  toPeer(peer, {
    type: 'blocks-arrived',
    blocks: blocks.map(([piece, block]) => ({
      type: 'piece',
      piece,
      offset: block * 16_384,
      block: GOOD_BYTES.subarray(0, lengthOfBlock(story.state.geometry, pieceIndex(piece), block)),
    })),
  })

test('blocks: those that come together are kept together, and fill their piece', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)])
  story
    .when(together(story, 1, [0, 0], [0, 1]))
    .thenEvents('block-received', 'block-received', 'piece-filled')
    .thenEffects('keep', 'hash')
  assert.equal(
    story.effectsOf('keep')[0]?.blocks.map(({ offset }) => offset),
    [0, 16_384],
  )
  checkInvariants(story.state)
})

test('blocks: one that comes twice in a chunk is judged by what the first one changed', () => {
  const story = given(downloading(), seedPeer(1), [requested(1, both)])
  story.when(together(story, 1, [0, 0], [0, 0], [0, 1]))
  assert.equal(
    story.events.filter(({ type }) => type.startsWith('block-')).map(({ type }) => type),
    ['block-received', 'block-wasted', 'block-received'],
  )
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'unasked')
  checkInvariants(story.state)
})

test('blocks: in any order and of several pieces, all of a chunk are taken', () => {
  const story = given(downloading(), seedPeer(1), [requested(1, both), requested(1, { ...both, piece: pieceIndex(2) })])
  story.when(together(story, 1, [2, 1], [0, 1], [2, 0], [0, 0]))
  assert.equal(
    story.eventsOf('block-received').map(({ piece, offset }) => [piece, offset]),
    [
      [2, 16_384],
      [0, 16_384],
      [2, 0],
      [0, 0],
    ],
  )
  assert.is(story.eventsOf('piece-filled').length, 2)
  checkInvariants(story.state)
})

test('blocks: whoever is left for what it sends is not heard to the end of the chunk', () => {
  const story = given(downloading(), open(1, { has: 'all' }))
  const unasked = Array.from({ length: LIMITS.unaskedBlocksMax + 9 }, (): [number, number] => [2, 0])
  story.when(together(story, 1, ...unasked)).thenClosed(1, 'unasked-blocks')
  assert.is(story.eventsOf('block-wasted').length, LIMITS.unaskedBlocksMax)
})

test('blocks: each that others owe too is cancelled with them', () => {
  const peers = [1, 2].flatMap((key) => [...seedPeer(key, one), requested(key, both)])
  const story = given(downloading(ONE), peers)
  story.when(together(story, 2, [0, 0], [0, 1]))
  assert.equal(
    story.effectsOf('send').map(({ peer, message }) => [peer, message]),
    [0, 16_384].map((offset) => [1, { type: 'cancel', piece: 0, offset, length: 16_384 }]),
  )
  checkInvariants(story.state)
})

test('block: the last one fills the piece, which is hashed, written, stored, and told only after the commit', () => {
  const story = given(downloading(ONE), seedPeer(1, one), open(2, one), [requested(1, both)])
  story
    .when(story.block(1, 0, 0))
    .thenEvents('block-received')
    .thenEffects('keep')
  story
    .when(story.block(1, 0, 1))
    .thenEvents('block-received', 'piece-filled')
    .thenEffects('keep', 'hash')
  assert.equal(story.effectsOf('hash')[0]?.fingerprints, false)
  story.when(toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [] }))
  story.thenEvents('piece-verified').thenEffects('write')
  story.when(toPiece(0, { type: 'piece-written' })).thenEvents('piece-stored', 'not-interested-sent')
  assert.equal(story.effectsOf('drop'), [{ type: 'drop', piece: 0 }])
  assert.equal(story.sentTo(2), [])
  assert.is(story.state.announced.count, 0)
  story.when(toTransfer({ type: 'log-committed', committedSeq: story.state.nextSeq - 2 })).thenNothing()
  story.commits().thenEvents('pieces-announced', 'download-completed', 'seeding-began', 'peer-closed')
  assert.equal(story.sentTo(2), ['have'])
  assert.is(story.eventsOf('peer-closed')[0]?.reason, 'both-complete')
})

test('block: what is stored is served only after the commit', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [2]), leecher(2, { served: true, fast: true }))
  const request = says(2, { type: 'request', piece: 2, offset: 0, length: 16_384 })
  story.when(request).thenEvents('request-refused')
  story.commits().when(request).thenEvents('request-received')
})

test('block: progress counts what is committed, which no crash takes away', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [2, 3]))
  const stored = (closed = false): number => progressOf(story.state, story.now, closed).storedPieces
  assert.equal([story.state.stored.count, stored(), stored(true)], [2, 0, 2])
  story.commits()
  assert.is(stored(), 2)
})

test('block: a commit announces what was stored before it, and no more', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [2]), open(2))
  const committedSeq = story.state.nextSeq
  story.also(...fetched(1, [3])).when(toTransfer({ type: 'log-committed', committedSeq }))
  assert.equal(story.eventsOf('pieces-announced'), [{ type: 'pieces-announced', pieces: [2] }])
  assert.equal(story.effectsOf('tell-pieces'), [{ type: 'tell-pieces', peers: [2], pieces: [2] }])
  story.commits()
  assert.equal(story.eventsOf('pieces-announced'), [{ type: 'pieces-announced', pieces: [3] }])
  story.commits().thenNothing()
})

test('block: neither seeds nor peers that have not shaken hands are told of pieces', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [2]), [
    { type: 'peer-accepted', peer: peerKey(2), host: '10.0.0.2', port: 5 },
  ]).commits()
  story.thenEvents('pieces-announced').thenEffects()
})

test('block: a peer that is told of nothing gets a keep-alive although others are told of pieces', () => {
  const story = given(downloading(), open(1, { has: 'all', weWant: true }), seedPeer(2))
  for (const piece of [1, 2, 3])
    story
      .after(50_000)
      .also(...fetched(2, [piece]))
      .commits()
  story.when(woken)
  assert.equal(story.sentTo(1), ['keep-alive'])
})

test('block: the same block twice is a duplicate', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)])
  story.when(story.block(1, 0, 0)).when(story.block(1, 0, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'unasked')
  checkInvariants(story.state)
})

test('block: one that comes after its request was given up is taken if it is still missing', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)])
  story.also({ type: 'requests-released', peer: peerKey(1), reason: 'timeout' })
  story.when(story.block(1, 0, 0))
  assert.is(story.events[0]?.type, 'block-received')
  checkInvariants(story.state)
})

test('block: one that comes late cancels the order of whoever was asked instead', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)])
  story.also(
    { type: 'requests-released', peer: peerKey(1), reason: 'timeout' },
    ...seedPeer(2, one),
    requested(2, both),
  )
  story.when(story.block(1, 0, 0))
  assert.equal(story.eventsOf('requests-cancelled'), [{ type: 'requests-cancelled', peer: 2, ranges: [first] }])
  checkInvariants(story.state)
})

test('block: one that comes after its piece was dropped is late, and not held against the peer', () => {
  const story = given(downloading(), seedPeer(1), [requested(1, both)])
  story.also({ type: 'requests-released', peer: peerKey(1), reason: 'timeout' })
  story.also({ type: 'piece-dropped', piece: PIECE, reason: 'idle' })
  story.when(story.block(1, 0, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'late')
  assert.is(story.peer(1).unasked, 0)
})

test('block: one that comes while its piece is hashed is late', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)])
  story.also(
    { type: 'requests-released', peer: peerKey(1), reason: 'timeout' },
    ...seedPeer(2, one),
    requested(2, both),
  )
  story.when(...story.wholePiece(2, 0)).when(story.block(1, 0, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'late')
  checkInvariants(story.state)
})

test('endgame: the first copy of a block cancels the others', () => {
  const peers = [1, 2, 3].flatMap((key) => [...seedPeer(key, one), requested(key, both)])
  const story = given(downloading(ONE), peers)
  story.when(story.block(2, 0, 1))
  assert.equal(
    story.eventsOf('requests-cancelled').map(({ peer }) => peer),
    [1, 3],
  )
  assert.equal(
    story.effectsOf('send').map(({ peer, message }) => [peer, message]),
    [1, 3].map((peer) => [peer, { type: 'cancel', piece: 0, offset: 16_384, length: 16_384 }]),
  )
  checkInvariants(story.state)
  story.when(story.block(1, 0, 1))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'duplicate')
  assert.is(story.peer(1).unasked, 0)
})

test('endgame: what was cancelled and may still come is remembered within a bound', () => {
  const count = LIMITS.releasedRequestsMax + 50
  const shape = { pieceLength: 16_384 * count, totalBytes: 16_384 * count }
  const whole = { piece: PIECE, offset: 0, length: shape.totalBytes }
  const story = given(downloading(shape), seedPeer(1, one), [requested(1, whole)], seedPeer(2, one), [
    requested(2, whole),
  ])
  for (let block = 0; block < count - 1; block++) story.when(story.block(2, 0, block))
  assert.is(story.peer(1).released.size, LIMITS.releasedRequestsMax)
})

test('endgame: a block given up twice may come twice, which is not held against a slow peer', () => {
  const givenUp: TransferEvent = { type: 'requests-released', peer: peerKey(1), reason: 'timeout' }
  const story = given(downloading(ONE), seedPeer(1, one), seedPeer(2, one), [
    ...[requested(1, first), givenUp, requested(1, first), givenUp, requested(2, both)],
  ])
  story.when(story.block(2, 0, 0)).thenEvents('block-received')
  for (const kind of ['duplicate', 'duplicate', 'unasked'] as const) {
    story.when(story.block(1, 0, 0))
    assert.is(story.eventsOf('block-wasted')[0]?.kind, kind)
  }
})

test('endgame: a peer that leaves gives its orders back', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, both)], seedPeer(2, one), [requested(2, first)])
  story.when(toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.equal(story.askedOf(2), ['0:1'])
  assert.is(story.eventsOf('peer-closed')[0]?.by, 'them')
  checkInvariants(story.state)
})

test('upload: a block that the network had taken before the choke is counted when it has left', () => {
  const story = given(seeding(), leecher(1, { served: true }))
  story.when(says(1, { type: 'request', ...first })).also({ type: 'choke-sent', peer: peerKey(1) })
  story.when(toPeer(1, { type: 'blocks-flushed', ranges: [first] })).thenEvents('block-served')
  assert.is(story.state.uploaded.total, 16_384)
})

test('complete: seeds are left alone by a transfer that is complete, and leechers stay', () => {
  const story = given(seeding(), open(1, { has: 'all' }), leecher(2)).when(woken)
  story.thenClosed(1, 'both-complete')
  assert.ok(story.state.peers.has(peerKey(2)))
})

test('complete: said for the first time only', () => {
  const story = given(downloading(ONE), open(1, { ...one, has: 'all', weWant: true, serves: true, incoming: true }))
  story.also(...fetched(1, [0], ONE)).commits()
  assert.is(story.eventsOf('download-completed').length, 1)
  story.when(toTransfer({ type: 'check-asked' }))
  story.when(toTransfer({ type: 'piece-checked', piece: PIECE, good: false }))
  story.also(...open(2, { ...one, has: 'all', weWant: true, serves: true, incoming: true }))
  story.also(...fetched(2, [0], ONE)).commits()
  assert.is(story.eventsOf('download-completed').length, 0)
  assert.is(story.eventsOf('seeding-began').length, 1)
})

test('flow: a whole torrent comes from one seed', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  for (const _ of everyPiece()) {
    const piece = present([...story.state.pieces.keys()][0], 'a piece on order')
    story.when(...story.wholePiece(1, piece), ...Story.stored(piece))
    checkInvariants(story.state)
  }
  story.commits()
  assert.ok(story.state.standing.tags.seeding)
  assert.is(story.state.downloaded.total, story.state.geometry.totalBytes)
  assert.is(story.state.sessionWasted, 0)
})

test.run()
