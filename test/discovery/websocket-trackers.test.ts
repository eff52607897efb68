/** Announces to WebSocket trackers, against the pure half of our own: who is counted when, and what a loss comes to. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Introductions } from '../../src/discovery/introductions.js'
import { reconnectionMs } from '../../src/discovery/tracker-socket.js'
import { WebSocketTrackers, webSocketTrackerOf } from '../../src/discovery/websocket-trackers.js'
import { LIMITS } from '../../src/limits.js'
import type { Answer, Cancel, DataChannelEvents } from '../../src/ports.js'
import { peerId } from '../../src/values.js'
import type { AnnounceAnswer, AnnounceRequest } from '../../src/wire/tracker.js'
import { encodeRelayedAnswer, encodeRelayedOffer } from '../../src/wire/websocketanswer.js'
import { TrackerCore } from '../../tracker/core.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { CountedStore } from '../../tracker/web-counts.js'
import { type WebAsker, WebReplies } from '../../tracker/web-reply.js'
import { WebSwarms } from '../../tracker/web-swarms.js'
import { ManualClock } from '../contracts/manual-clock.js'
import { type MemoryEnd, MemoryWebSockets } from '../contracts/memory-web-sockets.js'
import { webSocketsContract } from '../contracts/web-sockets.js'
import { hashOf, seeded } from '../tracker/swarm-world.js'

const URL_OF = 'wss://tracker.example/announce'
const SETTINGS = { intervalSeconds: 100, peersMax: 100, swarmsMax: 100, hashSeed: 1 }
const requestOf = (torrent: number, more: Partial<AnnounceRequest> = {}): AnnounceRequest => ({
  infoHash: hashOf(torrent),
  peerId: peerId(new Uint8Array(20).fill(2)),
  ...{ port: 6_881, uploadedBytes: 3, downloadedBytes: 4, leftBytes: 5, event: 'started', numwant: 80, ...more },
})

/** Lets all that is under way arrive. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A tracker of ours, and an engine that asks it. */
class Place {
  readonly clock = new ManualClock()
  readonly core: TrackerCore
  readonly ends = new Map<MemoryEnd, WebAsker>()
  readonly heard: string[] = []
  /** What was sent to the tracker, as it was. */
  readonly texts: string[] = []
  readonly outcomes: string[] = []
  readonly answers: AnnounceAnswer[] = []
  readonly sockets: MemoryWebSockets
  readonly trackers: WebSocketTrackers
  listens = true
  isDeaf = false

  constructor(introductions?: Introductions) {
    const swarms = new WebSwarms(SETTINGS, seeded(1))
    const store = new CountedStore(new MemoryStore(SETTINGS, seeded(2)), swarms)
    this.core = new TrackerCore({ store, intervalSeconds: 100, now: () => this.clock.now() })
    const replies = new WebReplies(this.core, swarms)
    this.sockets = new MemoryWebSockets(
      this.clock,
      {
        opened: (end) => {
          const link = { peers: new Set<never>(), send: (text: string) => end.say(text) }
          this.ends.set(end, { link, from: Uint8Array.of(10, 0, 0, 1), token: undefined })
        },
        received: (end, text) => {
          const asker = this.ends.get(end)
          this.texts.push(text)
          this.heard.push(String(JSON.parse(text).event ?? JSON.parse(text).action))
          if (asker !== undefined && !this.isDeaf) void replies.take(text, asker, this.clock.now())
        },
        closed: (end) => {
          const asker = this.ends.get(end)
          if (asker !== undefined) swarms.leave(asker.link, this.clock.now())
          this.ends.delete(end)
        },
      },
      () => this.listens,
    )
    this.trackers = new WebSocketTrackers({
      ...{ clock: this.clock, webSockets: this.sockets, introductions: () => introductions },
      entropy: (length) => new Uint8Array(length),
    })
  }

