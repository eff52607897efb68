/** The result of a run as JSON, as it comes back from files and from other machines. */
import type { RunResult } from '../../../simulations/index.js'

const isList = (value: unknown): boolean => Array.isArray(value)
const isNumber = (value: unknown): boolean => typeof value === 'number'

/** What everything that is made of results relies on. */
const FIELDS: { readonly [Key in keyof RunResult]?: (value: unknown) => boolean } = {
  seed: Number.isSafeInteger,
  hash: (value) => typeof value === 'string',
  simulatedSeconds: isNumber,
  wallSeconds: isNumber,
  events: isNumber,
  deliveries: isNumber,
  blocks: isNumber,
  completed: isNumber,
  peers: isNumber,
  downloadSeconds: isList,
  violations: isList,
  faults: isList,
  groups: isList,
}

/** Undefined where it is none. */
export const readResult = (value: unknown): RunResult | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = new Map(Object.entries(value))
  for (const [key, fits] of Object.entries(FIELDS)) if (!fits(fields.get(key))) return undefined
  return value as RunResult // has its fields, and was written by this version
}
