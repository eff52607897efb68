/**
 * A tracker's socket: the one over which all transfers announce to a WebSocket tracker, and hear of whom it introduces.
 *
 * Such a tracker counts a peer for as long as its socket is open. So the socket stays from the first announce until the
 * last transfer has said `stopped`; one that is lost meanwhile is opened again, later each time, and the transfers are
 * entered anew. What is answered names the torrent that it is for, and comes in the order of asking.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, Failure, WebSocketConnection, WebSocketEvents, WebSockets } from '../ports.js'
import type { InfoHash } from '../values.js'
import { latin1Text } from '../wire/bencode.js'
import type { TrackerCounts } from '../wire/scrape.js'
import type { AnnounceAnswer, AnnounceRequest } from '../wire/tracker.js'
import { type ReadWebAnswer, readWebAnswer } from '../wire/websocketanswer.js'
import { encodeWebAnnounce, encodeWebReply, encodeWebScrapeRequest, type WebOffer } from '../wire/websocketrequest.js'
import type { Introductions } from './introductions.js'
import { type Asked, TrackerQuestions } from './tracker-questions.js'

/** A transfer that the tracker counts. */
interface Member {
  readonly request: AnnounceRequest
  /** When the tracker forgets it, unless it announces before. */
  readonly untilMs: number
}

/** How long after so many losses of a socket it is tried again; `share` is from 0 to 1, by chance. */
export const reconnectionMs = (losses: number, share: number): number =>
  Math.round(
    Math.min(LIMITS.webSocketRetryMs * 2 ** Math.min(losses, 16), LIMITS.webSocketRetryMaxMs) * (1 - share / 2),
  )

export interface TrackerSocketPorts {
  readonly clock: Clock
  readonly webSockets: WebSockets
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
  /** How peers are met there; not at all, where there is none. */
  readonly introductions?: (() => Introductions | undefined) | undefined
}

export interface TrackerSocketOwner {
  readonly ports: TrackerSocketPorts
  /** Nobody needs the socket any more. */
  forget(url: string): void
}

export class TrackerSocket {
  readonly #owner: TrackerSocketOwner
  readonly #url: string
  readonly #questions: TrackerQuestions
  /** By their info-hashes, as latin1 text. */
  readonly #members = new Map<string, Member>()
  /** Announces that wait for offers of ours. */
  readonly #gathering = new Set<Cancel>()
  #socket: WebSocketConnection | undefined
  /** `later` after a loss: it is to be opened again when some time has passed. */
  #state: 'closed' | 'later' | 'opening' | 'open' = 'closed'
  /** How often it was lost, or not opened, since the tracker last answered. */
  #losses = 0

  constructor(owner: TrackerSocketOwner, url: string) {
    this.#owner = owner
    this.#url = url
    this.#questions = new TrackerQuestions(owner.ports.clock, (failure) => this.#lost(failure))
  }

