/**
 * One uTP connection (BEP 29) behind the `Connection` port: from the first packet to the end, over packets that whoever
 * holds the socket sends and hands in.
 *
 * Strategy: what packets that came together change is looked at once, when all of them are read: what came is passed on,
 * what the windows allow is sent, and one acknowledgement tells of all, unless a packet of data did. A connection that was
 * dialed is open when its first packet is answered, one that others began when they show that they had our answer:
 * whoever writes another's address into packets gets nothing but that one answer sent there.
 */
import { LIMITS } from '../limits.js'
import type { Connection, ConnectionEvents, Failure } from '../ports.js'
import type { Instant, PeerAddress } from '../values.js'
import {
  microseconds,
  plus,
  putUtpHead,
  putUtpMoment,
  UTP,
  UTP_HEADER_BYTES,
  type UtpPacket,
  withSelective,
} from '../wire/utp.js'
import { ENDED, REFUSED, RESET, SILENT } from './utp-failures.js'
import { UtpReceiver } from './utp-receiver.js'
import { type Transmitter, UtpSender } from './utp-sender.js'

/** Who holds the socket and the clock for all connections. */
export interface UtpOwner {
  now(): Instant
  /** False where there is no room for it now: the connection is told when there is. */
  send(connection: UtpConnection, packet: Uint8Array): boolean
  /** True where packets are being read: then its `settle` is called when they are. */
  touched(connection: UtpConnection): boolean
  /** Its `due` is to be called by then. */
  wake(connection: UtpConnection, at: number): void
  /** Its `settle` is to be called soon, and not from within this call. */
  later(connection: UtpConnection): void
  /** Others can use it from now on. */
  accepted(connection: UtpConnection): ConnectionEvents
  gone(connection: UtpConnection): void
}

const NOBODY: ConnectionEvents = { opened: () => undefined, received: () => undefined, closed: () => undefined }
const NEVER = Number.POSITIVE_INFINITY

export interface UtpIdentity {
  readonly remote: PeerAddress
  /** Of packets that are for us, and of those that we send. */
  readonly receiveId: number
  readonly sendId: number
  /** Of the first packet of data that we send, and of the last that they sent. */
  readonly firstSeq: number
  readonly theirSeq: number
}

export class UtpConnection implements Connection, Transmitter {
  readonly transport = 'utp'
  readonly remote: PeerAddress
  readonly receiveId: number
  readonly sendId: number
  readonly #owner: UtpOwner
  readonly #sender: UtpSender
  #receiver: UtpReceiver
  #events: ConnectionEvents | undefined
  #standing: 'dialing' | 'half-open' | 'open' | 'closing' | 'gone' = 'dialing'
  /** How long the last packet of theirs was on its way. */
  #differenceUs = 0
  #paused = false
  /** Whom to tell that what was taken is in packets. */
  readonly #flushed: (() => void)[] = []
  #settling = false
  /** When a dial is given up, a half-open connection forgotten, or one that we closed let go of. */
  #endsAt = NEVER
  #ackAt = NEVER
  #synAt = NEVER
  #syns = 0
  #sentAt: number = 0
  #sends = 0

  constructor(owner: UtpOwner, { remote, receiveId, sendId, firstSeq, theirSeq }: UtpIdentity) {
    this.#owner = owner
    this.remote = remote
    this.receiveId = receiveId
    this.sendId = sendId
    this.#sender = new UtpSender(this, remote.host, sendId, firstSeq)
    this.#receiver = new UtpReceiver(theirSeq)
  }

  get unsentBytes(): number {
    return this.#events === undefined ? 0 : this.#sender.unsentBytes
  }
  get isHalfOpen(): boolean {
    return this.#standing === 'half-open'
  }

  /** Of who dials. */
  dial(timeoutMs: number, events: ConnectionEvents): void {
    const now = this.#owner.now()
    this.#events = events
    this.#endsAt = now + timeoutMs
    this.#sendSyn(now)
    this.#arm()
  }

