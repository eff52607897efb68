/** What follows when other pieces are wanted than before: selection, priorities and deadlines. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instant, pieceIndex } from '../../src/values.js'
import { bitsOf, downloading, everyPiece, fetched, leecher, open, seedPeer, session } from './beginnings.js'
import { BEGAN_AT, given, Story, says, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const select = (...wanted: number[]) =>
  toTransfer({ type: 'pieces-selected', wanted: bitsOf(wanted), sequential: false })
const prioritize = (wanted: number[], { low = [] as number[], high = [] as number[] } = {}) =>
  toTransfer({
    type: 'files-prioritized',
    priorities: new Uint8Array(0),
    wanted: bitsOf(wanted),
    low: bitsOf(low),
    high: bitsOf(high),
    apart: [],
    place: [],
  })
const deadlines = (...pieces: (readonly [piece: number, withinMs: number])[]) =>
  toTransfer({
    type: 'deadlines-asked',
    deadlines: pieces.map(([piece, withinMs]) => ({ piece: pieceIndex(piece), at: instant(BEGAN_AT + withinMs) })),
    cleared: [],
    place: [],
  })
const cleared = (...pieces: number[]) =>
  toTransfer({ type: 'deadlines-asked', deadlines: [], cleared: pieces.map(pieceIndex), place: [] })

test('select: pieces in flight that are wanted no more are cancelled and dropped, and what comes of them is late', () => {
  const story = given(downloading(), seedPeer(1), seedPeer(2)).when(woken)
  const [first] = story.state.pieces.keys()
  const unwanted = first ?? pieceIndex(0)
  const rest = everyPiece().filter((piece) => piece !== unwanted)
  const asked = [...story.peer(1).requested.keys(), ...story.peer(2).requested.keys()]
  assert.ok(asked.some((key) => Math.floor(key / 2) === unwanted))
  story.when(select(...rest))
  assert.is(story.events[0]?.type, 'pieces-selected')
  assert.equal(
    story.eventsOf('piece-dropped').map(({ piece, reason }) => `${piece} ${reason}`),
    [`${unwanted} unwanted`],
  )
  const cancelled = story.eventsOf('requests-cancelled').flatMap(({ ranges }) => ranges)
  assert.equal(
    cancelled.map(({ piece, offset }) => `${piece}:${offset}`),
    [`${unwanted}:0`, `${unwanted}:16384`],
  )
  const cancels = story.effectsOf('send').filter(({ message }) => message.type === 'cancel')
  assert.is(cancels.length, 2)
  assert.equal(
    story.effectsOf('drop').map(({ piece }) => piece),
    [unwanted],
  )
  assert.not(story.state.rarity.offers(unwanted))
  checkInvariants(story.state)
  const [giver] = story.eventsOf('requests-cancelled').map(({ peer }) => peer)
  story.when(story.block(giver ?? 1, unwanted, 0))
  assert.equal(
    story.eventsOf('block-wasted').map(({ kind }) => kind),
    ['late'],
  )
  checkInvariants(story.state)
})

test('select: a piece that is full goes on to the disk although it is wanted no more', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const [first] = story.state.pieces.keys()
  const piece = first ?? pieceIndex(0)
  story.when(...story.wholePiece(1, piece))
  story.when(select(...everyPiece().filter((other) => other !== piece)))
  assert.is(story.eventsOf('piece-dropped').length, 0)
  story.when(...Story.stored(piece)).thenEvents('piece-verified', 'piece-stored')
  checkInvariants(story.state)
})

test('select: what a peer was asked for makes room for what is wanted now', () => {
  const story = given(downloading(), seedPeer(1)).when(select(0)).when(woken)
  assert.equal(story.state.pieces.size, 1)
  story.when(select(5))
  assert.equal(story.askedOf(1), ['5:0', '5:1'])
  assert.is(story.state.pieces.has(pieceIndex(0)), false)
  checkInvariants(story.state)
})

test('select: pieces of high priority come first, those of low priority last', () => {
  const story = given(downloading(), seedPeer(1))
  story.when(prioritize(everyPiece(), { low: [0, 1, 2], high: [6] }), woken)
  const order = [...new Set(story.askedOf(1).map((name) => name.split(':')[0]))].map(Number)
  assert.is(order[0], 6)
  const places = order.map((piece) => ([0, 1, 2].includes(piece) ? 2 : piece === 6 ? 0 : 1))
  assert.equal(places, [...places].sort())
  checkInvariants(story.state)
})

test('select: priorities are told once, with what is wanted', () => {
  const story = given(downloading(), open(1, { has: 'all' }))
  story.when(prioritize([1, 2], { high: [2] }))
  assert.equal(
    story.events.slice(0, 2).map(({ type }) => type),
    ['pieces-selected', 'priorities-set'],
  )
  assert.equal([...story.state.high.indices()], [2])
  assert.is(story.state.missing, 2)
  checkInvariants(story.state)
})

test('deadlines: pieces that are due are asked for first, the soonest before the others', () => {
  const story = given(downloading(), seedPeer(1))
  story.when(deadlines([6, 2_000], [3, 1_000]))
  assert.equal(story.askedOf(1).slice(0, 4), ['3:0', '3:1', '6:0', '6:1'])
  checkInvariants(story.state)
})

test('deadlines: a piece of what is not selected is wanted while it is due, and no longer', () => {
  const story = given(downloading(), seedPeer(1)).when(select(0, 1))
  story.when(deadlines([7, 1_000]))
  assert.is(story.state.wanted.has(7), true)
  assert.is(story.state.missing, 3)
  checkInvariants(story.state)
  story.when(cleared(7))
  assert.is(story.state.wanted.has(7), false)
  assert.is(story.state.missing, 2)
  assert.equal(
    story.eventsOf('piece-dropped').map(({ piece }) => piece as number),
    [7],
  )
  checkInvariants(story.state)
})

test('deadlines: a piece that is stored is due no more, and wanted only where it is selected', () => {
  const story = given(downloading(), seedPeer(1))
    .when(select(0))
    .when(deadlines([0, 1_000], [7, 2_000]))
  story.when(...story.wholePiece(1, 7)).when(...Story.stored(7))
  assert.equal([...story.state.deadlines.keys()], [0])
  assert.is(story.state.wanted.has(7), false)
  assert.is(story.state.stored.has(7), true)
  checkInvariants(story.state)
})

test('deadlines: a transfer that has what is selected fetches what is due, and seeds again', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [0]))
  story.when(select(0)).commits()
  assert.is(story.state.standing.tags.seeding, true)
  story.when(deadlines([4, 500]))
  assert.is(story.eventsOf('download-began').length, 1)
  assert.is(story.eventsOf('interested-sent').length, 1)
  assert.equal(story.askedOf(1), ['4:0', '4:1'])
  story.when(cleared(4))
  assert.is(story.eventsOf('seeding-began').length, 1)
  checkInvariants(story.state)
})

test('deadlines: the next session knows of none', () => {
  const story = given(downloading(), seedPeer(1))
    .when(select(0))
    .when(deadlines([7, 1_000]))
  story.also(session(2))
  assert.is(story.state.deadlines.size, 0)
  assert.is(story.state.wanted.has(7), false)
  checkInvariants(story.state)
})

test('deadlines: a block that a slow peer would bring too late is asked of a faster one too', () => {
  const story = given(downloading(), seedPeer(1))
  story.when(deadlines([3, 2_000]))
  assert.equal(story.askedOf(1).slice(0, 2), ['3:0', '3:1'])
  story.after(4_000).also(...seedPeer(2))
  story.when(says(2, { type: 'choke' }), says(2, { type: 'unchoke' }))
  assert.ok(story.askedOf(2).includes('3:0'), 'asked of the second peer as well')
  checkInvariants(story.state)
})

test('deadlines: cleared ones change nothing where there were none', () => {
  const story = given(downloading(), leecher(1))
  story.when(cleared(1)).thenNothing()
})

test('order: fetching in order is switched on and off', () => {
  const story = given(downloading(), seedPeer(1))
  story.when(toTransfer({ type: 'order-asked', sequential: true }))
  story.thenEvents('pieces-selected')
  assert.is(story.state.sequential, true)
  story.when(toTransfer({ type: 'order-asked', sequential: true })).thenNothing()
})

test.run()
