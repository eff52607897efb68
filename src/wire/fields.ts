/** Taking typed fields out of bencoded dictionaries: undefined for what is of another type. */
import { TorrewindError } from '../errors.js'
import type { Bencode, BencodeDictionary } from './bencode.js'

export const asDictionary = (value: Bencode | undefined): BencodeDictionary | undefined =>
  value instanceof Map ? value : undefined

export const asList = (value: Bencode | undefined): readonly Bencode[] | undefined =>
  // `Array.isArray` does not narrow a readonly array; every array in Bencode is a list of Bencode.
  Array.isArray(value) ? (value as readonly Bencode[]) : undefined

export const asBytes = (value: Bencode | undefined): Uint8Array | undefined =>
  value instanceof Uint8Array ? value : undefined

/** An integer that a number holds exactly. */
export const asInteger = (value: Bencode | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined

/** The error for a field of a torrent that cannot be used. */
export const invalid = (field: string, problem: string): TorrewindError =>
  new TorrewindError('TORRENT_INVALID', `the torrent's ${field} ${problem}`)
