/**
 * The sending half of a uTP connection: what waits, what is on its way, and what has to be sent once more.
 *
 * Strategy: bytes are put into packets as the window opens, each in memory of its own that lasts until it is acknowledged.
 * A packet is lost when three that were sent after it have arrived, whichever time it was sent: each sending has a number,
 * so that one that is sent again may be lost again. Which sending it was that arrived is told by the moments in the answer.
 * Bits of an answer need not reach what came: the oldest is lost, too, when three answers say that it is missing. Where
 * nothing comes back for long, all that is on its way is lost.
 */
import { LIMITS } from '../limits.js'
import type { Instant } from '../values.js'
import {
  after,
  eachSelected,
  microseconds,
  plus,
  putUtpHead,
  UTP,
  UTP_HEADER_BYTES,
  type UtpPacket,
  withPadding,
} from '../wire/utp.js'
import { Ledbat } from './ledbat.js'
import { RoundTrip } from './round-trip.js'
import { UtpPacketSize } from './utp-packet-size.js'
import { UtpQueue } from './utp-queue.js'
import { type Sent, UtpSent } from './utp-sent.js'

/** What sends packets: the connection, which knows what is said of its other half. */
export interface Transmitter {
  /** False where this process has no room for it now. */
  transmit(packet: Uint8Array): boolean
  /** What was taken with these bytes is in packets. */
  flushed(callback: () => void): void
}

/** What a packet says of those that we sent, and when. */
export type Acknowledgement = Pick<UtpPacket, 'ack' | 'selective' | 'windowBytes' | 'timestampUs' | 'differenceUs'>

/** So many that were sent later must have arrived. */
const REORDERED_MAX = 3
/** As many acknowledgements say that the oldest is missing, where bits do not reach what came (BEP 29). */
const DUPLICATES = 3
/** A window that is shut is looked at again after up to so many doublings of the time. */
const SHUT_TIMEOUTS_MAX = 3

export class UtpSender {
  readonly #out: Transmitter
  readonly #connectionId: number
  readonly #control = new Ledbat(LIMITS.utpPacketBytes)
  readonly #size: UtpPacketSize
  readonly #queue = new UtpQueue()
  readonly #roundTrip = new RoundTrip()
  readonly #sent = new UtpSent()
  /** The oldest that has not arrived, and the next to be sent. */
  #oldest: number
  #next: number
  #order = 0
  #arrivedOrder = 0
  #flyingBytes = 0
  /** It was the window that held back the last packet: of acknowledgements that come together all make it grow. */
  #isFull = false
  #lostCount = 0
  /** Losses up to this packet were of one window. */
  #recoverTo: number | undefined
  #theirWindow: number = LIMITS.utpPacketBytes
  #timeouts = 0
  /** Acknowledgements in a row of something that came too early, none of which says what. */
  #duplicates = 0
  /** Since something arrived the oldest was sent once more. */
  #hasReminded = false
  /** When what is on its way is given up. */
  timeoutAt = Number.POSITIVE_INFINITY
  #ending: 'no' | 'asked' | 'sent' = 'no'

  constructor(out: Transmitter, host: string, connectionId: number, firstSeq: number) {
    this.#out = out
    this.#size = new UtpPacketSize(host)
    this.#connectionId = connectionId
    this.#oldest = firstSeq
    this.#next = firstSeq
  }

  get nextSeq(): number {
    return this.#next
  }
  get unsentBytes(): number {
    return this.#queue.bytes
  }
  get timeouts(): number {
    return this.#timeouts
  }
  /** All that was taken has arrived, the end with it where there was one. */
  get isDone(): boolean {
    return this.#oldest === this.#next && this.#queue.bytes === 0 && this.#ending !== 'asked'
  }
  get windowBytes(): number {
    return this.#control.windowBytes
  }

  take(chunks: readonly Uint8Array[], flushed: (() => void) | undefined): void {
    this.#queue.add(chunks, flushed)
  }