  announce(request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    const infoHash = latin1Text(request.infoHash)
    if (request.event !== 'stopped') return this.#announceWithOffers(request, done)
    // An announce that waits for offers goes without them, and before this one.
    this.#introductions?.drop(this, request.infoHash)
    this.#members.delete(infoHash)
    // Without a socket it is counted no more, which is all that was to be said.
    if (this.#state === 'closed' || this.#state === 'later') return this.#leave(done)
    return this.#announce(request, done)
  }

  scrape(infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void): Cancel {
    const hash = latin1Text(infoHash)
    return this.#ask({ text: encodeWebScrapeRequest(infoHash), infoHash: hash, isScrape: true }, done, (read) => {
      const counts = read.type === 'scraped' ? read.files.get(hash) : undefined
      return counts && { type: 'done', value: counts }
    })
  }

  get #introductions(): Introductions | undefined {
    return this.#owner.ports.introductions?.()
  }

  /** Offers are made first, where peers are wished for. */
  #announceWithOffers(request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    const introductions = this.#introductions
    const wanted = Math.min(request.numwant ?? LIMITS.webRtcOffersMax, LIMITS.webRtcOffersMax)
    if (introductions === undefined || wanted === 0) return this.#announce(request, done)
    const occasion = { at: this, tracker: this.#url, infoHash: request.infoHash }
    let cancelAnnounce: Cancel | undefined
    let isCancelled = false
    const cancelOffers = introductions.offer(occasion, wanted, (offers) => {
      this.#gathering.delete(cancel)
      if (!isCancelled) cancelAnnounce = this.#announce(request, done, wanted, offers)
    })
    const cancel: Cancel = () => {
      isCancelled = true
      cancelOffers()
      cancelAnnounce?.()
      if (this.#gathering.delete(cancel)) this.#rest()
    }
    if (cancelAnnounce === undefined) this.#gathering.add(cancel)
    return cancel
  }

  #announce(
    request: AnnounceRequest,
    done: (answer: Answer<AnnounceAnswer>) => void,
    wanted = 0,
    offers: readonly WebOffer[] = [],
  ): Cancel {
    const infoHash = latin1Text(request.infoHash)
    const isLast = request.event === 'stopped'
    const settle = (answer: Answer<AnnounceAnswer>): void => {
      // An announce that was under way may have entered it once more.
      if (isLast) this.#members.delete(infoHash)
      else if (answer.type === 'done') this.#enter(infoHash, request, answer.value.intervalSeconds)
      else if (answer.type === 'failed' && answer.failure.code === 'FAILURE') {
        this.#members.delete(infoHash)
        this.#introductions?.drop(this, request.infoHash)
      }
      done(answer)
    }
    const text = encodeWebAnnounce(request, wanted, offers)
    return this.#ask({ text, infoHash, isScrape: false }, settle, (read) =>
      read.type === 'answer' ? { type: 'done', value: { ...read.answer, peers: [] } } : undefined,
    )
  }

  #enter(infoHash: string, request: AnnounceRequest, intervalSeconds: number): void {
    const untilMs = this.#owner.ports.clock.now() + intervalSeconds * 1_000 * LIMITS.trackerExpiryIntervals
    this.#members.set(infoHash, { request: { ...request, event: undefined }, untilMs })
  }

  #leave(done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    const { clock } = this.#owner.ports
    const value: AnnounceAnswer = { intervalSeconds: LIMITS.trackerIntervalSecondsDefault, peers: [] }
    const cancel = clock.wakeAt(clock.now(), () => done({ type: 'done', value }))
    this.#rest()
    return cancel
  }

  #ask<Value>(
    asked: Asked,
    done: (answer: Answer<Value>) => void,
    answer: (read: ReadWebAnswer) => Answer<Value> | undefined,
  ): Cancel {
    const take = this.#questions.add(asked, done, answer)
    if (this.#state === 'open') this.#socket?.send(asked.text)
    else if (this.#state !== 'opening') this.#open('opening')
    return () => {
      if (take()) this.#rest()
    }
  }

  #open(state: 'opening' | 'later', delayMs = 0): void {
    this.#close()
    this.#state = state
    const events: WebSocketEvents = {
      opened: () => this.#opened(),
      received: (text) => this.#received(readWebAnswer(text)),
      closed: (failure) => this.#lost(failure),
    }
    this.#socket = this.#owner.ports.webSockets.open(this.#url, events, delayMs)
  }

  #close(): void {
    this.#socket?.close()
    this.#socket = undefined
    this.#state = 'closed'
  }

  #opened(): void {
    this.#state = 'open'
    this.#rest()
    const { asked } = this.#questions
    const named = new Set(asked.map(({ infoHash }) => infoHash))
    for (const { text } of asked) this.#socket?.send(text)
    for (const [infoHash, { request }] of [...this.#members]) {
      if (!named.has(infoHash)) this.#announceWithOffers({ ...request, event: 'started' }, () => {})
    }
  }

  #received(read: ReadWebAnswer): void {
    if (read.type === 'other') return
    if (read.type === 'replied') {
      this.#introductions?.answered(this, read.peerId, read.offerId, read.sdp)
      return
    }
    if (read.type === 'offered') {
      this.#takeOffer(read)
      return
    }
    this.#questions.answer(read, ({ type }) => {
      // One that opens and says nothing of use is as good as lost.
      if (type === 'done') this.#losses = 0
    })
    this.#rest()
  }

  /** Only of a torrent that the tracker counts us in, and not of our own. */
  #takeOffer({ infoHash, peerId, offerId, sdp }: Extract<ReadWebAnswer, { type: 'offered' | 'replied' }>): void {
    const request = this.#members.get(infoHash)?.request
    if (request === undefined || request.numwant === 0) return
    const ourId = latin1Text(request.peerId)
    if (peerId === ourId) return
    const occasion = { at: this, tracker: this.#url, infoHash: request.infoHash }
    this.#introductions?.take(occasion, peerId, { offerId, sdp }, (answer) =>
      this.#socket?.send(
        encodeWebReply({ infoHash: request.infoHash, peerId: ourId, toPeerId: peerId, offerId, sdp: answer }),
      ),
    )
  }

  #lost(failure: Failure): void {
    this.#close()
    this.#introductions?.forgetWaiting(this)
    const fail = this.#questions.takeAll()
    const [byte = 0] = this.#owner.ports.entropy(1)
    const delayMs = reconnectionMs(this.#losses++, byte / 255)
    this.#rest()
    if (this.#members.size > 0) this.#open('later', delayMs)
    fail(failure)
  }

  /** Lets the socket go where nobody needs it any more. */
  #rest(): void {
    const now = this.#owner.ports.clock.now()
    for (const [infoHash, { untilMs }] of this.#members) if (untilMs <= now) this.#members.delete(infoHash)
    if (this.#members.size + this.#questions.size + this.#gathering.size > 0) return
    this.#close()
    this.#owner.forget(this.#url)
  }
}
