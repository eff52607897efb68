import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlainMessage } from '../../src/actors/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { pieceIndex } from '../../src/values.js'
import { bitsOf, connected, downloading, everyPiece, open, PIECES, seeding, seedPeer } from './beginnings.js'
import { GOOD_BYTES, given, says, toPeer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const BLOCK = { piece: pieceIndex(2), offset: 0, length: 16_384 }

test('messages: what comes before the handshake is over is passed over', () => {
  given(downloading(), connected(1))
    .when(says(1, { type: 'unchoke' }))
    .thenNothing()
})

test('messages: what comes from a peer that is closed is passed over', () => {
  given(downloading())
    .when(says(1, { type: 'unchoke' }), toPeer(1, { type: 'blocks-flushed', ranges: [BLOCK] }))
    .thenNothing()
})

test('have: counts for rarity, and makes the peer interesting', () => {
  const story = given(downloading(), open(1)).when(says(1, { type: 'have', piece: 3 }))
  story.thenEvents('have-received', 'interested-sent')
  assert.equal(story.sentTo(1), ['interested'])
  assert.is(story.state.rarity.availability(pieceIndex(3)), 1)
  story.when(says(1, { type: 'have', piece: 3 })).thenNothing()
})

test('have: of a piece that we have is no reason to be interested', () => {
  given(seeding(), open(1))
    .when(says(1, { type: 'have', piece: 3 }))
    .thenEvents('have-received')
    .thenEffects()
})

test('have: of a piece that is not there closes the connection', () => {
  for (const piece of [PIECES, 0xffff_ffff])
    given(downloading(), open(1))
      .when(says(1, { type: 'have', piece }))
      .thenClosed(1, 'protocol-fault')
})

test('have: a peer that comes to have everything is a seed, and leaves a seed that has everything too', () => {
  const story = given(seeding(), open(1))
  story.when(...everyPiece().map((piece) => says(1, { type: 'have', piece })))
  assert.ok(story.peer(1).seed)
  assert.is(story.state.seedsConnected, 1)
  checkInvariants(story.state)
  story.when(woken).thenClosed(1, 'both-complete')
  assert.is(story.state.seedsConnected, 0)
})

test('bitfield: says what the peer has', () => {
  const story = given(downloading(), open(1)).when(says(1, { type: 'bitfield', bits: bitsOf([1, 7]) }))
  story.thenEvents('bitfield-received', 'interested-sent')
  assert.equal([...story.peer(1).has.indices()], [1, 7])
  checkInvariants(story.state)
})

test('bitfield: a whole one is that of a seed', () => {
  const story = given(downloading(), open(1)).when(says(1, { type: 'bitfield', bits: bitsOf(everyPiece()) }))
  assert.ok(story.peer(1).seed)
  assert.is(story.state.rarity.availability(pieceIndex(0)), 0)
})

test('bitfield: of the wrong size closes the connection', () => {
  for (const length of [0, 2])
    given(downloading(), open(1))
      .when(says(1, { type: 'bitfield', bits: new Uint8Array(length) }))
      .thenClosed(1, 'protocol-fault')
})

test('bitfield: with spare bits closes the connection', () => {
  const shape = { pieceLength: 32_768, totalBytes: 5 * 32_768 }
  const bits = new Uint8Array([0b0000_0100])
  given(downloading(shape), open(1, { pieceCount: 5 }))
    .when(says(1, { type: 'bitfield', bits }))
    .thenClosed(1, 'protocol-fault')
})

test('bitfield: its bytes are copied, for they are a view', () => {
  const bits = bitsOf([1])
  const story = given(downloading(), open(1)).when(says(1, { type: 'bitfield', bits }))
  bits.fill(0xff)
  assert.equal([...story.peer(1).has.indices()], [1])
  assert.equal(story.eventsOf('bitfield-received')[0]?.bits, bitsOf([1]))
})

test('fast: have-all and have-none say what the peer has', () => {
  const silent = open(1, { fast: true }).filter(({ type }) => type !== 'have-none-received')
  const all = given(downloading(), silent).when(says(1, { type: 'have-all' }))
  all.thenEvents('have-all-received', 'interested-sent')
  const none = given(downloading(), silent).when(says(1, { type: 'have-none' }))
  none.thenEvents('have-none-received')
})

test('bitfield: said again, as aria2 does, it counts as the haves that it saves', () => {
  const story = given(downloading(), open(1, { fast: true, has: [1] }))
  story.when(says(1, { type: 'bitfield', bits: bitsOf([1]) })).thenNothing()
  story.when(says(1, { type: 'bitfield', bits: bitsOf([1, 4, 6]) }))
  story.thenEvents('have-received', 'have-received', 'interested-sent')
  assert.equal([...story.peer(1).has.indices()], [1, 4, 6])
  story.when(says(1, { type: 'bitfield', bits: bitsOf([4]) })).thenNothing()
  assert.is(story.peer(1).has.count, 3)
})

test('fast: have-all and have-none are no news to who knows as much', () => {
  const story = given(downloading(), open(1, { fast: true, has: [1] }))
  story.when(says(1, { type: 'have-none' })).thenNothing()
  story.when(says(1, { type: 'have-all' })).thenEvents('have-all-received', 'interested-sent')
  story.when(says(1, { type: 'have-all' })).thenNothing()
  assert.is(story.state.seedsConnected, 1)
})

test('fast: have-all and have-none of a peer without the extension close the connection', () => {
  for (const type of ['have-all', 'have-none'] as const)
    given(downloading(), open(1)).when(says(1, { type })).thenClosed(1, 'protocol-fault')
})

test('choke: each of the four states changes once, and said twice is no news', () => {
  const story = given(downloading(), open(1))
  const turns: [PlainMessage['type'], string][] = [
    ['unchoke', 'unchoke-received'],
    ['choke', 'choke-received'],
    ['interested', 'interested-received'],
    ['not-interested', 'not-interested-received'],
  ]
  for (const [type, event] of turns) {
    story.when(says(1, { type } as PlainMessage))
    assert.is(story.events[0]?.type, event)
    story.when(says(1, { type } as PlainMessage)).thenNothing()
  }
})

test('choke: without the fast extension our requests are void, and others are asked', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const asked = story.askedOf(1)
  assert.ok(asked.length > 0)
  story.also(...seedPeer(2)).when(says(1, { type: 'choke' }))
  assert.is(story.peer(1).requested.size, 0)
  assert.ok(story.askedOf(2).some((block) => asked.includes(block)))
  checkInvariants(story.state)
})

