/** What a uTP connection has sent and has no acknowledgement of: packets by their numbers, in a ring that grows. */
import type { Instant } from '../values.js'
import { after, plus } from '../wire/utp.js'

export interface Sent {
  readonly packet: Uint8Array
  readonly payloadBytes: number
  sentAt: Instant
  /** Which sending of this connection was its last. */
  order: number
  times: number
  standing: 'flying' | 'arrived' | 'lost'
  /** The size that is tried by it, or 0. */
  tries: number
}

const FIRST_SLOTS = 32

export class UtpSent {
  #slots: (Sent | undefined)[] = []

  get(seq: number): Sent | undefined {
    return this.#slots[seq & (this.#slots.length - 1)]
  }

  /** The next of those from `oldest` on. */
  add(oldest: number, seq: number, sent: Sent): void {
    if (after(oldest, seq) + 1 > this.#slots.length) this.#grow(oldest, seq)
    this.#slots[seq & (this.#slots.length - 1)] = sent
  }

  drop(seq: number): void {
    this.#slots[seq & (this.#slots.length - 1)] = undefined
  }

  #grow(oldest: number, end: number): void {
    const slots = new Array<Sent | undefined>(Math.max(FIRST_SLOTS, this.#slots.length * 2))
    for (let seq = oldest; seq !== end; seq = plus(seq, 1)) slots[seq & (slots.length - 1)] = this.get(seq)
    this.#slots = slots
  }
}
