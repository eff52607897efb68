/** Arbitrary events of the vocabulary, made from what its fields say that they hold. */
import fc from 'fast-check'
import type { FieldKind } from '../../src/events/fields.js'
import { EVENT_TYPES, type EventType, type TransferEvent, VOCABULARY } from '../../src/events/vocabulary.js'

/** Objects as a literal makes them. */
const PLAIN = { noNullPrototype: true }

const arbitraryOf = (kind: FieldKind): fc.Arbitrary<unknown> => {
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
      return fc.record(
        Object.fromEntries(Object.entries(kind.fields).map(([name, of]) => [name, arbitraryOf(of)])),
        PLAIN,
      )
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
