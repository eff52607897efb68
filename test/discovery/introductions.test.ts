/** Introductions: what becomes of offers and answers, given data channels that do as they are told. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Introductions } from '../../src/discovery/introductions.js'
import type { IntroductionNews } from '../../src/events/inputs.js'
import { LIMITS } from '../../src/limits.js'
import type { Connection, DataChannelEvents } from '../../src/ports.js'
import type { WebOffer } from '../../src/wire/websocketrequest.js'
import { ManualClock } from '../contracts/manual-clock.js'
import { hashOf } from '../tracker/swarm-world.js'

const CONNECTION: Connection = {
  remote: { host: '10.0.0.9', port: 9 },
  unsentBytes: 0,
  send: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  close: () => undefined,
}

/** A channel that was begun. */
interface Begun {
  readonly offer: string | undefined
  readonly events: DataChannelEvents
  readonly answers: string[]
  closes: number
}

class Place {
  readonly clock = new ManualClock()
  readonly begun: Begun[] = []
  readonly met: number[] = []
  readonly ranks: number[] = []
  readonly told: IntroductionNews[] = []
  readonly introductions: Introductions
  readonly tracker = {}
  readonly occasion = { at: this.tracker, tracker: 'wss://t', infoHash: hashOf(1) }
  readonly offers: (readonly WebOffer[])[] = []
  #ids = 0

