import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { leftBytes } from '../../src/actors/trackers.js'
import type { Input } from '../../src/actors/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import type { AnnounceAnswer } from '../../src/wire/tracker.js'
import { downloading, fetched, INFO_HASH, OUR_ID, SMALL, seeding, seedPeer, session } from './beginnings.js'
import { given, type Story, toTransfer, woken } from './given.js'

const SECOND = 1_000
const TIERS = [['http://a', 'http://b'], ['http://c']]
const tiers = (urls = TIERS) => ({ type: 'trackers-set', tiers: urls }) as const
const answer = (tracker: string, parts: Partial<AnnounceAnswer> = {}): Input => ({
  to: 'trackers',
  input: { type: 'announce-answered', tracker, answer: { intervalSeconds: 1_800, peers: [], ...parts } },
})
const failure = (tracker: string): Input => ({
  to: 'trackers',
  input: { type: 'announce-failed', tracker, failure: { code: 'ECONNREFUSED', message: 'nobody is there' } },
})
/** Who was told, and of what. */
const told = (story: Story): string[] =>
  story.effectsOf('announce').map(({ tracker, request }) => `${tracker} ${request.event}`)
const order = (story: Story): string[][] => story.state.tiers.map((tier) => tier.map(({ url }) => url))

test('trackers: the first of the first tier hears `started`, with what we are and have', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [7]), tiers()).when(woken)
  assert.equal(told(story), ['http://a started'])
  assert.equal(story.effectsOf('announce')[0]?.request, {
    infoHash: INFO_HASH,
    peerId: OUR_ID,
    uploadedBytes: 0,
    downloadedBytes: 16_484,
    leftBytes: SMALL.totalBytes - 16_484,
    event: 'started',
    numwant: LIMITS.announcePeersWanted,
  })
  story.pass(10 * SECOND)
  assert.equal(told(story), [])
})

test('trackers: with none nothing is announced', () => {
  assert.equal(told(given(downloading()).pass(5 * SECOND)), [])
})

test('trackers: the peers of an answer are dialed', () => {
  const story = given(downloading(), tiers()).when(woken)
  const peers = [
    { host: '10.0.0.1', port: 1 },
    { host: '10.0.0.2', port: 2 },
  ]
  story.when(answer('http://a', { peers, complete: 3, incomplete: 4, warning: 'hm' }))
  story.thenEvents('announce-answered', 'candidates-found', 'dial-began', 'dial-began')
  assert.equal(
    story.effectsOf('dial').map(({ address }) => address),
    peers,
  )
  const [tracker] = story.state.tiers[0] ?? []
  assert.is(tracker?.seeds, 3)
  assert.is(tracker?.leechers, 4)
})

test('trackers: of an answer only so many peers are taken', () => {
  const peers = Array.from({ length: LIMITS.trackerPeersMax + 1 }, (_, port) => ({ host: '10.0.0.1', port: port + 1 }))
  const story = given(downloading(), tiers()).when(woken).when(answer('http://a', { peers }))
  assert.is(story.eventsOf('candidates-found')[0]?.addresses.length, LIMITS.trackerPeersMax)
})

test('trackers: the next announce comes after the interval, without news', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .when(answer('http://a', { intervalSeconds: 60 }))
  story.pass(59 * SECOND)
  assert.equal(told(story), [])
  assert.equal(told(story.pass(SECOND)), ['http://a undefined'])
})

test('trackers: an interval is clamped, and a longer least interval is obeyed', () => {
  const intervals: [Partial<AnnounceAnswer>, number][] = [
    [{ intervalSeconds: 0 }, LIMITS.announceIntervalMinMs],
    [{ intervalSeconds: 10 ** 9 }, LIMITS.announceIntervalMaxMs],
    [{ intervalSeconds: 60, minIntervalSeconds: 90 }, 90_000],
    [{ intervalSeconds: 60, minIntervalSeconds: 30 }, 60_000],
  ]
  for (const [parts, intervalMs] of intervals) {
    const story = given(downloading(), tiers()).when(woken).when(answer('http://a', parts))
    assert.is(story.eventsOf('announce-answered')[0]?.intervalMs, intervalMs)
    assert.is(story.state.announceNext.at, story.now + intervalMs)
  }
})

test('trackers: where one fails the next of its tier is tried at once, then the next tier', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a'))
  story.thenEvents('announce-failed', 'announce-began')
  assert.equal(told(story), ['http://b started'])
  assert.equal(told(story.when(failure('http://b'))), ['http://c started'])
  assert.is(story.state.tiers[0]?.[0]?.lastError, 'ECONNREFUSED: nobody is there')
})

test('trackers: one that answers moves to the front of its tier, and is the first to be asked again', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a')).when(answer('http://b'))
  assert.equal(order(story), [['http://b', 'http://a'], ['http://c']])
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://b undefined'])
})

test('trackers: tiers keep their order whoever answers', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a')).when(failure('http://b'))
  story.when(answer('http://c'))
  assert.equal(order(story), TIERS)
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://a started'])
})

