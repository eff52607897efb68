/**
 * Bencode (BEP 3): one canonical form out, and bounded, strict reading in.
 *
 * Strategy: reading keeps its own stack, so that nesting costs heap and never the call stack; lengths are compared
 * with what is left before anything is made; byte strings are views of the input. Dictionary keys are latin1 text, one
 * character for each byte: any key survives, and comparing such texts is comparing their raw bytes.
 */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'

export { type Encodable, encode } from './bencoder.js'

export type Bencode = number | bigint | Uint8Array | readonly Bencode[] | BencodeDictionary
/** Keys are latin1 text: each character is one raw byte. */
export type BencodeDictionary = ReadonlyMap<string, Bencode>

/** Start and end (not included) of a value in the bytes that it was read from. */
export type Span = readonly [start: number, end: number]

export interface BencodeFault {
  readonly type: 'fault'
  readonly reason: string
  /** The byte where reading stopped. */
  readonly at: number
}

export interface BencodeValue {
  readonly type: 'value'
  readonly value: Bencode
  /** How many bytes the value took. */
  readonly byteLength: number
  /** Where the values of the outermost dictionary lie; empty for anything but a dictionary. */
  readonly spans: ReadonlyMap<string, Span>
}

export type Decoded = BencodeValue | BencodeFault

export interface DecodeOptions {
  readonly depthMax?: number
  readonly tokensMax?: number
  /** False takes keys in any order, as some trackers and clients send them; a repeated key stays a fault. */
  readonly canonical?: boolean
}

interface ListFrame {
  readonly type: 'list'
  readonly items: Bencode[]
}

interface DictionaryFrame {
  readonly type: 'dictionary'
  readonly entries: Map<string, Bencode>
  /** The key that waits for its value. */
  key: string | undefined
  lastKey: string | undefined
  valueStart: number
}

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const MINUS = 0x2d
const LETTER_D = 0x64
const LETTER_E = 0x65
const LETTER_I = 0x69
const LETTER_L = 0x6c

// Shared, because a hostile file is mostly made of these and each would cost fifty times its bytes.
const NO_BYTES = new Uint8Array(0)
const NO_ITEMS: readonly Bencode[] = Object.freeze([])
const NO_ENTRIES: BencodeDictionary = new Map()

const LATIN1_CHUNK = 4_096
const NAME_BYTES_MAX = 24
const NAMES_KEPT = 64

/** One character for each byte. */
export const latin1Text = (bytes: Uint8Array): string => {
  // A view of all of it would take longer to make than the text of an info-hash.
  if (bytes.length <= LATIN1_CHUNK) return String.fromCharCode.apply(undefined, bytes as unknown as number[])
  let text = ''
  for (let at = 0; at < bytes.length; at += LATIN1_CHUNK) {
    text += String.fromCharCode.apply(undefined, bytes.subarray(at, at + LATIN1_CHUNK) as unknown as number[]) // an array-like, as `apply` takes
  }
  return text
}

/** The bytes of a text that `latin1Text` made. */
export const latin1Bytes = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    assert(code <= 0xff, 'latin1 text has no character above 255')
    bytes[at] = code
  }
  return bytes
}

/** Texts of short names that come again and again, as the keys of a list of files do: each is made once. */
class Names {
  readonly #texts: (string | undefined)[] = []

  textOf(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from
    if (length === 0 || length > NAME_BYTES_MAX) return latin1Text(bytes.subarray(from, to))
    const place = ((bytes[from] ?? 0) * 31 + (bytes[to - 1] ?? 0) * 7 + length) % NAMES_KEPT
    const known = this.#texts[place]
    if (known !== undefined && isText(known, bytes, from, length)) return known
    const text = latin1Text(bytes.subarray(from, to))
    this.#texts[place] = text
    return text
  }
}

const isText = (text: string, bytes: Uint8Array, from: number, length: number): boolean => {
  if (text.length !== length) return false
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== bytes[from + at]) return false
  return true
}

