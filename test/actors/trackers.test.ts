import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { leftBytes } from '../../src/actors/trackers.js'
import type { Input } from '../../src/actors/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { type Beginning, beginningOf } from '../../src/session.js'
import type { AnnounceAnswer } from '../../src/wire/tracker.js'
import { added, downloading, fetched, INFO_HASH, OUR_ID, SMALL, seeding, seedPeer, session } from './beginnings.js'
import { given, type Story, toTransfer, woken } from './given.js'

const SECOND = 1_000
const TIERS = [['http://a', 'http://b'], ['http://c']]
const tiers = (urls = TIERS) => ({ type: 'trackers-set', tiers: urls }) as const
const answer = (tracker: string, parts: Partial<AnnounceAnswer> = {}): Input => ({
  to: 'trackers',
  input: { type: 'announce-answered', tracker, answer: { intervalSeconds: 1_800, peers: [], ...parts }, port: 6_881 },
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
  story.pass(LIMITS.trackerSilenceMs - SECOND)
  assert.equal(told(story), [])
})

test('trackers: one that is silent is still waited for, while the next is asked every five seconds', () => {
  const story = given(downloading(), tiers()).when(woken)
  story.pass(4 * SECOND).thenEvents()
  story.pass(SECOND).thenEvents('announce-overdue', 'announce-began')
  assert.equal(told(story), ['http://b started'])
  assert.equal(told(story.pass(5 * SECOND)), ['http://c started'])
  assert.equal(told(story.pass(60 * SECOND)), [], 'the last of the round is waited for to its end')
})

test('trackers: whichever answers is listened to, and one that answers late is the first to be asked again', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .pass(10 * SECOND)
  story.when(answer('http://c', { intervalSeconds: 60 }))
  story.when(answer('http://b', { intervalSeconds: 60 }))
  assert.equal(order(story), [['http://b', 'http://a'], ['http://c']])
  assert.equal(told(story.pass(60 * SECOND)), ['http://b undefined'])
  story.when(answer('http://b')).when(toTransfer({ type: 'end-asked' }))
  assert.equal(told(story).sort(), ['http://b stopped', 'http://c stopped'])
})

test('trackers: one that fails after the next was asked takes no turn away', () => {
  const story = given(downloading(), tiers())
    .when(woken)
    .pass(5 * SECOND)
  assert.equal(told(story.when(failure('http://a'))), [])
  assert.equal(told(story.when(failure('http://b'))), ['http://c started'])
})

test('trackers: a round of silent ones ends with the last, and the next comes ever later', () => {
  const story = given(downloading(), tiers([['http://a'], ['http://b']])).when(woken)
  const begun: number[] = []
  const silentFor = 45
  const asked: { readonly url: string; readonly at: number }[] = [{ url: 'http://a', at: 0 }]
  for (let second = 1; second <= 1_000; second++) {
    const due = asked.filter(({ at }) => at + silentFor === second)
    story.pass(SECOND)
    const now = story.effectsOf('announce').map(({ tracker: url }) => ({ url, at: second }))
    story.when(...due.map(({ url }) => failure(url)))
    now.push(...story.effectsOf('announce').map(({ tracker: url }) => ({ url, at: second })))
    asked.push(...now)
    begun.push(...now.filter(({ url }) => url === 'http://a').map(({ at }) => at))
  }
  const waits = begun.map((at, place) => at - (begun[place - 1] ?? 0))
  assert.ok(
    waits.every((wait, place) => place === 0 || wait >= (waits[place - 1] ?? 0)),
    waits.join(),
  )
  assert.ok((waits.at(-1) ?? 0) > 300, waits.join())
})

test('trackers: the next announce waits for a tracker that is asked still', () => {
  const story = given(downloading(), tiers([['http://a'], ['http://b']]))
    .when(woken)
    .pass(5 * SECOND)
    .when(failure('http://b'))
  assert.equal(told(story.pass(30 * SECOND)), [])
  story.when(failure('http://a'))
  assert.equal(told(story), ['http://a started'])
})

