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

/** Undefined where a `%` is not followed by two hexadecimal digits, or a character is more than one byte. */
const percentDecode = (text: string): string | undefined => {
  if (/%(?![0-9a-f]{2})/i.test(text) || /[\u0100-\uffff]/.test(text)) return undefined
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
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
