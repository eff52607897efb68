import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import {
  added,
  bitsOf,
  downloading,
  everyPiece,
  fetched,
  open,
  PIECES,
  seeding,
  seedPeer,
  session,
} from './beginnings.js'
import { given, type Story, toPiece, toTransfer } from './given.js'
import { checkInvariants } from './invariants.js'

const checked = (piece: number, good: boolean) =>
  toTransfer({ type: 'piece-checked', piece: pieceIndex(piece), good }) as Parameters<Story['when']>[0]

test('check: a piece being checked is offered to nobody, and is offered again once it proves wrong', () => {
  const story = given(downloading()).when(toTransfer({ type: 'check-asked' }))
  checkInvariants(story.state)
  assert.is(story.state.rarity.length, 0)
  story.when(checked(3, false))
  checkInvariants(story.state)
  assert.equal([...story.state.rarity.rarestFirst()], [3])
})

test('check: asked for while fetching, it closes every peer, reads every piece, and goes on fetching what is wrong', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [2])).when(toTransfer({ type: 'check-asked' }))
  story.thenClosed(1, 'checking')
  assert.equal(story.effectsOf('check')[0]?.pieces, everyPiece())
  assert.is(story.state.stored.count, 0)
  for (const piece of everyPiece()) {
    story.when(checked(piece, piece === 2))
    checkInvariants(story.state)
  }
  story.thenEvents('piece-checked', 'check-ended', 'download-began')
  assert.is(story.state.missing, PIECES - 1)
  assert.equal(story.effectsOf('wake').length, 1)
})

test('check: what is found right is announced only after the commit', () => {
  const story = given(added(), session(), { type: 'check-began', reason: 'new', pieces: bitsOf([0]) })
  story.also({ type: 'session-examined' }).when(checked(0, true))
  story.thenEvents('piece-checked', 'check-ended', 'download-began')
  assert.is(story.state.stored.count, 1)
  assert.is(story.state.announced.count, 0)
  story.commits().thenEvents('pieces-announced')
  assert.ok(story.state.announced.has(0))
})

test('check: when every piece is right, seeding begins', () => {
  const story = given(added(), session(), { type: 'check-began', reason: 'new', pieces: bitsOf(everyPiece()) })
  story.when(...everyPiece().map((piece) => checked(piece, true)))
  assert.equal(story.events.at(-1)?.type, 'seeding-began')
  assert.is(story.eventsOf('download-completed').length, 0)
})

test('check: pieces that are being hashed or written are left alone, what is only begun is begun anew', () => {
  const story = given(downloading(), seedPeer(1))
  const range = (piece: number) => ({ piece: pieceIndex(piece), offset: 0, length: 32_768 })
  story.also({ type: 'blocks-requested', peer: peerKey(1), ranges: [range(0), range(1)] })
  story.when(...story.wholePiece(1, 0), story.block(1, 1, 0)).when(toTransfer({ type: 'check-asked' }))
  const dropped = story.eventsOf('piece-dropped').map(({ piece }) => piece as number)
  assert.ok(dropped.includes(1))
  assert.not(dropped.includes(0))
  assert.equal(
    story.effectsOf('check')[0]?.pieces,
    everyPiece().filter((piece) => piece !== 0),
  )
  checkInvariants(story.state)
  story.when(toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [] }))
  story.when(toPiece(0, { type: 'piece-written' })).thenEvents('piece-stored')
  checkInvariants(story.state)
  for (const piece of everyPiece().slice(1)) story.when(checked(piece, false))
  story.thenEvents('piece-checked', 'check-ended', 'download-began')
  assert.is(story.state.missing, PIECES - 1)
})

test('check: no peer is accepted and none is dialed meanwhile', () => {
  const story = given(downloading()).when(toTransfer({ type: 'check-asked' }))
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [{ host: '10.0.0.9', port: 1 }] }))
  story.thenEvents('candidates-found')
  const address = { host: '10.0.0.8', port: 1 }
  story.when(toTransfer({ type: 'peer-accepted', peer: peerKey(story.state.nextPeer), address }))
  story.thenEvents('peer-accepted', 'peer-closed')
  assert.is(story.eventsOf('peer-closed')[0]?.reason, 'checking')
})

test('check: a pause stops it, and it goes on with what is left', () => {
  const story = given(seeding(), open(1)).when(toTransfer({ type: 'check-asked' }))
  story.when(checked(0, true), checked(1, false)).when(toTransfer({ type: 'pause-asked' }))
  assert.is(story.events[0]?.type, 'paused')
  assert.is(story.effectsOf('stop-checking').length, 1)
  story.when(toTransfer({ type: 'resume-asked' })).thenEvents('resumed', 'check-began')
  assert.equal(present(story.effectsOf('check')[0], 'a check').pieces, everyPiece().slice(2))
  checkInvariants(story.state)
})

test('check: an answer that comes after a failure is passed over', () => {
  const diskFull = { code: 'DISK_FULL', message: 'no space left' }
  given(seeding())
    .when(toTransfer({ type: 'check-asked' }))
    .when(toTransfer({ type: 'storage-failed', failure: diskFull }))
    .when(checked(0, true))
    .thenNothing()
})

test('check: asked for after a failure, it begins when the transfer is resumed', () => {
  const diskFull = { code: 'DISK_FULL', message: 'no space left' }
  const story = given(downloading(), seedPeer(1), fetched(1, [2])).when(
    toTransfer({ type: 'storage-failed', failure: diskFull }),
  )
  story.when(toTransfer({ type: 'check-asked' }))
  assert.is(story.events.at(-1)?.type, 'check-began')
  assert.is(story.effectsOf('check').length, 0)
  assert.is(story.state.stored.count, 0)
  checkInvariants(story.state)
  story.when(toTransfer({ type: 'resume-asked' })).thenEvents('resumed', 'check-began')
  assert.is(story.effectsOf('check')[0]?.pieces.length, PIECES)
  checkInvariants(story.state)
})

test('check: asked for while one is under way, it begins anew with every piece', () => {
  const story = given(seeding())
    .when(toTransfer({ type: 'check-asked' }))
    .when(checked(0, true), checked(1, false))
  story.when(toTransfer({ type: 'check-asked' })).thenEvents('check-began')
  assert.is(story.effectsOf('check')[0]?.pieces.length, PIECES)
  assert.is(story.state.stored.count, 0)
  checkInvariants(story.state)
})

test('check: asked for before the files were looked at, it is passed over', () => {
  given(added(), session())
    .when(toTransfer({ type: 'check-asked' }))
    .thenNothing()
})

test.run()
