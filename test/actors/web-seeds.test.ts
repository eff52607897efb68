/** Web seeds: asked for long runs of pieces, blamed as peers are, and left alone when they fail (BEP 19). */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { downloading, fetched, PIECES, seedPeer } from './beginnings.js'
import { given, Story, toPeer, toPiece, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const URLS = ['http://one.example/', 'http://two.example/'] as const
const LARGE = { pieceLength: 65_536, totalBytes: 400 * 65_536 }
const seeds = (...urls: readonly string[]): TransferEvent => ({ type: 'web-seeds-set', urls })
const stumbles = (peer: number, code: string, first = 0, last = PIECES - 1, retryAfterMs?: number): Input =>
  toPeer(peer, {
    type: 'web-seed-stumbled',
    failure: { code, message: 'as the test has it' },
    firstPiece: pieceIndex(first),
    lastPiece: pieceIndex(last),
    retryAfterMs,
  })

const piecesAsked = (story: Story, peer: number): number[] => [
  ...new Set(story.askedOf(peer).map((block) => Number(block.split(':')[0]))),
]

test('web seed: is asked for a long run of pieces at once, as if it were a seed that serves us', () => {
  const story = given(downloading(LARGE), seeds(URLS[0])).when(woken)
  story.thenEvents('web-seed-began', 'blocks-requested')
  assert.equal(
    piecesAsked(story, 1),
    Array.from({ length: 64 }, (_, piece) => piece),
  )
  assert.ok(story.peer(1).seed)
  assert.is(story.state.seedsConnected, 1)
  checkInvariants(story.state)
})

test('web seed: goes on where its last run ended, when half of that is here', () => {
  const story = given(downloading(LARGE), seeds(URLS[0])).when(woken)
  for (let piece = 0; piece < 2; piece++) story.when(...story.wholePiece(1, piece))
  const asked = piecesAsked(story, 1)
  assert.equal(
    asked,
    [...asked].sort((a, b) => a - b),
  )
  assert.is(asked[0] ?? 64, 64)
  assert.ok(story.peer(1).requested.size <= LIMITS.webSeedBlocksMax)
  checkInvariants(story.state)
})

test('web seed: begins with the longest gap, and peers and web seeds are not asked for the same pieces', () => {
  const stored = fetched(1, [3, 4], { pieceLength: 32_768, totalBytes: 8 * 32_768 - 16_284 })
  const story = given(downloading(), seedPeer(1, { serves: false }), stored, seeds(URLS[0])).when(woken)
  assert.equal(piecesAsked(story, 2), [0, 1, 2])
  story.when(toPeer(1, { type: 'message-arrived', message: { type: 'unchoke' } }))
  const ofPeer = piecesAsked(story, 1)
  assert.ok(ofPeer.length > 0)
  assert.ok(ofPeer.every((piece) => piece >= 5))
  checkInvariants(story.state)
})

test('web seeds: a second one begins in the middle of what the first goes on with', () => {
  const story = given(downloading(LARGE), seeds(...URLS)).when(woken)
  const [one, two] = [piecesAsked(story, 1), piecesAsked(story, 2)]
  assert.is(one[0], 0)
  assert.ok((two[0] ?? 0) > 200, `${two[0]}`)
  assert.not(one.some((piece) => two.includes(piece)))
})

test('web seeds: no more are asked at one time than the bound, and in order where the user wants that', () => {
  const many = Array.from({ length: 9 }, (_, number) => `http://${number}.example/`)
  const story = given(downloading(LARGE), seeds(...many))
  story.when(toTransfer({ type: 'pieces-selected', wanted: new Uint8Array(50).fill(255), sequential: true }), woken)
  assert.is(story.state.peers.size, LIMITS.webSeedsAtOnceMax)
  assert.equal(
    [...story.state.pieces.keys()],
    Array.from({ length: story.state.pieces.size }, (_, piece) => piece),
  )
})

test('web seed: a wrong piece that it alone gave bans its URL, and it is asked no more', () => {
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  story.when(...story.wholePiece(1, 0), toPiece(0, { type: 'piece-hashed', good: false, fingerprints: [1, 2] }))
  assert.is(story.eventsOf('address-banned')[0]?.address, URLS[0])
  story.thenClosed(1, 'banned')
  story.pass(100_000)
  assert.equal(story.eventsOf('web-seed-began'), [])
  checkInvariants(story.state)
})

test('web seed: where a peer gave some of a wrong piece, one of them fetches it alone, and the culprit is found', () => {
  const block = (number: number) => ({ piece: pieceIndex(0), offset: number * 16_384, length: 16_384 })
  const [web, peer] = [peerKey(1), peerKey(2)]
  const story = given(
    downloading(),
    seeds(URLS[0]),
    { type: 'web-seed-began', peer: web, url: URLS[0], host: 'one.example', port: 80 },
    seedPeer(2),
    { type: 'blocks-requested', peer: web, ranges: [block(0)] },
    { type: 'blocks-requested', peer, ranges: [block(1)] },
    { type: 'block-received', peer: web, ...block(0) },
    { type: 'block-received', peer, ...block(1) },
    { type: 'piece-filled', piece: pieceIndex(0) },
  )
  story.when(toPiece(0, { type: 'piece-hashed', good: false, fingerprints: [1, 2] }))
  assert.equal(story.eventsOf('address-banned'), [])
  story.pass(2_000)
  const { parole } = story.piece(0)
  assert.ok(parole === web || parole === peer)
  // The first block was the wrong one: that of the web seed.
  story.when(...story.wholePiece(parole, 0), toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [9, 2] }))
  assert.is(story.eventsOf('address-banned')[0]?.address, URLS[0])
  assert.not(story.state.peers.has(web))
})