  constructor() {
    this.introductions = new Introductions({
      clock: this.clock,
      entropy: (length) => new Uint8Array(length).fill(++this.#ids),
      meeting: {
        met: (_, infoHash, by) => {
          this.met.push(infoHash[0] ?? 0)
          this.ranks.push(by.rank)
          return undefined
        },
        told: (_, news) => this.told.push(news),
      },
      channels: {
        open: (offer, events) => {
          const begun: Begun = { offer, events, answers: [], closes: 0 }
          this.begun.push(begun)
          return { answered: (sdp) => begun.answers.push(sdp), close: () => begun.closes++ }
        },
      },
    })
  }

  /** Offers of an announce. */
  offer(wanted: number) {
    return this.introductions.offer(this.occasion, wanted, (offers) => this.offers.push(offers))
  }

  /** What was told, in short, and why of those that failed. */
  get news(): readonly string[] {
    return this.told.map((news) => {
      const of = 'introductions' in news ? news.introductions.join() : 'introduction' in news ? news.introduction : ''
      return [news.type, of, 'reason' in news ? news.reason : ''].join(' ').trim()
    })
  }

  at(index: number): Begun {
    const begun = this.begun[index]
    assert.ok(begun)
    return begun
  }
}

test('introductions: given offers that are described, an announce has all of them, and an answer goes to its own', () => {
  const place = new Place()
  place.offer(2)
  place.at(0).events.described('first')
  assert.equal(place.offers, [])
  place.at(1).events.described('second')
  const [offers = []] = place.offers
  assert.equal(
    offers.map(({ sdp, offerId }) => [sdp, offerId.length]),
    [
      ['first', 20],
      ['second', 20],
    ],
  )
  place.introductions.answered(place.tracker, 'p', offers[1]?.offerId ?? '', 'answer')
  place.introductions.answered(place.tracker, 'p', offers[1]?.offerId ?? '', 'a second answer')
  place.introductions.answered({}, 'p', offers[0]?.offerId ?? '', 'by another tracker')
  assert.equal([place.at(0).answers, place.at(1).answers], [[], ['answer']])
  place.at(1).events.opened(CONNECTION)
  assert.equal([place.met.length, place.introductions.size], [1, 1])
})

test('introductions: given an offer that takes too long, an announce goes without it, and it is closed', () => {
  const place = new Place()
  place.offer(2)
  place.at(1).events.described('in time')
  place.clock.advance(LIMITS.webRtcDescribeMs)
  assert.equal(
    place.offers.map((offers) => offers.map(({ sdp }) => sdp)),
    [['in time']],
  )
  assert.equal([place.at(0).closes, place.introductions.size], [1, 1])
})

test('introductions: given offers that fail, an announce goes without them, once', () => {
  const place = new Place()
  place.offer(2)
  for (const { events } of place.begun) events.failed({ code: 'EPROTO', message: 'no network' })
  assert.equal(place.offers, [[]])
  assert.equal([place.introductions.size, place.clock.waiting], [0, 0])
})

test('introductions: given an offer that nobody answers, it is given up, and an answer that comes later is nothing', () => {
  const place = new Place()
  place.offer(1)
  place.at(0).events.described('offer')
  place.clock.advance(LIMITS.webRtcOfferMs)
  assert.equal([place.at(0).closes, place.introductions.size, place.clock.waiting], [1, 0, 0])
  place.introductions.answered(place.tracker, 'p', place.offers[0]?.[0]?.offerId ?? '', 'late')
  assert.equal(place.at(0).answers, [])
})

test('introductions: given an answer that leads nowhere, it is given up', () => {
  const place = new Place()
  place.offer(1)
  place.at(0).events.described('offer')
  place.introductions.answered(place.tracker, 'p', place.offers[0]?.[0]?.offerId ?? '', 'answer')
  place.clock.advance(LIMITS.webRtcConnectMs)
  assert.equal([place.at(0).closes, place.introductions.size], [1, 0])
})

test('introductions: given the offer of another, it is answered, and once while that is under way', () => {
  const place = new Place()
  const replies: string[] = []
  const take = (peer: string, offerId: string): void =>
    place.introductions.take(place.occasion, peer, { offerId, sdp: 'theirs' }, (sdp) => replies.push(sdp))
  take('peer', 'a')
  take('peer', 'b')
  assert.equal(
    place.begun.map(({ offer }) => offer),
    ['theirs'],
  )
  place.at(0).events.described('ours')
  assert.equal(replies, ['ours'])
  place.clock.advance(LIMITS.webRtcConnectMs)
  assert.equal([place.at(0).closes, place.introductions.size, place.clock.waiting], [1, 0, 0])
  take('peer', 'c')
  assert.is(place.begun.length, 2)
})

test('introductions: no more are under way than may be, be they offers or answers', () => {
  const place = new Place()
  for (let at = 0; at < LIMITS.webRtcAttemptsMax + 9; at++)
    place.introductions.take(place.occasion, `peer ${at}`, { offerId: 'o', sdp: 'v' }, () => undefined)
  assert.is(place.introductions.size, LIMITS.webRtcAttemptsMax)
  place.offer(5)
  assert.equal(place.offers, [[]])
  const other = new Place()
  other.offer(1_000)
  assert.is(other.introductions.size, LIMITS.webRtcOffersMax)
})

test('introductions: given a torrent that nobody is to be met for, all of it ends, and an announce under way goes at once', () => {
  const place = new Place()
  place.introductions.offer({ ...place.occasion, infoHash: hashOf(2) }, 1, () => undefined)
  place.offer(2)
  place.at(1).events.described('offer')
  place.introductions.drop(place.tracker, hashOf(1))
  assert.equal(place.offers, [[]])
  assert.equal(
    place.begun.map(({ closes }) => closes),
    [0, 1, 1],
  )
})

test('introductions: given a tracker that is gone, offers that it had are given up, and answered ones go on', () => {
  const place = new Place()
  place.offer(2)
  for (const { events } of place.begun) events.described('offer')
  place.introductions.answered(place.tracker, 'p', place.offers[0]?.[0]?.offerId ?? '', 'answer')
  place.introductions.forgetWaiting(place.tracker)
  assert.equal(
    place.begun.map(({ closes }) => closes),
    [0, 1],
  )
})

test('introductions: given an announce that is cancelled, its offers are closed and it hears of none', () => {
  const place = new Place()
  const cancel = place.offer(2)
  place.at(0).events.described('offer')
  cancel()
  assert.equal([place.offers.length, place.introductions.size, place.clock.waiting], [0, 0, 0])
  assert.equal(
    place.begun.map(({ closes }) => closes),
    [1, 1],
  )
})

test('introductions: once they are closed nothing is begun and nothing is left', () => {
  const place = new Place()
  place.offer(2)
  place.introductions.close()
  place.offer(2)
  place.introductions.take(place.occasion, 'peer', { offerId: 'o', sdp: 'v' }, () => assert.unreachable())
  assert.equal([place.begun.length, place.introductions.size, place.clock.waiting], [2, 0, 0])
})

test('introductions: given an offer that is answered and opens, each step is told, and before the connection is met', () => {
  const place = new Place()
  place.offer(1)
  place.at(0).events.described('offer')
  place.introductions.answered(place.tracker, 'p'.repeat(20), place.offers[0]?.[0]?.offerId ?? '', 'answer')
  assert.equal([place.news, place.met], [['offers-made 1', 'offer-answered 1'], []])
  place.at(0).events.opened(CONNECTION)
  assert.equal([place.news.slice(2), place.met.length], [['introduction-opened 1'], 1])
  assert.equal(place.told[0], { type: 'offers-made', tracker: 'wss://t', wanted: 1, introductions: [1] })
  const peerId = new Uint8Array(20).fill('p'.charCodeAt(0))
  assert.equal(place.told[1], { type: 'offer-answered', introduction: 1, tracker: 'wss://t', peerId })
})

/** What ends one, and the word for it. */
const ENDINGS: readonly (readonly [word: string, end: (place: Place) => void])[] = [
  ['not-described', ({ clock }) => clock.advance(LIMITS.webRtcDescribeMs)],
  ['not-described', (place) => place.at(0).events.failed({ code: 'EPROTO', message: 'no network' })],
  ['unanswered', (place) => described(place).clock.advance(LIMITS.webRtcOfferMs)],
  ['tracker-lost', (place) => described(place).introductions.forgetWaiting(place.tracker)],
  ['withdrawn', (place) => described(place).introductions.drop(place.tracker, hashOf(1))],
  ['timeout', (place) => answered(place).clock.advance(LIMITS.webRtcConnectMs)],
  ['unreadable', (place) => answered(place).at(0).events.failed({ code: 'EPROTO', message: 'no SDP' })],
  ['unreachable', (place) => answered(place).at(0).events.failed({ code: 'ECONNRESET', message: 'it failed' })],
]

const described = (place: Place): Place => {
  place.at(0).events.described('offer')
  return place
}

const answered = (place: Place): Place => {
  described(place).introductions.answered(place.tracker, 'p', place.offers[0]?.[0]?.offerId ?? '', 'answer')
  return place
}

for (const [at, [word, end]] of ENDINGS.entries())
  test(`introductions: an offer that leads nowhere is told once, by a word (${at + 1}: ${word})`, () => {
    const place = new Place()
    place.offer(1)
    end(place)
    place.clock.advance(LIMITS.webRtcOfferMs)
    place.introductions.close()
    assert.is(place.news.at(-1), `introduction-failed 1 ${word}`)
    assert.is(place.told.filter(({ type }) => type === 'introduction-failed').length, 1)
  })

test('introductions: who offered and who answered give the connection the same rank, another one for each offer', () => {
  const [left, right] = [new Place(), new Place()]
  left.offer(2)
  for (const { events } of left.begun) events.described('offer')
  for (const [at, offer] of (left.offers[0] ?? []).entries()) {
    right.introductions.take(right.occasion, `p${at}`, offer, () => undefined)
    for (const { begun } of [left, right]) begun[at]?.events.opened(CONNECTION)
  }
  assert.is(new Set(left.ranks).size, 2)
  assert.equal(left.ranks, right.ranks)
  assert.ok(left.ranks.every((rank) => Number.isSafeInteger(rank) && rank > 0))
})

test('introductions: what another offers and nobody can read is told as its own fault', () => {
  const place = new Place()
  place.introductions.take(place.occasion, 'p', { offerId: 'o', sdp: 'nonsense' }, () => undefined)
  place.at(0).events.failed({ code: 'EPROTO', message: 'x'.repeat(9_999) })
  assert.equal(place.news, ['offer-received 1', 'introduction-failed 1 unreadable'])
  const [, failed] = place.told
  assert.ok(failed !== undefined && 'detail' in failed && failed.detail.length <= LIMITS.reasonTextMax)
})

test('introductions: offers past what is answered in a minute are passed over, which is told once a minute', () => {
  const place = new Place()
  const flood = (): void => {
    for (let at = 0; at < LIMITS.webRtcAnswersPerMinute + 9; at++) {
      place.introductions.take(place.occasion, `peer ${at}`, { offerId: 'o', sdp: 'v' }, () => undefined)
      place.begun.at(-1)?.events.failed({ code: 'EPROTO', message: 'nonsense' })
    }
  }
  flood()
  const ignored = (): number => place.news.filter((news) => news === 'offers-ignored  too-often').length
  assert.equal([place.begun.length, ignored()], [LIMITS.webRtcAnswersPerMinute, 1])
  place.introductions.take({ ...place.occasion, at: {} }, 'p', { offerId: 'o', sdp: 'v' }, () => undefined)
  assert.is(place.begun.length, LIMITS.webRtcAnswersPerMinute + 1, 'another tracker has its own')
  place.clock.advance(60_000)
  flood()
  assert.equal([place.begun.length, ignored()], [2 * LIMITS.webRtcAnswersPerMinute + 1, 2])
})

test.run()