  announce(torrent: number, more: Partial<AnnounceRequest> = {}, url = URL_OF): Cancel {
    return this.trackers.announce(url, requestOf(torrent, more), (answer: Answer<AnnounceAnswer>) => {
      this.outcomes.push(answer.type === 'done' ? 'done' : `${answer.failure.code}: ${answer.failure.message}`)
      if (answer.type === 'done') this.answers.push(answer.value)
    })
  }

  /** Whom the tracker counts in the torrents from 1 on. */
  async counted(torrents = 3): Promise<readonly number[]> {
    const hashes = Array.from({ length: torrents }, (_, at) => hashOf(at + 1))
    return (await this.core.look(hashes)).map(({ complete, incomplete }) => complete + incomplete)
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settled()
  }

  /** The tracker's end of every socket ends. */
  async lose(): Promise<void> {
    for (const end of this.ends.keys()) end.end()
    await settled()
  }
}

test('WebSocket trackers: an announce is counted until stopped, and then its socket is closed', async () => {
  const place = new Place()
  place.announce(1)
  assert.equal(place.outcomes, [])
  await settled()
  const answer = { intervalSeconds: 100, complete: 0, incomplete: 1, warning: undefined, peers: [] }
  assert.equal([place.outcomes, place.answers], [['done'], [answer]])
  assert.equal([await place.counted(), place.ends.size], [[1, 0, 0], 1])
  place.announce(1, { event: 'completed', leftBytes: 0 })
  await settled()
  assert.is(place.answers.at(-1)?.complete, 1)
  place.announce(1, { event: 'stopped' })
  await settled()
  assert.equal([place.outcomes, await place.counted(), place.ends.size], [['done', 'done', 'done'], [0, 0, 0], 0])
  assert.is(place.clock.waiting, 0)
})

test('WebSocket trackers: transfers share a socket, which stays for the last of them', async () => {
  const place = new Place()
  for (const torrent of [1, 2, 3]) place.announce(torrent)
  await settled()
  for (const torrent of [1, 3]) place.announce(torrent, { event: 'stopped' })
  await settled()
  assert.equal([await place.counted(), place.ends.size, place.sockets.asked.length], [[0, 1, 0], 1, 1])
  place.announce(2, { event: 'stopped' })
  await settled()
  assert.equal([place.outcomes.length, place.ends.size, place.clock.waiting], [6, 0, 0])
})

test('WebSocket trackers: a no of the tracker is a failure with its reason, and nothing stays open for it', async () => {
  const place = new Place()
  place.core.allow = new Set([`${'0'.repeat(39)}2`])
  for (const torrent of [1, 2]) place.announce(torrent)
  await settled()
  assert.equal(place.outcomes, ['FAILURE: this tracker does not serve this torrent', 'done'])
  place.announce(2, { event: 'stopped' })
  await settled()
  assert.is(place.ends.size, 0)
})

test('WebSocket trackers: what other peers offer is passed over, and so is what was not asked', async () => {
  const place = new Place()
  place.announce(1)
  await settled()
  const [end] = [...place.ends.keys()]
  const offer = encodeRelayedOffer(hashOf(1), 'p'.repeat(20), { offerId: 'o'.repeat(20), sdp: 'v=0' })
  for (const text of [offer, '{"action":"announce","info_hash":"x"}', '{}', 'nonsense']) end?.say(text)
  await settled()
  place.isDeaf = true
  place.announce(1)
  await settled()
  for (const text of [offer, '{"action":"announce","info_hash":"x"}', '{}']) end?.say(text)
  await settled()
  assert.equal(place.outcomes, ['done'])
  end?.say('nonsense')
  await settled()
  assert.equal(place.outcomes, ['done', 'GARBAGE: the answer is no object in JSON'])
  assert.is(place.ends.size, 1)
})

