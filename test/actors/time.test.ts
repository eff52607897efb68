import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { connected, downloading, leecher, open, type Shape, seeding, seedPeer } from './beginnings.js'
import { BEGAN_AT, given, type Story, says, toPeer, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const ONE: Shape = { pieceLength: 32_768, totalBytes: 32_768 }
const one = { pieceCount: 1 }
const SECOND = 1_000
const address = { host: '10.0.0.9', port: 6_881 }
const candidate = toTransfer({ type: 'peers-found', source: 'tracker', addresses: [address] })
const refused = { code: 'ECONNREFUSED', message: '' }
const lost = { code: 'EOF', message: '' }

test('time: an active transfer looks at the clock each second, and asks to be woken again', () => {
  const story = given(downloading()).when(woken)
  assert.equal(story.effectsOf('wake'), [{ type: 'wake', at: story.now + LIMITS.lookAtTimeMs }])
})

test('timeout: a peer that does not shake hands is left', () => {
  const story = given(downloading(), connected(1)).pass(LIMITS.handshakeTimeoutMs)
  assert.ok(story.state.peers.has(peerKey(1)))
  story.pass(SECOND).thenClosed(1, 'handshake-timeout')
})

test('timeout: a peer that says nothing is left', () => {
  const story = given(downloading(), open(1)).after(LIMITS.silenceMaxMs).when(woken)
  assert.ok(story.state.peers.has(peerKey(1)))
  story.pass(SECOND).thenClosed(1, 'silence')
})

test('timeout: whatever a peer says shows that it is there', () => {
  const block = { piece: pieceIndex(0), offset: 0, length: 16_384 }
  const peer = peerKey(1)
  const heard: [TransferEvent[], TransferEvent][] = [
    [downloading(), { type: 'have-received', peer, piece: pieceIndex(5) }],
    [downloading(), { type: 'choke-received', peer }],
    [downloading(), { type: 'interested-received', peer }],
    [downloading(), { type: 'block-received', peer, ...block }],
    [downloading(), { type: 'block-refused', peer, ...block }],
    [downloading(), { type: 'block-wasted', peer, ...block, kind: 'unasked' }],
    [seeding(), { type: 'request-received', peer, ...block }],
    [seeding(), { type: 'cancel-received', peer, ...block }],
  ]
  for (const [before, event] of heard) {
    const story = given(before, open(1, { incoming: true, has: [0], weWant: true, serves: true }))
    story.also({ type: 'blocks-requested', peer, ranges: [block] })
    story.after(LIMITS.silenceMaxMs).also(event).pass(SECOND)
    assert.ok(story.state.peers.has(peer), event.type)
  }
})

test('timeout: a peer that sends keep-alives is not left', () => {
  const story = given(downloading(), open(1, { incoming: true }))
  for (let minute = 0; minute < 10; minute++) story.pass(60_000).when(says(1, { type: 'keep-alive' }))
  assert.ok(story.state.peers.has(peerKey(1)))
})

test('keep-alive: is sent when nothing else was', () => {
  const story = given(downloading(), open(1)).after(LIMITS.keepAliveMs).when(woken)
  assert.equal(story.sentTo(1), [])
  story.pass(SECOND).thenEvents('keep-alive-sent')
  assert.equal(story.sentTo(1), ['keep-alive'])
  story.pass(SECOND)
  assert.equal(story.sentTo(1), [])
})

test('keep-alive: who owes us blocks and says nothing is sent one every five seconds, and who owes none is not', () => {
  const owing = given(downloading(), seedPeer(1)).when(woken)
  assert.ok(owing.peer(1).requested.size > 0)
  assert.equal(owing.pass(LIMITS.silenceAskedMs).sentTo(1), [])
  assert.equal(owing.pass(SECOND).sentTo(1), ['keep-alive'])
  assert.equal(owing.pass(LIMITS.silenceAskedMs + SECOND).sentTo(1), ['keep-alive'])
  const idle = given(downloading(), open(1)).pass(5 * LIMITS.silenceAskedMs)
  assert.equal(idle.sentTo(1), [])
})

test('keep-alive: is not sent to who was sent something else', () => {
  const range = { piece: pieceIndex(0), offset: 0, length: 16_384 }
  const said: [string, TransferEvent[], TransferEvent][] = [
    ['a request', downloading(), { type: 'blocks-requested', peer: peerKey(1), ranges: [range] }],
    ['a cancel', downloading(), { type: 'requests-cancelled', peer: peerKey(1), ranges: [range] }],
    ['a block', seeding(), { type: 'block-served', peer: peerKey(1), ...range }],
    ['an unchoke', seeding(), { type: 'unchoke-sent', peer: peerKey(1) }],
    ['a piece', downloading(), { type: 'pieces-announced', pieces: [] }],
  ]
  for (const [what, before, event] of said) {
    const story = given(before, open(1, { incoming: true, has: [0], weWant: true, wants: true }))
    story.after(LIMITS.keepAliveMs).also(event).pass(SECOND)
    assert.not(story.sentTo(1).includes('keep-alive'), what)
  }
})

test('timeout: blocks that a peer does not bring are asked of others, and come late if they come', () => {
  const story = given(downloading(ONE), seedPeer(1, one)).when(woken)
  assert.equal(story.askedOf(1), ['0:0', '0:1'])
  story.also(...open(2, { ...one, has: 'all', weWant: true })).when(says(2, { type: 'unchoke' }))
  story.also({ type: 'choke-received', peer: peerKey(2) })
  story.after(LIMITS.requestTimeoutMs).when(woken)
  assert.is(story.eventsOf('requests-released').length, 0)
  story.also({ type: 'unchoke-received', peer: peerKey(2) }).pass(SECOND)
  assert.equal(story.eventsOf('requests-released'), [{ type: 'requests-released', peer: 1, reason: 'timeout' }])
  assert.equal(story.askedOf(2).sort(), ['0:0', '0:1'])
  checkInvariants(story.state)
})

test('snubbed: a peer that brings nothing for a minute although it is asked again and again snubs us', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  story.pass(LIMITS.snubbedMs)
  assert.is(story.eventsOf('peer-snubbed').length, 0)
  assert.is(story.eventsOf('requests-released').length, 1)
  story.pass(SECOND)
  assert.equal(story.eventsOf('peer-snubbed'), [{ type: 'peer-snubbed', peer: 1 }])
  checkInvariants(story.state)
})

