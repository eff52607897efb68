/** The page of events, docs/EVENTS.md, from the vocabulary: one table is the documentation, the types and the codec. */
import type { FieldKind } from '../../src/events/fields.js'
import { EVENT_TYPES, type EventType, VOCABULARY } from '../../src/events/vocabulary.js'
import { table } from './markdown.js'

/** Events by subject, as their numbers have it. */
const SUBJECTS: readonly (readonly [title: string, lastTag: number])[] = [
  ['The transfer and its sessions', 15],
  ['Files and checks', 31],
  ['Connections', 47],
  ['What peers and we say to each other', 79],
  ['Blocks and pieces', 95],
  ['Serving', 111],
  ['Trackers', 127],
  ['Being found', 143],
  ['Metadata', 159],
  ['Version 2', 175],
  ['The DHT and peer exchange', 191],
  ['Transports', 207],
  ['Web seeds and smaller extensions', 223],
  ['Control', 259],
  ['Introductions by trackers', 275],
  ['Costs', Number.POSITIVE_INFINITY],
]

/** Of a message, where it has any. */
const fieldsText = (fields: Readonly<Record<string, FieldKind>>): string => {
  const described = Object.entries(fields).map(([name, field]) => `\`${name}\` ${kindText(field)}`)
  return described.length === 0 ? '' : ` {${described.join(', ')}}`
}

export const kindText = (kind: FieldKind): string => {
  switch (kind.type) {
    case 'oneOf':
      return kind.words.map((word) => `\`${word}\``).join(' or ')
    case 'optional':
      return `${kindText(kind.of)}, or nothing`
    case 'list':
      return `list of ${kindText(kind.of)}`
    case 'struct':
      return `{${Object.entries(kind.fields)
        .map(([name, field]) => `\`${name}\` ${kindText(field)}`)
        .join(', ')}}`
    case 'flag':
      return 'true or false'
    case 'fact':
      return 'an event of the engine'
    case 'size':
      return 'bytes, of which only how many are kept'
    case 'blocks':
      return 'runs of blocks of equal length: `piece`, `offset`, `length` and how many'
    case 'variants':
      return `one of ${Object.entries(kind.of)
        .map(([type, fields]) => `\`${type}\`${fieldsText(fields)}`)
        .join(', ')}`
    default:
      return kind.type
  }
}

const rowOf = (type: EventType): readonly string[] => {
  const { tag, meaning, fields } = VOCABULARY[type]
  const described = Object.entries(fields).map(([name, { kind }]) => `\`${name}\`: ${kindText(kind)}`)
  return [String(tag), `\`${type}\``, meaning, described.join('; ')]
}

export const eventsPage = (): string => {
  const byTag = [...EVENT_TYPES].sort((left, right) => VOCABULARY[left].tag - VOCABULARY[right].tag)
  const sections = SUBJECTS.flatMap(([title, lastTag], at) => {
    const after = SUBJECTS[at - 1]?.[1] ?? 0
    const types = byTag.filter((type) => VOCABULARY[type].tag > after && VOCABULARY[type].tag <= lastTag)
    return types.length === 0
      ? []
      : [`## ${title}\n\n${table(['No.', 'Event', 'Meaning', 'Fields'], types.map(rowOf))}`]
  })
  return [
    '# Events',
    '<!-- Made by `npm run docs` from src/events/vocabulary.ts; a test checks that it is current. -->',
    `Everything that can become true of a transfer, ${EVENT_TYPES.length} kinds in all. An event is past and has no payload bytes. Its
number in the log, its fields and their order never change once a version was released.`,
    `In the log an event also has a sequence number (\`seq\`, from 0, without a gap) and a time (\`at\`, in milliseconds since
1970). \`torrewind log show --json\` and \`log export\` print it as \`{"seq", "at", "type", ...fields}\`, with bytes in
hexadecimal; a field that holds nothing is left out. How events are packed is in [ARCHITECTURE.md](../ARCHITECTURE.md#the-log).`,
    `What the kinds of field are: **whole** is a whole number from 0 to 2^53, **bytes** are bytes, **text** is UTF-8. \`peer\` numbers
a connection within one log, over all of its sessions; \`piece\` is a zero-based index; \`offset\` and \`length\` are in bytes within
the piece; names that end in \`Ms\` are milliseconds.`,
    ...sections,
  ]
    .join('\n\n')
    .concat('\n')
}
