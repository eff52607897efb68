/**
 * Congestion control of one side of a connection: how much of a stream may leave, as TCP has it, with slow start from ten
 * packets (RFC 6928) and CUBIC where packets are lost (RFC 9438).
 *
 * Strategy: a window's bytes leave evenly over a round trip, but for a few that may leave at once. So no acknowledgement
 * need be simulated: what may leave now follows from the time and from what left, and who stays below the window costs
 * nothing else. A window that fills the line and the queue before it is no bound any more.
 */
import { QUEUE_US } from './host.js'
import { US_PER_SECOND } from './world.js'

/** Of a stream, in a packet of Ethernet with time stamps. */
export const PACKET_BYTES = 1_448
/** What leaves before anything was acknowledged. */
export const INITIAL_BYTES = 10 * PACKET_BYTES
/** However much is lost, and so the rate that is left then. */
const LEAST_BYTES = 2 * PACKET_BYTES
/** Of the window, so much may leave at once, or as much as in the beginning; and so much is worth a segment. */
const BURST_SHARE = 1 / 4
const SLICE_SHARE = 1 / 8
/** Bytes by which the window grows for each that leaves, so that it doubles in a round trip. */
const SLOW_START = Math.LN2
/** Once it is so much of what fills the line it grows by a twentieth only: about there Linux finds that packets wait (HyStart). */
const START_SHARE = 1.5
const AFTER_START = Math.log(1.05)
/** A packet takes its time to leave, and is acknowledged with the one after it (RFC 5681, 4.2), which left behind another. */
const PACKETS_OF_ROUND_TRIP = 2
/** What a loss leaves of the window, and how fast it grows again, in packets a second cubed: the constants of CUBIC. */
const LEFT = 0.7
const GROWTH = 0.4
/** In packets a round trip, as fast as Reno would (RFC 9438, 4.3). */
const RENO_GROWTH = (3 * (1 - LEFT)) / (1 + LEFT)

/** Of a number from 0; the last digit of `Math.cbrt` and of `**` depends on the version of V8, and that of these does not. */
const cubeRoot = (value: number): number => (value <= 0 ? 0 : Math.exp(Math.log(value) / 3))
const cube = (value: number): number => value * value * value

/** The chance that one of the packets with so many bytes is lost. */
export const lossOf = (bytes: number, lossRate: number): number =>
  1 - Math.exp(Math.max(1, bytes / PACKET_BYTES) * Math.log(1 - lossRate))

export class Congestion {
  readonly #roundTripUs: number
  readonly #bytesPerUs: number
  /** The window that is no bound: bytes that fill the line, in a round trip and the queue's time. */
  readonly #mostBytes: number
  /** Of the slow start, and of a window that a loss will lessen. */
  #windowBytes = INITIAL_BYTES
  /** Bytes that may leave, at a time. */
  #budgetBytes = 0
  #budgetAt: number
  /** When the sender hears of the last loss: a slow start goes on until then, and what is left of the window grows since. */
  #toldAt: number | undefined
  #isTold = true
  /** The window before that loss, in packets, and the seconds until it is reached again. */
  #peakPackets = 0
  #peakSeconds = 0

  /** Of a way that takes so many bytes a second. */
  constructor(now: number, roundTripUs: number, bytesPerSecond: number) {
    this.#budgetAt = now
    this.#bytesPerUs = bytesPerSecond / US_PER_SECOND
    this.#roundTripUs = Math.ceil(roundTripUs + (PACKETS_OF_ROUND_TRIP * PACKET_BYTES) / this.#bytesPerUs)
    this.#mostBytes = Math.max(INITIAL_BYTES, this.#bytesPerUs * (roundTripUs + QUEUE_US))
  }

  /** Bytes that may leave now. */
  room(now: number): number {
    const window = this.#windowAt(now)
    const most = Math.max(INITIAL_BYTES, window * BURST_SHARE)
    const more = ((now - this.#budgetAt) * window) / this.#roundTripUs
    const isBound = window < this.#mostBytes
    this.#budgetAt = now
    this.#budgetBytes = isBound ? Math.min(this.#budgetBytes + more, most) : most
    return isBound ? Math.max(0, Math.floor(this.#budgetBytes)) : Number.POSITIVE_INFINITY
  }

  /** Fewer bytes than these are not worth a segment, where more wait. */
  get sliceBytes(): number {
    return Math.max(PACKET_BYTES, Math.floor(this.#windowBytes * SLICE_SHARE))
  }

  /** When so many bytes may leave, of which there is no room now. */
  readyAt(bytes: number, now: number): number {
    return now + Math.max(1, Math.ceil(((bytes - this.#budgetBytes) * this.#roundTripUs) / this.#windowAt(now)))
  }

  sent(bytes: number): void {
    this.#budgetBytes -= bytes
    const isUnlost = this.#peakPackets === 0
    const isStarting = this.#windowBytes < START_SHARE * this.#bytesPerUs * this.#roundTripUs
    if (isUnlost && this.#windowBytes < this.#mostBytes)
      this.#windowBytes += (isStarting ? SLOW_START : AFTER_START) * bytes
  }

  /** A packet of what leaves now is lost. One window is lessened once, however many of it are lost. */
  lost(now: number): void {
    if (this.#toldAt !== undefined && now < this.#toldAt) return
    this.#windowBytes = Math.min(this.#mostBytes, this.#windowAt(now))
    this.#toldAt = now + this.#roundTripUs
    this.#isTold = false
  }

  #react(): void {
    this.#isTold = true
    const packets = this.#windowBytes / PACKET_BYTES
    // Who had less this time makes room for others (RFC 9438, 4.7).
    this.#peakPackets = packets < this.#peakPackets ? (packets * (1 + LEFT)) / 2 : packets
    this.#peakSeconds = cubeRoot((this.#peakPackets - LEFT * packets) / GROWTH)
  }

  #windowAt(now: number): number {
    if (this.#toldAt === undefined || now < this.#toldAt) return this.#windowBytes
    if (!this.#isTold) this.#react()
    const grownUs = Math.max(0, now - this.#toldAt - this.#roundTripUs)
    const cubic = this.#peakPackets + GROWTH * cube(grownUs / US_PER_SECOND - this.#peakSeconds)
    const left = LEFT * this.#windowBytes
    // What is more than the line holds waits before it, and makes round trips longer.
    const roundTripUs = Math.max(this.#roundTripUs, left / this.#bytesPerUs)
    const reno = left / PACKET_BYTES + (RENO_GROWTH * grownUs) / roundTripUs
    return Math.max(LEAST_BYTES, PACKET_BYTES * Math.max(cubic, reno))
  }
}
