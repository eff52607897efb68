/**
 * None: the empty map and the empty set that all peers share until they have one of their own.
 *
 * Most connections have nothing on order, and an empty map takes 150 bytes: of four for each peer, that is a tenth of all
 * that a peer takes.
 */
import { AssertionError } from '../assert.js'

const refuse = (): never => {
  throw new AssertionError('what all share stays empty')
}

const NO_ENTRIES = Object.assign(new Map<never, never>(), { set: refuse })
const NO_VALUES = Object.assign(new Set<never>(), { add: refuse })

export const noEntries = <Key, Value>(): Map<Key, Value> => NO_ENTRIES as Map<unknown, unknown> as Map<Key, Value> // empty
export const noValues = <Value>(): Set<Value> => NO_VALUES as Set<unknown> as Set<Value> // empty

/** The same one, or a new one in place of that which all share: to be written to. */
export const ownEntries = <Key, Value>(entries: Map<Key, Value>): Map<Key, Value> =>
  entries === noEntries<Key, Value>() ? new Map() : entries
export const ownValues = <Value>(values: Set<Value>): Set<Value> => (values === noValues<Value>() ? new Set() : values)
