/** Differences: what is not in one state as it is in another, as paths with what was and what is. */
import type { TransferState } from '../events/state.js'
import { equalBytes, toHex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'

export interface Difference {
  /** Names, keys and positions, from the state down: `peers[3].standing`. */
  readonly path: string
  /** As JSON has it; undefined where there was nothing. Of sets and bitfields only what left and what came. */
  readonly before: unknown
  readonly after: unknown
}

/** Differences that are told of; where there are more, the two states have little in common. */
export const DIFFERENCES_MAX = 10_000

/** Follows from what peers have and from what is wanted, and changes with each `have`. */
const DERIVED: ReadonlySet<string> = new Set(['rarity'])

/** `0-5, 7`: neighbours joined. */
export const showRanges = (indices: readonly number[]): string => {
  const ranges: string[] = []
  for (let at = 0; at < indices.length; ) {
    const first = indices[at] ?? 0
    let last = first
    while (indices[at + 1] === last + 1) {
      last++
      at++
    }
    at++
    ranges.push(first === last ? String(first) : `${first}-${last}`)
  }
  return ranges.join(', ')
}

/** A value of a state as JSON has it. */
export const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof Uint32Array) return [...value]
  if (value instanceof Bitfield) return showRanges([...value.indices()])
  if (value instanceof Set) return [...value].map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [String(key), plain(entry)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !DERIVED.has(name))
      .map(([name, entry]) => [name, name === 'standing' ? standingOf(entry) : plain(entry)]),
  )
}

/** A standing is a node of a machine, which its id names. */
const standingOf = (standing: unknown): unknown => (standing as { readonly id: string }).id

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
const at = (path: string, key: unknown): string => `${path}[${typeof key === 'number' ? key : JSON.stringify(key)}]`

const ofSets = (path: string, before: ReadonlySet<unknown>, after: ReadonlySet<unknown>): readonly Difference[] => {
  const left = [...before].filter((each) => !after.has(each))
  const came = [...after].filter((each) => !before.has(each))
  return left.length + came.length === 0 ? [] : [{ path, before: plain(left), after: plain(came) }]
}

const ofBitfields = (path: string, before: Bitfield, after: Bitfield): readonly Difference[] => {
  // Most are as they were, and one of 100,000 pieces takes a while to be gone through.
  if (equalBytes(before.bytes, after.bytes)) return []
  const left = [...before.indices()].filter((index) => !after.has(index))
  const came = [...after.indices()].filter((index) => !before.has(index))
  return left.length + came.length === 0 ? [] : [{ path, before: showRanges(left), after: showRanges(came) }]
}

function* ofMaps(
  path: string,
  before: ReadonlyMap<unknown, unknown>,
  after: ReadonlyMap<unknown, unknown>,
): Generator<Difference> {
  for (const [key, entry] of before) yield* between(at(path, key), entry, after.get(key))
  for (const [key, entry] of after) if (!before.has(key)) yield* between(at(path, key), undefined, entry)
}

function* ofLists(path: string, before: ArrayLike<unknown>, after: ArrayLike<unknown>): Generator<Difference> {
  for (let place = 0; place < Math.max(before.length, after.length); place++)
    yield* between(at(path, place), before[place], after[place])
}

function* ofObjects(path: string, before: object, after: object): Generator<Difference> {
  const right = new Map<string, unknown>(Object.entries(after))
  for (const [name, value] of Object.entries(before)) {
    if (DERIVED.has(name)) continue
    const other = right.get(name)
    if (name === 'standing') yield* between(within(path, name), standingOf(value), standingOf(other))
    else yield* between(within(path, name), value, other)
  }
}

function* between(path: string, before: unknown, after: unknown): Generator<Difference> {
  if (Object.is(before, after) || before === after) return
  if (before instanceof Bitfield && after instanceof Bitfield && before.length === after.length)
    yield* ofBitfields(path, before, after)
  else if (before instanceof Set && after instanceof Set) yield* ofSets(path, before, after)
  else if (before instanceof Map && after instanceof Map) yield* ofMaps(path, before, after)
  // Addresses, hashes and ids are one thing; a list of blocks or of trackers is many.
  else if (before instanceof Uint8Array && after instanceof Uint8Array && !isLedger(path)) {
    const [was, is] = [toHex(before), toHex(after)]
    if (was !== is) yield { path, before: was, after: is }
  } else if (isList(before) && isList(after)) yield* ofLists(path, before, after)
  else if (isObject(before) && isObject(after) && !isBytes(before) && !isBytes(after))
    yield* ofObjects(path, before, after)
  else yield { path, before: plain(before), after: plain(after) }
}

const isLedger = (path: string): boolean => path.endsWith('.orders')
const isBytes = (value: unknown): boolean => value instanceof Uint8Array
const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || value instanceof Uint32Array || value instanceof Uint8Array

/** At most `DIFFERENCES_MAX` of them, in the order of the state's parts. */
export const differencesOf = (
  before: Readonly<TransferState>,
  after: Readonly<TransferState>,
): readonly Difference[] => {
  const differences: Difference[] = []
  for (const difference of ofObjects('', before, after)) {
    differences.push(difference)
    if (differences.length === DIFFERENCES_MAX) break
  }
  return differences
}
