/** A pattern: bytes that tell, wherever they are looked at, from which offset of which stream they are. */
import { createHash } from 'node:crypto'

/** A prime, so that no power of two of bytes lost or doubled goes unnoticed. */
const PERIOD = 65_521

export class Pattern {
  readonly #bytes: Buffer

  constructor(seed: number) {
    const parts: Buffer[] = []
    for (let part = 0; part * 64 < 2 * PERIOD; part++) {
      parts.push(
        createHash('sha512')
          .update(`${seed} ${part % Math.ceil(PERIOD / 64)}`)
          .digest(),
      )
    }
    const period = Buffer.concat(parts).subarray(0, PERIOD)
    this.#bytes = Buffer.concat([period, period])
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