test('WebSocket trackers: a failure without a torrent is of what was asked first', async () => {
  const place = new Place()
  place.isDeaf = true
  for (const torrent of [1, 2]) place.announce(torrent)
  await settled()
  const [end] = [...place.ends.keys()]
  end?.say('{"failure reason":"not now"}')
  await settled()
  assert.equal(place.outcomes, ['FAILURE: not now'])
  end?.say(`{"action":"announce","info_hash":"${'\\u0000'.repeat(19)}\\u0002","interval":7}`)
  await settled()
  assert.equal([place.outcomes.length, place.answers[0]?.intervalSeconds], [2, 7])
})

test('WebSocket trackers: one that is not there, or does not answer in time, is a failure and nothing stays', async () => {
  const place = new Place()
  place.listens = false
  place.announce(1)
  await settled()
  place.listens = true
  place.isDeaf = true
  for (const torrent of [1, 2]) place.announce(torrent)
  await place.advance(LIMITS.trackerTimeoutMs - 1)
  assert.is(place.outcomes.length, 1)
  await place.advance(1)
  const timeout = `TIMEOUT: no answer within ${LIMITS.trackerTimeoutMs} ms`
  assert.equal(place.outcomes, ['REFUSED: nobody listens', timeout, timeout])
  assert.equal([place.ends.size, place.clock.waiting], [0, 0])
})

test('WebSocket trackers: a socket that is lost is opened again, later each time, and all are entered anew', async () => {
  const place = new Place()
  for (const torrent of [1, 2]) place.announce(torrent, torrent === 2 ? { leftBytes: 0 } : {})
  await settled()
  place.listens = false
  await place.lose()
  assert.equal(await place.counted(), [0, 0, 0])
  const opened: number[] = []
  let asked = place.sockets.asked.length
  for (let seconds = 1; seconds <= 75; seconds++) {
    await place.advance(1_000)
    if (place.sockets.asked.length > asked) opened.push(seconds)
    asked = place.sockets.asked.length
  }
  assert.equal(opened, [10, 30, 70])
  place.listens = true
  await place.advance(80_000)
  assert.equal(
    [await place.counted(), place.heard.slice(-2)],
    [
      [1, 1, 0],
      ['started', 'started'],
    ],
  )
  const [first, second] = await place.core.look([hashOf(1), hashOf(2)])
  assert.equal([first?.incomplete, second?.complete], [1, 1])
  // Those were told long ago: nobody is told again, and the next loss is the first again.
  assert.equal(place.outcomes, ['done', 'done'])
  await place.lose()
  await place.advance(LIMITS.webSocketRetryMs)
  assert.equal(await place.counted(), [1, 1, 0])
  for (const torrent of [1, 2]) place.announce(torrent, { event: 'stopped' })
  await settled()
  assert.equal([place.ends.size, place.clock.waiting], [0, 0])
})

test('WebSocket trackers: an announce does not wait for a socket to be tried again', async () => {
  const place = new Place()
  place.announce(1)
  await settled()
  await place.lose()
  place.announce(2)
  await settled()
  assert.equal(
    [place.outcomes, await place.counted()],
    [
      ['done', 'done'],
      [1, 1, 0],
    ],
  )
  await place.advance(LIMITS.webSocketRetryMs)
  assert.is(place.sockets.asked.length, 2)
})

test('WebSocket trackers: whoever has not announced for two intervals is not entered again', async () => {
  const place = new Place()
  place.announce(1)
  await settled()
  await place.advance(200_000)
  await place.lose()
  assert.equal([place.clock.waiting, place.sockets.asked.length], [0, 1])
})

test('WebSocket trackers: stopped needs no socket where there is none, since nobody is counted without one', async () => {
  const place = new Place()
  place.announce(1)
  await settled()
  place.listens = false
  await place.lose()
  place.announce(1, { event: 'stopped' })
  assert.is(place.outcomes.length, 1)
  await place.advance(0)
  assert.equal([place.outcomes, place.sockets.asked.length, place.clock.waiting], [['done', 'done'], 1, 0])
})

