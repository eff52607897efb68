import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import type { FileFinding } from '../../src/outside.js'
import { peerKey, pieceIndex } from '../../src/values.js'
import { added, bitsOf, downloading, everyPiece, fetched, PIECES, SMALL, seedPeer, session } from './beginnings.js'
import { BEGAN_AT, given, type Story, toTransfer } from './given.js'

/** Not dialed, so that nobody is dialed again. */
const guest = seedPeer(1, { incoming: true })

/** Two files: pieces 0 to 3, the last of which they share, and 3 to 7. */
const CUT = 3 * SMALL.pieceLength + 1_000
const LENGTHS = [CUT, SMALL.totalBytes - CUT]
const FIRST_FILE = [0, 1, 2, 3]
const SECOND_FILE = [3, 4, 5, 6, 7]

type Stamp = { readonly bytes: number; readonly modifiedAt: number } | undefined
const whole = (file: number, modifiedAt = BEGAN_AT): Stamp => ({ bytes: LENGTHS[file] ?? 0, modifiedAt })

const findings = (first: Stamp, second: Stamp): FileFinding[] => [
  { file: 0, length: CUT, firstPiece: 0, lastPiece: 3, stamp: first },
  { file: 1, length: LENGTHS[1] ?? 0, firstPiece: 3, lastPiece: 7, stamp: second },
]
const examine = (story: Story, first: Stamp | 'gone' = whole(0), second: Stamp | 'gone' = whole(1)): Story => {
  const files = findings(first === 'gone' ? undefined : first, second === 'gone' ? undefined : second)
  return story.when(toTransfer({ type: 'files-examined', files }))
}

const checkedPieces = (story: Story): number[] => story.effectsOf('check').flatMap(({ pieces }) => [...pieces])

const stamped = (stamps: readonly Stamp[] = [whole(0), whole(1)]): TransferEvent => ({
  type: 'files-stamped',
  stamps: stamps.flatMap((stamp, file) => (stamp === undefined ? [] : [{ file, ...stamp }])),
})
const ended: TransferEvent[] = [{ type: 'session-ending' }, stamped(), { type: 'session-ended', reason: 'closed' }]
const allFetched = [...downloading(), ...guest, ...fetched(1, everyPiece())]
const synced: TransferEvent[] = [{ type: 'sync-began' }, { type: 'sync-ended' }]

test('recheck: a new transfer without files begins to fetch at once', () => {
  const story = examine(given(added(), session()), 'gone', 'gone')
  story.thenEvents('session-examined', 'download-began')
})

test('recheck: a new transfer checks the pieces of files that are there', () => {
  const story = examine(given(added(), session()), 'gone', { bytes: 5, modifiedAt: 1 })
  story.thenEvents('check-began', 'session-examined')
  assert.equal(story.events[0], { type: 'check-began', reason: 'new', pieces: bitsOf(SECOND_FILE) })
  assert.equal(checkedPieces(story), SECOND_FILE)
})

test('recheck: after a clean end and no change nothing is read', () => {
  const story = examine(given(allFetched, ended, session(2)))
  story.thenEvents('session-examined', 'seeding-began')
  assert.is(story.state.announced.count, PIECES)
})

test('recheck: after a clean end a file of another time is said to have changed, and its pieces are read', () => {
  const story = examine(given(allFetched, ended, session(2)), whole(0), whole(1, BEGAN_AT + 1))
  story.thenEvents('file-changed', 'check-began', 'session-examined')
  assert.equal(story.events[0], { type: 'file-changed', file: 1, reason: 'time' })
  assert.equal(checkedPieces(story), SECOND_FILE)
})

test('recheck: after a clean end a shorter and a longer file have changed', () => {
  for (const bytes of [CUT - 1, CUT + 1]) {
    const story = examine(given(allFetched, ended, session(2)), { bytes, modifiedAt: BEGAN_AT })
    assert.equal(story.events[0], { type: 'file-changed', file: 0, reason: 'size' })
    assert.equal(checkedPieces(story), FIRST_FILE)
  }
})