class Reader {
  at = 0
  fault: BencodeFault | undefined
  readonly spans = new Map<string, Span>()
  #tokens = 0
  readonly #stack: (ListFrame | DictionaryFrame)[] = []
  readonly #names = new Names()
  readonly #bytes: Uint8Array
  readonly #depthMax: number
  readonly #tokensMax: number
  readonly #canonical: boolean

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    // A Buffer's views would be Buffers, whose `slice` shares memory where that of a Uint8Array copies.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#depthMax = options.depthMax ?? LIMITS.bencodeDepthMax
    this.#tokensMax = options.tokensMax ?? LIMITS.bencodeTokensMax
    this.#canonical = options.canonical ?? true
  }

  /** Reads one value; undefined means that `fault` says why there is none. */
  read(): Bencode | undefined {
    const stack = this.#stack
    for (;;) {
      const byte = this.#bytes[this.at]
      const top = stack[stack.length - 1]
      if (byte === undefined) return this.#fail('the data ends in the middle of a value')
      let value: Bencode | undefined
      if (byte === LETTER_E && top !== undefined) {
        value = this.#finish(top)
      } else {
        if (++this.#tokens > this.#tokensMax) return this.#fail(`there are more than ${this.#tokensMax} values`)
        if (top?.type === 'dictionary' && top.key === undefined) {
          if (!this.#readKey(top)) return undefined
          continue
        }
        if (byte === LETTER_L || byte === LETTER_D) {
          if (stack.length >= this.#depthMax) return this.#fail(`values are nested deeper than ${this.#depthMax}`)
          stack.push(byte === LETTER_L ? { type: 'list', items: [] } : newDictionary())
          this.at++
          continue
        }
        if (byte === LETTER_I) value = this.#readInteger()
        else if (byte >= ZERO && byte <= NINE) value = this.#readString()
        else return this.#fail('no value starts with this byte')
      }
      if (value === undefined) return undefined
      const parent = stack[stack.length - 1]
      if (parent === undefined) return value
      if (parent.type === 'list') parent.items.push(value)
      else if (parent.key !== undefined) {
        parent.entries.set(parent.key, value)
        if (stack.length === 1) this.spans.set(parent.key, [parent.valueStart, this.at])
        parent.key = undefined
      }
    }
  }

  #fail(reason: string, at = this.at): undefined {
    this.fault = { type: 'fault', reason, at }
    return undefined
  }

  #finish(top: ListFrame | DictionaryFrame): Bencode | undefined {
    if (top.type === 'dictionary' && top.key !== undefined) return this.#fail('a key has no value')
    this.at++
    this.#stack.pop()
    if (top.type === 'list') return top.items.length === 0 ? NO_ITEMS : top.items
    return top.entries.size === 0 ? NO_ENTRIES : top.entries
  }

  #readKey(top: DictionaryFrame): boolean {
    const start = this.at
    const byte = this.#bytes[start]
    if (byte === undefined || byte < ZERO || byte > NINE) {
      this.#fail('a key of a dictionary must be a byte string')
      return false
    }
    const length = this.#passString()
    if (length === undefined) return false
    const key = this.#names.textOf(this.#bytes, this.at - length, this.at)
    const last = top.lastKey
    if (last === key || (!this.#canonical && top.entries.has(key))) {
      this.#fail('a key is there twice', start)
      return false
    }
    if (this.#canonical && last !== undefined && key < last) {
      this.#fail('keys are not sorted', start)
      return false
    }
    top.lastKey = key
    top.key = key
    top.valueStart = this.at
    return true
  }

  #readString(): Uint8Array | undefined {
    const length = this.#passString()
    if (length === undefined) return undefined
    return length === 0 ? NO_BYTES : this.#bytes.subarray(this.at - length, this.at)
  }

  /** Passes over a byte string, and says how long it is. */
  #passString(): number | undefined {
    const start = this.at
    let length = 0
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) return this.#fail('the data ends in the length of a byte string')
      if (byte === COLON) break
      if (byte < ZERO || byte > NINE) return this.#fail('the length of a byte string has digits only')
      if (length === 0 && this.at > start) return this.#fail('a length has a leading zero', start)
      length = length * 10 + (byte - ZERO)
      if (length > this.#bytes.length) return this.#fail('a byte string is longer than the data', start)
      this.at++
    }
    const from = this.at + 1
    if (length > this.#bytes.length - from) return this.#fail('a byte string is longer than the data', start)
    this.at = from + length
    return length
  }

  #readInteger(): number | bigint | undefined {
    const start = this.at
    this.at++
    const negative = this.#bytes[this.at] === MINUS
    if (negative) this.at++
    const digitsStart = this.at
    let number = 0
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) return this.#fail('the data ends in the middle of an integer')
      if (byte === LETTER_E) break
      if (byte < ZERO || byte > NINE) return this.#fail('an integer has digits only')
      if (this.at > digitsStart && this.#bytes[digitsStart] === ZERO) {
        return this.#fail('an integer has a leading zero', start)
      }
      if (this.at - digitsStart >= LIMITS.bencodeIntegerDigitsMax) return this.#fail('an integer is too long', start)
      number = number * 10 + (byte - ZERO)
      this.at++
    }
    const end = this.at
    if (end === digitsStart) return this.#fail('an integer has no digits', start)
    if (negative && number === 0) return this.#fail('an integer is minus zero', start)
    this.at++
    if (number <= Number.MAX_SAFE_INTEGER) return negative ? -number : number
    const exact = BigInt(latin1Text(this.#bytes.subarray(digitsStart, end)))
    return negative ? -exact : exact
  }
}

const newDictionary = (): DictionaryFrame => ({
  type: 'dictionary',
  entries: new Map(),
  key: undefined,
  lastKey: undefined,
  valueStart: 0,
})

/** Reads the value at the front of the bytes, whatever follows it (as in the messages of BEP 9). */
export const decodePrefix = (bytes: Uint8Array, options: DecodeOptions = {}): Decoded => {
  const reader = new Reader(bytes, options)
  const value = reader.read()
  if (value === undefined) return reader.fault ?? { type: 'fault', reason: 'there is no value', at: reader.at }
  return { type: 'value', value, byteLength: reader.at, spans: reader.spans }
}

/** Reads bytes that are one value and nothing else. */
export const decode = (bytes: Uint8Array, options: DecodeOptions = {}): Decoded => {
  const decoded = decodePrefix(bytes, options)
  if (decoded.type === 'value' && decoded.byteLength < bytes.length) {
    return { type: 'fault', reason: 'there is data after the value', at: decoded.byteLength }
  }
  return decoded
}
