/** A host: a machine's place in the simulated network, with its capacity, its listeners and its connections. */
import { assert } from '../src/assert.js'
import type { Connection, ConnectionEvents } from '../src/ports.js'
import { Line } from './line.js'
import type { NatSettings } from './nat.js'
import type { Delivery } from './queue.js'
import type { Chance } from './random.js'
import { labelOf, US_PER_SECOND, type World } from './world.js'

export interface HostSettings extends NatSettings {
  /** Its IP address. */
  readonly host: string
  /** Bytes a second; 0 for no limit. */
  readonly uploadRate: number
  readonly downloadRate: number
  /** From here to the middle of the network; a round trip of two hosts takes twice the sum of theirs. */
  readonly latencyUs: number
  /** The most that a segment may take longer, by chance. */
  readonly jitterUs: number
  /** Share of segments of which the first copy is lost, so that what follows waits for the second, and of datagrams lost. */
  readonly lossRate: number
  /** Share of datagrams that arrive twice. */
  readonly duplicateRate: number
  /** Share of datagrams that take a way of their own, up to so much longer, and let those behind them pass. */
  readonly reorderRate: number
  readonly reorderUs: number
  /** Nobody can dial it: it is behind a NAT. */
  readonly unreachable: boolean
  /** Of how many segments one is cut at a byte of chance; 0 for none. */
  readonly cutOneIn: number
}

export const HOST_DEFAULTS: Omit<HostSettings, 'host'> = {
  uploadRate: 0,
  downloadRate: 0,
  latencyUs: 12_500,
  jitterUs: 1_000,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  reorderUs: 20_000,
  nat: 'none',
  // The least that RFC 4787 allows.
  natTimeoutUs: 120_000_000,
  unreachable: false,
  cutOneIn: 32,
}

/** Who takes turns with others to send over the line of a host. */
export interface Sender {
  /** Where what it sends goes. */
  readonly receiver: Host
  /** Bytes of the next segment; 0 where there is none after all. */
  nextSegment(most: number): number
  /** The segment's last byte leaves at `at`, having kept the line busy for so long. */
  depart(bytes: number, at: number, busyUs: number): void
  /** Asked once it was served: is there more? */
  stillSends(): boolean
}

/** One side of a connection, as its host knows it. */
export interface Side extends Connection {
  readonly host: Host
  /** Who hears of it from now on. */
  hear(events: ConnectionEvents): void
  /** The machine lost its power: nobody hears of it. */
  vanish(): void
  /** Breaks the connection: both sides hear of it when the news reached them. */
  reset(): void
}

/** Somebody listens at a port. */
export interface Listening {
  accept(side: Side): void
}

/** A segment takes so much of its line's time, or a whole block where that is more: shorter ones are more work. */
const SLICE_US = 20_000
const SEGMENT_BYTES_MIN = 16_384
/** Over a slow line those would make others wait for long: they are shorter there, down to what Ethernet carries. */
const SLOW_SLICE_US = 250_000
const SEGMENT_BYTES_LEAST = 1_460
/** One packet: so little does not wait for a long segment to be over, as packets of connections take turns. */
const SMALL_BYTES_MAX = 1_460
/** Whatever the share of a line, so much may be on its way. */
const WINDOW_BYTES_LEAST = 16_384
/** What one segment has at most, and so the buffer that it is put together in. */
export const SEGMENT_BYTES_MAX = 65_536
/** Small messages to many leave in one go, each at its own time: so far ahead. */
const AHEAD_US = 1_000
/** Data that waits before a line that is full, beside what is on its way: as much as routers commonly hold. */
export const QUEUE_US = 100_000

const bytesIn = (us: number, rate: number): number => Math.floor((rate * us) / US_PER_SECOND)

const segmentBytes = (rate: number): number => {
  if (rate === 0) return SEGMENT_BYTES_MAX
  const least = Math.max(SEGMENT_BYTES_LEAST, Math.min(SEGMENT_BYTES_MIN, bytesIn(SLOW_SLICE_US, rate)))
  return Math.max(least, Math.min(SEGMENT_BYTES_MAX, bytesIn(SLICE_US, rate)))
}

/** How long so many bytes take, never rounded down: no line is faster than it is said to be. */
export const transmissionUs = (bytes: number, rate: number): number =>
  rate === 0 ? 0 : Math.ceil((bytes * US_PER_SECOND) / rate)

const FIRST_FREE_PORT = 49_152
const PORT_MAX = 65_535
const PORTS_APART = 1_009

