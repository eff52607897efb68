/**
 * Connection ids of the UDP tracker (BEP 15): a client shows by one that it receives what is sent to its address.
 *
 * Strategy: an id is a keyed hash of the address and the time, with a key of this run, so that nothing is kept for those
 * who only ask for one. Time is counted in periods of two minutes, and ids of this period and of the one before are
 * taken: each holds for the two minutes of BEP 15 at least, and for four at most. The port is no part of it, since the
 * routers of some networks change it between two datagrams.
 */
import { LIMITS } from '../src/limits.js'
import { writeUint32 } from '../src/wire/integers.js'
import type { ConnectionId } from '../src/wire/udprequest.js'
import { SipHash } from './siphash.js'

const ID_BYTES = 8
const HOST_BYTES_MAX = 16
const PERIOD_BYTES = 4

const periodOf = (nowMs: number): number => Math.floor(nowMs / LIMITS.trackerConnectionIdMs)

export class ConnectionIds {
  readonly #hash: SipHash
  readonly #now: () => number
  readonly #message = new Uint8Array(HOST_BYTES_MAX + PERIOD_BYTES)

  /** `key` is 16 bytes that nobody can guess; `now` tells milliseconds. */
  constructor(key: Uint8Array, now: () => number) {
    this.#hash = new SipHash(key)
    this.#now = now
  }

  /** `host` has 4 or 16 bytes. */
  of(host: Uint8Array): ConnectionId {
    const id = new Uint8Array(ID_BYTES)
    this.#digest(host, periodOf(this.#now()))
    const view = new DataView(id.buffer)
    view.setInt32(0, this.#hash.low, true)
    view.setInt32(4, this.#hash.high, true)
    return id
  }

  /** Whether the first 8 of these bytes are an id that this address was given, not long ago. */
  accepts(bytes: Uint8Array, host: Uint8Array, nowMs = this.#now()): boolean {
    const period = periodOf(nowMs)
    return this.#isOf(bytes, host, period) || this.#isOf(bytes, host, period - 1)
  }

  #isOf(bytes: Uint8Array, host: Uint8Array, period: number): boolean {
    this.#digest(host, period)
    const { low, high } = this.#hash
    // Without a branch for each byte: how long it takes tells nobody how much of a guess was right.
    let difference = 0
    for (let at = 0; at < ID_BYTES; at++)
      difference |= (bytes[at] ?? -1) ^ (((at < 4 ? low : high) >>> (8 * (at & 3))) & 0xff)
    return difference === 0
  }

  #digest(host: Uint8Array, period: number): void {
    const message = this.#message
    for (let at = 0; at < host.length; at++) message[at] = host[at] ?? 0
    // Before the first period there is one below 0, when clocks begin at 0.
    writeUint32(message, host.length, period >>> 0)
    this.#hash.hash(message, host.length + PERIOD_BYTES)
  }
}
