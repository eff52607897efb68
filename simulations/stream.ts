/**
 * A stream: the bytes that one side of a simulated TCP connection sends, from its process until the other side has them.
 *
 * Strategy: segments end where a block does, unless chance cuts them. Once they were read they are flushed, as no one looks
 * at the sender's memory any more. The window bounds what the other side has not read, so that backpressure is that of TCP.
 * Acknowledgements take no time and no capacity; that they would is in how much congestion control lets leave
 * (`congestion.ts`). There are many streams, so each is itself the delivery of its next segment.
 */
import { Congestion, INITIAL_BYTES, lossOf, PACKET_BYTES } from './congestion.js'
import { type Host, SEGMENT_BYTES_MAX, type Sender, transmissionUs } from './host.js'
import { Line } from './line.js'
import { Outgoing } from './outgoing.js'
import type { Delivery } from './queue.js'
import type { Ways } from './ways.js'
import { labelOf } from './world.js'

/** Bytes on their way and in the receive buffer of one direction. */
const WINDOW_BYTES_MAX = 1_048_576
/** Bytes a second of a way whose ends have no limit: congestion control needs one. */
const UNLIMITED_RATE = 1_250_000_000
/** What the system still sends of a connection that its process closed. */
const KEPT_BYTES_MAX = 65_536
/** Acknowledgements of what comes after a packet, or would, that tell its sender of its loss (RFC 6675). */
const TELLING_BYTES = 3 * PACKET_BYTES
/** Where too little comes after it, a packet is sent again after a while, which doubles with each time (RFC 6298). */
const RETRANSMISSION_US_MIN = 200_000
const RETRANSMISSION_US_MAX = 60_000_000

/** One side of a connection, as the two streams between it and its peer know it. */
export interface End {
  readonly network: Ways
  readonly host: Host
  readonly peer: End
  /** Distinguishes it from all others of the world. */
  readonly number: number
  readonly closed: boolean
  /** The process vanished without a word: nothing is sent, and what arrives is not answered. */
  readonly vanished: boolean
  /** Bytes have arrived. */
  take(bytes: Uint8Array): void
  /** No more will arrive. */
  takeEnd(): void
  /** Nobody knows of the connection where it sends to. */
  takeReset(): void
}

/** Bytes a second of the way between two hosts; where neither has a limit, as much as such lines take. */
const lineRate = (from: Host, to: Host): number =>
  Math.min(from.settings.uploadRate || UNLIMITED_RATE, to.settings.downloadRate || UNLIMITED_RATE)

export class Stream implements Sender, Delivery {
  /** Of the arrival of a segment. */
  readonly label: number
  readonly act = (): void => this.#segmentArrives()
  readonly #from: End
  readonly #outgoing = new Outgoing()
  /** Bytes of each segment on its way. */
  readonly #segments = new Line<number>()
  /** Those of segments that wait for the other side's line. */
  #due: Line<number> | undefined
  /** Bytes departed and not yet read by the other side. */
  #outstanding = 0
  #listed = false
  /** From the first bytes that must wait for what was sent before to be acknowledged. */
  #congestion: Congestion | undefined
  /** It will be looked whether congestion control lets more leave. */
  #wake: Delivery | undefined
  #waking = false
  #lastArrivalAt = 0
  #lastDeliveryAt = 0
  /** Arrivals that a partition holds back. */
  #parked = 0
  #end: 'open' | 'asked' | 'sent' = 'open'
  #delivery: Delivery | undefined

  constructor(from: End, toNode: number) {
    this.#from = from
    this.label = labelOf('arrival', toNode)
  }

  get host(): Host {
    return this.#from.host
  }

  get receiver(): Host {
    return this.#from.peer.host
  }

