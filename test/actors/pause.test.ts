import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { added, downloading, everyPiece, fetched, leecher, open, seeding, seedPeer, session } from './beginnings.js'
import { given, Story, says, toPeer, toPiece, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const pause = toTransfer({ type: 'pause-asked' })
const resume = toTransfer({ type: 'resume-asked' })
const end = toTransfer({ type: 'end-asked' })
const noFiles = toTransfer({ type: 'files-examined', files: [] })
const there = toTransfer({
  type: 'files-examined',
  files: [{ file: 0, length: 9, firstPiece: 0, lastPiece: 7, stamp: { bytes: 9, modifiedAt: 1 } }],
})
const storedInputs = Story.stored
const diskFull = { code: 'ENOSPC', message: 'no space left' }

test('pause: every connection is ended, trackers that know of us are told, and checks stop', () => {
  const story = given(downloading(), seedPeer(1), leecher(2), { type: 'trackers-set', tiers: [['http://t']] })
  story.when({
    to: 'trackers',
    input: { type: 'announce-answered', tracker: 'http://t', answer: { intervalSeconds: 60, peers: [] }, port: 6_881 },
  })
  story.when(pause)
  assert.is(story.events[0]?.type, 'paused')
  story.thenClosed(1, 'paused').thenClosed(2, 'paused')
  assert.is(story.effectsOf('announce')[0]?.request.event, 'stopped')
  assert.is(story.effectsOf('stop-checking').length, 1)
  checkInvariants(story.state)
})

test('pause: nobody is dialed, nobody is let in, and nothing wakes by itself', () => {
  const story = given(downloading(), { type: 'paused' })
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [{ host: '10.0.0.9', port: 1 }] }))
  story.thenEvents('candidates-found').thenEffects()
  story.when(woken).thenNothing()
  const peer = peerKey(story.state.nextPeer)
  story.when(toTransfer({ type: 'peer-accepted', peer, address: { host: '10.0.0.8', port: 2 } }))
  story.thenEvents('peer-accepted', 'peer-closed').thenEffects('hang-up')
  assert.is(story.eventsOf('peer-closed')[0]?.reason, 'paused')
})

test('pause: twice is once, and a resume of what is not paused is nothing', () => {
  given(downloading()).when(pause).when(pause).thenNothing()
  given(downloading()).when(resume).thenNothing()
})

test('pause: a piece that is full goes on to the disk', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const [first] = story.state.pieces.keys()
  const piece = present(first, 'a piece on order')
  story.when(...story.wholePiece(1, piece)).when(pause)
  story.when(...storedInputs(piece)).thenEvents('piece-verified', 'piece-stored')
  checkInvariants(story.state)
})

test('pause: what was begun of a piece is kept for when it is resumed', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const [first] = story.state.pieces.keys()
  const piece = present(first, 'a piece on order')
  story.when(story.block(1, piece, 0)).when(pause)
  assert.is(story.piece(piece).received, 1)
  assert.is(story.piece(piece).open, story.piece(piece).blocks - 1)
  assert.is(story.effectsOf('drop').length, 0)
})

test('pause: resuming fetches, announces anew and tries every candidate at once', () => {
  const story = given(downloading(), { type: 'trackers-set', tiers: [['http://t']] })
  story.also({ type: 'candidates-found', source: 'user', addresses: [{ host: '10.0.0.9', port: 1 }] })
  story.when(pause).when(resume)
  story.thenEvents('resumed', 'download-began', 'dial-began', 'announce-began')
  assert.is(story.eventsOf('announce-began')[0]?.event, 'started')
  assert.ok(story.effectsOf('wake').length > 0)
})

test('pause: asked before the files were looked at, it holds, and resuming begins', () => {
  const story = given(added(), session()).when(pause).when(noFiles)
  story.thenEvents('session-examined').thenEffects()
  story.when(resume).thenEvents('resumed', 'download-began')
})

