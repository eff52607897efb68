import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CHOKER } from '../../src/actors/choker.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { connected, downloading, leecher, open, seeding, seedPeer } from './beginnings.js'
import { given, type Story, says, toPeer, woken } from './given.js'

const keys = (count: number, from = 1): number[] => Array.from({ length: count }, (_, at) => from + at)
const incoming = { incoming: true }
const leechers = (count: number, guest = {}): TransferEvent[] =>
  keys(count).flatMap((key) => leecher(key, { ...incoming, ...guest }))

const served = (story: Story): number[] =>
  [...story.state.peers.values()].filter(({ standing }) => standing.tags.amChoking !== true).map(({ key }) => key)
const unchoked = (story: Story): number[] => story.eventsOf('unchoke-sent').map(({ peer }) => peer)
const choked = (story: Story): number[] => story.eventsOf('choke-sent').map(({ peer }) => peer)
const nextRound = (story: Story): Story => story.after(CHOKER.roundMs).when(woken)

/** Bytes that the peer gave us just now. */
const gave = (peer: number, blocks: number): TransferEvent[] =>
  Array.from({ length: blocks }, () => ({
    type: 'block-wasted' as const,
    peer: peerKey(peer),
    piece: pieceIndex(0),
    offset: 0,
    length: 16_384,
    kind: 'duplicate' as const,
  }))
/** Bytes that the peer gave us and that were of use. The piece is in flight for nobody. */
const brought = (peer: number, piece: number): TransferEvent[] => [
  { type: 'blocks-requested', peer: peerKey(peer), ranges: [{ piece: pieceIndex(piece), offset: 0, length: 32_768 }] },
  { type: 'block-received', peer: peerKey(peer), piece: pieceIndex(piece), offset: 0, length: 16_384 },
]
const took = (peer: number, blocks: number): TransferEvent[] =>
  Array.from({ length: blocks }, (_, at) => ({
    type: 'block-served' as const,
    peer: peerKey(peer),
    piece: pieceIndex(at % 7),
    offset: 0,
    length: 16_384,
  }))

test('choker: whoever becomes interested is served at once while a slot is free', () => {
  const story = given(seeding(), open(1, incoming)).when(says(1, { type: 'interested' }))
  story.thenEvents('interested-received', 'unchoke-sent')
  assert.equal(story.sentTo(1), ['unchoke'])
})

test('choker: no more peers are served than there are slots', () => {
  const story = given(
    seeding(),
    keys(CHOKER.slots + 3).flatMap((key) => open(key, incoming)),
  )
  story.when(...keys(CHOKER.slots + 3).map((key) => says(key, { type: 'interested' })))
  assert.equal(served(story), keys(CHOKER.slots))
  nextRound(story)
  assert.is(served(story).length, CHOKER.slots)
})

