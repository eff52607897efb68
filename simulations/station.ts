/**
 * A station: a host's place for datagrams, with its sockets, its NAT, and what waits for its line.
 *
 * Strategy: what goes from one socket to one address is a flow, and flows take turns with the host's connections for the
 * line, so that capacity is shared as it is between connections, and one datagram to each of many leaves at once. Beyond
 * what waits before a full line datagrams are dropped, as by routers. Loss, copies and ways of their own are drawn when a
 * datagram leaves, by the sender's settings; whether a partition, a NAT or a full line is in its way is seen when it
 * arrives. Without a way of its own it never overtakes another one of its flow. Nobody hears of what is lost, and no
 * ICMP says that nobody listens.
 */
import { assert } from '../src/assert.js'
import { mix } from '../src/random.js'
import type { PeerAddress } from '../src/values.js'
import { readUint32 } from '../src/wire/integers.js'
import { type Host, QUEUE_US, type Sender } from './host.js'
import { Line } from './line.js'
import { Nat } from './nat.js'
import type { Chance } from './random.js'
import type { Ways } from './ways.js'
import { labelOf, US_PER_SECOND } from './world.js'

/** Of UDP, and of IP in its two versions. */
const HEADER_BYTES = { ipv4: 28, ipv6: 48 } as const
/** Datagrams that wait before a full line at least: slow lines have long buffers. What connections send does not count. */
const QUEUE_BYTES_MIN = 65_536
const isFull = (waitingBytes: number, rate: number): boolean =>
  rate > 0 && waitingBytes >= Math.max(QUEUE_BYTES_MIN, (rate * QUEUE_US) / US_PER_SECOND)
/** The headers of all protocols over UDP lie within. */
const NOTED_BYTES = 32

/** Hears what comes for a port. */
export type Receive = (bytes: Uint8Array, from: PeerAddress) => void

/** What one socket sends to one address. */
class Flow implements Sender {
  readonly waiting = new Line<Uint8Array>()
  underWay = 0
  #lastArrivalAt = 0

  constructor(
    readonly station: Station,
    readonly fromPort: number,
    readonly to: PeerAddress,
    readonly receiver: Host,
  ) {}

  /** As many datagrams as one segment of a connection has bytes, but one at least. */
  nextSegment(most: number): number {
    let length = 0
    for (let place = 0; ; place++) {
      const bytes = this.waiting.at(place)
      const longer = length + (bytes === undefined ? most : this.station.lengthOnLine(bytes))
      if (bytes === undefined || (place > 0 && longer > most)) return length
      length = longer
    }
  }

  depart(length: number, at: number, busyUs: number): void {
    for (let left = length; left > 0; ) {
      const bytes = this.waiting.shift()
      assert(bytes !== undefined, 'what departs was waiting')
      const ofLine = this.station.lengthOnLine(bytes)
      left -= ofLine
      this.station.departed(ofLine)
      this.#departOne(bytes, at - Math.floor((busyUs * left) / length), Math.ceil((busyUs * ofLine) / length))
    }
  }

  #departOne(bytes: Uint8Array, at: number, busyUs: number): void {
    const { chance, host } = this.station
    const { duplicateRate, jitterUs, lossRate, reorderRate, reorderUs } = host.settings
    const outsidePort = this.station.outward(this)
    const isLost = lossRate > 0 && chance.happens(lossRate)
    const copies = duplicateRate > 0 && chance.happens(duplicateRate) ? 2 : 1
    if (isLost || outsidePort === undefined) return
    const from = { host: host.settings.host, port: outsidePort }
    for (let copy = 0; copy < copies; copy++) {
      const travelUs = this.station.latencyUs(this.receiver) + (jitterUs === 0 ? 0 : chance.below(jitterUs))
      if (reorderRate > 0 && chance.happens(reorderRate)) {
        // At least half of it, so that it is much longer, whatever that is.
        const longerUs = chance.between(Math.ceil(reorderUs / 2), Math.ceil(reorderUs))
        this.#schedule(at + travelUs + longerUs, bytes, from, busyUs)
      } else {
        this.#lastArrivalAt = Math.max(this.#lastArrivalAt, at + travelUs)
        this.#schedule(this.#lastArrivalAt, bytes, from, busyUs)
      }
    }
  }

  stillSends(): boolean {
    if (this.waiting.length > 0) return true
    this.station.forget(this)
    return false
  }

  #schedule(at: number, bytes: Uint8Array, from: PeerAddress, busyUs: number): void {
    this.underWay++
    this.station.host.world.schedule(at, labelOf('datagram', this.receiver.node), () => {
      this.underWay--
      this.station.arrive(this, bytes, from, busyUs)
      this.station.forget(this)
    })
  }
}