test('trackers: where a tracker hears us is learned once, and nobody is dialed there', () => {
  const own = { host: '203.0.113.5', port: 6_881 }
  const neighbour = { host: own.host, port: 6_882 }
  const story = given(downloading(), tiers()).when(woken)
  story.when(answer('http://a', { externalHost: own.host, peers: [own, neighbour] }))
  story.thenEvents('announce-answered', 'external-address-seen', 'candidates-found', 'dial-began')
  assert.equal(
    story.effectsOf('dial').map(({ address }) => address),
    [neighbour],
  )
  story.when(answer('http://a', { externalHost: own.host }))
  story.thenEvents('announce-answered')
})

test('trackers: of addresses that trackers claim are ours only a few count', () => {
  const story = given(downloading(), tiers()).when(woken)
  for (let host = 0; host < 50; host++) story.when(answer('http://a', { externalHost: `203.0.113.${host}` }))
  assert.is(story.state.ownAddresses.size, LIMITS.ownAddressesMax)
  assert.is(story.log.filter(({ event }) => event.type === 'external-address-seen').length, LIMITS.ownAddressesMax)
})

const mapped = (externalPort: number): Input =>
  toTransfer({
    type: 'fact-found',
    fact: {
      type: 'port-mapped',
      protocol: 'upnp',
      port: 6_881,
      externalPort,
      externalHost: '203.0.113.5',
      lifetimeMs: 3_600_000,
    },
  })

test('trackers: where the router gives another port they are told at once, and not again when it is renewed', () => {
  const story = given(downloading(), tiers()).when(woken).when(answer('http://a'))
  assert.equal(told(story.when(mapped(6_881))), [])
  assert.equal(told(story.when(mapped(7_000))), ['http://a undefined'])
  story.when(answer('http://a'))
  assert.equal(told(story.when(mapped(7_000))), [])
  assert.ok(story.state.ownAddresses.has('203.0.113.5:7000'))
})

const scrapeAsked: Input = { to: 'trackers', input: { type: 'scrape-asked' } }
const counted = (tracker: string, minIntervalSeconds?: number): Input => ({
  to: 'trackers',
  input: {
    type: 'scrape-answered',
    tracker,
    answer: { complete: 1, incomplete: 2, downloaded: 3, minIntervalSeconds },
  },
})

test('trackers: all are asked for their counts, each at most once in five minutes, or as rarely as it allows', () => {
  const story = given(downloading(), tiers())
  const asked = (): string[] =>
    story
      .when(scrapeAsked)
      .effectsOf('scrape')
      .map(({ tracker }) => tracker)
  assert.equal(asked(), ['http://a', 'http://b', 'http://c'])
  assert.equal(asked(), [], 'they are being asked')
  const failed = { code: 'TIMEOUT', message: 'no answer' }
  story.when(counted('http://a'), counted('http://b', 900), {
    to: 'trackers',
    input: { type: 'scrape-failed', tracker: 'http://c', failure: failed },
  })
  story.thenEvents('scrape-answered', 'scrape-answered', 'scrape-failed')
  const { seeds, leechers, downloads } = story.state.tiers[0]?.[0] ?? {}
  assert.equal([seeds, leechers, downloads], [1, 2, 3])
  assert.equal(asked(), [])
  story.after(300 * SECOND)
  assert.equal(asked(), ['http://a', 'http://c'])
  story.after(600 * SECOND)
  assert.equal(asked(), ['http://b'])
})

const joined: Input = toTransfer({ type: 'fact-found', fact: { type: 'lsd-joined', groups: ['239.192.152.143:6771'] } })

test('local network: a torrent is announced when it can be, and every five minutes', () => {
  const story = given(downloading()).when(woken)
  assert.equal(story.effectsOf('announce-locally'), [])
  story.when(joined).thenEvents('lsd-joined', 'lsd-announced')
  assert.equal(story.effectsOf('announce-locally'), [{ type: 'announce-locally', infoHash: INFO_HASH }])
  assert.equal(story.pass(299 * SECOND).effectsOf('announce-locally').length, 0)
  assert.equal(story.pass(SECOND).effectsOf('announce-locally').length, 1)
})

