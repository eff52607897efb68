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
import { Writer } from '../../src/events/fields.js'
import { EVENT_TYPES, type EventType, type TransferEvent } from '../../src/events/vocabulary.js'
import { fromHex, toHex } from '../../src/values.js'
import { fieldKindsOf } from './any-event.js'
import { roundsOf, sample, toJson } from './golden-values.js'

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

export const eventFromJson = (value: unknown): unknown => {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map(eventFromJson)
  if (typeof value !== 'object') return value
  if ('hex' in value && typeof value.hex === 'string') return fromHex(value.hex)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, eventFromJson(each)]))
}

/** A few events of the type, with every word of every field. */
export const samplesOf = (type: EventType): readonly TransferEvent[] => {
  const kinds = fieldKindsOf(type)
  return Array.from({ length: roundsOf(kinds.map(([, kind]) => kind)) }, (_, round) => {
    const fields = kinds.map(([name, kind], at) => [name, sample(kind, round, at + 1)] as const)
    return { type, ...Object.fromEntries(fields) } as TransferEvent // made from the vocabulary's own fields
  })
}

const goldenOf = (event: TransferEvent): Golden => ({
  event: toJson(event) as Golden['event'], // an event's own JSON
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
