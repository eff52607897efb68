/**
 * The receiving half of a uTP connection: what came in order, what came too early, and what is to be acknowledged.
 *
 * What came in order is passed on when the packets that came together are all read, in one piece: what hears of it has
 * more to do for each call than for each byte.
 */
import { LIMITS } from '../limits.js'
import { after, plus } from '../wire/utp.js'

/** Bits of an acknowledgement are a multiple of 32, and their number of bytes must fit one. */
const SELECTIVE_BYTES_MAX = 252
/** What passed on pieces are put together in, by all connections: what is received is a view for the time of a call. */
let joining = new Uint8Array(0)

export class UtpReceiver {
  /** The last of those that came in order. */
  #ack: number
  /** What came too early, by its number. */
  readonly #early = new Map<number, Uint8Array>()
  /** What came in order and is not passed on: views as long as the packets are read, else copies. */
  #ready: Uint8Array[] = []
  /** How many of them are copies. */
  #kept = 0
  #bytes = 0
  #endsAt: number | undefined
  /** Packets that nobody was told of yet. */
  unacked = 0
  /** Something came that has to be told at once: out of order, once more, or an end. */
  urgent = false

  constructor(ack: number) {
    this.#ack = ack
  }

  get ack(): number {
    return this.#ack
  }
  get windowBytes(): number {
    return Math.max(0, LIMITS.utpReceiveBytesMax - this.#bytes)
  }
  /** Everything came, to the end. */
  get isEnded(): boolean {
    return this.#endsAt === this.#ack
  }
  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  /** Takes a packet of data, or an end; what is of no use is told to be here. */
  take(seq: number, payload: Uint8Array, isEnd: boolean): void {
    const ahead = after(this.#ack, seq)
    const isOld = ahead === 0 || ahead > 0x8000
    const isBeyond = this.#endsAt !== undefined && after(this.#ack, this.#endsAt) < ahead
    if (
      isOld ||
      ahead > LIMITS.utpPacketsMax ||
      isBeyond ||
      this.#early.has(seq) ||
      payload.length > this.windowBytes
    ) {
      this.urgent = true
      return
    }
    if (isEnd) {
      if (this.#endsAt !== undefined) return
      this.#endsAt = seq
      this.urgent = true
    }
    this.unacked++
    this.#bytes += payload.length
    if (ahead > 1) {
      this.urgent = true
      this.#early.set(seq, payload.slice())
      return
    }
    this.#ack = seq
    if (payload.length > 0) this.#ready.push(payload)
    if (this.#early.size > 0) this.#closeGap()
  }

  /** The packets that came together are read: views do not last. */
  keep(): void {
    for (let at = this.#kept; at < this.#ready.length; at++)
      this.#ready[at] = this.#ready[at]?.slice() ?? new Uint8Array(0)
    this.#kept = this.#ready.length
  }

  /** What came in order, as one view; nothing of it is kept. */
  passOn(): Uint8Array {
    const [first] = this.#ready
    const ready = this.#ready
    this.#ready = []
    this.#kept = 0
    let length = 0
    for (const bytes of ready) length += bytes.length
    this.#bytes -= length
    if (first !== undefined && ready.length === 1) return first
    if (joining.length < length) joining = new Uint8Array(Math.max(65_536, length))
    let at = 0
    for (const bytes of ready) {
      joining.set(bytes, at)
      at += bytes.length
    }
    return new Uint8Array(joining.buffer, 0, length)
  }

  /** Bits of what came too early; undefined where nothing did. */
  get selective(): Uint8Array | undefined {
    if (this.#early.size === 0) return undefined
    let most = 0
    for (const seq of this.#early.keys()) most = Math.max(most, after(this.#ack, seq) - 2)
    const bits = new Uint8Array(Math.min(SELECTIVE_BYTES_MAX, 4 * (1 + (most >> 5))))
    for (const seq of this.#early.keys()) {
      const beyond = after(this.#ack, seq) - 2
      const at = beyond >> 3
      if (at < bits.length) bits[at] = (bits[at] ?? 0) | (1 << (beyond & 7))
    }
    return bits
  }

  #closeGap(): void {
    for (;;) {
      const next = plus(this.#ack, 1)
      const bytes = this.#early.get(next)
      if (bytes === undefined) return
      this.#early.delete(next)
      this.#ack = next
      if (bytes.length > 0) this.#ready.push(bytes)
    }
  }
}
