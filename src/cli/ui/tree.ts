/** A state as a tree: the branches below one place, opened one at a time, since a whole state may be large. */
import { TorrewindError } from '../../errors.js'
import type { TransferState } from '../../events/state.js'
import { plain } from '../../replay/diff.js'
import { Bitfield } from '../../wire/bitfield.js'
import type { Branch, TreeKey, TreeNode } from './page-types.js'

/** Branches that are told of one place, and characters of a leaf. */
const CHILDREN_MAX = 500
const LEAF_CHARACTERS_MAX = 400

type Entry = readonly [key: TreeKey, value: unknown]

/** Follows from the rest, as `diff` has it too. */
const DERIVED: ReadonlySet<string> = new Set(['rarity'])

const isMap = (value: unknown): value is ReadonlyMap<TreeKey, unknown> => value instanceof Map

/** What lies below a value; undefined where it is a leaf. */
const entriesOf = (value: unknown): readonly Entry[] | undefined => {
  if (isMap(value)) return [...value]
  if (Array.isArray(value) || value instanceof Uint32Array)
    return Array.from(value, (each, place): Entry => [place, each])
  if (value instanceof Set) return Array.from(value, (each, place): Entry => [place, plain(each)])
  if (value instanceof Uint8Array || value instanceof Bitfield || typeof value !== 'object' || value === null)
    return undefined
  return Object.entries(value).filter(([name]) => !DERIVED.has(name))
}

const leafOf = (value: unknown): unknown => {
  const shown = value === undefined ? null : plain(value)
  if (typeof shown !== 'string' || shown.length <= LEAF_CHARACTERS_MAX) return shown
  return `${shown.slice(0, LEAF_CHARACTERS_MAX)}… (${shown.length} characters)`
}

const pathBelow = (path: string, above: unknown, key: TreeKey): string => {
  if (isMap(above) || Array.isArray(above) || above instanceof Set || above instanceof Uint32Array)
    return `${path}[${typeof key === 'number' ? key : JSON.stringify(key)}]`
  return path === '' ? String(key) : `${path}.${key}`
}

const nodeOf = (path: string, above: unknown, [key, value]: Entry): TreeNode => {
  const place = { key, path: pathBelow(path, above, key) }
  // A standing is a node of a machine, which its id names.
  if (key === 'standing') return { ...place, value: (value as { readonly id: string }).id }
  const below = entriesOf(value)
  if (below === undefined) return { ...place, value: leafOf(value) }
  return below.length === 0 ? { ...place, value: Array.isArray(value) ? [] : {} } : { ...place, size: below.length }
}

/** Throws `OPTION_INVALID` where the state has no such place. */
export const branchOf = (state: Readonly<TransferState>, keys: readonly TreeKey[]): Branch => {
  let value: unknown = state
  let path = ''
  for (const key of keys) {
    const found = entriesOf(value)?.find(([each]) => each === key)
    if (found === undefined)
      throw new TorrewindError('OPTION_INVALID', `the state has no ${pathBelow(path, value, key)}`)
    path = pathBelow(path, value, key)
    value = found[1]
  }
  const entries = entriesOf(value) ?? []
  const nodes = entries.slice(0, CHILDREN_MAX).map((entry) => nodeOf(path, value, entry))
  return { nodes, left: entries.length - nodes.length }
}
