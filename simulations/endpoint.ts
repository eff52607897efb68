/**
 * An endpoint: one side of a simulated TCP connection, and the stream of bytes that it sends.
 *
 * Strategy: segments end where a block does, unless chance cuts them. Once they were read they are flushed, as no one looks
 * at the sender's memory any more. Where the receiver is paused they are copied into its receive buffer instead, which
 * the window bounds, so that backpressure is that of TCP. Acknowledgements take no time and no capacity; that they would is
 * in how much congestion control lets leave (`congestion.ts`).
 */
import { assert } from '../src/assert.js'
import type { Connection, ConnectionEvents, Failure } from '../src/ports.js'
import type { PeerAddress } from '../src/values.js'
import { Congestion, INITIAL_BYTES, lossOf, PACKET_BYTES } from './congestion.js'
import { type Host, SEGMENT_BYTES_MAX, type Side, transmissionUs } from './host.js'
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

const ENDED: Failure = { code: 'EOF', message: 'the other side ended the connection' }
export const RESET: Failure = { code: 'ECONNRESET', message: 'the connection was reset' }

/** Bytes a second of the way between two hosts; where neither has a limit, as much as such lines take. */
const lineRate = (from: Host, to: Host): number =>
  Math.min(from.settings.uploadRate || UNLIMITED_RATE, to.settings.downloadRate || UNLIMITED_RATE)

export class Endpoint implements Connection, Side {
  readonly #network: Ways
  #peer: Endpoint | undefined
  #events: ConnectionEvents | undefined
  #closed = false
  /** The process vanished without a word: nothing is sent, and what arrives is not answered. */
  #vanished = false

  // What is sent.
  readonly #outgoing = new Outgoing()
  #sends: Line<{ readonly end: number; readonly flushed: () => void }> | undefined
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
  #endAsked = false
  #endSent = false
  readonly #toNode: number
  readonly #arrival: Delivery
  #delivery: Delivery | undefined

  // What is received.
  #paused = false
  #held: Line<Uint8Array> | undefined
  #ending: Failure | undefined
  #draining = false

  constructor(
    network: Ways,
    readonly host: Host,
    readonly remote: PeerAddress,
    /** Distinguishes it from all others of the world. */
    readonly number: number,
    toNode: number,
  ) {
    this.#network = network
    this.#toNode = toNode
    this.#arrival = { label: labelOf('arrival', toNode), act: () => this.#segmentArrives() }
    host.endpoints.add(this)
  }