test('snubbed: the peer is asked for one block at a time, which others may bring after half a minute', () => {
  const story = given(downloading(), seedPeer(1))
    .when(woken)
    .pass(62 * SECOND)
  assert.ok(story.peer(1).snubbed)
  assert.is(story.peer(1).requested.size, 1)
  story.pass(LIMITS.requestTimeoutMs + SECOND)
  assert.is(story.eventsOf('requests-released').length, 1)
  assert.is(story.eventsOf('peer-snubbed').length, 0)
  assert.is(story.peer(1).requested.size, 0)
})

test('snubbed: a block makes up for it', () => {
  const story = given(downloading(), seedPeer(1))
    .when(woken)
    .pass(62 * SECOND)
  const [piece] = story.state.pieces.keys()
  story.when(story.block(1, piece ?? 0, 0))
  assert.not(story.peer(1).snubbed)
  assert.ok(story.askedOf(1).length > 1)
})

test('snubbed: time in which the peer is not asked does not count', () => {
  const story = given(downloading(), open(1, { has: 'all', weWant: true }))
  for (let minute = 0; minute < 3; minute++) story.pass(60_000).when(says(1, { type: 'keep-alive' }))
  story.when(says(1, { type: 'unchoke' })).pass(LIMITS.requestTimeoutMs)
  assert.is(story.eventsOf('requests-released').length, 0)
  assert.not(story.peer(1).snubbed)
})