test('recheck: a missing file is said to be missing, however the session ended', () => {
  for (const end of [ended, []]) {
    const story = examine(given(allFetched, synced, end, session(2)), 'gone')
    assert.equal(story.events[0], { type: 'file-changed', file: 0, reason: 'missing' })
    assert.equal(checkedPieces(story), FIRST_FILE)
  }
})

test('recheck: a file that was never there and of which nothing is stored is not missed', () => {
  const some = [...downloading(), ...guest, ...fetched(1, [5]), { type: 'session-ending' } as const]
  const story = examine(
    given(some, stamped([undefined, whole(1)]), { type: 'session-ended', reason: 'closed' }, session(2)),
    'gone',
  )
  story.thenEvents('session-examined', 'download-began')
})

test('recheck: a file that somebody put there between two sessions is read', () => {
  const some = [...downloading(), ...guest, ...fetched(1, [5]), { type: 'session-ending' } as const]
  const story = examine(
    given(some, stamped([undefined, whole(1)]), { type: 'session-ended', reason: 'closed' }, session(2)),
    whole(0),
  )
  assert.equal(story.events[0], { type: 'file-changed', file: 0, reason: 'time' })
  assert.equal(checkedPieces(story), FIRST_FILE)
})

test('recheck: after a crash only pieces that were being hashed or written are read', () => {
  const range = (piece: number) => ({ piece: pieceIndex(piece), offset: 0, length: SMALL.pieceLength })
  const peer = peerKey(1)
  const half = (piece: number, offset: number): TransferEvent => ({
    type: 'block-received',
    peer,
    piece: pieceIndex(piece),
    offset,
    length: 16_384,
  })
  const story = given(downloading(), guest, fetched(1, [0, 4]), [
    { type: 'blocks-requested', peer, ranges: [range(1), range(2), range(5)] },
    ...[1, 2].flatMap((piece) => [half(piece, 0), half(piece, 16_384)]),
    half(5, 0),
    { type: 'piece-filled', piece: pieceIndex(1) },
    { type: 'piece-filled', piece: pieceIndex(2) },
    { type: 'piece-verified', piece: pieceIndex(2) },
  ])
  examine(story.also(session(2)))
  story.thenEvents('check-began', 'session-examined')
  assert.equal(story.events[0], { type: 'check-began', reason: 'unsafe', pieces: bitsOf([1, 2]) })
  assert.equal(checkedPieces(story), [1, 2])
  assert.ok(story.state.stored.has(0) && story.state.stored.has(4))
})

test('recheck: after a crash a file is changed only if it was written after our last event', () => {
  const crashed = () => given(allFetched, session(2))
  examine(crashed(), whole(0, BEGAN_AT + LIMITS.stampSlackMs)).thenEvents('session-examined', 'seeding-began')
  const story = examine(crashed(), whole(0, BEGAN_AT + LIMITS.stampSlackMs + 1))
  assert.equal(story.events[0], { type: 'file-changed', file: 0, reason: 'time' })
})

test('recheck: after a crash a file too short for its last stored piece has changed', () => {
  const story = examine(given(allFetched, session(2)), { bytes: CUT - 1, modifiedAt: BEGAN_AT })
  assert.equal(story.events[0], { type: 'file-changed', file: 0, reason: 'size' })
})

test('recheck: a check that a crash cut off is done again', () => {
  const story = given(allFetched, { type: 'check-began', reason: 'asked', pieces: bitsOf([2, 3]) })
  story.also({ type: 'piece-checked', piece: pieceIndex(2), good: true }, session(2))
  examine(story)
  assert.equal(checkedPieces(story), [3])
})

test('recheck: a loss of power puts what was not synced in doubt, and nothing else', () => {
  const story = given(downloading(), guest, fetched(1, [0, 1]), synced, fetched(1, [2]), { type: 'sync-began' })
  story.also(...fetched(1, [3]), session(2, { machineStartedAt: 2_000_000 }))
  examine(story)
  assert.equal(story.events[0], { type: 'check-began', reason: 'power-lost', pieces: bitsOf([2, 3]) })
})

test('recheck: the machine may also have lost power after a clean end', () => {
  const story = examine(given(allFetched, ended, session(2, { machineStartedAt: 2_000_000 })))
  assert.equal(story.events[0], { type: 'check-began', reason: 'power-lost', pieces: bitsOf(everyPiece()) })
  const safe = examine(given(allFetched, synced, ended, session(2, { machineStartedAt: 2_000_000 })))
  safe.thenEvents('session-examined', 'seeding-began')
})