test('trackers: when all fail the round begins anew, ever later', () => {
  const story = given(downloading(), tiers([['http://a']])).when(woken)
  const waits: number[] = []
  for (let round = 0; round < 10; round++) {
    story.when(failure('http://a'))
    const since = story.now
    while (told(story.pass(SECOND)).length === 0);
    waits.push((story.now - since) / SECOND)
  }
  assert.equal(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900])
  story.when(answer('http://a', { intervalSeconds: 60 })).pass(60 * SECOND)
  story.when(failure('http://a')).pass(5 * SECOND)
  assert.equal(told(story), ['http://a undefined'])
})

test('trackers: a new session begins with the first of the first tier again', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a')).when(failure('http://b'))
  story.also(session(2), { type: 'session-examined' }, { type: 'download-began' })
  assert.equal(told(story.when(woken)), ['http://a started'])
})

test('trackers: where others are set, the first of them is next, and those that stay keep what is known of them', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a')).when(failure('http://b'))
  story
    .also(tiers([['http://x'], ['http://b']]))
    .when(answer('http://c'))
    .thenNothing()
  assert.equal(told(story.when(woken)), ['http://x started'])
  assert.is(story.state.tiers[1]?.[0]?.failures, 1)
})

test('trackers: an answer makes up for failures', () => {
  const story = given(downloading(), tiers([['http://a']]))
    .when(woken)
    .when(failure('http://a'))
  story.pass(5 * SECOND).when(answer('http://a'))
  const [tracker] = story.state.tiers[0] ?? []
  assert.equal([tracker?.failures, tracker?.lastError], [0, ''])
})

test('trackers: answers of one that was taken away are passed over', () => {
  const story = given(downloading(), tiers()).when(woken)
  story.when(answer('http://x')).thenNothing()
  story.when(failure('http://x')).thenNothing()
})

const completed = (story: Story): Story => story.also(...fetched(1, [0, 1, 2, 3, 4, 5, 6, 7])).commits()
const guest = { incoming: true }

test('trackers: `completed` is said as soon as the download is complete, and once', () => {
  const story = given(downloading(), seedPeer(1, guest), tiers()).when(woken).when(answer('http://a'))
  assert.equal(told(completed(story)), ['http://a completed'])
  assert.is(story.effectsOf('announce')[0]?.request.leftBytes, 0)
  story.when(answer('http://a'))
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://a undefined'])
})

test('trackers: `completed` is said too when the download was completed before the answer to `started`', () => {
  const story = given(downloading(), seedPeer(1, guest), tiers()).when(woken)
  assert.equal(told(completed(story)), [])
  story.when(answer('http://a'))
  assert.equal(told(story.when(woken)), ['http://a completed'])
  story.when(answer('http://a'))
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://a undefined'])
})

test('trackers: who seeds from the start never says `completed`', () => {
  const story = given(seeding(), tiers()).when(woken)
  assert.equal(told(story), ['http://a started'])
  story.when(answer('http://a'))
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://a undefined'])
})

test('trackers: `completed` is not said again in another session', () => {
  const story = completed(given(downloading(), seedPeer(1, guest), tiers()).when(woken).when(answer('http://a')))
  story.when(answer('http://a')).also(session(2), { type: 'session-examined' }, { type: 'seeding-began' })
  assert.equal(told(story.when(woken)), ['http://a started'])
  story.when(answer('http://a'))
  assert.equal(told(story.pass(1_800 * SECOND)), ['http://a undefined'])
})

test('trackers: every one that took `started` hears `stopped`, and no other', () => {
  const story = given(downloading(), tiers()).when(woken).when(failure('http://a')).when(answer('http://b'))
  story
    .pass(1_800 * SECOND)
    .when(failure('http://b'))
    .when(answer('http://a'))
  story.when(toTransfer({ type: 'end-asked' }))
  assert.equal(told(story).sort(), ['http://a stopped', 'http://b stopped'])
  assert.is(story.effectsOf('announce')[0]?.request.numwant, 0)
})

test('trackers: while paused nobody is told of anything, and after it `started` comes again', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .when(answer('http://a', { intervalSeconds: 60 }))
  assert.equal(told(story.when(toTransfer({ type: 'pause-asked' }))), ['http://a stopped'])
  assert.equal(told(story.pass(120 * SECOND)), [])
  assert.equal(told(story.when(toTransfer({ type: 'resume-asked' }))), ['http://a started'])
})

test('trackers: an answer that comes after a pause dials nobody, and is answered with `stopped`', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .when(toTransfer({ type: 'pause-asked' }))
  assert.equal(told(story), [])
  story.when(answer('http://a', { peers: [{ host: '10.0.0.1', port: 1 }] }))
  story.thenEvents('announce-answered', 'candidates-found', 'announce-began').thenEffects('announce')
  assert.equal(told(story), ['http://a stopped'])
})

test('trackers: an answer that comes during a check is no reason to say `stopped`', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .when(toTransfer({ type: 'check-asked' }))
  story.when(answer('http://a')).thenEvents('announce-answered')
})

test('trackers: what is left counts the last piece as short as it is', () => {
  const story = given(downloading(), seedPeer(1))
  assert.is(leftBytes(story.state), SMALL.totalBytes)
  story.also(...fetched(1, [0]))
  assert.is(leftBytes(story.state), SMALL.totalBytes - SMALL.pieceLength)
  story.also(...fetched(1, [7]))
  assert.is(leftBytes(story.state), 6 * SMALL.pieceLength)
  assert.is(leftBytes(given(seeding()).state), 0)
})

test.run()
