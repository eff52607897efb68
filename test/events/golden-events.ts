/**
 * The golden events: what every kind of event looks like in the log, and the tool that adds those of new kinds.
 *
 *   node --import tsx test/events/golden-events.ts           adds what is missing, and changes nothing
 *   node --import tsx test/events/golden-events.ts --renew   writes all anew: only while no release has written logs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { writeEvent } from '../../src/events/codec.js'
import { type FieldKind, Writer } from '../../src/events/fields.js'
import { EVENT_TYPES, type EventType, type TransferEvent } from '../../src/events/vocabulary.js'
import { fromHex, toHex } from '../../src/values.js'
import { fieldKindsOf } from './any-event.js'

/** `event` is JSON: bytes are `{ "hex": ... }`, and what is undefined is null. */
export interface Golden {
  readonly event: { readonly type: string }
  readonly hex: string
}

const FIXTURE = fileURLToPath(new URL('./fixtures/v1.json', import.meta.url))

export const readGoldens = (): readonly Golden[] => JSON.parse(readFileSync(FIXTURE, 'utf8')) as readonly Golden[]

export const hexOf = (event: TransferEvent): string => {
  const writer = new Writer()
  writeEvent(writer, event)
  return toHex(writer.take())
}

export const eventToJson = (value: unknown): unknown => {
  if (value === undefined) return null
  if (value instanceof Uint8Array) return { hex: toHex(value) }
  if (Array.isArray(value)) return value.map(eventToJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, eventToJson(each)]))
}

export const eventFromJson = (value: unknown): unknown => {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map(eventFromJson)
  if (typeof value !== 'object') return value
  if ('hex' in value && typeof value.hex === 'string') return fromHex(value.hex)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, eventFromJson(each)]))
}

/** A value of the kind, another for each `round`, and other words and absences in each. */
const sample = (kind: FieldKind, round: number, salt: number): unknown => {
  switch (kind.type) {
    case 'whole':
      return [salt, 128 + salt, 16_384 * (salt + 1), 2 ** 40 + salt][round % 4]
    case 'flag':
      return round % 2 === 1
    case 'bytes':
      return Uint8Array.from({ length: 20 }, (_, at) => (at * 11 + round + salt) % 256)
    case 'text':
      return ['', 'plain', 'größer ✓ 🙂', 'x'.repeat(130)][round % 4]
    case 'oneOf':
      return kind.words[round % kind.words.length]
    case 'optional':
      return round % 2 === 0 ? sample(kind.of, round / 2, salt) : undefined
    case 'list':
      return Array.from({ length: round % 3 }, (_, at) => sample(kind.of, round + at, salt + at))
    case 'struct':
      return Object.fromEntries(
        Object.entries(kind.fields).map(([name, of], at) => [name, sample(of, round, salt + at)] as const),
      )
    default:
      throw new Error(`no event has a field of the kind ${kind.type}`)
  }
}

const wordsOf = (kind: FieldKind): number =>
  kind.type === 'oneOf' ? kind.words.length : kind.type === 'optional' || kind.type === 'list' ? wordsOf(kind.of) : 1

/** A few events of the type, with every word of every field. */
export const samplesOf = (type: EventType): readonly TransferEvent[] => {
  const kinds = fieldKindsOf(type)
  const rounds = kinds.length === 0 ? 1 : Math.max(4, ...kinds.map(([, kind]) => wordsOf(kind)))
  return Array.from({ length: rounds }, (_, round) => {
    const fields = kinds.map(([name, kind], at) => [name, sample(kind, round, at + 1)] as const)
    return { type, ...Object.fromEntries(fields) } as TransferEvent // made from the vocabulary's own fields
  })
}

const goldenOf = (event: TransferEvent): Golden => ({
  event: eventToJson(event) as Golden['event'], // an event's own JSON
  hex: hexOf(event),
})

if (argv[1] === fileURLToPath(import.meta.url)) {
  const kept = argv.includes('--renew') ? [] : readGoldens()
  const known = new Set(kept.map(({ hex }) => hex))
  const added = EVENT_TYPES.flatMap(samplesOf)
    .map(goldenOf)
    .filter(({ hex }) => !known.has(hex))
  const lines = [...kept, ...added].map((golden) => `  ${JSON.stringify(golden)}`)
  writeFileSync(FIXTURE, `[\n${lines.join(',\n')}\n]\n`)
  console.log(`${kept.length} kept, ${added.length} added`)
}
