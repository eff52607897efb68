import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { downloading, type Guest, hostOf, open, type Shape, seedPeer } from './beginnings.js'
import { given, type Story, says, toPeer, toPiece, toTransfer } from './given.js'
import { checkInvariants } from './invariants.js'

/** One piece of four blocks. */
const ONE: Shape = { pieceLength: 65_536, totalBytes: 65_536 }
const PIECE = pieceIndex(0)
const one: Guest = { pieceCount: 1, incoming: true }
/** Serves us, but wants to be asked first. */
const idle = (key: number): TransferEvent[] => open(key, { ...one, has: 'all', weWant: true })
const unchoke = (key: number): Input => says(key, { type: 'unchoke' })

const requested = (peer: number, first: number, blocks: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: PIECE, offset: first * 16_384, length: blocks * 16_384 }],
})
const blocks = (story: Story, peer: number, ...numbers: number[]): Input[] =>
  numbers.map((block) => story.block(peer, 0, block))
const hashed = (good: boolean, ...fingerprints: number[]): Input =>
  toPiece(0, { type: 'piece-hashed', good, fingerprints })
const bannedIn = (story: Story): string[] => story.eventsOf('address-banned').map(({ address }) => address)

/** Peer 1 gave the first half, peer 2 the other, and the piece was wrong. Nobody was asked again yet. */
const spoiled = (): Story => {
  const story = given(downloading(ONE), seedPeer(1, one), seedPeer(2, one), [requested(1, 0, 2), requested(2, 2, 2)])
  story.when(...blocks(story, 1, 0, 1), ...blocks(story, 2, 2, 3))
  story.also({ type: 'choke-received', peer: peerKey(1) }, { type: 'choke-received', peer: peerKey(2) })
  return story.when(hashed(false, 11, 12, 13, 14))
}

test('corruption: who alone gave a wrong piece is banned at once, and is asked for nothing more', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, 0, 4)], idle(2))
  story.when(...blocks(story, 1, 0, 1, 2, 3)).when(hashed(false, 1, 2, 3, 4))
  assert.equal(story.eventsOf('piece-rejected'), [
    { type: 'piece-rejected', piece: 0, suspects: [1], fingerprints: [1, 2, 3, 4] },
  ])
  assert.equal(bannedIn(story), [hostOf(1)])
  story.thenClosed(1, 'banned')
  assert.equal(story.askedOf(1), [])
  assert.is(story.state.waste.rejected, 65_536)
  checkInvariants(story.state)
})

test('corruption: who is banned is neither dialed nor let in, from whatever port', () => {
  const story = given(downloading(ONE), seedPeer(1, one), [requested(1, 0, 4)])
  story.when(...blocks(story, 1, 0, 1, 2, 3)).when(hashed(false, 1, 2, 3, 4))
  const address = { host: hostOf(1), port: 1_234 }
  story
    .when(toTransfer({ type: 'peers-found', source: 'tracker', addresses: [address] }))
    .thenEvents('candidates-found')
  story.when(toTransfer({ type: 'peer-accepted', peer: peerKey(story.state.nextPeer), address }))
  assert.is(story.eventsOf('peer-closed')[0]?.reason, 'banned')
})

test('corruption: on loopback the port is banned too, for everybody has the same host', () => {
  const home = { ...one, host: '127.0.0.1' }
  const story = given(downloading(ONE), seedPeer(1, { ...home, port: 1_001 }), seedPeer(2, { ...home, port: 1_002 }))
  story.also(requested(1, 0, 4)).when(...blocks(story, 1, 0, 1, 2, 3))
  story.when(hashed(false, 1, 2, 3, 4))
  assert.equal(bannedIn(story), ['127.0.0.1:1001'])
  assert.ok(story.state.peers.has(peerKey(2)))
})

test('corruption: of several givers nobody is banned before it is known who did it', () => {
  const story = spoiled()
  assert.equal(story.eventsOf('piece-rejected')[0]?.suspects, [1, 2])
  assert.equal(bannedIn(story), [])
  assert.is(story.piece(0).received, 0)
  checkInvariants(story.state)
})

test('corruption: the piece is fetched again from one peer alone', () => {
  const story = spoiled().when(unchoke(1))
  assert.equal(story.askedOf(1), ['0:0', '0:1', '0:2', '0:3'])
  assert.is(story.piece(0).parole, 1)
  story.when(unchoke(2))
  assert.equal(story.askedOf(2), [])
})

