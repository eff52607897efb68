/** Arbitrary events of the vocabulary, made from what its fields say that they hold. */
import fc from 'fast-check'
import type { FieldKind } from '../../src/events/fields.js'
import { EVENT_TYPES, type EventType, type TransferEvent, VOCABULARY } from '../../src/events/vocabulary.js'

/** Objects as a literal makes them. */
const PLAIN = { noNullPrototype: true }

const recordOf = (
  kinds: Readonly<Record<string, FieldKind>>,
  more: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
) =>
  fc.record(
    { ...more, ...Object.fromEntries(Object.entries(kinds).map(([name, of]) => [name, arbitraryOf(of)])) },
    PLAIN,
  )

/** What stands for payload that is left out. */
const zeros = (most: number) => fc.nat(most).map((length) => new Uint8Array(length))

/** Runs of blocks, and blocks that follow none. */
const anyBlocks = fc
  .array(fc.record({ piece: fc.nat(), offset: fc.nat(1 << 24), count: fc.nat(5), block: zeros(16_384) }), {
    maxLength: 4,
  })
  .map((runs) =>
    runs.flatMap(({ piece, offset, count, block }) =>
      Array.from({ length: count }, (_, at) => ({ type: 'piece', piece, offset: offset + at * block.length, block })),
    ),
  )

export const arbitraryOf = (kind: FieldKind): fc.Arbitrary<unknown> => {
  switch (kind.type) {
    case 'whole':
      return fc.oneof(fc.nat(300), fc.maxSafeNat())
    case 'flag':
      return fc.boolean()
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 })
    case 'text':
      return fc.string({ unit: 'binary', maxLength: 100 })
    case 'oneOf':
      return fc.constantFrom(...kind.words)
    case 'optional':
      return fc.option(arbitraryOf(kind.of), { nil: undefined })
    case 'list':
      return fc.array(arbitraryOf(kind.of), { maxLength: 5 })
    case 'struct':
      return recordOf(kind.fields)
    case 'number':
      return fc.oneof(fc.nat(300), fc.maxSafeInteger(), fc.double())
    case 'size':
      return zeros(20_000)
    case 'blocks':
      return anyBlocks
    case 'numbers by name':
      return fc.array(fc.tuple(fc.string({ maxLength: 20 }), fc.nat(255)), { maxLength: 5 }).map((all) => new Map(all))
    case 'fact':
      return anyEventOf('port-mapped')
    case 'variants':
      return fc.oneof(...Object.entries(kind.of).map(([type, fields]) => recordOf(fields, { type: fc.constant(type) })))
  }
}

/** What an event of this type holds beside its type. */
export const fieldKindsOf = (type: EventType): readonly (readonly [name: string, kind: FieldKind])[] =>
  Object.entries(VOCABULARY[type].fields).map(([name, field]) => [name, field.kind])

export const anyEventOf = (type: EventType): fc.Arbitrary<TransferEvent> =>
  fc.record(
    {
      type: fc.constant(type),
      ...Object.fromEntries(fieldKindsOf(type).map(([name, kind]) => [name, arbitraryOf(kind)])),
    },
    PLAIN,
  ) as fc.Arbitrary<TransferEvent> // made from the vocabulary's own fields

export const anyEvent: fc.Arbitrary<TransferEvent> = fc.oneof(...EVENT_TYPES.map(anyEventOf))
