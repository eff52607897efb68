/** Goals, bounds, and whom the user does not want: what follows from them. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { downloading, leecher, open, seeding, seedPeer, session } from './beginnings.js'
import { given, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const goals = (ratioPermille: number, seedingMs = 0) => toTransfer({ type: 'goals-asked', ratioPermille, seedingMs })
const bounds = (peersMax: number, uploadSlots = 0) => toTransfer({ type: 'bounds-asked', peersMax, uploadSlots })
const drop = (address: string, barred?: boolean) => toTransfer({ type: 'drop-asked', address, barred })
const trackers = (...urls: string[]) => toTransfer({ type: 'trackers-asked', tiers: urls.map((url) => [url]) })

test('goals: at its ratio a seed is paused, counting what it has where it fetched nothing', () => {
  const story = given(seeding(), leecher(1, { served: true }))
    .when(goals(100))
    .when(woken)
  assert.is(story.eventsOf('goal-reached').length, 0)
  const { totalBytes } = story.state.geometry
  const block = { peer: story.peer(1).key, piece: 0, offset: 0, length: 16_384 } as const
  for (let sent = 0; sent < totalBytes / 10; sent += block.length)
    story.also({ type: 'block-served', ...block } as never)
  story.when(woken)
  assert.equal(
    story.events.slice(0, 2).map(({ type }) => type),
    ['goal-reached', 'paused'],
  )
  story.thenClosed(1, 'paused')
  checkInvariants(story.state)
})

test('goals: the time to seed is counted over pauses and sessions, and nothing that is fetched reaches a goal', () => {
  const story = given(seeding()).when(goals(0, 10_000)).after(6_000).when(woken)
  story
    .when(toTransfer({ type: 'pause-asked' }))
    .after(60_000)
    .when(toTransfer({ type: 'resume-asked' }))
  story.after(3_000).when(woken)
  assert.is(story.eventsOf('goal-reached').length, 0)
  story.also({ type: 'session-ending' }, { type: 'session-ended', reason: 'closed' }, session(2), {
    type: 'seeding-began',
  })
  story.after(2_000).when(woken)
  assert.equal(
    story.eventsOf('goal-reached').map(({ goal }) => goal),
    ['time'],
  )
  const fetching = given(downloading()).when(goals(1, 1)).after(60_000).when(woken)
  assert.is(fetching.eventsOf('goal-reached').length, 0)
})

test('bounds: the newest connections beyond them are ended, and no more are let in or dialed', () => {
  const story = given(downloading(), seedPeer(1), seedPeer(2), open(3))
  story.when(bounds(2))
  story.thenClosed(3, 'too-many-peers')
  const peer = story.state.nextPeer
  story.when(toTransfer({ type: 'peer-accepted', peer: peer as never, address: { host: '10.0.0.50', port: 9 } }))
  assert.is(story.state.peers.size, 2)
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [{ host: '10.0.0.51', port: 9 }] }))
  assert.is(story.effectsOf('dial').length, 0)
  story.when(bounds(0))
  assert.ok(story.effectsOf('dial').length > 0)
  checkInvariants(story.state)
})

test('bounds: so many peers are served as there are slots', () => {
  const story = given(seeding(), leecher(1), leecher(2), leecher(3)).when(bounds(0, 2))
  assert.is(story.eventsOf('unchoke-sent').length, 2)
  story.when(bounds(0, 3))
  assert.is(story.eventsOf('unchoke-sent').length, 1)
  checkInvariants(story.state)
})

test('peers: one that is dropped may come back, one that is banned may not until it is allowed', () => {
  const story = given(downloading(), seedPeer(1), seedPeer(2))
  story.when(drop('10.0.0.1:6881')).thenClosed(1, 'dropped')
  assert.is(story.state.banned.size, 0)
  story.when(drop('10.0.0.2', true)).thenClosed(2, 'banned')
  const accepted = () => {
    const peer = story.state.nextPeer
    return toTransfer({ type: 'peer-accepted', peer: peer as never, address: { host: '10.0.0.2', port: 9 } })
  }
  story.when(accepted())
  assert.equal(
    story.eventsOf('peer-closed').map(({ reason }) => reason),
    ['banned'],
  )
  story.when(drop('10.0.0.2', false)).thenEvents('address-allowed')
  story.when(drop('10.0.0.2', false)).thenNothing()
  story.when(accepted())
  assert.is(story.eventsOf('peer-closed').length, 0)
  checkInvariants(story.state)
})

test('trackers: one that is added is asked at once, and one that is removed no more', () => {
  const story = given(downloading()).when(trackers('http://a/announce'))
  assert.equal(
    story.effectsOf('announce').map(({ tracker }) => tracker),
    ['http://a/announce'],
  )
  const answer = { intervalSeconds: 1_800, peers: [] }
  const answered = { type: 'announce-answered', tracker: 'http://a/announce', answer, port: 6_881 } as const
  story.when({ to: 'trackers', input: answered })
  story.when(trackers('http://b/announce', 'http://a/announce'))
  assert.equal(
    story.effectsOf('announce').map(({ tracker }) => tracker),
    ['http://b/announce'],
  )
  story.when(trackers('http://b/announce'))
  assert.equal(
    story.state.tiers.flat().map(({ url }) => url),
    ['http://b/announce'],
  )
})

test.run()
