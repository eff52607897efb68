/** Where the files are: told before the first is moved, and once all are there. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Beginning, beginningOf } from '../../src/session.js'
import { added, downloading, session } from './beginnings.js'
import { given, toTransfer } from './given.js'
import { checkInvariants } from './invariants.js'

const move = toTransfer({ type: 'move-asked', folder: '/far', names: [{ file: 0, path: 'small/other' }] })
const moved = toTransfer({ type: 'files-moved' })
const failed = toTransfer({ type: 'move-failed', failure: { code: 'ENOSPC', message: 'no space left' } })

/** What the next session says of a folder that the user names. */
const setsFolder = (story: ReturnType<typeof given>, path: string): boolean =>
  beginningOf(story.state, {
    infoHash: story.state.infoHash,
    add: { path },
    version: '0.1.0',
    entropy: new Uint8Array(16),
    machineStartedAt: 0,
    limits: story.state.limits,
    ownLimits: story.state.ownLimits,
    missing: [],
    metainfo: undefined,
    magnet: undefined,
  } satisfies Beginning).some(({ type }) => type === 'folder-set')

const looked = () => given(downloading(), { type: 'session-examined' })

test('storage: files are elsewhere once all of them are there', () => {
  const story = looked().when(move).thenEvents('move-began').thenEffects()
  assert.is(story.state.folder, '/somewhere')
  story.when(move).thenNothing()
  story.when(moved).thenEvents('files-moved')
  assert.is(story.state.folder, '/far')
  assert.equal([...story.state.names], [[0, 'small/other']])
  assert.is(story.state.moving, undefined)
  story.when(moved).thenNothing()
  story.when(failed).thenNothing()
  checkInvariants(story.state)
})

test('storage: what failed is where it was, and files that nobody looked at are not moved', () => {
  const story = looked().when(move).when(failed)
  assert.equal(
    story.eventsOf('move-failed').map(({ reason }) => reason),
    ['ENOSPC: no space left'],
  )
  assert.is(story.state.folder, '/somewhere')
  assert.is(story.state.names.size, 0)
  given(added(), session()).when(move).thenNothing()
})

test('storage: cut off in the midst, the next session takes either folder for it, and another for a new one', () => {
  const story = looked().when(move)
  assert.equal(
    ['/somewhere', '/far', '/third'].map((path) => setsFolder(story, path)),
    [false, false, true],
  )
})

test('storage: after a crash its last folder is taken too; after a good end only the one that it is in', () => {
  const story = looked().when(move).when(moved)
  assert.equal(
    ['/somewhere', '/far'].map((path) => setsFolder(story, path)),
    [false, false],
  )
  story.also({ type: 'session-ending' }, { type: 'session-ended', reason: 'closed' })
  assert.equal(
    ['/somewhere', '/far'].map((path) => setsFolder(story, path)),
    [true, false],
  )
})

test.run()
