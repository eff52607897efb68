/** The query of a tracker's URL (BEP 3): values are raw bytes, percent-encoded, and here latin1 text of those bytes. */
import { LIMITS } from '../limits.js'

export interface QueryFault {
  readonly type: 'fault'
  readonly reason: string
}

export interface Query {
  readonly type: 'query'
  readonly values: ReadonlyMap<string, readonly string[]>
}

const utf8 = new TextEncoder()

const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Every byte but the unreserved characters of RFC 3986 becomes `%XX`. */
export const percentEncode = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += ENCODED[byte]
  return text
}

export const percentEncodeText = (text: string): string => percentEncode(utf8.encode(text))

const PERCENT = 0x25

/** The value of a hexadecimal digit by its character code. */
const DIGITS = new Int8Array(0x80).fill(-1)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/**
 * Undefined where a `%` is not followed by two hexadecimal digits, or a character is more than one byte. Read by hand,
 * because every announce over HTTP has some forty of them.
 */
const percentDecode = (text: string): string | undefined => {
  let decoded = ''
  let plainFrom = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0xff) return undefined
    if (code !== PERCENT) continue
    const high = DIGITS[text.charCodeAt(at + 1)] ?? -1
    const low = DIGITS[text.charCodeAt(at + 2)] ?? -1
    if (high < 0 || low < 0) return undefined
    decoded += text.slice(plainFrom, at) + String.fromCharCode(high * 16 + low)
    at += 2
    plainFrom = at + 1
  }
  return plainFrom === 0 ? text : decoded + text.slice(plainFrom)
}

/**
 * Splits a raw query. A `+` stands for itself: clients encode bytes as RFC 3986 has it, not as forms do, and an
 * info-hash with a `+` in it must not become one with a space.
 */
export const readQuery = (query: string): Query | QueryFault => {
  if (query.length > LIMITS.trackerQueryBytesMax) {
    return { type: 'fault', reason: `the query is longer than ${LIMITS.trackerQueryBytesMax} bytes` }
  }
  const values = new Map<string, string[]>()
  for (const part of query.replace(/^\?/, '').split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const key = percentDecode(equals < 0 ? part : part.slice(0, equals))
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1))
    if (key === undefined || value === undefined) return { type: 'fault', reason: 'the query is not percent-encoded' }
    const known = values.get(key)
    if (known === undefined) values.set(key, [value])
    else known.push(value)
  }
  return { type: 'query', values }
}

/** Appends fields to a URL that may have a query already, and drops what follows a `#`. */
export const appendQuery = (url: string, fields: readonly (readonly [key: string, encoded: string])[]): string => {
  const base = url.replace(/#.*$/s, '')
  const separator = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&'
  return `${base}${separator}${fields.map(([key, encoded]) => `${key}=${encoded}`).join('&')}`
}
