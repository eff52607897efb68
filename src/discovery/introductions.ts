/**
 * Introductions: peers whom trackers over WebSocket bring together, each with an offer of the one and an answer of the other
 * (WebRTC, as WebTorrent does it). What is under way is bounded in number and in time; what comes of it is a connection, or
 * the word why there is none.
 */
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, DataChannels, Meeting } from '../ports.js'
import { type InfoHash, instant } from '../values.js'
import { latin1Bytes, latin1Text } from '../wire/bencode.js'
import type { WebOffer } from '../wire/websocketrequest.js'
import {
  Introduction,
  type IntroductionOwner,
  type IntroductionParts,
  type Occasion,
  OVERDUE,
  type Standing,
  type WhyFailed,
} from './introduction.js'

const OFFER_ID_BYTES = 20
const MINUTE_MS = 60_000

export interface IntroductionsOptions {
  readonly clock: Clock
  readonly channels: DataChannels
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
  readonly meeting: Meeting
}

/** Offers of others that a tracker passed on lately. */
interface Minute {
  readonly since: number
  answered: number
  toldIgnored: boolean
}

export class Introductions implements IntroductionOwner {
  readonly #options: IntroductionsOptions
  readonly #underWay = new Set<Introduction>()
  readonly #minutes = new WeakMap<object, Minute>()
  #numbers = 0
  #closed = false

  constructor(options: IntroductionsOptions) {
    this.#options = options
  }

  /** How many are under way. */
  get size(): number {
    return this.#underWay.size
  }

