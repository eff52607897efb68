/** Entries of the table of events: a number, a meaning, and fields. */
import type { Field } from './fields.js'

export const event = <Of extends Readonly<Record<string, Field<unknown>>>>(
  tag: number,
  meaning: string,
  fields: Of,
) => ({
  tag,
  meaning,
  fields,
})
