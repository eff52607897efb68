/** A set of pieces as one bit each, in the order of the wire: the first piece is the highest bit of the first byte (BEP 3). */
import { assert } from '../assert.js'
import { type Fault, fault } from './fault.js'

/** How many bits are set in each byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>>= 1) ones += rest & 1
  return ones
})

/** The bits of the last byte that stand for no piece. */
const spareBits = (length: number): number => (length % 8 === 0 ? 0 : 0xff >>> (length % 8))

export class Bitfield {
  /** How many pieces there are, set or not. */
  readonly length: number
  /** As sent in a `bitfield` message. Live, and to be written by nobody else; spare bits are zero. */
  readonly bytes: Uint8Array
  #count = 0

  /** Takes `bytes` over without a copy, where given; otherwise no piece is set. */
  constructor(length: number, bytes: Uint8Array = new Uint8Array(Bitfield.byteLength(length))) {
    assert(bytes.length === Bitfield.byteLength(length), 'a bitfield has one bit a piece, in whole bytes')
    assert(((bytes[bytes.length - 1] ?? 0) & spareBits(length)) === 0, 'spare bits of a bitfield are zero')
    this.length = length
    this.bytes = bytes
    for (const byte of bytes) this.#count += ONES[byte] ?? 0
  }

  static byteLength(length: number): number {
    assert(Number.isSafeInteger(length) && length >= 0, 'the length of a bitfield is a whole number')
    return Math.ceil(length / 8)
  }

  /** Every piece is set, as `have-all` says (BEP 6). */
  static filled(length: number): Bitfield {
    const bytes = new Uint8Array(Bitfield.byteLength(length)).fill(0xff)
    if (bytes.length > 0) bytes[bytes.length - 1] = 0xff & ~spareBits(length)
    return new Bitfield(length, bytes)
  }

  /** Copies a stranger's bits, which may be a view. */
  static fromWire(bits: Uint8Array, length: number): Bitfield | Fault {
    if (bits.length !== Bitfield.byteLength(length)) {
      return fault('bitfield-size-wrong', `a bitfield of ${bits.length} bytes for ${length} pieces`)
    }
    if (((bits[bits.length - 1] ?? 0) & spareBits(length)) !== 0) {
      return fault('bitfield-spare-bits', `a bitfield with bits set after piece ${length - 1}`)
    }
    return new Bitfield(length, new Uint8Array(bits))
  }

  /** How many pieces are set. */
  get count(): number {
    return this.#count
  }

  /** Every piece is set. */
  get full(): boolean {
    return this.#count === this.length
  }

  /** False for an index that the torrent does not have, so that a stranger's may be asked for. */
  has(index: number): boolean {
    return index < this.length && ((this.bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0
  }

  /** Says whether that changed anything. */
  set(index: number): boolean {
    this.#check(index)
    if (this.has(index)) return false
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) | (0x80 >>> (index & 7))
    this.#count++
    return true
  }

  /** Says whether that changed anything. */
  clear(index: number): boolean {
    this.#check(index)
    if (!this.has(index)) return false
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7))
    this.#count--
    return true
  }

  clone(): Bitfield {
    return new Bitfield(this.length, this.bytes.slice())
  }

  /** The first piece from `from` on that is not set; undefined where all are. */
  firstMissing(from = 0): number | undefined {
    for (let index = from; index < this.length; index++) {
      // Whole bytes are passed in one step, which matters for a torrent that is nearly done.
      while ((index & 7) === 0 && this.bytes[index >>> 3] === 0xff) index += 8
      if (index < this.length && !this.has(index)) return index
    }
    return undefined
  }

  /** The pieces that are set, in order. */
  *indices(): Generator<number, void, undefined> {
    for (let at = 0; at < this.bytes.length; at++) {
      const byte = this.bytes[at] ?? 0
      if (byte === 0) continue
      for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >>> bit)) !== 0) yield at * 8 + bit
    }
  }

  /** A piece is set here that is not set there: what makes a peer interesting. */
  hasAnyNotIn(other: Bitfield): boolean {
    assert(other.length === this.length, 'only bitfields of one torrent are compared')
    const theirs = other.bytes
    for (let at = 0; at < this.bytes.length; at++) {
      if (((this.bytes[at] ?? 0) & ~(theirs[at] ?? 0)) !== 0) return true
    }
    return false
  }

  #check(index: number): void {
    assert(Number.isInteger(index) && index >= 0 && index < this.length, 'a piece of this torrent')
  }
}