test('WebSocket trackers: one that is cancelled calls nobody back, and its socket is closed', async () => {
  const place = new Place()
  const cancel = place.announce(1)
  cancel()
  cancel()
  await settled()
  assert.equal([place.outcomes, place.heard, place.ends.size, place.clock.waiting], [[], [], 0, 0])
  place.announce(1)
  await settled()
  place.isDeaf = true
  const farewell = place.announce(1, { event: 'stopped' })
  await settled()
  farewell()
  await settled()
  assert.equal([place.outcomes, place.ends.size, place.clock.waiting], [['done'], 0, 0])
})

test('WebSocket trackers: their counts are asked over the same socket, and over one of their own', async () => {
  const place = new Place()
  const counts: Answer<unknown>[] = []
  place.trackers.scrape(URL_OF, hashOf(1), (answer) => counts.push(answer))
  await settled()
  assert.equal([counts.length, place.ends.size], [1, 0])
  place.announce(1)
  place.trackers.scrape(URL_OF, hashOf(1), (answer) => counts.push(answer))
  await settled()
  const value = { complete: 0, incomplete: 1, downloaded: 0, minIntervalSeconds: 100 }
  assert.equal([counts.at(-1), place.ends.size], [{ type: 'done', value }, 1])
  // A no to one of them is no answer to the other.
  place.isDeaf = true
  place.announce(1)
  place.trackers.scrape(URL_OF, hashOf(1), (answer) => counts.push(answer))
  await settled()
  for (const end of place.ends.keys()) end.say('{"action":"scrape","failure reason":"no"}')
  await settled()
  const failure = { code: 'FAILURE', message: 'no' }
  assert.equal([counts.at(-1), place.outcomes], [{ type: 'failed', failure }, ['done']])
  place.isDeaf = false
  place.core.allow = new Set()
  place.trackers.scrape(URL_OF, hashOf(1), (answer) => counts.push(answer))
  await place.advance(LIMITS.trackerTimeoutMs)
  assert.is(counts.at(-1)?.type, 'failed')
})

test('WebSocket trackers: there are no more sockets than there may be', async () => {
  const place = new Place()
  place.isDeaf = true
  for (let at = 0; at <= LIMITS.webSocketTrackersMax; at++) place.announce(1, {}, `ws://tracker${at}.example/`)
  await place.advance(0)
  assert.is(place.ends.size, LIMITS.webSocketTrackersMax)
  assert.equal(place.outcomes, [`ENOBUFS: there are ${LIMITS.webSocketTrackersMax} WebSocket trackers already`])
})

test('WebSocket trackers: only URLs of WebSocket are theirs', () => {
  assert.is(webSocketTrackerOf('wss://a.example'), 'wss://a.example/')
  assert.is(webSocketTrackerOf('WS://a.example:8000/announce?x=1#part'), 'ws://a.example:8000/announce?x=1')
  for (const url of ['http://a.example/', 'udp://a.example:1', 'a.example', 'ws:', '']) {
    assert.is(webSocketTrackerOf(url), undefined, url)
  }
})

test('WebSocket trackers: each loss doubles the time, up to an hour, and chance takes half of it at most', () => {
  assert.equal(
    [0, 1, 2, 8, 9, 100].map((losses) => reconnectionMs(losses, 0) / 1_000),
    [10, 20, 40, 2_560, 3_600, 3_600],
  )
  assert.is(reconnectionMs(0, 1), 5_000)
})

/** Channels that are described at once, and then do as they are told. */
const channelsOf = (clock: ManualClock) => {
  const begun: { offer: string | undefined; answers: string[]; closed: boolean; events: DataChannelEvents }[] = []
  const introductions = new Introductions({
    clock,
    entropy: (length) => new Uint8Array(length).fill(begun.length),
    meeting: { met: () => undefined, told: () => undefined },
    channels: {
      open: (offer, events) => {
        const channel = { offer, answers: [] as string[], closed: false, events }
        begun.push(channel)
        queueMicrotask(() => events.described(offer === undefined ? 'our offer' : 'our answer'))
        return {
          answered: (sdp) => channel.answers.push(sdp),
          close: () => {
            channel.closed = true
          },
        }
      },
    },
  })
  return { begun, introductions }
}