test('choke: a block that was on its way when the peer choked us is taken', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const piece = [...story.state.pieces.keys()][0] ?? 0
  story.when(says(1, { type: 'choke' })).when(story.block(1, piece, 0))
  assert.is(story.events[0]?.type, 'block-received')
  checkInvariants(story.state)
})

test('choke: with the fast extension our requests stand until each is refused', () => {
  const story = given(downloading(), seedPeer(1, { fast: true })).when(woken)
  const [range] = story.effectsOf('request')[0]?.ranges ?? []
  const before = story.peer(1).requested.size
  story.when(says(1, { type: 'choke' })).thenEvents('choke-received')
  assert.is(story.peer(1).requested.size, before)
  story.when(says(1, { type: 'reject-request', piece: range?.piece ?? 0, offset: 0, length: 16_384 }))
  assert.is(story.events[0]?.type, 'block-refused')
  assert.is(story.peer(1).requested.size, before - 1)
  checkInvariants(story.state)
})

test('unchoke: the peer is asked at once', () => {
  const story = given(downloading(), open(1, { has: 'all', weWant: true })).when(says(1, { type: 'unchoke' }))
  story.thenEvents('unchoke-received', 'blocks-requested').thenEffects('request')
})

test('reject: of what was not asked is passed over', () => {
  const story = given(downloading(), open(1, { has: 'all', fast: true }))
  story.when(says(1, { type: 'reject-request', ...BLOCK })).thenNothing()
  story.when(says(1, { type: 'reject-request', piece: 0xffff_ffff, offset: 1, length: 0 })).thenNothing()
})

test('reject: the peer is not asked again before the next look at the clock', () => {
  const story = given(downloading(), seedPeer(1, { fast: true })).when(woken)
  const ranges = story.effectsOf('request').flatMap((effect) => effect.ranges)
  for (const range of ranges)
    for (let offset = range.offset; offset < range.offset + range.length; offset += 16_384) {
      const length = Math.min(16_384, range.offset + range.length - offset)
      story.when(says(1, { type: 'reject-request', piece: range.piece, offset, length }))
      story.thenEvents('block-refused').thenEffects()
    }
  assert.is(story.peer(1).requested.size, 0)
  story.when(woken).thenEffects('wake')
  story.after(LIMITS.requestAfterDenialMs).when(woken)
  assert.ok(story.askedOf(1).length > 0)
})