  get peer(): Endpoint {
    assert(this.#peer !== undefined, 'endpoints come in pairs')
    return this.#peer
  }

  get receiver(): Host {
    return this.peer.host
  }

  get closed(): boolean {
    return this.#closed
  }

  get unsentBytes(): number {
    return this.#closed ? 0 : this.#outgoing.unflushed
  }

  static join(left: Endpoint, right: Endpoint): void {
    left.#peer = right
    right.#peer = left
  }

  hear(events: ConnectionEvents): void {
    if (!this.#closed) this.#events = events
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    if (this.#closed) return
    for (const chunk of chunks) if (chunk.length > 0) this.#outgoing.take(chunk)
    if (flushed !== undefined) {
      this.#sends ??= new Line()
      this.#sends.add({ end: this.#outgoing.taken, flushed })
      if (this.#outgoing.arrived === this.#outgoing.taken) this.#flushSoon()
    }
    this.#enlist()
  }

  pause(): void {
    if (!this.#closed) this.#paused = true
  }

  resume(): void {
    if (this.#closed || !this.#paused) return
    this.#paused = false
    this.#drainSoon()
  }

  close(): void {
    if (this.#closed) return
    this.#shut()
    // What is not in the system's buffer yet is lost, wherever that cuts a message.
    this.#outgoing.cutOff(KEPT_BYTES_MAX)
    this.#endAsked = true
    this.#enlist()
  }

  /** Ends because of the other side or the network, and says so. */
  end(failure: Failure): void {
    if (this.#closed) return
    const events = this.#events
    this.#shut()
    this.#outgoing.cutOff(0)
    events?.closed(failure)
  }

  /** The machine lost its power: nobody hears of it. */
  vanish(): void {
    this.#shut()
    this.#vanished = true
    this.#outgoing.cutOff(0)
  }

  /** Breaks the connection: both sides hear of it when the news reached them. */
  reset(): void {
    this.#network.later(this.host.node, () => this.end(RESET))
    this.#network.after(this.host, this.peer.host, () => this.peer.end(RESET))
  }

  #shut(): void {
    this.#closed = true
    this.#events = undefined
    this.#sends = undefined
    this.#held = undefined
    this.host.endpoints.delete(this)
    // What it was sent and has not read will never be read: the other side must not wait for that.
    const { peer } = this
    peer.#credit(peer.#outstanding)
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
    if (this.#vanished) return false
    const { waiting } = this.#outgoing
    if (waiting === 0) {
      if (this.#endAsked && !this.#endSent) this.#sendEnd()
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
      const roundTripUs = 2 * this.#network.latencyUs(host, receiver)
      this.#congestion = new Congestion(host.world.now, roundTripUs, lineRate(host, receiver))
    }
    return this.#congestion
  }

  #window(): number {
    const { host } = this.peer
    return host.windowBytes(2 * this.#network.latencyUs(this.host, host), WINDOW_BYTES_MAX)
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
    if (this.#outstanding === 0) this.peer.host.busyIncoming++
    this.#outgoing.depart(bytes)
    this.#outstanding += bytes
    this.#congestion?.sent(bytes)
    this.#segments.add(bytes)
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, at + this.#travelUs(bytes))
    this.host.world.post(this.#lastArrivalAt, this.#arrival)
  }

  #travelUs(bytes: number): number {
    const { chance, settings, world } = this.host
    const { jitterUs, lossRate } = settings
    const latencyUs = this.#network.latencyUs(this.host, this.peer.host)
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
    if (this.#network.isCut(this.host, this.peer.host)) {
      this.#parked++
      this.#network.parked.add(this)
      return
    }
    const bytes = this.#segments.shift()
    if (bytes === undefined) return // the connection was broken meanwhile
    const { host } = this.peer
    const at = Math.max(
      host.passDownlink(bytes, transmissionUs(bytes, this.host.settings.uploadRate)),
      this.#lastDeliveryAt,
    )
    this.#lastDeliveryAt = at
    if (at === host.world.now) {
      this.#hand(bytes)
      return
    }
    this.#due ??= new Line()
    this.#due.add(bytes)
    this.#delivery ??= { label: this.#deliveryLabel, act: () => this.#hand(this.#due?.shift() ?? 0) }
    host.world.post(at, this.#delivery)
  }

  /** What a partition held back goes on; each arrival takes the oldest segment, so the order stays. */
  unpark(): void {
    const at = this.host.world.now + this.#network.latencyUs(this.host, this.peer.host)
    for (; this.#parked > 0; this.#parked--) this.host.world.post(at, this.#arrival)
  }

  /** Gives a segment's bytes to the other side, or to its receive buffer. */
  #hand(bytes: number): void {
    const { peer } = this
    const { world } = this.host
    world.note(this.number)
    world.note(bytes)
    for (let left = bytes; left > 0; ) {
      if (peer.#closed) {
        this.#drop(left)
        break
      }
      const part = this.#outgoing.arriveTogether(left, this.#network.scratch)
      left -= part.length
      if (peer.#paused || peer.#holds) {
        peer.#held ??= new Line()
        peer.#held.add(part.slice())
      } else {
        this.#credit(part.length)
        peer.#events?.received(part)
      }
    }
    this.#flush()
  }

  get #deliveryLabel(): number {
    return labelOf('delivery', this.#toNode)
  }

  /** Nobody reads these bytes. */
  #drop(bytes: number): void {
    const { peer } = this
    for (let left = bytes; left > 0; ) left -= this.#outgoing.arrive(left).length
    this.#credit(bytes)
    // A machine that is up knows nothing of the connection any more.
    if (peer.#vanished && peer.host.up) this.#network.after(peer.host, this.host, () => this.end(RESET))
  }

  /** The other side has read so much. */
  #credit(bytes: number): void {
    if (bytes === 0 || this.#outstanding === 0) return
    this.#outstanding -= Math.min(bytes, this.#outstanding)
    if (this.#outstanding === 0) this.peer.host.busyIncoming--
    if (this.#peer !== undefined) this.#enlist()
  }

  #flush(): void {
    for (
      let next = this.#sends?.first;
      next !== undefined && next.end <= this.#outgoing.arrived;
      next = this.#sends?.first
    ) {
      this.#sends?.shift()
      next.flushed()
    }
  }

  #flushSoon(): void {
    this.#network.later(this.host.node, () => this.#flush())
  }

  /** Something waits to be read. */
  get #holds(): boolean {
    return this.#held !== undefined && this.#held.length > 0
  }

  #drainSoon(): void {
    if (this.#draining || (!this.#holds && this.#ending === undefined)) return
    this.#draining = true
    this.#network.later(this.host.node, () => {
      this.#draining = false
      this.#drain()
    })
  }

  #drain(): void {
    while (!this.#paused && !this.#closed) {
      const chunk = this.#held?.shift()
      if (chunk === undefined) break
      this.peer.#credit(chunk.length)
      this.#events?.received(chunk)
    }
    if (this.#ending !== undefined && !this.#paused && !this.#holds) this.end(this.#ending)
  }

  #sendEnd(): void {
    this.#endSent = true
    const { world } = this.host
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, world.now + this.#travelUs(1))
    world.schedule(this.#lastArrivalAt, this.#deliveryLabel, () => this.#endArrives(RETRANSMISSION_US_MIN))
  }

  #endArrives(againUs: number): void {
    const { world } = this.host
    if (this.peer.#closed) return
    if (this.#network.isCut(this.host, this.peer.host) || this.#segments.length > 0) {
      // It comes after what the partition holds back.
      const next = Math.min(2 * againUs, RETRANSMISSION_US_MAX)
      world.schedule(world.now + againUs, this.#deliveryLabel, () => this.#endArrives(next))
      return
    }
    if (this.#lastDeliveryAt > world.now) {
      world.schedule(this.#lastDeliveryAt, this.#deliveryLabel, () => this.#endArrives(againUs))
      return
    }
    const { peer } = this
    if (peer.#holds || peer.#paused) peer.#ending = ENDED
    else peer.end(ENDED)
  }
}