  /** Of who was dialed: answers, once more where that was lost. */
  answer(packet: UtpPacket): void {
    const now = this.#owner.now()
    this.#standing = 'half-open'
    this.#differenceUs = (microseconds(now) - packet.timestampUs) >>> 0
    this.#endsAt = now + LIMITS.utpHalfOpenMs
    this.#sendState()
    this.#arm()
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    if (this.#events === undefined) return
    this.#sender.take(chunks, flushed)
    if (this.#owner.touched(this)) return
    this.#sender.fill(this.#owner.now())
    this.#arm()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#receiver.urgent = true // they may think that there is no room
    if (this.#events !== undefined) this.#owner.later(this)
  }

  close(): void {
    this.#events = undefined
    if (this.#standing === 'dialing' || this.#standing === 'half-open') this.#go()
    if (this.#standing === 'open') this.#linger()
  }

  transmit(packet: Uint8Array): boolean {
    const now = this.#owner.now()
    const { ack, windowBytes } = this.#receiver
    putUtpMoment(packet, microseconds(now), this.#differenceUs, windowBytes, ack)
    if (!this.#owner.send(this, packet)) return false
    this.#sentAt = now
    this.#sends++
    this.#receiver.unacked = 0
    this.#ackAt = NEVER
    return true
  }

  flushed(callback: () => void): void {
    this.#flushed.push(callback)
    if (!this.#settling) this.#owner.later(this)
  }

  /** A packet of the other side's address and this connection's number. */
  arrived(packet: UtpPacket): void {
    if (this.#standing === 'gone') return
    const now = this.#owner.now()
    if (packet.type === UTP.reset) {
      this.#reset(packet.ack)
      return
    }
    if (packet.type === UTP.syn) {
      if (this.#standing === 'half-open') this.answer(packet)
      return
    }
    const isFirst = packet.ack === plus(this.#sender.nextSeq, -1)
    if (this.#standing === 'dialing') {
      if (!isFirst) return
      // An answer has the number of the first packet of data, which is yet to come.
      this.#receiver = new UtpReceiver(plus(packet.seq, -1))
      this.#receiver.urgent = true // who was dialed waits for it, and we may have nothing to say
    }
    if (!this.#sender.mayAck(packet.ack) || (this.#standing === 'half-open' && !isFirst)) return
    this.#differenceUs = (microseconds(now) - packet.timestampUs) >>> 0
    const isNew = this.#standing === 'dialing' || this.#standing === 'half-open'
    if (isNew) this.#open()
    this.#sender.acked(packet, now)
    if (packet.type !== UTP.state) this.#receiver.take(packet.seq, packet.payload, packet.type === UTP.fin)
    this.#owner.touched(this)
  }

  /** What came together is read: passes on, sends, and acknowledges. */
  settle(): void {
    if (this.#standing === 'gone' || this.#standing === 'dialing' || this.#standing === 'half-open') return
    const receiver = this.#receiver
    this.#settling = true
    if (receiver.hasReady) {
      if (this.#events === undefined) receiver.passOn()
      else if (this.#paused) receiver.keep()
      else this.#events.received(receiver.passOn())
    }
    const sends = this.#sends
    const { unacked, urgent } = receiver
    this.#sender.fill(this.#owner.now())
    // Who is told may send more, of which some is flushed at once.
    for (let tell = this.#flushed.shift(); tell !== undefined; tell = this.#flushed.shift())
      if (this.#events !== undefined) tell()
    this.#settling = false
    const isTold = this.#sends !== sends
    if (urgent || (unacked > 1 && !isTold)) this.#sendState()
    else if (unacked > 0 && !isTold && this.#ackAt === NEVER) this.#ackAt = this.#owner.now() + LIMITS.utpAckDelayMs
    if (receiver.isEnded && !receiver.hasReady && this.#standing === 'open') {
      const events = this.#events
      this.#events = undefined
      this.#linger()
      events?.closed(ENDED)
    }
    if (this.#standing === 'closing' && this.#sender.isDone) this.#go()
    this.#arm()
  }

  /** A time that was asked for may have come. */
  due(now: Instant): void {
    if (this.#standing === 'gone') return
    if (now >= this.#endsAt) this.#fail(SILENT)
    else if (now >= this.#sender.timeoutAt) {
      if (this.#sender.timeouts >= LIMITS.utpTimeoutsMax) this.#fail(SILENT)
      else this.#sender.timedOut(now)
    }
    if (this.#standing === 'dialing' && now >= this.#synAt) this.#sendSyn(now)
    if (now >= this.#ackAt || now >= this.#keepAliveAt) this.#sendState()
    this.#arm()
  }

  /** There is room again. */
  writable(): void {
    if (this.#standing === 'open' || this.#standing === 'closing') this.#sender.fill(this.#owner.now())
  }

  /** The socket is gone. */
  abandon(failure: Failure): void {
    this.#fail(failure)
  }

  get #keepAliveAt(): number {
    return this.#standing === 'open' ? this.#sentAt + LIMITS.utpKeepAliveMs : NEVER
  }

  #open(): void {
    const dialed = this.#standing === 'dialing'
    this.#standing = 'open'
    this.#endsAt = NEVER
    if (dialed) this.#events?.opened(this)
    else {
      // It may be sent to, or closed, from within.
      this.#events = NOBODY
      const events = this.#owner.accepted(this)
      if (this.#events === NOBODY) this.#events = events
    }
  }

  /** Others may know the numbers of the connection, but not where we are in it. */
  #reset(ack: number): void {
    const { nextSeq } = this.#sender
    if (this.#standing === 'dialing') {
      if (ack === plus(nextSeq, -1)) this.#fail(REFUSED)
    } else if (ack === nextSeq || this.#sender.mayAck(ack)) this.#fail(RESET)
  }

  /** What was taken still goes out, and an end after it. */
  #linger(): void {
    this.#standing = 'closing'
    this.#sender.end()
    this.#endsAt = this.#owner.now() + LIMITS.utpLingerMs
    if (this.#owner.touched(this)) return
    this.#sender.fill(this.#owner.now())
    this.#arm()
  }

  #sendSyn(now: Instant): void {
    this.#synAt = now + LIMITS.utpTimeoutFirstMs * 2 ** this.#syns++
    const packet = new Uint8Array(UTP_HEADER_BYTES)
    putUtpHead(packet, UTP.syn, this.receiveId, plus(this.#sender.nextSeq, -1))
    this.transmit(packet)
  }

  #sendState(): void {
    const head = new Uint8Array(UTP_HEADER_BYTES)
    putUtpHead(head, UTP.state, this.sendId, this.#sender.nextSeq)
    const { selective } = this.#receiver
    this.#receiver.urgent = false
    this.transmit(selective === undefined ? head : withSelective(head, selective))
  }

  #fail(failure: Failure): void {
    const events = this.#events
    this.#go()
    events?.closed(failure)
  }

  #go(): void {
    if (this.#standing === 'gone') return
    this.#standing = 'gone'
    this.#events = undefined
    this.#owner.gone(this)
  }

  #arm(): void {
    if (this.#standing === 'gone') return
    const synAt = this.#standing === 'dialing' ? this.#synAt : NEVER
    this.#owner.wake(this, Math.min(this.#endsAt, this.#ackAt, synAt, this.#sender.timeoutAt, this.#keepAliveAt))
  }
}