test('corruption: once the piece is right, whoever gave a block that differs is banned, and nobody else', () => {
  const story = spoiled()
    .when(unchoke(1))
    .when(...blocks(story1(), 1, 0, 1, 2, 3))
  assert.equal(story.effectsOf('hash'), [{ type: 'hash', piece: 0, fingerprints: true }])
  story.when(hashed(true, 11, 12, 13, 99))
  assert.equal(bannedIn(story), [hostOf(2)])
  story.thenClosed(2, 'banned')
  assert.ok(story.state.peers.has(peerKey(1)))
  assert.is(story.state.rejections.size, 0)
})
/** A block's input does not depend on the story, but on its torrent. */
const story1 = (): Story => given(downloading(ONE))

test('corruption: the peer on parole that spoils it again is banned at once', () => {
  const story = spoiled()
    .when(unchoke(1))
    .when(...blocks(story1(), 1, 0, 1, 2, 3))
  story.when(hashed(false, 21, 12, 13, 14))
  assert.equal(bannedIn(story), [hostOf(1)])
  assert.ok(story.state.peers.has(peerKey(2)))
})

test('corruption: a culprit that has left is still banned', () => {
  const story = spoiled().when(toPeer(2, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  story
    .when(unchoke(1))
    .when(...blocks(story, 1, 0, 1, 2, 3))
    .when(hashed(true, 11, 12, 13, 99))
  assert.equal(bannedIn(story), [hostOf(2)])
})

test('corruption: blocks that come late from others do not mix with those of the peer on parole', () => {
  const story = spoiled().when(unchoke(1))
  story.also({ type: 'requests-released', peer: peerKey(1), reason: 'timeout' })
  story.when(unchoke(2))
  assert.is(story.piece(0).parole, 2)
  story.when(...blocks(story, 1, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'late')
  story
    .when(...blocks(story, 2, 0, 1, 2, 3))
    .thenEvents('block-received', 'block-received', 'block-received', 'block-received', 'piece-filled')
  assert.equal([...story.piece(0).giversBanNames.values()], [hostOf(2)])
})

const stalls: [string, (story: Story) => unknown][] = [
  ['brings nothing more', (story) => story.after(LIMITS.requestTimeoutMs + 1).when(toTransfer({ type: 'woken' }))],
  ['chokes us', (story) => story.when(says(1, { type: 'choke' }))],
  ['leaves', (story) => story.when(toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))],
]
for (const [what, stall] of stalls)
  test(`corruption: a peer on parole that ${what} gives the whole piece over to another`, () => {
    const story = spoiled()
      .when(unchoke(1))
      .when(...blocks(story1(), 1, 0))
      .when(unchoke(2))
    assert.equal(story.askedOf(2), [])
    stall(story)
    assert.equal(story.askedOf(2), ['0:0', '0:1', '0:2', '0:3'])
    assert.is(story.piece(0).parole, 2)
    checkInvariants(story.state)
  })

test('corruption: a peer on parole that refuses a block gives the whole piece over to another', () => {
  const story = given(downloading(ONE), seedPeer(1, { ...one, fast: true }), seedPeer(2, one))
  story.also(requested(1, 0, 2), requested(2, 2, 2)).when(...blocks(story, 1, 0, 1), ...blocks(story, 2, 2, 3))
  story.when(hashed(false, 1, 2, 3, 4))
  assert.is(story.piece(0).parole, 1)
  story.when(...blocks(story, 1, 0)).when(says(1, { type: 'reject-request', piece: 0, offset: 16_384, length: 16_384 }))
  assert.equal(story.askedOf(2), ['0:0', '0:1', '0:2', '0:3'])
  checkInvariants(story.state)
})

test('corruption: a piece that is being hashed is not begun anew because its giver leaves', () => {
  const story = spoiled()
    .when(unchoke(1))
    .when(...blocks(story1(), 1, 0, 1, 2, 3))
  story.when(toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.is(story.piece(0).received, 4)
  story.when(hashed(true, 11, 12, 99, 14)).thenEvents('piece-verified', 'address-banned', 'peer-closed')
  assert.equal(bannedIn(story), [hostOf(2)])
})

test('corruption: only so many failed attempts at a piece are remembered', () => {
  const story = given(downloading(ONE))
  for (let round = 0; round < LIMITS.rejectionsKept + 3; round++) {
    const key = story.state.nextPeer
    story.also(...seedPeer(key, one), requested(key, 0, 4)).when(...blocks(story, key, 0, 1, 2, 3))
    story.when(hashed(false, round, 2, 3, 4))
  }
  assert.is(story.state.rejections.get(PIECE)?.length, LIMITS.rejectionsKept)
  assert.is(story.state.rejections.get(PIECE)?.at(-1)?.fingerprints[0], LIMITS.rejectionsKept + 2)
})

test.run()