test('web seed: a failure puts it off, twice as long each time, and what was on order is asked of others', () => {
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  story.when(stumbles(1, 'STATUS'))
  story.thenEvents('web-seed-failed').thenEffects('hang-up')
  assert.is(story.eventsOf('web-seed-failed')[0]?.againMs, LIMITS.webSeedRetryMs)
  assert.is(story.state.peers.size, 0)
  checkInvariants(story.state)
  story.pass(LIMITS.webSeedRetryMs + 1_000)
  assert.is(story.eventsOf('web-seed-began').length, 1)
  story.when(stumbles(2, 'STATUS'))
  assert.is(story.eventsOf('web-seed-failed')[0]?.againMs, 2 * LIMITS.webSeedRetryMs)
})

test('web seed: is left alone as long as it asks for, within a day', () => {
  for (const [asked, least] of [
    [90_000, 90_000],
    [10 * LIMITS.webSeedRetryAfterMaxMs, LIMITS.webSeedRetryAfterMaxMs],
  ] as const) {
    const story = given(downloading(), seeds(URLS[0])).when(woken)
    story.when(stumbles(1, 'BUSY', 0, 7, asked))
    assert.is(story.eventsOf('web-seed-failed')[0]?.againMs, least)
  }
})

test('web seed: one that answers pages or has no ranges is not asked again for an hour', () => {
  for (const code of ['WEB_PAGE', 'NO_RANGES', 'LOCAL_ADDRESS', 'FORBIDDEN', 'ENCODED']) {
    const story = given(downloading(), seeds(URLS[0])).when(woken)
    story.when(stumbles(1, code))
    assert.is(story.eventsOf('web-seed-failed')[0]?.againMs, LIMITS.webSeedUselessMs)
  }
})

test('web seed: one that lacks a file is asked for the others', () => {
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  story.when(stumbles(1, 'NOT_FOUND', 0, 2))
  assert.is(story.events[0]?.type, 'web-seed-lacks')
  assert.is(story.effects[0]?.type, 'forget-requests')
  assert.not(story.peer(1).seed)
  assert.equal(piecesAsked(story, 1), [3, 4, 5, 6, 7])
  checkInvariants(story.state)
  story.when(stumbles(1, 'NOT_FOUND', 3, 7))
  assert.is(story.eventsOf('web-seed-failed').length, 1)
  story.pass(100_000)
  assert.equal(story.eventsOf('web-seed-began'), [])
})

test('web seed: one that brings no block for a minute is given up', () => {
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  story.pass(LIMITS.webSeedSlowMs + 2_000)
  assert.is(story.eventsOf('web-seed-failed')[0]?.reason, 'SLOW')
})

test('web seed: is let go of when everything is here, when it is removed, and when the user pauses', () => {
  const paused = given(downloading(), seeds(URLS[0])).when(woken)
  paused.when(toTransfer({ type: 'pause-asked' })).thenClosed(1, 'paused')
  const removed = given(downloading(), seeds(URLS[0])).when(woken)
  removed.when(toTransfer({ type: 'web-seeds-wished', urls: [] })).thenClosed(1, 'removed')
  assert.is(removed.state.webSeeds.size, 0)
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  for (let piece = 0; piece < PIECES; piece++) story.when(...story.wholePiece(1, piece), ...Story.stored(piece))
  story.commits()
  story.pass(1_000)
  assert.is(story.state.peers.size, 0)
  assert.is(story.state.missing, 0)
})

test('web seed: one that is added while the transfer runs is asked at once', () => {
  const story = given(downloading())
  story.when(toTransfer({ type: 'web-seeds-wished', urls: [URLS[1]] }))
  story.thenEvents('web-seed-wished', 'web-seeds-set', 'web-seed-began', 'blocks-requested')
  story.thenEffects('open-web-seed', 'request')
})

test('web seed: a new session asks all of them anew', () => {
  const story = given(downloading(), seeds(URLS[0])).when(woken)
  story.when(stumbles(1, 'FORBIDDEN'))
  story.also({ type: 'session-ending' }, { type: 'session-ended', reason: 'closed' })
  story.also(...downloading().slice(1))
  story.when(woken)
  assert.is(story.eventsOf('web-seed-began').length, 1)
})

test.run()