  /** Makes offers; `done` is called once, with those that are ready in time, unless cancelled. It may be at once. */
  offer(occasion: Occasion, wanted: number, done: (offers: readonly WebOffer[]) => void): Cancel {
    const offers = new Map<Introduction, WebOffer>()
    const all: Introduction[] = []
    const making = new Set<Introduction>()
    let isDone = false
    const finish = (): void => {
      if (isDone) return
      isDone = true
      deadline()
      for (const introduction of making) this.#end(introduction, 'not-described')
      // What was dropped meanwhile, nobody could answer.
      const ready = [...offers].filter(([introduction]) => this.#underWay.has(introduction))
      if (ready.length > 0) this.#tellOffers(occasion, wanted, ready)
      done(ready.map(([, offer]) => offer))
    }
    const deadline = this.#after(LIMITS.webRtcDescribeMs, finish)
    const made = (introduction: Introduction): void => {
      if (making.delete(introduction) && making.size === 0) finish()
    }
    for (let left = Math.min(wanted, LIMITS.webRtcOffersMax, this.#room); left > 0; left--) {
      const offerId = latin1Text(this.#options.entropy(OFFER_ID_BYTES))
      const introduction = this.#begin({ occasion, offerId, peerId: undefined }, undefined, LIMITS.webRtcDescribeMs)
      introduction.ready = (sdp) => {
        offers.set(introduction, { offerId, sdp })
        this.#enter(introduction, 'waiting', LIMITS.webRtcOfferMs)
        made(introduction)
      }
      introduction.ended = () => made(introduction)
      making.add(introduction)
      all.push(introduction)
    }
    if (making.size === 0) finish()
    return () => {
      isDone = true
      deadline()
      for (const introduction of all) this.#end(introduction, 'withdrawn')
    }
  }

  /**
   * Answers another's offer, unless it is being answered already, there is no room, or the tracker has passed on too many;
   * `reply` is called once at most.
   */
  take(occasion: Occasion, peerId: string, offer: WebOffer, reply: (sdp: string) => void): void {
    const { at, infoHash, tracker } = occasion
    if ([...this.#underWay].some((each) => each.peerId === peerId && isOf(each, at, infoHash))) return
    const minute = this.#minuteOf(at)
    const isTooOften = minute.answered >= LIMITS.webRtcAnswersPerMinute
    if (isTooOften || this.#room === 0) {
      if (minute.toldIgnored) return
      minute.toldIgnored = true
      const reason = isTooOften ? 'too-often' : 'no-room'
      this.#options.meeting.told(infoHash, { type: 'offers-ignored', tracker, reason })
      return
    }
    minute.answered++
    const introduction = this.#begin({ occasion, offerId: offer.offerId, peerId }, offer.sdp, LIMITS.webRtcConnectMs)
    introduction.ready = (sdp) => {
      introduction.standing = 'connecting'
      reply(sdp)
    }
    const said = { introduction: introduction.number, tracker, peerId: latin1Bytes(peerId) }
    this.#options.meeting.told(infoHash, { type: 'offer-received', ...said })
  }

  /** Another answers an offer of ours; nothing, where that was answered, or given up. */
  answered(at: object, peerId: string, offerId: string, sdp: string): void {
    for (const introduction of this.#underWay) {
      const { occasion, standing, number } = introduction
      if (occasion.at !== at || standing !== 'waiting' || introduction.offerId !== offerId) continue
      this.#enter(introduction, 'connecting', LIMITS.webRtcConnectMs)
      const said = { introduction: number, tracker: occasion.tracker, peerId: latin1Bytes(peerId) }
      this.#options.meeting.told(occasion.infoHash, { type: 'offer-answered', ...said })
      introduction.handle?.answered(sdp)
      return
    }
  }

  /** Nobody is to be met for the torrent by this tracker any more. */
  drop(at: object, infoHash: InfoHash): void {
    for (const each of [...this.#underWay]) if (isOf(each, at, infoHash)) this.#end(each, 'withdrawn')
  }

  /** The tracker is gone, and with it whoever might have answered. */
  forgetWaiting(at: object): void {
    for (const each of [...this.#underWay])
      if (each.occasion.at === at && each.standing === 'waiting') this.#end(each, 'tracker-lost')
  }

  close(): void {
    this.#closed = true
    for (const each of [...this.#underWay]) this.#end(each, 'withdrawn')
  }

  described(introduction: Introduction, sdp: string): void {
    introduction.ready(sdp)
  }

  opened(introduction: Introduction, connection: Connection): ConnectionEvents | undefined {
    const { occasion, number } = introduction
    if (!this.#settle(introduction)) return undefined
    const { meeting } = this.#options
    meeting.told(occasion.infoHash, { type: 'introduction-opened', introduction: number, tracker: occasion.tracker })
    return meeting.met(connection, occasion.infoHash, { introduction: number, rank: introduction.rank })
  }

  failed(introduction: Introduction, reason: WhyFailed, detail: string): void {
    const { occasion, number } = introduction
    if (!this.#underWay.has(introduction)) return
    // Told first: where it was the last of an announce's offers, that goes out with the end of this one.
    const said = { introduction: number, tracker: occasion.tracker, reason, detail }
    this.#options.meeting.told(occasion.infoHash, { type: 'introduction-failed', ...said })
    this.#settle(introduction)
  }

  get #room(): number {
    return this.#closed ? 0 : LIMITS.webRtcAttemptsMax - this.#underWay.size
  }

  #minuteOf(at: object): Minute {
    const now = this.#options.clock.now()
    const known = this.#minutes.get(at)
    if (known !== undefined && now - known.since < MINUTE_MS) return known
    const minute = { since: now, answered: 0, toldIgnored: false }
    this.#minutes.set(at, minute)
    return minute
  }

  #tellOffers(
    { tracker, infoHash }: Occasion,
    wanted: number,
    ready: readonly (readonly [Introduction, unknown])[],
  ): void {
    const introductions = ready.map(([{ number }]) => number)
    this.#options.meeting.told(infoHash, { type: 'offers-made', tracker, wanted, introductions })
  }

  #begin(parts: Omit<IntroductionParts, 'number'>, offer: string | undefined, withinMs: number): Introduction {
    const introduction = new Introduction(this, { number: ++this.#numbers, ...parts })
    this.#underWay.add(introduction)
    this.#giveTime(introduction, withinMs)
    introduction.handle = this.#options.channels.open(offer, introduction)
    return introduction
  }

  #enter(introduction: Introduction, standing: Standing, withinMs: number): void {
    introduction.standing = standing
    introduction.deadline()
    this.#giveTime(introduction, withinMs)
  }

  #giveTime(introduction: Introduction, ms: number): void {
    introduction.deadline = this.#after(ms, () => this.#end(introduction, OVERDUE[introduction.standing]))
  }

  /** Given up by us. */
  #end(introduction: Introduction, reason: WhyFailed): void {
    if (!this.#underWay.has(introduction)) return
    introduction.handle?.close()
    this.failed(introduction, reason, '')
  }

  /** Whether it was still under way. */
  #settle(introduction: Introduction): boolean {
    if (!this.#underWay.delete(introduction)) return false
    introduction.deadline()
    introduction.ended()
    return true
  }

  #after(ms: number, act: () => void): Cancel {
    const { clock } = this.#options
    return clock.wakeAt(instant(clock.now() + ms), act)
  }
}

const isOf = ({ occasion }: Introduction, at: object, infoHash: InfoHash): boolean =>
  occasion.at === at && latin1Text(occasion.infoHash) === latin1Text(infoHash)