test('choke: a peer that chokes us while we wait is not asked again as soon as it unchokes us', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  assert.ok(story.peer(1).requested.size > 0)
  story.when(says(1, { type: 'choke' })).when(says(1, { type: 'unchoke' }))
  assert.equal(story.askedOf(1), [])
  story.after(LIMITS.requestAfterDenialMs).when(woken)
  assert.ok(story.askedOf(1).length > 0)
})

test('allowed-fast: these pieces are asked for although the peer chokes us', () => {
  const story = given(downloading(), open(1, { has: 'all', fast: true, weWant: true }))
  story.when(says(1, { type: 'allowed-fast', piece: 5 }))
  assert.equal(story.askedOf(1), ['5:0', '5:1'])
  checkInvariants(story.state)
})

test('allowed-fast: is bounded, and passed over without the extension or of pieces that are not there', () => {
  given(downloading(), open(1))
    .when(says(1, { type: 'allowed-fast', piece: 5 }))
    .thenNothing()
  given(downloading(), open(1, { fast: true }))
    .when(says(1, { type: 'allowed-fast', piece: PIECES }))
    .thenNothing()
  const count = LIMITS.allowedFastMax + 8
  const shape = { pieceLength: 16_384, totalBytes: count * 16_384 }
  const story = given(downloading(shape), open(1, { fast: true, pieceCount: count }))
  story.when(...everyPiece(count).map((piece) => says(1, { type: 'allowed-fast', piece })))
  assert.is(story.peer(1).allowedFast.size, LIMITS.allowedFastMax)
})

test('piece: blocks never asked for are borne up to the limit, then the connection is closed', () => {
  const story = given(downloading(), open(1, { has: 'all' }))
  for (let at = 0; at < LIMITS.unaskedBlocksMax; at++) {
    story
      .when(story.block(1, 2, 0))
      .thenEvents('block-wasted')
      .thenEffects()
    assert.is(story.eventsOf('block-wasted')[0]?.kind, 'unasked')
  }
  assert.is(story.state.waste.unasked, LIMITS.unaskedBlocksMax * 16_384)
  story.when(story.block(1, 2, 0)).thenClosed(1, 'unasked-blocks')
})

test('piece: whatever numbers it has, a block that fits nothing is one that was not asked for', () => {
  const odd = [
    { piece: 0xffff_ffff, offset: 0, length: 16_384 },
    { piece: 2, offset: 1, length: 16_384 },
    { piece: 2, offset: 0xffff_c000, length: 16_384 },
    { piece: 2, offset: 0, length: 16_383 },
    { piece: 2, offset: 0, length: 0 },
  ]
  const story = given(downloading(), seedPeer(1)).when(woken)
  for (const { piece, offset, length } of odd) {
    story.when(says(1, { type: 'piece', piece, offset, block: GOOD_BYTES.subarray(0, length) }))
    story.thenEvents('block-wasted').thenEffects()
  }
  checkInvariants(story.state)
})

test('messages: those that need no answer get none', () => {
  const story = given(downloading(), open(1, { fast: true }))
  story.when(
    says(1, { type: 'suggest-piece', piece: 0xffff_ffff }),
    says(1, { type: 'port', port: 1 }),
    says(1, { type: 'extended', id: 9, payload: new Uint8Array(2) }),
    says(1, { type: 'unknown', id: 200, length: 5 }),
  )
  story.thenNothing()
})

test('keep-alive: shows that the peer is there, and a flood of them is no news', () => {
  const story = given(downloading(), open(1))
    .after(1_000)
    .when(says(1, { type: 'keep-alive' }))
  story.thenEvents('keep-alive-received')
  story
    .after(999)
    .when(says(1, { type: 'keep-alive' }))
    .thenNothing()
})

test('fault: bytes that are no message close the connection, and say why', () => {
  const fault = { type: 'fault', code: 'length-too-long', reason: '4294967295 bytes' } as const
  const story = given(downloading(), open(1)).when(toPeer(1, { type: 'fault-found', fault }))
  story.thenClosed(1, 'protocol-fault')
  assert.is(story.eventsOf('peer-closed')[0]?.detail, 'length-too-long: 4294967295 bytes')
})

test.run()