test('pause: asked before the files were looked at, it puts the check off until it is resumed', () => {
  const story = given(added(), session()).when(pause).when(there)
  story.thenEvents('check-began', 'session-examined')
  assert.is(story.effectsOf('check').length, 0)
  checkInvariants(story.state)
  story.when(resume).thenEvents('resumed', 'check-began')
  assert.equal(story.effectsOf('check')[0]?.pieces, everyPiece())
})

test('pause: paused and resumed before the files were looked at, nothing begins before they are', () => {
  const story = given(added(), session()).when(pause).when(resume)
  story.thenEvents('resumed').thenEffects()
  story.when(there).thenEvents('check-began', 'session-examined')
  assert.is(story.effectsOf('check').length, 1)
})

test('pause: a session that begins anew is paused no longer', () => {
  const story = given(downloading(), { type: 'paused' }, session(2)).when(noFiles)
  story.thenEvents('session-examined', 'download-began')
})

test('fail: a disk that is full ends every connection, says why, and drops the piece', () => {
  const story = given(downloading(), seedPeer(1), open(2)).when(woken)
  const piece = present([...story.state.pieces.keys()][0], 'a piece on order')
  story.when(...story.wholePiece(1, piece))
  story.when(toPiece(piece, { type: 'piece-hashed', good: true, fingerprints: [] }))
  story.when(toPiece(piece, { type: 'write-failed', failure: diskFull }))
  assert.equal(story.events.slice(0, 2), [
    { type: 'piece-dropped', piece, reason: 'write-failed' },
    { type: 'transfer-failed', code: 'DISK_FULL', message: 'ENOSPC: no space left' },
  ])
  story.thenClosed(1, 'failed').thenClosed(2, 'failed')
  assert.equal(story.effectsOf('drop'), [{ type: 'drop', piece }])
  assert.ok(story.state.rarity.offers(piece))
  checkInvariants(story.state)
})

test('fail: a second failure is no news', () => {
  const story = given(downloading()).when(toTransfer({ type: 'storage-failed', failure: diskFull }))
  story.when(toTransfer({ type: 'storage-failed', failure: { code: 'EIO', message: '' } })).thenNothing()
  assert.is(story.state.failure?.code, 'DISK_FULL')
})

test('fail: it can be resumed', () => {
  const story = given(downloading())
    .when(toTransfer({ type: 'storage-failed', failure: diskFull }))
    .when(resume)
  story.thenEvents('resumed', 'download-began')
  assert.is(story.state.failure, undefined)
})

test('fail: a block that cannot be read for a peer stops the transfer', () => {
  const range = { piece: pieceIndex(0), offset: 0, length: 16_384 }
  const story = given(seeding(), leecher(1, { served: true })).when(says(1, { type: 'request', ...range }))
  story.when(toPeer(1, { type: 'block-unreadable', range, failure: { code: 'EIO', message: '' } }))
  assert.equal(
    story.events.slice(0, 2).map(({ type }) => type),
    ['request-refused', 'transfer-failed'],
  )
  assert.is(story.state.failure?.code, 'DISK_FAILED')
  story.thenClosed(1, 'failed')
})

test('end: connections are closed, pieces being written are finished, and the stamps are kept', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const piece = present([...story.state.pieces.keys()][0], 'a piece on order')
  story.when(...story.wholePiece(1, piece)).when(end)
  assert.is(story.events[0]?.type, 'session-ending')
  story.thenClosed(1, 'ended')
  story.when(...storedInputs(piece)).thenEvents('piece-verified', 'piece-stored')
  const stamps = [{ file: 0, bytes: 7, modifiedAt: 8 }]
  story.when(toTransfer({ type: 'stamps-taken', stamps, reason: 'closed' }))
  story.thenEvents('files-stamped', 'session-ended')
  assert.is(story.state.cleanEnd, true)
  assert.equal([...story.state.stamps], [[0, { bytes: 7, modifiedAt: 8 }]])
})

