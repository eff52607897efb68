/**
 * UDP trackers (BEP 15): announces and scrapes over datagrams, each from the tracker's URL to an answer or a failure.
 *
 * Strategy: all of them share one socket, which is there while one is under way. A connection id is used for a minute by
 * whoever asks the same address. It proves that address, and maybe the port, of who asks: where one that an earlier announce
 * was given is refused or not answered, this one asks for its own before it believes what it hears. What is lost is sent
 * again as BEP 15 says, and each time to the next address of the tracker's name, where it has several.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, DatagramSocket, Datagrams, Failure, ResolveHost } from '../ports.js'
import { type InfoHash, type Instant, instant, type PeerAddress, showAddress } from '../values.js'
import { canonicalHost } from '../wire/compact.js'
import { familyOf } from '../wire/datagram.js'
import { readUint32 } from '../wire/integers.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from '../wire/tracker.js'
import { readUdpAnswer, transactionOf } from '../wire/udpanswer.js'
import { type ConnectionId, encodeUdpRequest } from '../wire/udprequest.js'
import { announceOf, scrapeOf, type UdpQuestion, type UdpTracker } from './udp-questions.js'

export interface UdpTrackersPorts {
  readonly datagrams: Datagrams
  readonly clock: Clock
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
  readonly resolve: ResolveHost
}

interface Connection {
  readonly id: ConnectionId
  readonly until: Instant
}

/** How long an answer is waited for after so many tries without one. */
export const retransmissionMs = (tries: number): number =>
  LIMITS.udpTrackerRetransmissionMs * 2 ** Math.min(tries, LIMITS.udpTrackerRetransmissionsMax)

const failed = (code: string, message: string): Answer<never> => ({ type: 'failed', failure: { code, message } })

export class UdpTrackers {
  readonly ports: UdpTrackersPorts
  readonly key: number
  /** What is under way, by its transactions. */
  readonly #asking = new Map<number, UdpAsking>()
  /** By the addresses of trackers, the oldest first. */
  readonly #connections = new Map<string, Connection>()
  #binding = false
  /** While anything is under way, once it is bound. */
  socket: DatagramSocket | undefined

  constructor(ports: UdpTrackersPorts) {
    this.ports = ports
    this.key = readUint32(ports.entropy(4), 0)
  }

  /** `done` is called once, later, unless cancelled. */
  announce(tracker: UdpTracker, request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    return this.#ask(tracker, announceOf(request), done)
  }

  /** Likewise. */
  scrape(
    tracker: UdpTracker,
    infoHashes: readonly InfoHash[],
    done: (answer: Answer<readonly TrackerCounts[]>) => void,
  ): Cancel {
    return this.#ask(tracker, scrapeOf(infoHashes), done)
  }

  #ask<Value>(tracker: UdpTracker, question: UdpQuestion<Value>, done: (answer: Answer<Value>) => void): Cancel {
    let transactionId = 0
    do transactionId = readUint32(this.ports.entropy(4), 0)
    while (this.#asking.has(transactionId))
    const asking = new UdpQuestionUnderWay(this, transactionId, tracker, question, done)
    this.#asking.set(transactionId, asking)
    this.#bind()
    asking.begin()
    return () => asking.stop()
  }

