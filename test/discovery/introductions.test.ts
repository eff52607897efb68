/** Introductions: what becomes of offers and answers, given data channels that do as they are told. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Introductions } from '../../src/discovery/introductions.js'
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
  readonly introductions: Introductions
  readonly tracker = {}
  readonly occasion = { at: this.tracker, infoHash: hashOf(1) }
  readonly offers: (readonly WebOffer[])[] = []
  #ids = 0

  constructor() {
    this.introductions = new Introductions({
      clock: this.clock,
      entropy: (length) => new Uint8Array(length).fill(++this.#ids),
      met: (_, infoHash) => {
        this.met.push(infoHash[0] ?? 0)
        return undefined
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
  place.introductions.answered(place.tracker, offers[1]?.offerId ?? '', 'answer')
  place.introductions.answered(place.tracker, offers[1]?.offerId ?? '', 'a second answer')
  place.introductions.answered({}, offers[0]?.offerId ?? '', 'by another tracker')
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
  place.introductions.answered(place.tracker, place.offers[0]?.[0]?.offerId ?? '', 'late')
  assert.equal(place.at(0).answers, [])
})

test('introductions: given an answer that leads nowhere, it is given up', () => {
  const place = new Place()
  place.offer(1)
  place.at(0).events.described('offer')
  place.introductions.answered(place.tracker, place.offers[0]?.[0]?.offerId ?? '', 'answer')
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
  place.introductions.offer({ at: place.tracker, infoHash: hashOf(2) }, 1, () => undefined)
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
  place.introductions.answered(place.tracker, place.offers[0]?.[0]?.offerId ?? '', 'answer')
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

test.run()