export class Host {
  readonly listeners = new Map<number, Listening>()
  readonly endpoints = new Set<Side>()
  /** Those that have something to send: those that had nothing come first, once, as small messages do. */
  readonly #fresh = new Line<Sender>()
  readonly #active = new Line<Sender>()
  #uplinkFreeAt = 0
  /** When the last of the small messages has left that went between the packets of a long segment. */
  #betweenFreeAt = 0
  #serving = false
  #downlinkFreeAt = 0
  #nextPort: number
  readonly #uplink: Delivery
  #sendBytesMax = SEGMENT_BYTES_MAX
  #receiveBytesMax = SEGMENT_BYTES_MAX
  /** A process runs here, so that what comes for a connection that is gone is answered with a reset. */
  up = true
  /** Incoming connections with bytes on their way. */
  busyIncoming = 0
  /** Bytes that were given to its line for sending. */
  #departedBytes = 0

  constructor(
    readonly world: World,
    readonly node: number,
    readonly chance: Chance,
    public settings: HostSettings,
  ) {
    this.#uplink = { label: labelOf('uplink', node), act: () => this.#serveUplink() }
    // Machines behind one address do not take the same ports.
    this.#nextPort = FIRST_FREE_PORT + ((node * PORTS_APART) % (PORT_MAX - FIRST_FREE_PORT))
    this.change({})
  }

  change(settings: Partial<HostSettings>): void {
    this.settings = { ...this.settings, ...settings }
    this.#sendBytesMax = segmentBytes(this.settings.uploadRate)
    this.#receiveBytesMax = segmentBytes(this.settings.downloadRate)
  }

  /** One that nobody listens at, and that is not said to be taken otherwise. */
  freePort(isTaken: (port: number) => boolean = () => false): number {
    for (let tries = 0; tries <= PORT_MAX - FIRST_FREE_PORT; tries++) {
      const port = this.#nextPort
      this.#nextPort = port === PORT_MAX ? FIRST_FREE_PORT : port + 1
      if (!this.listeners.has(port) && !isTaken(port)) return port
    }
    throw new Error('every port is taken')
  }

  /** Bytes that may be on their way to this host over one connection: its share of what fills the line. */
  windowBytes(roundTripUs: number, most: number): number {
    const { downloadRate } = this.settings
    if (downloadRate === 0) return most
    const line = (downloadRate * (roundTripUs + QUEUE_US)) / US_PER_SECOND
    return Math.min(most, Math.max(WINDOW_BYTES_LEAST, Math.floor(line / Math.max(1, this.busyIncoming))))
  }

  /** Has so many bytes to send now. */
  enlist(sender: Sender, bytes = Number.POSITIVE_INFINITY): void {
    if (this.#serving && bytes <= SMALL_BYTES_MAX) {
      this.#betweenFreeAt = this.#serve(sender, Math.max(this.world.now, this.#betweenFreeAt))
      return
    }
    this.#fresh.add(sender)
    if (this.#serving) return
    this.#serving = true
    this.world.post(Math.max(this.world.now, this.#uplinkFreeAt), this.#uplink)
  }

  /** One segment after the other, each of the next connection in turn, as fast as the line takes them. */
  #serveUplink(): void {
    const { now } = this.world
    while (this.#uplinkFreeAt <= now + AHEAD_US) {
      const sender = this.#fresh.shift() ?? this.#active.shift()
      if (sender === undefined) {
        this.#serving = false
        return
      }
      this.#serve(sender, Math.max(now, this.#uplinkFreeAt))
    }
    this.world.post(this.#uplinkFreeAt, this.#uplink)
  }

  /** Sends a segment over the line, from a time on; returns when its last byte leaves. */
  #serve(sender: Sender, from: number): number {
    const bytes = sender.nextSegment(Math.min(this.#sendBytesMax, sender.receiver.#receiveBytesMax))
    const busyUs = transmissionUs(bytes, this.settings.uploadRate)
    if (bytes > 0) {
      this.#uplinkFreeAt = Math.max(this.world.now, this.#uplinkFreeAt) + busyUs
      this.#departedBytes += bytes
      sender.depart(bytes, from + busyUs, busyUs)
    }
    if (sender.stillSends()) this.#active.add(sender)
    return from + busyUs
  }

  /** Bytes that its line has sent by now, or by a time just ahead: what is on the line counts by the part that left. */
  sentBytes(at: number): number {
    const aheadUs = Math.max(0, this.#uplinkFreeAt - at)
    return this.#departedBytes - Math.min(this.#departedBytes, (aheadUs * this.settings.uploadRate) / US_PER_SECOND)
  }

  /** When a segment whose last byte arrives now, after `busyUs` on its sender's line, has come through this one. */
  passDownlink(bytes: number, busyUs: number): number {
    const { downloadRate } = this.settings
    const { now } = this.world
    if (downloadRate === 0) return now
    const began = Math.max(this.#downlinkFreeAt, now - busyUs)
    this.#downlinkFreeAt = began + transmissionUs(bytes, downloadRate)
    assert(this.#downlinkFreeAt >= began, 'a line is busy for a time')
    return Math.max(now, this.#downlinkFreeAt)
  }
}
