/** Writing bencode (BEP 3), always in its one canonical form: keys sorted by their raw bytes. */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { utf8Bytes } from '../values.js'

/**
 * What can be written. Texts become UTF-8. Keys, of maps and of plain objects alike, are latin1 text, one character
 * for each raw byte, as the decoder gives them. Keys of plain objects whose value is undefined are left out.
 */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | { readonly [key: string]: Encodable | undefined }

const LETTER_D = 0x64
const LETTER_E = 0x65
const LETTER_L = 0x6c

class Writer {
  #bytes = new Uint8Array(256)
  #length = 0

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  write(value: Encodable, depth: number): void {
    assert(depth <= LIMITS.bencodeDepthMax, 'what is encoded is nested no deeper than what is decoded')
    if (typeof value === 'string') this.#writeString(utf8Bytes(value))
    else if (typeof value === 'number' || typeof value === 'bigint') this.#writeInteger(value)
    else if (value instanceof Uint8Array) this.#writeString(value)
    else if (isList(value)) {
      this.#writeByte(LETTER_L)
      for (const item of value) this.write(item, depth + 1)
      this.#writeByte(LETTER_E)
    } else this.#writeDictionary(value instanceof Map ? [...value] : Object.entries(value), depth)
  }

  #writeDictionary(entries: readonly [string, Encodable | undefined][], depth: number): void {
    this.#writeByte(LETTER_D)
    // Each character is one byte, so comparing the texts by code units compares the raw bytes.
    for (const [key, value] of entries.toSorted(([left], [right]) => (left < right ? -1 : 1))) {
      if (value === undefined) continue
      this.#writeLatin1(`${key.length}:`)
      this.#writeLatin1(key)
      this.write(value, depth + 1)
    }
    this.#writeByte(LETTER_E)
  }

  #writeInteger(value: number | bigint): void {
    assert(typeof value === 'bigint' || Number.isSafeInteger(value), `${value} is not a whole number that is exact`)
    const text = String(value === 0 ? 0 : value)
    assert(text.length <= LIMITS.bencodeIntegerDigitsMax + (value < 0 ? 1 : 0), `${text} has too many digits`)
    this.#writeLatin1(`i${text}e`)
  }

  #writeString(bytes: Uint8Array): void {
    this.#writeLatin1(`${bytes.length}:`)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #writeLatin1(text: string): void {
    this.#reserve(text.length)
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      assert(code <= 0xff, 'a key is latin1 text: one character for each byte')
      this.#bytes[this.#length++] = code
    }
  }

  #writeByte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = byte
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

// `Array.isArray` does not narrow a union that holds a readonly array.
const isList = (value: Encodable): value is readonly Encodable[] => Array.isArray(value)

export const encode = (value: Encodable): Uint8Array => {
  const writer = new Writer()
  writer.write(value, 0)
  return writer.finish()
}
