/**
 * Introductions: peers whom trackers over WebSocket bring together, each with an offer of the one and an answer of the other
 * (WebRTC, as WebTorrent does it). What is under way is bounded in number and in time; what comes of it is a connection.
 */
import { LIMITS } from '../limits.js'
import type {
  Cancel,
  Clock,
  Connection,
  ConnectionEvents,
  DataChannelAttempt,
  DataChannelEvents,
  DataChannels,
  Met,
} from '../ports.js'
import { type InfoHash, instant } from '../values.js'
import { latin1Text } from '../wire/bencode.js'
import type { WebOffer } from '../wire/websocketrequest.js'

const OFFER_ID_BYTES = 20

export interface IntroductionsOptions {
  readonly clock: Clock
  readonly channels: DataChannels
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
  readonly met: Met
}

/** What an introduction is for: a torrent, at a tracker. */
export interface Occasion {
  /** The tracker, as an object of whoever asks. */
  readonly at: object
  readonly infoHash: InfoHash
}

/** `waiting` of an offer that a tracker has and nobody has answered. */
type Standing = 'describing' | 'waiting' | 'connecting'

class Attempt implements DataChannelEvents {
  readonly occasion: Occasion
  readonly offerId: string
  /** Who made the offer that this answers; undefined where it is ours. */
  readonly peerId: string | undefined
  readonly #owner: Introductions
  readonly #described: (sdp: string) => void
  standing: Standing = 'describing'
  handle: DataChannelAttempt | undefined
  deadline: Cancel = () => undefined
  /** It is over; called once. */
  ended: () => void = () => undefined

  constructor(
    owner: Introductions,
    occasion: Occasion,
    offerId: string,
    peerId: string | undefined,
    described: (sdp: string) => void,
  ) {
    this.#owner = owner
    this.occasion = occasion
    this.offerId = offerId
    this.peerId = peerId
    this.#described = described
  }

  described(sdp: string): void {
    this.#described(sdp)
  }

  opened(connection: Connection): ConnectionEvents | undefined {
    this.#owner.settle(this)
    return this.#owner.options.met(connection, this.occasion.infoHash)
  }

  failed(): void {
    this.#owner.settle(this)
  }
}

export class Introductions {
  readonly options: IntroductionsOptions
  readonly #attempts = new Set<Attempt>()
  #closed = false

  constructor(options: IntroductionsOptions) {
    this.options = options
  }

  /** How many are under way. */
  get size(): number {
    return this.#attempts.size
  }

  /** Makes offers; `done` is called once, with those that are ready in time, unless cancelled. It may be at once. */
  offer(occasion: Occasion, wanted: number, done: (offers: readonly WebOffer[]) => void): Cancel {
    const offers = new Map<Attempt, WebOffer>()
    const all: Attempt[] = []
    const making = new Set<Attempt>()
    let isDone = false
    const finish = (): void => {
      if (isDone) return
      isDone = true
      deadline()
      for (const attempt of making) this.#end(attempt)
      // What was dropped meanwhile, nobody could answer.
      done([...offers].flatMap(([attempt, offer]) => (this.#attempts.has(attempt) ? [offer] : [])))
    }
    const deadline = this.#after(LIMITS.webRtcDescribeMs, finish)
    const made = (attempt: Attempt): void => {
      if (making.delete(attempt) && making.size === 0) finish()
    }
    for (let left = Math.min(wanted, LIMITS.webRtcOffersMax, this.#room); left > 0; left--) {
      const offerId = latin1Text(this.options.entropy(OFFER_ID_BYTES))
      const attempt = this.#begin(occasion, { offerId, sdp: undefined }, undefined, LIMITS.webRtcDescribeMs, (sdp) => {
        offers.set(attempt, { offerId, sdp })
        this.#enter(attempt, 'waiting', LIMITS.webRtcOfferMs)
        made(attempt)
      })
      attempt.ended = () => made(attempt)
      making.add(attempt)
      all.push(attempt)
    }
    if (making.size === 0) finish()
    return () => {
      isDone = true
      deadline()
      for (const attempt of all) this.#end(attempt)
    }
  }

  /** Answers another's offer, unless it is being answered already or there is no room; `reply` is called once at most. */
  take(occasion: Occasion, peerId: string, offer: WebOffer, reply: (sdp: string) => void): void {
    const isKnown = [...this.#attempts].some(
      (attempt) => attempt.peerId === peerId && isOf(attempt, occasion.at, occasion.infoHash),
    )
    if (isKnown || this.#room === 0) return
    const attempt = this.#begin(occasion, offer, peerId, LIMITS.webRtcConnectMs, (sdp) => {
      attempt.standing = 'connecting'
      reply(sdp)
    })
  }

  /** Another answers an offer of ours; nothing, where that was answered, or given up. */
  answered(at: object, offerId: string, sdp: string): void {
    for (const attempt of this.#attempts) {
      if (attempt.occasion.at !== at || attempt.standing !== 'waiting' || attempt.offerId !== offerId) continue
      this.#enter(attempt, 'connecting', LIMITS.webRtcConnectMs)
      attempt.handle?.answered(sdp)
      return
    }
  }

  /** Nobody is to be met for the torrent by this tracker any more. */
  drop(at: object, infoHash: InfoHash): void {
    for (const attempt of [...this.#attempts]) if (isOf(attempt, at, infoHash)) this.#end(attempt)
  }

  /** The tracker is gone, and with it whoever might have answered. */
  forgetWaiting(at: object): void {
    for (const attempt of [...this.#attempts])
      if (attempt.occasion.at === at && attempt.standing === 'waiting') this.#end(attempt)
  }

  close(): void {
    this.#closed = true
    for (const attempt of [...this.#attempts]) this.#end(attempt)
  }

  /** It is over, as a connection or as a failure. */
  settle(attempt: Attempt): void {
    if (!this.#attempts.delete(attempt)) return
    attempt.deadline()
    attempt.ended()
  }

  get #room(): number {
    return this.#closed ? 0 : LIMITS.webRtcAttemptsMax - this.#attempts.size
  }

  #begin(
    occasion: Occasion,
    { offerId, sdp }: { readonly offerId: string; readonly sdp: string | undefined },
    peerId: string | undefined,
    withinMs: number,
    described: (sdp: string) => void,
  ): Attempt {
    const attempt = new Attempt(this, occasion, offerId, peerId, described)
    this.#attempts.add(attempt)
    attempt.deadline = this.#after(withinMs, () => this.#end(attempt))
    attempt.handle = this.options.channels.open(sdp, attempt)
    return attempt
  }

  #enter(attempt: Attempt, standing: Standing, withinMs: number): void {
    attempt.standing = standing
    attempt.deadline()
    attempt.deadline = this.#after(withinMs, () => this.#end(attempt))
  }

  #end(attempt: Attempt): void {
    if (!this.#attempts.has(attempt)) return
    attempt.handle?.close()
    this.settle(attempt)
  }

  #after(ms: number, act: () => void): Cancel {
    const { clock } = this.options
    return clock.wakeAt(instant(clock.now() + ms), act)
  }
}

const isOf = ({ occasion }: Attempt, at: object, infoHash: InfoHash): boolean =>
  occasion.at === at && latin1Text(occasion.infoHash) === latin1Text(infoHash)