test('recheck: a start of the machine that is given a little differently is the same start', () => {
  examine(given(allFetched, session(2, { machineStartedAt: 1_000_000 + 9_999 }))).thenEvents(
    'session-examined',
    'seeding-began',
  )
})

test('recheck: a loss of power is not forgotten by a session that looked at no file', () => {
  const story = given(allFetched, session(2, { machineStartedAt: 2_000_000 }))
  examine(story.also(session(3, { machineStartedAt: 2_000_000 })))
  assert.is(story.eventsOf('check-began')[0]?.reason, 'power-lost')
})

test('recheck: what a check read may be in the cache alone, so that a loss of power puts it in doubt', () => {
  const story = given(added(), session(), { type: 'check-began', reason: 'new', pieces: bitsOf([4]) })
  story.also({ type: 'session-examined' }, { type: 'piece-checked', piece: pieceIndex(4), good: true })
  examine(story.also(session(2, { machineStartedAt: 2_000_000 })))
  assert.equal(story.events[0], { type: 'check-began', reason: 'power-lost', pieces: bitsOf([4]) })
})

test('recheck: a session that looked at no file does not hide what others changed before it', () => {
  const changed = whole(1, BEGAN_AT + 60_000)
  const idle: TransferEvent[] = [
    { type: 'session-ending' },
    stamped([whole(0), changed]),
    { type: 'session-ended', reason: 'closed' },
  ]
  for (const before of [ended, []]) {
    const story = given(allFetched, before).after(120_000)
    examine(story.also(session(2), ...idle, session(3)), whole(0), changed)
    assert.equal(story.events[0], { type: 'file-changed', file: 1, reason: 'time' }, 'ended')
    const crashed = given(allFetched, before).after(120_000)
    examine(crashed.also(session(2), session(3)), whole(0), changed)
    assert.equal(crashed.events[0], { type: 'file-changed', file: 1, reason: 'time' }, 'crashed')
  }
})

test('recheck: after a crash between two sessions, what was in doubt stays in doubt until it is read', () => {
  const story = given(allFetched, { type: 'check-began', reason: 'asked', pieces: bitsOf([6]) })
  examine(story.also(session(2), session(3)))
  assert.equal(checkedPieces(story), [6])
})

test('recheck: what was in doubt and was read is in doubt no more', () => {
  const story = given(allFetched, { type: 'check-began', reason: 'asked', pieces: bitsOf([6]) }, session(2))
  examine(story).when(toTransfer({ type: 'piece-checked', piece: pieceIndex(6), good: true }))
  examine(story.also(...ended, session(3))).thenEvents('session-examined', 'seeding-began')
})

test('recheck: in another folder nothing is trusted', () => {
  const story = given(allFetched, ended, { type: 'folder-set', folder: '/elsewhere' }, session(2))
  examine(story, 'gone', 'gone')
  assert.equal(checkedPieces(story), everyPiece())
  assert.is(story.state.folder, '/elsewhere')
})

test('recheck: an empty file is looked at by nobody', () => {
  const files = findings(whole(0), whole(1))
  const empty = { file: 2, length: 0, firstPiece: 0, lastPiece: 0, stamp: undefined }
  const story = given(allFetched, ended, session(2))
  story.when(toTransfer({ type: 'files-examined', files: [...files, empty] }))
  assert.is(story.eventsOf('file-changed').length, 0)
})

test('recheck: a sync that failed or was cut off is made up for', () => {
  const cut = given(downloading(), guest, fetched(1, [0]), { type: 'sync-began' }, session(2))
  assert.equal(cut.state.unsynced, [0])
  assert.equal(cut.state.syncing, [])
  const failed = given(downloading(), guest, fetched(1, [0]), { type: 'sync-began' })
  failed.when(toTransfer({ type: 'storage-failed', failure: { code: 'EIO', message: '' } }))
  assert.equal(failed.state.unsynced, [0])
  assert.equal(failed.state.syncing, [])
})

test.run()