  ended(transactionId: number): void {
    this.#asking.delete(transactionId)
    if (this.#asking.size > 0) return
    this.socket?.close()
    this.socket = undefined
  }

  connectionOf(tracker: PeerAddress): ConnectionId | undefined {
    const connection = this.#connections.get(showAddress(tracker))
    return connection !== undefined && this.ports.clock.now() < connection.until ? connection.id : undefined
  }

  connected(tracker: PeerAddress, id: ConnectionId): void {
    this.forget(tracker)
    const until = instant(this.ports.clock.now() + LIMITS.udpTrackerConnectionMs)
    this.#connections.set(showAddress(tracker), { id, until })
    const [oldest] = this.#connections.keys()
    if (this.#connections.size > LIMITS.udpTrackerConnectionsMax && oldest !== undefined)
      this.#connections.delete(oldest)
  }

  forget(tracker: PeerAddress): void {
    this.#connections.delete(showAddress(tracker))
  }

  #bind(): void {
    if (this.socket !== undefined || this.#binding) return
    this.#binding = true
    const received = (bytes: Uint8Array, from: PeerAddress): void => {
      const transaction = transactionOf(bytes)
      if (transaction !== undefined) this.#asking.get(transaction)?.hear(bytes, from)
    }
    this.ports.datagrams.bind({ port: 0, received }, (answer) => {
      this.#binding = false
      // All may have been cancelled meanwhile.
      if (answer.type === 'done' && this.#asking.size === 0) answer.value.close()
      else if (answer.type === 'done') this.socket = answer.value
      for (const asking of [...this.#asking.values()]) asking.bound(answer)
    })
  }
}

/** What the socket tells everything that is under way. */
interface UdpAsking {
  bound(answer: Answer<DatagramSocket>): void
  hear(bytes: Uint8Array, from: PeerAddress): void
}

class UdpQuestionUnderWay<Value> implements UdpAsking {
  readonly #trackers: UdpTrackers
  readonly #transactionId: number
  readonly #tracker: UdpTracker
  readonly #question: UdpQuestion<Value>
  readonly #done: (answer: Answer<Value>) => void
  #ended = false
  #cancelDeadline: Cancel = () => undefined
  #cancelRetry: Cancel = () => undefined
  /** Undefined until the tracker's name is resolved. */
  #addresses: readonly PeerAddress[] | undefined
  #place = 0
  /** What could not be sent since the last try. */
  #unsent = 0
  #tries = 0
  #asks: 'connect' | 'question' = 'connect'
  /** The connection id is one that was asked for here. */
  #ownId = false

  constructor(
    trackers: UdpTrackers,
    transactionId: number,
    tracker: UdpTracker,
    question: UdpQuestion<Value>,
    done: (answer: Answer<Value>) => void,
  ) {
    this.#trackers = trackers
    this.#transactionId = transactionId
    this.#tracker = tracker
    this.#question = question
    this.#done = done
  }

  begin(): void {
    const { clock, resolve } = this.#trackers.ports
    const timeoutMs = LIMITS.udpTrackerTimeoutMs
    this.#cancelDeadline = clock.wakeAt(instant(clock.now() + timeoutMs), () =>
      this.#end(failed('TIMEOUT', `no answer within ${timeoutMs} ms`)),
    )
    const { host: name, port } = this.#tracker
    resolve(name, (answer) => {
      if (answer.type === 'failed') {
        this.#end(answer)
        return
      }
      this.#addresses = answer.value
        .slice(0, LIMITS.trackerAddressesMax)
        .map((host) => ({ host: canonicalHost(host) ?? host, port }))
      this.#send()
    })
  }

  bound(answer: Answer<DatagramSocket>): void {
    if (answer.type === 'failed') this.#end(answer)
    else this.#send()
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    this.#cancelDeadline()
    this.#cancelRetry()
    this.#trackers.ended(this.#transactionId)
  }

  /** What came says that it answers this; whether it does is seen here, and what does not is dropped. */
  hear(bytes: Uint8Array, from: PeerAddress): void {
    const to = this.#addresses?.[this.#place]
    if (to === undefined || showAddress(from) !== showAddress(to)) return
    const answer = readUdpAnswer(bytes, familyOf(to.host) ?? 'ipv4')
    switch (answer.type) {
      case 'fault':
        this.#end(failed('GARBAGE', answer.reason))
        return
      case 'connected':
        if (this.#asks !== 'connect') return
        this.#trackers.connected(to, answer.connectionId)
        this.#ownId = true
        this.#tries = 0
        this.#send()
        return
      case 'announced':
      case 'scraped': {
        const value = this.#asks === 'question' ? this.#question.answer(answer) : undefined
        if (value !== undefined) this.#end(value)
        return
      }
      case 'failure':
        if (this.#asks === 'connect' || this.#ownId) this.#end(failed('FAILURE', answer.reason))
        else {
          this.#trackers.forget(to)
          this.#send()
        }
        return
    }
  }

  #end(answer: Answer<Value>): void {
    if (this.#ended) return
    this.stop()
    this.#done(answer)
  }

  #send(): void {
    const { socket } = this.#trackers
    if (this.#ended || socket === undefined || this.#addresses === undefined) return
    const to = this.#addresses[this.#place]
    if (to === undefined) {
      this.#end(failed('ENOTFOUND', 'the name of the tracker has no address'))
      return
    }
    const { clock } = this.#trackers.ports
    const connectionId = this.#trackers.connectionOf(to)
    this.#asks = connectionId === undefined ? 'connect' : 'question'
    this.#cancelRetry()
    this.#cancelRetry = clock.wakeAt(instant(clock.now() + retransmissionMs(this.#tries)), () => this.#sendAgain(to))
    const transactionId = this.#transactionId
    const request =
      connectionId === undefined
        ? ({ type: 'connect', transactionId } as const)
        : this.#question.request(this.#tracker, { transactionId, connectionId, key: this.#trackers.key, to })
    socket.send([encodeUdpRequest(request)], to, (answer) => {
      if (answer.type === 'failed') this.#notSent(answer.failure)
    })
  }

  #sendAgain(to: PeerAddress): void {
    this.#tries++
    this.#unsent = 0
    if (!this.#ownId) this.#trackers.forget(to)
    this.#toNextAddress()
  }

  #toNextAddress(): void {
    if (this.#addressCount > 1) this.#ownId = false
    this.#place = (this.#place + 1) % this.#addressCount
    this.#send()
  }

  get #addressCount(): number {
    return this.#addresses?.length ?? 0
  }

  #notSent(failure: Failure): void {
    // Many announces at once: as if it was lost on its way.
    if (failure.code === 'ENOBUFS') return
    this.#unsent++
    if (this.#unsent < this.#addressCount) this.#toNextAddress()
    else this.#end({ type: 'failed', failure })
  }
}
