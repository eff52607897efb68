/**
 * The golden inputs: what every kind of recorded input looks like in the log, and the tool that adds those of new kinds.
 *
 *   node --import tsx test/events/golden-inputs.ts           adds what is missing, and changes nothing
 *   node --import tsx test/events/golden-inputs.ts --renew   writes all anew: only while no release has written logs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { Writer } from '../../src/events/fields.js'
import { writeInput } from '../../src/events/input-codec.js'
import type { Input } from '../../src/events/inputs.js'
import { toHex } from '../../src/values.js'
import { INPUT_NAMES, type InputName } from './any-input.js'
import { roundsOf, sample, toJson } from './golden-values.js'

/** `input` is JSON as `toJson` makes it. */
export interface GoldenInput {
  readonly input: { readonly to: string; readonly input: { readonly type: string } }
  readonly hex: string
}

const FIXTURE = fileURLToPath(new URL('./fixtures/inputs-v1.json', import.meta.url))

export const readGoldenInputs = (): readonly GoldenInput[] =>
  JSON.parse(readFileSync(FIXTURE, 'utf8')) as readonly GoldenInput[]

export const hexOfInput = (input: Input): string => {
  const writer = new Writer()
  writeInput(writer, input)
  return toHex(writer.take())
}

/** A few inputs of the kind, with every word of every field. */
export const inputSamplesOf = ({ to, type, kinds }: InputName): readonly Input[] =>
  Array.from({ length: roundsOf(kinds.map(([, kind]) => kind)) }, (_, round) => {
    const fields = Object.fromEntries(kinds.map(([name, kind], at) => [name, sample(kind, round, at + 1)] as const))
    const owner = to === 'peer' || to === 'piece' ? { [to]: 7 + round } : {}
    return { to, ...owner, input: { type, ...fields } } as Input // made from the table's own fields
  })

if (argv[1] === fileURLToPath(import.meta.url)) {
  const kept = argv.includes('--renew') ? [] : readGoldenInputs()
  const known = new Set(kept.map(({ hex }) => hex))
  const added = INPUT_NAMES.flatMap(inputSamplesOf)
    .map((input) => ({ input: toJson(input), hex: hexOfInput(input) }))
    .filter(({ hex }) => !known.has(hex))
  const lines = [...kept, ...added].map((golden) => `  ${JSON.stringify(golden)}`)
  writeFileSync(FIXTURE, `[\n${lines.join(',\n')}\n]\n`)
  console.log(`${kept.length} kept, ${added.length} added`)
}