test('local network: a private torrent is never announced (BEP 27), nor one that is paused', () => {
  const isPrivate = given(added(SMALL, true), session(), { type: 'session-examined' }, { type: 'download-began' })
  isPrivate.when(joined).thenEvents('lsd-joined')
  assert.equal(isPrivate.pass(600 * SECOND).effectsOf('announce-locally'), [])
  const paused = given(downloading()).when(toTransfer({ type: 'pause-asked' }), joined)
  assert.equal(paused.pass(600 * SECOND).effectsOf('announce-locally'), [])
  paused.when(toTransfer({ type: 'resume-asked' }))
  assert.equal(paused.effectsOf('announce-locally').length, 1)
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
    .when(failure('http://c'))
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

test('trackers: one that was taken away and answers after all is told that we stopped, and nothing comes of it', () => {
  const story = given(downloading(), tiers()).when(woken)
  story.when(answer('http://x'))
  story.thenEvents('announce-began')
  assert.equal(told(story), ['http://x stopped'])
  story.when(failure('http://x')).thenNothing()
})

const asked = (...urls: string[]) => toTransfer({ type: 'trackers-asked', tiers: urls.map((url) => [url]) })

test('trackers: one that the user takes away is told that we stopped, if it knows of us', () => {
  const story = given(downloading(), tiers([['http://a'], ['http://b']])).when(woken)
  story.when(answer('http://a'))
  story.when(asked('http://c', 'http://b'))
  assert.equal(told(story), ['http://a stopped', 'http://c started'])
  story.when(asked('http://c'))
  assert.equal(told(story), [])
  assert.equal(
    [...story.state.wishedTrackers],
    [
      ['http://a', false],
      ['http://c', true],
      ['http://b', false],
    ],
  )
})

/** The trackers and web seeds that the next session begins with, of a torrent that names `http://a` in both. */
const nextSession = (story: Story, add: Partial<Beginning['add']> = {}): readonly (readonly string[])[] => {
  const { state } = story
  const { infoHash, limits, ownLimits } = state
  const magnet = { infoHash, trackers: ['http://a'], webSeeds: ['http://a/w'], peers: [] } as never
  const beginning = { infoHash, limits, ownLimits, magnet, metainfo: undefined, missing: [], version: '0.1.0' }
  const entropy = new Uint8Array(16)
  const events = beginningOf(state, { ...beginning, add: { path: '/', ...add }, entropy, machineStartedAt: 0 })
  const trackers = events.find((event) => event.type === 'trackers-set')
  const webSeeds = events.find((event) => event.type === 'web-seeds-set')
  return [
    trackers?.tiers.flat() ?? state.tiers.flat().map(({ url }) => url),
    webSeeds?.urls ?? [...state.webSeeds.keys()],
  ]
}

test('trackers: those that the user added or took away, and web seeds, are remembered over sessions', () => {
  const story = given(downloading(), tiers([['http://a']]), { type: 'web-seeds-set', urls: ['http://a/w'] })
  assert.equal(nextSession(story), [['http://a'], ['http://a/w']])
  story.when(asked('http://x'), toTransfer({ type: 'web-seeds-wished', urls: ['http://x/w'] }))
  assert.equal(nextSession(story), [['http://x'], ['http://x/w']])
  const named = { trackers: ['http://a'], webSeeds: ['http://a/w'] }
  assert.equal(nextSession(story, named), [
    ['http://x', 'http://a'],
    ['http://x/w', 'http://a/w'],
  ])
  story.when(asked('http://a'), toTransfer({ type: 'web-seeds-wished', urls: ['http://a/w'] }))
  assert.equal(nextSession(story), [['http://a'], ['http://a/w']])
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