test('end: possible from every condition', () => {
  const conditions: (() => Story)[] = [
    () => given(added(), session()),
    () => given(downloading()),
    () => given(seeding()),
    () => given(downloading(), { type: 'paused' }),
    () => given(downloading()).when(toTransfer({ type: 'check-asked' })),
    () => given(downloading()).when(toTransfer({ type: 'storage-failed', failure: diskFull })),
  ]
  for (const condition of conditions) {
    const story = condition().when(end)
    assert.is(story.events[0]?.type, 'session-ending')
    story.when(toTransfer({ type: 'stamps-taken', stamps: [], reason: 'closed' }))
    story.thenEvents('files-stamped', 'session-ended')
    story.also(session(2)).when(noFiles)
    assert.is(story.eventsOf('session-examined').length, 1)
  }
})

test('end: files that are looked at too late are passed over', () => {
  given(added(), session()).when(end).when(noFiles).thenNothing()
})

test('end: a failure while ending is said, and the end still comes', () => {
  const story = given(downloading()).when(end)
  story.when(toTransfer({ type: 'storage-failed', failure: diskFull }))
  assert.is(story.events[0]?.type, 'transfer-failed')
  story
    .when(toTransfer({ type: 'stamps-taken', stamps: [], reason: 'failed' }))
    .thenEvents('files-stamped', 'session-ended')
})

test('end: the answer to a piece that was being hashed comes too late, and does no harm', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  const piece = present([...story.state.pieces.keys()][0], 'a piece on order')
  story.when(...story.wholePiece(1, piece)).when(end)
  story.when(toTransfer({ type: 'stamps-taken', stamps: [], reason: 'closed' }))
  story.when(...storedInputs(piece)).thenNothing()
})

test('select: pieces that are not wanted are neither offered nor interesting, and a peer without others is told', () => {
  const story = given(downloading(), seedPeer(1), open(2, { has: [7], weWant: true }))
  const wanted = new Uint8Array([0b1100_0000])
  story.when(toTransfer({ type: 'pieces-selected', wanted, sequential: false }))
  assert.equal(story.eventsOf('not-interested-sent'), [{ type: 'not-interested-sent', peer: 2 }])
  assert.equal(story.sentTo(2), ['not-interested'])
  assert.is(story.state.missing, 2)
  checkInvariants(story.state)
})

test('select: when everything wanted is stored, seeding begins; when more is wanted, fetching', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [0, 1])).commits()
  story.when(toTransfer({ type: 'pieces-selected', wanted: new Uint8Array([0b1100_0000]), sequential: false }))
  story.thenEvents('pieces-selected', 'seeding-began', 'not-interested-sent')
  story.when(toTransfer({ type: 'pieces-selected', wanted: new Uint8Array([0xff]), sequential: true }))
  assert.equal(
    story.events.slice(0, 3).map(({ type }) => type),
    ['pieces-selected', 'download-began', 'interested-sent'],
  )
  assert.ok(story.askedOf(1).length > 0)
  checkInvariants(story.state)
})

test('pause: the last piece comes to the disk meanwhile, and once resumed it is completed, for trackers too', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, everyPiece().slice(1)))
  story.also({ type: 'trackers-set', tiers: [['http://t']] }).when(woken)
  const answer = (): void => {
    story.when({
      to: 'trackers',
      input: {
        type: 'announce-answered',
        tracker: 'http://t',
        answer: { intervalSeconds: 60, peers: [] },
        port: 6_881,
      },
    })
  }
  answer()
  story.when(woken)
  const piece = present([...story.state.pieces.keys()][0], 'the last piece')
  story.when(...story.wholePiece(1, piece)).when(pause)
  story.when(...storedInputs(piece)).commits()
  assert.is(story.state.missing, 0)
  story.when(resume)
  assert.equal(
    story.events.map(({ type }) => type).filter((type) => /resumed|completed|seeding-began|announce-began/.test(type)),
    ['resumed', 'download-completed', 'seeding-began', 'announce-began'],
  )
  assert.is(story.effectsOf('announce')[0]?.request.event, 'started')
  answer()
  story.pass(1_000)
  assert.is(story.effectsOf('announce')[0]?.request.event, 'completed')
})

test.run()
