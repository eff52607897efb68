/** The queue as one transfer sees it: it waits for its turn, and goes on with it; checks go on whether paused or not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { pieceIndex } from '../../src/values.js'
import { added, downloading, everyPiece, leecher, seeding, seedPeer, session } from './beginnings.js'
import { given, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const wait = toTransfer({ type: 'queue-asked', of: 'downloads', most: 3 })
const turn = toTransfer({ type: 'turn-given' })
const pause = toTransfer({ type: 'pause-asked' })
const resume = toTransfer({ type: 'resume-asked' })
const check = toTransfer({ type: 'check-asked' })
const noFiles = toTransfer({ type: 'files-examined', files: [] })
const there = toTransfer({
  type: 'files-examined',
  files: [{ file: 0, length: 9, firstPiece: 0, lastPiece: 7, stamp: { bytes: 9, modifiedAt: 1 } }],
})
const checked = (piece: number, good = true) => toTransfer({ type: 'piece-checked', piece: pieceIndex(piece), good })

test('queue: who has to wait before it began looks at its files, and begins when its turn comes', () => {
  const story = given(added(), session()).when(wait).when(noFiles)
  story.thenEvents('session-examined').thenEffects()
  story.when(turn).thenEvents('turn-came', 'download-began')
  checkInvariants(story.state)
})

test('queue: a place of its own is in the log, and before that it is that of the time when the transfer was added', () => {
  const story = given(added(), session())
  const { rank } = story.state
  assert.is(rank % LIMITS.queueRanksPerMs, 0)
  story
    .when(toTransfer({ type: 'place-asked', rank: 512 }))
    .thenEvents('place-set')
    .thenEffects()
  assert.is(story.state.rank, 512)
})

test('queue: who has to wait is halted as by a pause, lets nobody in, and dials nobody', () => {
  const story = given(downloading(), seedPeer(1), leecher(2)).when(wait)
  assert.is(story.events[0]?.type, 'queued')
  story.thenClosed(1, 'queued').thenClosed(2, 'queued')
  story.when(woken).thenNothing()
  const peer = story.state.nextPeer
  story.when(toTransfer({ type: 'peer-accepted', peer: peer as never, address: { host: '10.0.0.50', port: 9 } }))
  story.thenClosed(peer, 'queued')
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [{ host: '10.0.0.51', port: 9 }] }))
  assert.is(story.effectsOf('dial').length, 0)
  story.when(turn)
  assert.equal(
    story.events.slice(0, 2).map(({ type }) => type),
    ['turn-came', 'download-began'],
  )
  assert.ok(story.effectsOf('dial').length > 0)
  checkInvariants(story.state)
})

test('queue: told twice, it waits once; and a turn that nobody waits for is nothing', () => {
  given(downloading()).when(wait).when(wait).thenNothing()
  given(downloading()).when(turn).thenNothing()
})

test('queue: who is paused while it waits goes on waiting when it is resumed', () => {
  const story = given(downloading()).when(wait).when(pause)
  story.thenEvents('paused')
  story.when(resume).thenEvents('resumed')
  assert.is(story.state.standing.tags.active, undefined)
  story.when(turn).thenEvents('turn-came', 'download-began')
})

test('queue: a turn that comes while it is paused is taken when it is resumed', () => {
  const story = given(downloading()).when(wait).when(pause).when(turn)
  story.thenEvents('turn-came')
  story.when(resume).thenEvents('resumed', 'download-began')
})

test('queue: what is on disk is checked without waiting for a turn, and what follows waits', () => {
  const story = given(added(), session()).when(wait).when(there)
  story.thenEvents('check-began', 'session-examined')
  for (const piece of everyPiece()) story.when(checked(piece))
  story.thenEvents('piece-checked', 'check-ended')
  story.when(turn).thenEvents('turn-came', 'seeding-began')
})

test('queue: a seed has to wait as well, and the time that it waits is not seeded', () => {
  const story = given(seeding()).when(toTransfer({ type: 'queue-asked', of: 'seeds', most: 1 }))
  const { totalMs } = story.state.seeded
  story.after(60_000).when(turn)
  assert.is(story.state.seeded.totalMs, totalMs)
  assert.is(story.state.standing.tags.seeding, true)
})

test('queue: a session that begins anew waits for nothing until it is told to', () => {
  const story = given(downloading()).when(wait)
  story.also(session(2))
  assert.is(story.state.queued, undefined)
})

test('check: asked for while it is paused or waits, it begins at once, and ends without anything moving', () => {
  const paused = given(downloading()).when(pause).when(check)
  assert.equal(paused.effectsOf('check')[0]?.pieces, everyPiece())
  for (const piece of everyPiece()) paused.when(checked(piece, piece > 0))
  paused.thenEvents('piece-checked', 'check-ended').thenEffects()
  assert.is(paused.state.standing.tags.paused, true)
  assert.is(paused.state.missing, 1)
  checkInvariants(paused.state)
  paused.when(resume).thenEvents('resumed', 'download-began')
  const waiting = given(downloading()).when(wait).when(check)
  assert.is(waiting.effectsOf('check').length, 1)
  for (const piece of everyPiece()) waiting.when(checked(piece))
  waiting.thenEvents('piece-checked', 'check-ended').thenEffects()
})

test('check: resumed in the midst of one that was asked for while paused, the rest of it is done', () => {
  const story = given(downloading()).when(pause).when(check).when(checked(0), checked(1)).when(resume)
  story.thenEvents('resumed', 'check-began')
  assert.equal(story.effectsOf('check')[0]?.pieces, everyPiece().slice(2))
})

test.run()
