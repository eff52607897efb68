/** An introduction under way: one offer, of ours or of another, until there is a connection or none comes of it. */
import { LIMITS } from '../limits.js'
import type {
  Cancel,
  Connection,
  ConnectionEvents,
  DataChannelAttempt,
  DataChannelEvents,
  Failure,
  IntroductionNews,
} from '../ports.js'
import { boundedText, type InfoHash } from '../values.js'
import { latin1Bytes } from '../wire/bencode.js'

/** As many as make a whole number. */
const RANK_BYTES = 6

/** What an introduction is for: a torrent, at a tracker. */
export interface Occasion {
  /** The tracker, as an object of whoever asks. */
  readonly at: object
  /** Its URL. */
  readonly tracker: string
  readonly infoHash: InfoHash
}

/** `waiting` of an offer that a tracker has and nobody has answered. */
export type Standing = 'describing' | 'waiting' | 'connecting'

export type WhyFailed = Extract<IntroductionNews, { type: 'introduction-failed' }>['reason']

/** Why nothing came of it, where its time is up. */
export const OVERDUE: Readonly<Record<Standing, WhyFailed>> = {
  describing: 'not-described',
  waiting: 'unanswered',
  connecting: 'timeout',
}

export interface IntroductionOwner {
  described(introduction: Introduction, sdp: string): void
  opened(introduction: Introduction, connection: Connection): ConnectionEvents | undefined
  failed(introduction: Introduction, reason: WhyFailed, detail: string): void
}

export interface IntroductionParts {
  readonly number: number
  readonly occasion: Occasion
  readonly offerId: string
  /** Who made the offer that this answers; undefined where it is ours. */
  readonly peerId: string | undefined
}

export class Introduction implements DataChannelEvents {
  readonly number: number
  readonly occasion: Occasion
  readonly offerId: string
  readonly peerId: string | undefined
  readonly #owner: IntroductionOwner
  standing: Standing = 'describing'
  handle: DataChannelAttempt | undefined
  deadline: Cancel = () => undefined
  /** Our offer or answer is there; called once. */
  ready: (sdp: string) => void = () => undefined
  /** It is over; called once. */
  ended: () => void = () => undefined

  constructor(owner: IntroductionOwner, { number, occasion, offerId, peerId }: IntroductionParts) {
    this.#owner = owner
    this.number = number
    this.occasion = occasion
    this.offerId = offerId
    this.peerId = peerId
  }

  /** Made of the offer's id, which both sides know. */
  get rank(): number {
    return latin1Bytes(this.offerId)
      .subarray(0, RANK_BYTES)
      .reduce((rank, byte) => rank * 256 + byte, 1)
  }

  described(sdp: string): void {
    this.#owner.described(this, sdp)
  }

  opened(connection: Connection): ConnectionEvents | undefined {
    return this.#owner.opened(this, connection)
  }

  failed({ code, message }: Failure): void {
    this.#owner.failed(this, this.#reasonOf(code), boundedText(`${code}: ${message}`, LIMITS.reasonTextMax))
  }

  /** What the other side said, and nobody can make sense of, is of its making. */
  #reasonOf(code: string): WhyFailed {
    const hasTheirs = this.peerId !== undefined || this.standing === 'connecting'
    if (code === 'EPROTO' && hasTheirs) return 'unreadable'
    return this.standing === 'describing' ? 'not-described' : 'unreachable'
  }
}