test('choker: a peer that leaves, or wants nothing more, frees its slot at once', () => {
  const story = given(seeding(), leechers(CHOKER.slots, { served: true }), leecher(20, incoming), leecher(21, incoming))
  story.when(toPeer(3, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.equal(unchoked(story), [20])
  story.when(says(5, { type: 'not-interested' }))
  assert.equal(unchoked(story), [21])
})

test('choker: peers that are not interested are choked in the next round, and take no slot', () => {
  const story = given(seeding(), open(1, { ...incoming, served: true }), leecher(2, incoming))
  nextRound(story)
  assert.equal(choked(story), [1])
  assert.equal(unchoked(story), [2])
})

test('choker: a round comes every ten seconds, while there is anybody', () => {
  const story = given(seeding(), leechers(2)).when(woken)
  assert.is(story.eventsOf('choke-round-ended').length, 1)
  story.pass(CHOKER.roundMs - 1_000)
  assert.is(story.eventsOf('choke-round-ended').length, 0)
  story.pass(1_000)
  assert.is(story.eventsOf('choke-round-ended').length, 1)
  assert.is(given(seeding()).when(woken).eventsOf('choke-round-ended').length, 0)
})

test('choker: while fetching, who gives most is served', () => {
  const story = given(
    downloading(),
    keys(12).flatMap((key) => seedPeer(key, { ...incoming, wants: true })),
  )
  const best = [12, 3, 8, 5, 9, 1, 7]
  for (const [piece, key] of best.entries()) story.also(...brought(key, piece))
  story.when(woken)
  const chosen = story.eventsOf('optimistic-chosen').map(({ peer }) => peer)
  assert.equal(served(story).sort(), [...best, ...chosen].sort())
})

test('choker: while seeding, who takes most is served', () => {
  const story = given(seeding(), leechers(12))
  const best = [12, 3, 8, 5, 9, 1, 7]
  for (const [at, key] of best.entries()) story.also(...took(key, at + 1))
  story.when(woken)
  assert.equal(served(story).filter((key) => best.includes(key)).length, CHOKER.slots - 1)
})

test('choker: of equals, those that are served already stay', () => {
  const story = given(
    seeding(),
    leechers(8),
    keys(8, 9).flatMap((key) => leecher(key, { ...incoming, served: true })),
  )
  story.when(woken)
  const chosen = story.eventsOf('optimistic-chosen')[0]?.peer
  assert.is(served(story).filter((key) => key >= 9 && key !== chosen).length >= CHOKER.slots - 1, true)
})

test('choker: who snubs us keeps no slot but the optimistic one', () => {
  const story = given(
    downloading(),
    keys(2).flatMap((key) => seedPeer(key, { ...incoming, wants: true, served: true })),
  )
  story.also({ type: 'peer-snubbed', peer: peerKey(1) }, { type: 'optimistic-chosen', peer: peerKey(2) })
  nextRound(story)
  assert.equal(choked(story), [])
  assert.equal(story.eventsOf('optimistic-chosen'), [{ type: 'optimistic-chosen', peer: 1 }])
  const three = given(
    downloading(),
    keys(3).flatMap((key) => seedPeer(key, { ...incoming, wants: true, served: true })),
  )
  for (const key of [1, 2]) three.also({ type: 'peer-snubbed', peer: peerKey(key) })
  nextRound(three)
  assert.is(choked(three).length, 1)
})

test('choker: who snubs us is given no free slot at once', () => {
  const story = given(downloading(), seedPeer(1, { ...incoming }), { type: 'peer-snubbed', peer: peerKey(1) })
  story.when(says(1, { type: 'interested' })).thenEvents('interested-received')
})

test('choker: the optimistic slot goes round every thirty seconds', () => {
  const story = given(seeding(), leechers(30)).when(woken)
  const holders: (number | undefined)[] = []
  for (let round = 0; round < 21; round++) {
    const holder = story.state.optimistic
    assert.ok(holder !== undefined && served(story).includes(holder))
    holders.push(holder)
    story.pass(CHOKER.roundMs)
    // Before its time is over it goes on only where its holder has earned a slot of its own.
    const early = holders.filter((key) => key === holder).length < CHOKER.optimisticMs / CHOKER.roundMs
    if (story.state.optimistic !== holder && early) assert.ok(served(story).includes(holder))
  }
  assert.ok(new Set(holders).size >= 5)
})

test('choker: newcomers are three times as likely to get the optimistic slot', () => {
  let newcomers = 0
  const rounds = 300
  for (let randomSeed = 0; randomSeed < rounds; randomSeed++) {
    const story = given(seeding(), leechers(CHOKER.slots - 1, { served: true }))
    story.also(...keys(10, 20).flatMap((key) => leecher(key, incoming)))
    story.state.randomSeed = randomSeed
    story.after(CHOKER.newMs).also(...keys(10, 40).flatMap((key) => leecher(key, incoming)))
    for (const key of keys(7)) story.also(...took(key, 1))
    story.when(woken)
    if ((story.state.optimistic ?? 0) >= 40) newcomers++
  }
  assert.ok(Math.abs(newcomers / rounds - 0.75) < 0.08, `${newcomers} of ${rounds}`)
})

test('choker: a peer that is choked is told so; what waited is dropped, and refused by name with the fast extension', () => {
  const block = { piece: pieceIndex(1), offset: 0, length: 16_384 }
  for (const fast of [false, true]) {
    const story = given(seeding(), open(1, { ...incoming, fast, served: true }))
    story.when(says(1, { type: 'request', ...block }))
    nextRound(story)
    assert.equal(choked(story), [1])
    assert.is(story.peer(1).asked.size, 0)
    assert.equal(
      story.effectsOf('withdraw').map(({ peer, range }) => ({ peer, range })),
      [{ peer: 1, range: block }],
    )
    assert.equal(story.sentTo(1), ['choke'])
    story.when(toPeer(1, { type: 'block-withdrawn', range: block }))
    assert.equal(story.sentTo(1), fast ? ['reject-request'] : [])
  }
})

test('choker: who holds the optimistic slot and leaves gives it up', () => {
  const story = given(seeding(), leechers(12)).when(woken)
  const holder = story.state.optimistic ?? 0
  story.when(toPeer(holder, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.is(story.state.optimistic, undefined)
  nextRound(story)
  assert.is.not(story.state.optimistic, undefined)
})

test('choker: connections that are not open take no part', () => {
  const story = given(seeding(), connected(1, incoming), leecher(2, incoming)).when(woken)
  assert.equal(unchoked(story), [2])
})

test('choker: blocks of no use are no merit', () => {
  const story = given(
    downloading(),
    keys(2).flatMap((key) => seedPeer(key, { ...incoming, wants: true })),
  )
  story.also(...gave(2, 50))
  assert.is(story.peer(2).downloaded.total, 0)
})

test.run()
