/** The page of inputs, docs/INPUTS.md, from their vocabulary. */
import type { Field } from '../../src/events/fields.js'
import { type Hearer, INPUTS } from '../../src/events/inputs.js'
import { kindText } from './events.js'
import { table } from './markdown.js'

const TITLES: Readonly<Record<Hearer, string>> = {
  transfer: 'To the transfer',
  peer: 'To a peer',
  piece: 'To a piece in flight',
  trackers: 'To the trackers',
}

interface Described {
  readonly tag: number
  readonly meaning: string
  readonly fields: Readonly<Record<string, Field<unknown>>>
}

const rowOf = ([type, { tag, meaning, fields }]: readonly [string, Described]): readonly string[] => {
  const described = Object.entries(fields).map(([name, { kind }]) => `\`${name}\`: ${kindText(kind)}`)
  return [String(tag), `\`${type}\``, meaning, described.join('; ')]
}

export const inputsPage = (): string => {
  const sections = Object.entries<Readonly<Record<string, Described>>>(INPUTS).map(
    ([to, inputs]) =>
      `## ${TITLES[to as Hearer]}\n\n${table(['No.', 'Input', 'Meaning', 'Fields'], Object.entries(inputs).map(rowOf))}`, // the table's own key
  )
  return [
    '# Inputs',
    '<!-- Made by `npm run docs` from src/events/inputs.ts; a test checks that it is current. -->',
    `Everything that the outside may say to a transfer, as the log has it where inputs are recorded (\`--record inputs\`), so that
\`replay\` can decide again. An input is past. Payload is left out, of which no decision reads more than how long it is; what
hashing it came to is an input of its own. Numbers, fields and their order never change once a version was released.`,
    `In the log an input also has a number of its own, the number of the first event that its turn made (that of the next event, if
it made none), and the time that its turn was decided at. How they are packed is in
[ARCHITECTURE.md](../ARCHITECTURE.md#recorded-inputs); the kinds of field are those of [events](EVENTS.md), and **number** is
any number at all, **numbers by name** a list of texts, each with a whole number.`,
    ...sections,
  ]
    .join('\n\n')
    .concat('\n')
}
