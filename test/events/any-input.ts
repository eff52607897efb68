/** Arbitrary inputs of the vocabulary, made from what its fields say that they hold. */
import fc from 'fast-check'
import type { Field, FieldKind } from '../../src/events/fields.js'
import { INPUTS, type Input } from '../../src/events/inputs.js'
import { arbitraryOf } from './any-event.js'

export interface InputName {
  readonly to: Input['to']
  readonly type: string
  readonly tag: number
  readonly kinds: readonly (readonly [name: string, kind: FieldKind])[]
}

export const INPUT_NAMES: readonly InputName[] = Object.entries(INPUTS).flatMap(([to, table]) =>
  Object.entries(table).map(([type, { tag, fields }]) => ({
    to: to as Input['to'], // the table's own key
    type,
    tag,
    kinds: Object.entries<Field<unknown>>(fields).map(([name, { kind }]) => [name, kind] as const),
  })),
)

const PLAIN = { noNullPrototype: true }

export const anyInputOf = ({ to, type, kinds }: InputName): fc.Arbitrary<Input> => {
  const fields = Object.fromEntries(kinds.map(([name, kind]) => [name, arbitraryOf(kind)]))
  const owner = to === 'peer' || to === 'piece' ? { [to]: fc.nat(100_000) } : {}
  const input = fc.record({ type: fc.constant(type), ...fields }, PLAIN)
  return fc.record({ to: fc.constant(to), ...owner, input }, PLAIN) as fc.Arbitrary<Input> // from the table's own fields
}

export const anyInput: fc.Arbitrary<Input> = fc.oneof(...INPUT_NAMES.map(anyInputOf))
