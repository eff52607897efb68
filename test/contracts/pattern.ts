/** A pattern: bytes that tell, wherever they are looked at, from which offset of which stream they are. */
/** A prime, so that no power of two of bytes lost or doubled goes unnoticed. */
const PERIOD = 65_521

export class Pattern {
  readonly #bytes: Buffer

  constructor(seed: number) {
    const bytes = Buffer.alloc(2 * PERIOD)
    // Marsaglia's xorshift: quick, and without any period that a lost block could hide in.
    let state = (seed + 1) * 0x9e3779b1
    for (let at = 0; at < PERIOD; at++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes[at] = state
    }
    bytes.copy(bytes, PERIOD, 0, PERIOD)
    this.#bytes = bytes
  }

  /** At most `PERIOD` bytes, from anywhere in the stream. */
  at(offset: number, length: number): Uint8Array {
    const from = offset % PERIOD
    return this.#bytes.subarray(from, from + Math.min(length, PERIOD))
  }

  /** Where the bytes are not those at `offset`; undefined where they are. */
  differs(offset: number, bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length; at += PERIOD) {
      const part = bytes.subarray(at, at + PERIOD)
      if (Buffer.compare(part, this.at(offset + at, part.length)) !== 0) return offset + at
    }
    return undefined
  }

  /** Any number of bytes, as a copy. */
  take(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += PERIOD) bytes.set(this.at(offset + at, length - at), at)
    return bytes
  }
}