test('WebSocket trackers: an announce brings offers, answers go to them, and offers of others are answered', async () => {
  const { begun, introductions } = channelsOf(new ManualClock())
  const place = new Place(introductions)
  place.announce(1)
  await settled()
  const { offers, numwant } = JSON.parse(place.texts[0] ?? '')
  assert.equal([numwant, offers.length, offers[0].offer], [5, 5, { type: 'offer', sdp: 'our offer' }])
  const [end] = [...place.ends.keys()]
  const said = { infoHash: hashOf(1), peerId: 'p'.repeat(20), offerId: offers[1].offer_id, sdp: 'their answer' }
  end?.say(encodeRelayedAnswer({ type: 'answer', toPeerId: '', ...said }))
  await settled()
  assert.equal(
    begun.map(({ answers }) => answers.length),
    [0, 1, 0, 0, 0],
  )
  end?.say(encodeRelayedOffer(hashOf(1), said.peerId, { offerId: 'o'.repeat(20), sdp: 'their offer' }))
  // Of a torrent that is not announced there, and of ourselves.
  end?.say(encodeRelayedOffer(hashOf(2), said.peerId, { offerId: 'o'.repeat(20), sdp: 'their offer' }))
  end?.say(encodeRelayedOffer(hashOf(1), '\x02'.repeat(20), { offerId: 'o'.repeat(20), sdp: 'their offer' }))
  await settled()
  assert.equal(
    begun.slice(5).map(({ offer }) => offer),
    ['their offer'],
  )
  const { answer, to_peer_id: to, offer_id: of } = JSON.parse(place.texts[1] ?? '')
  assert.equal([answer, to, of], [{ type: 'answer', sdp: 'our answer' }, said.peerId, 'o'.repeat(20)])
  place.announce(1, { event: 'stopped' })
  await settled()
  assert.ok(begun.every(({ closed }) => closed))
  assert.equal([introductions.size, place.ends.size], [0, 0])
})

test('WebSocket trackers: an announce that waits for offers goes without them before one that says stopped', async () => {
  const clock = new ManualClock()
  const introductions = new Introductions({
    ...{ clock, entropy: (length) => new Uint8Array(length) },
    meeting: { met: () => undefined, told: () => undefined },
    channels: { open: () => ({ answered: () => undefined, close: () => undefined }) },
  })
  const place = new Place(introductions)
  place.announce(1)
  place.announce(1, { event: 'stopped' })
  await settled()
  assert.equal(
    [place.heard, place.outcomes],
    [
      ['started', 'stopped'],
      ['done', 'done'],
    ],
  )
  assert.equal([introductions.size, clock.waiting, place.ends.size], [0, 0, 0])
})

webSocketsContract('WebSockets in memory', async (work) => {
  const ends: { received: string[]; say(text: string): void; end(): void }[] = []
  const byEnd = new Map<MemoryEnd, string[]>()
  const clock = new ManualClock()
  const webSockets = new MemoryWebSockets(
    clock,
    {
      opened: (end) => {
        const received: string[] = []
        byEnd.set(end, received)
        ends.push({ received, say: end.say, end: end.end })
      },
      received: (end, text) => byEnd.get(end)?.push(text),
      closed: (end) => byEnd.delete(end),
    },
    (url) => url === 'ws://here.example/',
  )
  await work({
    ...{ webSockets, url: 'ws://here.example/', nowhere: 'ws://nowhere.example/', ends },
    until: async (promise) => {
      let isSettled = false
      promise.finally(() => (isSettled = true))
      while (!isSettled) {
        clock.advance(10)
        await settled()
      }
      return promise
    },
    get open() {
      return byEnd.size
    },
    whenServer: async (holds) => {
      while (!holds()) await settled()
    },
  })
})

test.run()