export class Station {
  readonly sockets = new Map<number, Receive>()
  readonly nat: Nat
  readonly chance: Chance
  readonly #stations: Stations
  readonly #flows = new Map<string, Flow>()
  readonly #headerBytes: number
  /** Bytes that wait before the line that it sends over, and before the one that it receives over. */
  #upBytes = 0
  #downBytes = 0
  /** Datagrams for which there was no room before either. */
  dropped = 0

  constructor(
    stations: Stations,
    readonly host: Host,
  ) {
    this.#stations = stations
    this.chance = host.world.chance('datagrams', host.node)
    this.nat = new Nat(
      () => host.settings,
      () => this.freePort(),
    )
    this.#headerBytes = host.settings.host.includes(':') ? HEADER_BYTES.ipv6 : HEADER_BYTES.ipv4
  }

  /** One that no socket and no mapping of its NAT has. */
  freePort(): number {
    return this.host.freePort((port) => this.sockets.has(port) || this.nat.has(port))
  }

  /** Bytes are kept until they have arrived. */
  send(fromPort: number, to: PeerAddress, bytes: Uint8Array): void {
    if (isFull(this.#upBytes, this.host.settings.uploadRate)) {
      this.dropped++
      return
    }
    const key = `${fromPort} ${to.host} ${to.port}`
    let flow = this.#flows.get(key)
    if (flow === undefined) {
      flow = new Flow(this, fromPort, to, this.#stations.receiver(to) ?? this.host)
      this.#flows.set(key, flow)
    }
    this.#upBytes += this.lengthOnLine(bytes)
    flow.waiting.add(bytes)
    if (flow.waiting.length === 1) this.host.enlist(flow)
  }

  lengthOnLine(bytes: Uint8Array): number {
    return bytes.length + this.#headerBytes
  }

  departed(length: number): void {
    this.#upBytes -= length
  }

  latencyUs(to: Host): number {
    return this.#stations.ways.latencyUs(this.host, to)
  }

  /** A NAT stands between its host and others, not between the host and itself. */
  outward({ fromPort, receiver, to }: Flow): number | undefined {
    return receiver === this.host ? fromPort : this.nat.outward(fromPort, to, this.host.world.now)
  }

  arrive(flow: Flow, bytes: Uint8Array, from: PeerAddress, busyUs: number): void {
    const { receiver, to } = flow
    // Nobody has that address, or its machine is not the one any more that was there when it was first sent to.
    if (receiver.settings.host !== to.host || this.#stations.ways.isCut(this.host, receiver)) return
    this.#stations.of(receiver).take(bytes, to.port, from, this.host, busyUs)
  }

  /** Takes what came so far over its own line. */
  take(bytes: Uint8Array, outsidePort: number, from: PeerAddress, sender: Host, busyUs: number): void {
    const { node, settings, world } = this.host
    if (isFull(this.#downBytes, settings.downloadRate)) {
      this.dropped++
      return
    }
    const length = this.lengthOnLine(bytes)
    this.#downBytes += length
    const at = this.host.passDownlink(length, busyUs)
    const hand = (): void => {
      this.#downBytes -= length
      this.#hand(bytes, outsidePort, from, sender)
    }
    if (at === world.now) hand()
    else world.schedule(at, labelOf('datagram', node), hand)
  }

  #hand(bytes: Uint8Array, outsidePort: number, from: PeerAddress, sender: Host): void {
    const { world } = this.host
    world.note(mix(sender.node, from.port))
    world.note(mix(outsidePort, bytes.length))
    for (let at = 0; at < bytes.length && at < NOTED_BYTES; at += 4) world.note(readUint32(bytes, at))
    const port = sender === this.host ? outsidePort : this.nat.inward(outsidePort, from, world.now)
    if (port !== undefined) this.sockets.get(port)?.(bytes, from)
  }

  /** A flow in which nothing is left. */
  forget(flow: Flow): void {
    if (flow.waiting.length > 0 || flow.underWay > 0) return
    const key = `${flow.fromPort} ${flow.to.host} ${flow.to.port}`
    if (this.#flows.get(key) === flow) this.#flows.delete(key)
  }
}

/** The stations of all hosts, each from its first datagram on. */
export class Stations {
  readonly #stations = new Map<Host, Station>()

  constructor(readonly ways: Ways) {}

  of(host: Host): Station {
    const known = this.#stations.get(host)
    if (known !== undefined) return known
    const station = new Station(this, host)
    this.#stations.set(host, station)
    return station
  }

  /** Of the machines behind an address the one that has the port, or else any; undefined where there is none. */
  receiver({ host, port }: PeerAddress): Host | undefined {
    const behind = this.ways.behind(host)
    const having = (each: Host): boolean => {
      const station = this.#stations.get(each)
      return station !== undefined && (station.sockets.has(port) || station.nat.has(port))
    }
    return behind.length < 2 ? behind[0] : (behind.find(having) ?? behind[0])
  }
}