test('timeout: a peer that passes one block over while it brings others does not hold it for ever', () => {
  const shape = { pieceLength: 32_768, totalBytes: 100 * 32_768 }
  const story = given(downloading(shape), seedPeer(1, { pieceCount: 100 })).when(woken)
  for (let second = 0; second <= LIMITS.requestPassedOverMs / SECOND; second++) {
    story.pass(SECOND)
    const newest = [...story.peer(1).requested.keys()].at(-1) ?? 0
    if (story.eventsOf('requests-released').length > 0) break
    story.when(story.block(1, Math.floor(newest / 2), newest % 2))
    assert.is(story.events[0]?.type, 'block-received')
  }
  assert.is(story.now - BEGAN_AT, LIMITS.requestPassedOverMs + SECOND)
  assert.equal(story.eventsOf('requests-released'), [{ type: 'requests-released', peer: 1, reason: 'timeout' }])
  checkInvariants(story.state)
})

test('timeout: blocks that come slowly, bit by bit, are waited for', () => {
  const story = given(downloading(ONE), seedPeer(1, one)).when(woken)
  // 16 KiB at 50 bytes a second.
  for (let second = 0; second < 330; second += 11) {
    story.pass(11 * SECOND)
    assert.is(story.eventsOf('requests-released').length, 0)
    story.when(toPeer(1, { type: 'block-part-arrived' })).thenEvents('block-progressed')
  }
  assert.not(story.peer(1).snubbed)
  story.pass(LIMITS.requestTimeoutMs + SECOND)
  assert.equal(story.eventsOf('requests-released'), [{ type: 'requests-released', peer: 1, reason: 'timeout' }])
  checkInvariants(story.state)
})

test('timeout: a part of a block is no news soon after another, or after a whole one', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  story
    .after(LIMITS.blockPartMs - 1)
    .when(toPeer(1, { type: 'block-part-arrived' }))
    .thenNothing()
  story
    .after(1)
    .when(toPeer(1, { type: 'block-part-arrived' }))
    .thenEvents('block-progressed')
  story.when(toPeer(1, { type: 'block-part-arrived' })).thenNothing()
  story.when(toPeer(7, { type: 'block-part-arrived' })).thenNothing()
})

test('timeout: a peer that takes long for each block is given twice that, and a bounded time', () => {
  const slow = (secondsEach: number): Story => {
    const story = given(downloading(), seedPeer(1)).when(woken)
    for (let block = 0; block < 6; block++) {
      const [key = 0] = story.peer(1).requested.keys()
      story.after(secondsEach * SECOND).when(story.block(1, Math.floor(key / 2), key % 2))
      assert.is(story.eventsOf('block-received').length, 1)
    }
    return story
  }
  const patient = slow(40).pass(79 * SECOND)
  assert.equal([patient.eventsOf('requests-released'), patient.eventsOf('peer-snubbed')], [[], []])
  patient.pass(20 * SECOND)
  assert.is(patient.eventsOf('requests-released').length + patient.eventsOf('peer-snubbed').length, 2)
  const bounded = slow(200).pass(LIMITS.silenceMaxMs - SECOND)
  assert.is(bounded.eventsOf('requests-released').length, 0)
})