  /** An end follows what was taken. */
  end(): void {
    if (this.#ending === 'no') this.#ending = 'asked'
  }

  /** Whether an acknowledgement is of something that may have been sent: others may not say it. */
  mayAck(ack: number): boolean {
    return this.#isNew(ack) || after(plus(ack, 1), this.#oldest) <= LIMITS.utpPacketsMax
  }

  /** All up to `ack` has arrived, and what the bits say beyond the one after it. */
  acked({ ack, selective, windowBytes, timestampUs, differenceUs }: Acknowledgement, now: Instant): void {
    if (!this.#isNew(ack)) return // an old packet
    this.#theirWindow = windowBytes
    this.#control.sample(differenceUs, now)
    // When we sent what they answer, by our clock.
    const answeredUs = timestampUs - differenceUs
    let bytes = 0
    while (this.#oldest !== plus(ack, 1)) {
      const sent = this.#sent.get(this.#oldest)
      if (sent !== undefined) bytes += this.#arrive(sent, answeredUs, now)
      this.#sent.drop(this.#oldest)
      // Forgotten in time: numbers begin anew, and losses of far later windows would look like those of this one.
      if (this.#oldest === this.#recoverTo) this.#recoverTo = undefined
      this.#oldest = plus(this.#oldest, 1)
    }
    eachSelected(selective, after(ack, this.#next) - 2, (beyond) => {
      const sent = this.#sent.get(plus(ack, beyond + 2))
      if (sent !== undefined) bytes += this.#arrive(sent, answeredUs, now)
    })
    this.#duplicates = bytes === 0 && selective.length > 0 ? this.#duplicates + 1 : 0
    if (selective.length > 0 || this.#hasReminded) this.#findLosses(now)
    // They are there, and have no room.
    if (windowBytes < LIMITS.utpPacketBytes) this.#timeouts = Math.min(this.#timeouts, SHUT_TIMEOUTS_MAX)
    if (bytes > 0) {
      this.#timeouts = 0
      this.#hasReminded = false
      this.#control.acked(bytes, this.#isFull)
      this.#expectAnswer(now)
    }
  }

  /** Sends what is lost, then what waits, as far as the windows go. */
  fill(now: Instant): void {
    this.#fill(now)
    for (let told = this.#queue.nextFlushed(); told !== undefined; told = this.#queue.nextFlushed())
      this.#out.flushed(told)
    this.#isFull = this.#flyingBytes + this.#size.within(this.windowBytes) >= this.windowBytes
  }

  #fill(now: Instant): void {
    const window = Math.min(this.#control.windowBytes, this.#theirWindow)
    if (this.#lostCount > 0 && !this.#resend(window, now)) return
    const payloadBytes = this.#size.within(window) - UTP_HEADER_BYTES
    while (this.#mayFly(payloadBytes, window)) {
      if (this.#queue.bytes > 0) {
        const tries = this.#size.toTry(Math.min(this.#queue.bytes, window))
        if (!this.#send(this.#pack(payloadBytes), now, tries)) return
      } else if (this.#ending === 'asked') {
        this.#ending = 'sent'
        const packet = new Uint8Array(UTP_HEADER_BYTES)
        putUtpHead(packet, UTP.fin, this.#connectionId, this.#next)
        this.#send(packet, now, 0)
        return
      } else return
    }
    // Their window is shut: it is looked at again by a packet that goes beyond it.
    if (this.#flyingBytes === 0 && this.#lostCount === 0 && this.timeoutAt === Number.POSITIVE_INFINITY)
      this.timeoutAt = now + this.#timeoutMs
  }

  /** Nothing came back in time. */
  timedOut(now: Instant): void {
    if (!this.#hasReminded) this.#remind(now)
    else this.#giveUp(now)
  }

  /** Who has little on its way hears nothing of what is lost last: the oldest is sent once more before long (as RFC 8985 does). */
  #remind(now: Instant): void {
    this.#hasReminded = true
    const oldest = this.#sent.get(this.#oldest)
    if (oldest?.standing === 'flying') {
      this.#lose(oldest)
      this.#fly(oldest, now)
    }
    this.timeoutAt = now + this.#timeoutMs
  }

  #giveUp(now: Instant): void {
    this.#timeouts++
    for (let seq = this.#oldest; seq !== this.#next; seq = plus(seq, 1)) {
      const sent = this.#sent.get(seq)
      if (sent?.standing === 'flying') this.#lose(sent)
    }
    this.#control.timedOut()
    this.#recoverTo = undefined
    this.#theirWindow = Math.max(this.#theirWindow, LIMITS.utpPacketBytes)
    this.timeoutAt = now + this.#timeoutMs
    this.fill(now)
  }

  get #timeoutMs(): number {
    return this.#roundTrip.timeoutMs(this.#timeouts)
  }

  #expectAnswer(now: Instant): void {
    const isIdle = this.#oldest === this.#next && this.#queue.bytes === 0
    this.timeoutAt = isIdle
      ? Number.POSITIVE_INFINITY
      : now + (this.#hasReminded ? this.#timeoutMs : this.#roundTrip.reminderMs)
  }

  /** Of what is on its way, or the last before it. */
  #isNew(ack: number): boolean {
    return after(this.#oldest, plus(ack, 1)) <= after(this.#oldest, this.#next)
  }

  #mayFly(payloadBytes: number, window: number): boolean {
    const bytes = Math.min(this.#queue.bytes, payloadBytes)
    return after(this.#oldest, this.#next) < LIMITS.utpPacketsMax && this.#flyingBytes + bytes <= window
  }

  /** The next of what waits, in a packet. */
  #pack(payloadBytes: number): Uint8Array {
    const packet = new Uint8Array(UTP_HEADER_BYTES + Math.min(payloadBytes, this.#queue.bytes))
    putUtpHead(packet, UTP.data, this.#connectionId, this.#next)
    this.#queue.fill(packet, UTP_HEADER_BYTES)
    return packet
  }

  /** False where there was no room: then it counts as sent and lost. */
  #send(packet: Uint8Array, now: Instant, tries: number): boolean {
    const payloadBytes = packet.length - UTP_HEADER_BYTES
    const sent: Sent = { packet, payloadBytes, sentAt: now, order: 0, times: 0, standing: 'lost', tries }
    this.#sent.add(this.#oldest, this.#next, sent)
    this.#next = plus(this.#next, 1)
    this.#lostCount++
    return this.#fly(sent, now)
  }

  #fly(sent: Sent, now: Instant): boolean {
    if (this.timeoutAt === Number.POSITIVE_INFINITY) this.#expectAnswer(now)
    const packet = sent.tries === 0 ? sent.packet : withPadding(sent.packet, sent.tries)
    if (!this.#out.transmit(packet)) return false
    sent.sentAt = now
    sent.order = ++this.#order
    sent.times++
    sent.standing = 'flying'
    this.#lostCount--
    this.#flyingBytes += sent.payloadBytes
    return true
  }

  /** False where not all could be sent. */
  #resend(window: number, now: Instant): boolean {
    for (let seq = this.#oldest; seq !== this.#next && this.#lostCount > 0; seq = plus(seq, 1)) {
      const sent = this.#sent.get(seq)
      if (sent?.standing !== 'lost') continue
      if (this.#flyingBytes > 0 && this.#flyingBytes + sent.payloadBytes > window) return false
      if (!this.#fly(sent, now)) return false
    }
    return true
  }

  /** Bytes that were not known to have arrived. */
  #arrive(sent: Sent, answeredUs: number, now: Instant): number {
    if (sent.standing === 'arrived') return 0
    if (sent.standing === 'flying') this.#flyingBytes -= sent.payloadBytes
    else this.#lostCount--
    sent.standing = 'arrived'
    if (sent.tries > 0) this.#size.arrived(sent.tries)
    if (sent.times === 1) this.#roundTrip.took(now - sent.sentAt)
    // They may answer what was sent before it was sent again (RFC 3522 tells by the same).
    const isOfLast = sent.times === 1 || ((answeredUs - microseconds(sent.sentAt)) | 0) >= 0
    if (isOfLast && sent.order > this.#arrivedOrder) this.#arrivedOrder = sent.order
    return Math.max(1, sent.payloadBytes)
  }

  #findLosses(now: Instant): void {
    let found = false
    let first: Sent | undefined
    for (let seq = this.#oldest; seq !== this.#next; seq = plus(seq, 1)) {
      const sent = this.#sent.get(seq)
      if (sent?.standing !== 'flying') continue
      const isMissed = seq === this.#oldest && this.#duplicates === DUPLICATES
      if (!isMissed && sent.order + REORDERED_MAX > this.#arrivedOrder) continue
      // Of one window only the first counts; what is sent again and lost again is of the next; what was too large is none.
      const isOfNext = this.#recoverTo === undefined || sent.times > 1 || after(this.#recoverTo, seq) < 0x8000
      found ||= isOfNext && sent.tries === 0
      this.#lose(sent)
      first ??= sent
    }
    if (found && this.#control.lost(now)) this.#recoverTo = this.#next
    // What comes after it waits for it there: it goes at once, the others as the window has room.
    if (first !== undefined) this.#fly(first, now)
  }

  #lose(sent: Sent): void {
    if (sent.tries > 0) this.#size.lost()
    sent.tries = 0
    sent.standing = 'lost'
    this.#lostCount++
    this.#flyingBytes -= sent.payloadBytes
  }
}