  get #latencyUs(): number {
    return this.#from.network.latencyUs(this.host, this.receiver)
  }

  get #isCut(): boolean {
    return this.#from.network.isCut(this.host, this.receiver)
  }

  get #deliveryLabel(): number {
    return labelOf('delivery', this.receiver.node)
  }

  get unflushed(): number {
    return this.#outgoing.unflushed
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    for (const chunk of chunks) if (chunk.length > 0) this.#outgoing.take(chunk)
    if (flushed !== undefined) {
      this.#outgoing.whenArrived(flushed)
      if (this.#outgoing.arrived === this.#outgoing.taken)
        this.#from.network.later(this.host.node, () => this.#outgoing.flush())
    }
    this.#enlist()
  }

  /** Its process sends no more. What is not in the system's buffer yet is lost, wherever that cuts a message. */
  finish(): void {
    this.#outgoing.cutOff(KEPT_BYTES_MAX)
    this.#end = 'asked'
    this.#enlist()
  }

  /** Nothing departs any more. */
  stop(): void {
    this.#outgoing.cutOff(0)
  }

  /** The other side has read so much. */
  read(bytes: number): void {
    if (bytes === 0 || this.#outstanding === 0) return
    this.#outstanding -= Math.min(bytes, this.#outstanding)
    if (this.#outstanding === 0) this.receiver.busyIncoming--
    this.#enlist()
  }

  /** What it was sent and has not read will never be read: the sender must not wait for that. */
  readAll(): void {
    this.read(this.#outstanding)
  }

  #enlist(): void {
    if (this.#listed || !this.#maySend()) return
    this.#listed = true
    this.host.enlist(this, this.#outgoing.waiting)
  }

  /** For the host, which asks once it served it: is there more? */
  stillSends(): boolean {
    this.#listed = this.#maySend()
    return this.#listed
  }

  #maySend(): boolean {
    if (this.#from.vanished) return false
    const { waiting } = this.#outgoing
    if (waiting === 0) {
      if (this.#end === 'asked') this.#sendEnd()
      return false
    }
    const room = this.#window() - this.#outstanding
    // No sliver of a segment, unless nothing at all is on its way.
    const isWorth = this.#outstanding === 0 || room >= Math.min(waiting, SEGMENT_BYTES_MAX / 16)
    return isWorth && this.#mayLeave(waiting)
  }

  /** What congestion control lets leave now is worth a segment. Where it is not, it is looked again when it will be. */
  #mayLeave(waiting: number): boolean {
    const { node, world } = this.host
    const room = this.#allowance()
    const least = Math.min(waiting, this.#congestion?.sliceBytes ?? 1)
    if (room >= least || this.#congestion === undefined) return true
    if (this.#waking) return false
    this.#waking = true
    this.#wake ??= { label: labelOf('uplink', node), act: () => this.#lookAgain() }
    world.post(this.#congestion.readyAt(least, world.now), this.#wake)
    return false
  }

  #lookAgain(): void {
    this.#waking = false
    this.#enlist()
  }

  /** Bytes that congestion control lets leave now. */
  #allowance(): number {
    const { departed } = this.#outgoing
    if (this.#congestion === undefined && departed < INITIAL_BYTES) return INITIAL_BYTES - departed
    return this.#control().room(this.host.world.now)
  }

  #control(): Congestion {
    if (this.#congestion === undefined) {
      const { host, receiver } = this
      this.#congestion = new Congestion(host.world.now, 2 * this.#latencyUs, lineRate(host, receiver))
    }
    return this.#congestion
  }

  #window(): number {
    return this.receiver.windowBytes(2 * this.#latencyUs, WINDOW_BYTES_MAX)
  }

  /** Bytes of the next segment, cut where chance says. */
  nextSegment(most: number): number {
    const room = Math.max(this.#window() - this.#outstanding, this.#outstanding === 0 ? 1_024 : 0)
    const bytes = Math.min(this.#outgoing.waiting, most, room, this.#allowance())
    const { cutOneIn } = this.host.settings
    if (cutOneIn === 0 || bytes <= 1 || this.host.chance.below(cutOneIn) > 0) return this.#outgoing.wholeChunks(bytes)
    return 1 + this.host.chance.below(bytes)
  }

  /** The segment's last byte leaves at `at`. */
  depart(bytes: number, at: number): void {
    if (this.#outstanding === 0) this.receiver.busyIncoming++
    this.#outgoing.depart(bytes)
    this.#outstanding += bytes
    this.#congestion?.sent(bytes)
    this.#segments.add(bytes)
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, at + this.#travelUs(bytes))
    this.host.world.post(this.#lastArrivalAt, this)
  }

  #travelUs(bytes: number): number {
    const { chance, settings, world } = this.host
    const { jitterUs, lossRate } = settings
    const latencyUs = this.#latencyUs
    const travelUs = latencyUs + (jitterUs === 0 ? 0 : chance.below(jitterUs))
    if (lossRate === 0 || !chance.happens(lossOf(bytes, lossRate))) return travelUs
    this.#control().lost(world.now)
    // It is sent again, and that may be lost, too.
    const isTold = this.#outstanding + this.#outgoing.waiting > TELLING_BYTES
    let againUs = isTold ? 2 * latencyUs : Math.max(RETRANSMISSION_US_MIN, 3 * latencyUs)
    while (againUs < RETRANSMISSION_US_MAX && chance.happens(lossRate)) againUs *= 2
    return travelUs + Math.min(againUs, RETRANSMISSION_US_MAX)
  }

  #segmentArrives(): void {
    if (this.#isCut) {
      this.#parked++
      this.#from.network.parked.add(this)
      return
    }
    const bytes = this.#segments.shift()
    if (bytes === undefined) return // the connection was broken meanwhile
    const { settings, world } = this.host
    const throughAt = this.receiver.passDownlink(bytes, transmissionUs(bytes, settings.uploadRate))
    const at = Math.max(throughAt, this.#lastDeliveryAt)
    this.#lastDeliveryAt = at
    if (at === world.now) {
      this.#hand(bytes)
      return
    }
    this.#due ??= new Line()
    this.#due.add(bytes)
    this.#delivery ??= { label: this.#deliveryLabel, act: () => this.#hand(this.#due?.shift() ?? 0) }
    world.post(at, this.#delivery)
  }

  /** What a partition held back goes on; each arrival takes the oldest segment, so the order stays. */
  unpark(): void {
    const at = this.host.world.now + this.#latencyUs
    for (; this.#parked > 0; this.#parked--) this.host.world.post(at, this)
  }

  /** Gives a segment's bytes to the other side. */
  #hand(bytes: number): void {
    const { network, number, peer } = this.#from
    const { world } = this.host
    world.note(number)
    world.note(bytes)
    for (let left = bytes; left > 0; ) {
      if (peer.closed) {
        this.#drop(left)
        break
      }
      const part = this.#outgoing.arriveTogether(left, network.scratch)
      left -= part.length
      peer.take(part)
    }
    this.#outgoing.flush()
  }

  /** Nobody reads these bytes. */
  #drop(bytes: number): void {
    const { host, network, peer } = this.#from
    for (let left = bytes; left > 0; ) left -= this.#outgoing.arrive(left).length
    this.read(bytes)
    // A machine that is up knows nothing of the connection any more.
    if (peer.vanished && peer.host.up) network.after(peer.host, host, () => this.#from.takeReset())
  }

  #sendEnd(): void {
    this.#end = 'sent'
    const { world } = this.host
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, world.now + this.#travelUs(1))
    world.schedule(this.#lastArrivalAt, this.#deliveryLabel, () => this.#endArrives(RETRANSMISSION_US_MIN))
  }

  #endArrives(againUs: number): void {
    const { world } = this.host
    const { peer } = this.#from
    if (peer.closed) return
    if (this.#isCut || this.#segments.length > 0) {
      // It comes after what the partition holds back.
      const next = Math.min(2 * againUs, RETRANSMISSION_US_MAX)
      world.schedule(world.now + againUs, this.#deliveryLabel, () => this.#endArrives(next))
      return
    }
    if (this.#lastDeliveryAt > world.now) {
      world.schedule(this.#lastDeliveryAt, this.#deliveryLabel, () => this.#endArrives(againUs))
      return
    }
    peer.takeEnd()
  }
}
