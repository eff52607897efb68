/** Events as text for people and as JSON for programs. */
import type { LoggedEvent } from '../events/codec.js'
import { toHex } from '../values.js'
import type { JsonLine } from './context.js'

/** Bytes in hexadecimal, everything else as it is. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

/** `{"seq","at","type",...fields}`: `at` in milliseconds since 1970. */
export const eventLine = ({ seq, at, event }: LoggedEvent): JsonLine => {
  const { type, ...fields } = event
  return { seq, at, type, ...(plain(fields) as object) } // an object of fields stays one
}

const TEXT_MAX = 80
const ITEMS_SHOWN = 4

const isPlainWord = (text: string): boolean => /^[\w.:/@+-]+$/.test(text)

const showBytesField = (bytes: Uint8Array): string =>
  bytes.length <= 20 ? toHex(bytes) : `${toHex(bytes.subarray(0, 8))}… (${bytes.length} bytes)`

const showValue = (value: unknown): string => {
  if (value instanceof Uint8Array) return showBytesField(value)
  if (typeof value === 'string') {
    const cut = value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value
    // Escapes what a terminal could obey, which a peer or a tracker may have sent.
    return isPlainWord(cut) ? cut : JSON.stringify(cut).replace(/[\u007f-\u009f]/g, '?')
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_SHOWN).map(showValue).join(', ')
    return value.length > ITEMS_SHOWN ? `[${shown}, … ${value.length} in all]` : `[${shown}]`
  }
  if (typeof value === 'object' && value !== null) return `{${showFields(value)}}`
  return String(value)
}

/** `name=value` of each field, cut to what people read; harmless to a terminal. */
export const showFields = (fields: object): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${showValue(value)}`)
    .join(' ')

/** A line: time, number, type, fields. */
export const showEvent = ({ seq, at, event }: LoggedEvent): string => {
  const { type, ...fields } = event
  return `${new Date(at).toISOString()} ${String(seq).padStart(7)} ${type.padEnd(22)} ${showFields(fields)}`.trimEnd()
}
