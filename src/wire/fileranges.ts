/** Ranges of files by their position in the torrent, as `so` of a magnet URI names them (BEP 53): `0,2,4,6-8`. */
import { LIMITS } from '../limits.js'

/** From the first to the last, both included. */
export interface FileRange {
  readonly first: number
  readonly last: number
}

const readRange = (text: string): FileRange | undefined => {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text.trim())
  if (match === null) return undefined
  const first = Number(match[1])
  const last = Math.min(match[2] === undefined ? first : Number(match[2]), LIMITS.filesMax - 1)
  return first <= last ? { first, last } : undefined
}

/**
 * What several `so` name together, in order and without overlaps. What is no position is passed over, as other clients do;
 * undefined where nothing is left, since a link that wants no file at all is a broken one.
 */
export const readFileRanges = (texts: readonly string[]): readonly FileRange[] | undefined => {
  const ranges = texts.flatMap((text) => text.split(',').flatMap((part) => readRange(part) ?? []))
  ranges.sort((left, right) => left.first - right.first)
  const joined: FileRange[] = []
  for (const range of ranges) {
    const before = joined.at(-1)
    if (before !== undefined && range.first <= before.last + 1)
      joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, range.last) }
    else joined.push(range)
  }
  return joined.length === 0 ? undefined : joined
}

export const showFileRanges = (ranges: readonly FileRange[]): string =>
  ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',')

export const hasFile = (ranges: readonly FileRange[], file: number): boolean =>
  ranges.some(({ first, last }) => file >= first && file <= last)
