/** Values for golden bytes: a few of every kind of field, always the same, and how they stand in a file of JSON. */
import type { FieldKind } from '../../src/events/fields.js'
import { toHex } from '../../src/values.js'
import { fieldKindsOf } from './any-event.js'

/**
 * Bytes are `{ "hex": ... }`, or `{ "zeros": ... }` where they stand for payload, maps are the lists of their entries, what is
 * undefined is null, and what JSON lacks is text.
 */
export const toJson = (value: unknown): unknown => {
  if (value === undefined) return null
  if (value instanceof Uint8Array) return value.some(Boolean) ? { hex: toHex(value) } : { zeros: value.length }
  if (value instanceof Map) return [...value].map(toJson)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]))
}

const fieldsOf = (kinds: Readonly<Record<string, FieldKind>>, round: number, salt: number): Record<string, unknown> =>
  Object.fromEntries(Object.entries(kinds).map(([name, of], at) => [name, sample(of, round, salt + at)] as const))

/** A value of the kind, another for each `round`, and other words and absences in each. */
export const sample = (kind: FieldKind, round: number, salt: number): unknown => {
  switch (kind.type) {
    case 'whole':
      return [salt, 128 + salt, 16_384 * (salt + 1), 2 ** 40 + salt][round % 4]
    case 'number':
      return [salt, -1 - salt, 0.25 + salt, Number.POSITIVE_INFINITY][round % 4]
    case 'flag':
      return round % 2 === 1
    case 'bytes':
      return Uint8Array.from({ length: 20 }, (_, at) => (at * 11 + round + salt) % 256)
    case 'size':
      return new Uint8Array([0, 5, 16_384, 300][round % 4] ?? 0)
    case 'text':
      return ['', 'plain', 'größer ✓ 🙂', 'x'.repeat(130)][round % 4]
    case 'oneOf':
      return kind.words[round % kind.words.length]
    case 'optional':
      return round % 2 === 0 ? sample(kind.of, round / 2, salt) : undefined
    case 'list':
      return Array.from({ length: round % 3 }, (_, at) => sample(kind.of, round + at, salt + at))
    case 'struct':
      return fieldsOf(kind.fields, round, salt)
    case 'blocks':
      return Array.from({ length: round % 4 }, (_, at) => ({
        ...{ type: 'piece', piece: salt, offset: at * 16_384, block: new Uint8Array(at === 2 ? 100 : 16_384) },
      }))
    case 'numbers by name':
      return new Map(Array.from({ length: round % 3 }, (_, at) => [`name ${at}`, salt + at]))
    case 'fact':
      return { type: 'port-mapped', ...fieldsOf(Object.fromEntries(fieldKindsOf('port-mapped')), round, salt) }
    case 'variants': {
      const variants = Object.entries(kind.of)
      const [type, fields] = variants[round % variants.length] ?? ['none', {}]
      return { type, ...fieldsOf(fields, Math.floor(round / variants.length) + round, salt) }
    }
  }
}

const wordsOf = (kind: FieldKind): number => {
  switch (kind.type) {
    case 'oneOf':
      return kind.words.length
    case 'variants':
      return Object.keys(kind.of).length
    case 'optional':
    case 'list':
      return wordsOf(kind.of)
    default:
      return 1
  }
}

/** So many rounds have every word of every field. */
export const roundsOf = (kinds: readonly FieldKind[]): number =>
  kinds.length === 0 ? 1 : Math.max(4, ...kinds.map(wordsOf))