test('timeout: a slow peer that was asked twice may bring a block twice', () => {
  const story = given(downloading(ONE), seedPeer(1, one))
    .when(woken)
    .pass(LIMITS.requestTimeoutMs + 2 * SECOND)
  assert.is(story.eventsOf('requests-released').length, 1)
  assert.ok(story.askedOf(1).includes('0:0'))
  story.when(story.block(1, 0, 0), story.block(1, 0, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'duplicate')
  assert.is(story.peer(1).unasked, 0)
  story.when(story.block(1, 0, 0))
  assert.is(story.eventsOf('block-wasted')[0]?.kind, 'unasked')
})

test('back-off: a candidate that does not answer is tried again, ever more seldom', () => {
  const story = given(downloading()).when(candidate)
  assert.equal(story.effectsOf('dial'), [{ type: 'dial', peer: peerKey(1), address, punching: false }])
  const waits: number[] = []
  let since = story.now
  for (let peer = 1; peer <= 12; peer++) {
    story.when(toPeer(peer, { type: 'dial-failed', failure: refused }))
    since = story.now
    while (!story.state.peers.has(peerKey(peer + 1))) story.pass(SECOND)
    waits.push((story.now - since) / SECOND)
  }
  assert.equal(waits, [3, 6, 12, 24, 48, 96, 192, 384, 768, 1_536, 1_800, 1_800])
})

test('back-off: a peer that gave or took something is tried again soon', () => {
  const story = given(downloading(), open(1), seedPeer(2, { has: [0], weWant: false }))
  for (let round = 0; round < 4; round++) {
    const peer = story.state.nextPeer - (round === 0 ? 2 : 1)
    story.when(toPeer(peer, { type: 'connection-lost', failure: lost }))
    while (![...story.state.peers.values()].some(({ address: { host } }) => host === '10.0.0.1')) story.pass(SECOND)
    const key = story.state.nextPeer - 1
    story.when(toPeer(key, { type: 'connected' }))
    story.also({
      type: 'handshake-received',
      peer: peerKey(key),
      peerId: new Uint8Array(20).fill(1),
      fast: false,
      extensions: false,
    })
    story.also({ type: 'block-served', peer: peerKey(key), piece: pieceIndex(0), offset: 0, length: 1 })
  }
  const key = story.state.nextPeer - 1
  story.when(toPeer(key, { type: 'connection-lost', failure: lost })).pass(3 * SECOND)
  assert.is(story.effectsOf('dial').length, 1)
})

test('back-off: a seed is left alone by a seed, whichever of them closed, until something is missing again', () => {
  const seed = open(1, { has: 'all' })
  for (const closing of [woken, toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } })]) {
    const story = given(seeding(), seed)
    story.when(closing)
    assert.is(story.state.peers.size, 0)
    story.pass(600 * SECOND)
    assert.is(story.effectsOf('dial').length, 0)
    story.also({ type: 'download-began' }).when(woken)
    assert.is(story.effectsOf('dial').length, 1)
  }
})

test('back-off: a peer whose two connections were closed by either side is dialed again soon', () => {
  const story = given(downloading(), open(1))
  story.also({ type: 'peer-closed', peer: peerKey(1), by: 'us', reason: 'duplicate-connection', detail: 'peer 2' })
  story.pass(4 * SECOND)
  assert.is(story.state.peers.size, 1)
})

test('back-off: the user may name a candidate anew, which is dialed at once', () => {
  const story = given(downloading()).when(candidate)
  story
    .when(toPeer(1, { type: 'dial-failed', failure: refused }))
    .when(candidate)
    .thenEvents('candidates-found')
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [address] }))
  story.thenEvents('candidates-found', 'dial-began')
})

test('sync: what was stored is brought to the medium now and then, one sync at a time', () => {
  const story = given(seeding()).when(woken)
  assert.is(story.eventsOf('sync-began').length, 0, 'not as soon as the session begins')
  story.pass(LIMITS.syncIntervalMs)
  assert.is(story.eventsOf('sync-began').length, 1)
  assert.is(story.effectsOf('sync')[0]?.pieces.length, 8)
  story.pass(2 * LIMITS.syncIntervalMs)
  assert.is(story.eventsOf('sync-began').length, 0)
  story.when(toTransfer({ type: 'sync-finished' })).thenEvents('sync-ended')
  story.pass(LIMITS.syncIntervalMs)
  assert.is(story.eventsOf('sync-began').length, 0)
})

test('time: nothing is sent to a leecher of a quiet seed but keep-alives', () => {
  const story = given(seeding(), leecher(1, { served: true, incoming: true })).pass(LIMITS.keepAliveMs + SECOND)
  assert.equal(story.sentTo(1), ['keep-alive'])
})

test.run()
