/** Keys of objects that others wrote: whether each is known, and its value of the right type. */
import { TorrewindError } from '../src/errors.js'

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'function'
/** The types that a value may be of. */
export type Takes = Kind | readonly Kind[]

const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => kindOf(value) === 'object'

/** Throws `OPTION_INVALID`, which names the key. What is undefined is as if it were left out. */
export const checkKeys = (what: string, value: unknown, keys: Readonly<Record<string, Takes>>): void => {
  if (!isObject(value)) throw invalid(`${what} must be an object, and not of type ${kindOf(value)}`)
  for (const [key, given] of Object.entries(value)) {
    const takes = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (takes === undefined) throw invalid(`there is no ${key} in ${what}; there are: ${Object.keys(keys).join(', ')}`)
    const kinds: readonly string[] = [takes].flat()
    if (given !== undefined && !kinds.includes(kindOf(given)))
      throw invalid(`${key} in ${what} must be of type ${kinds.join(' or ')}`)
  }
}

/** Throws `OPTION_INVALID`. */
export const checkSeed = (seed: number): void => {
  if (!Number.isSafeInteger(seed) || seed < 0) throw invalid(`seed cannot be ${seed}: it is a whole number from 0`)
}
