/** The files of a torrent: names that are safe, lengths that add up, and where each lies in the torrent's bytes. */
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { BencodeDictionary } from './bencode.js'
import { asBytes, asDictionary, asList, invalid } from './fields.js'
import { ClaimedPaths, nameText, partProblem } from './filenames.js'

export interface TorrentFile {
  /** Safe parts: just the name for a single file, and starting with the torrent's name for many. */
  readonly path: readonly string[]
  /** Where it starts in the torrent's bytes. */
  readonly offset: number
  readonly length: number
  /** Zeros that align the next file to a piece (BEP 47): counted and hashed, never written. */
  readonly padding: boolean
  /** Attribute `x` of BEP 47. */
  readonly executable: boolean
}

export interface TorrentFiles {
  readonly name: string
  readonly files: readonly TorrentFile[]
  readonly multiFile: boolean
  readonly totalBytes: number
}

const unsafe = (field: string, problem: string): TorrewindError =>
  new TorrewindError('PATH_UNSAFE', `the torrent's ${field} ${problem}`)

const readPart = (bytes: Uint8Array | undefined, field: string): string => {
  if (bytes === undefined) throw invalid(field, 'is missing or no byte string')
  const part = nameText(bytes)
  const problem = partProblem(part)
  if (problem !== undefined) throw unsafe(field, problem)
  return part
}

const readLength = (entry: BencodeDictionary, field: string): number => {
  const length = entry.get('length')
  if (typeof length !== 'number' && typeof length !== 'bigint') throw invalid(field, 'is missing or no integer')
  if (length < 0) throw invalid(field, 'is negative')
  if (typeof length === 'bigint') throw invalid(field, 'is larger than 2^53 bytes')
  return length
}

/** Attributes are letters, of which those that nobody knows are passed over (BEP 47). */
const hasAttribute = (entry: BencodeDictionary, letter: string): boolean =>
  asBytes(entry.get('attr'))?.includes(letter.charCodeAt(0)) ?? false

const utf8 = new TextEncoder()

const readPath = (entry: BencodeDictionary, name: string, field: string): readonly string[] => {
  // Some makers wrote the local encoding into `path`, and UTF-8 beside it.
  const key = asList(entry.get('path.utf-8')) === undefined ? 'path' : 'path.utf-8'
  const parts = asList(entry.get(key))
  if (parts === undefined) throw invalid(`${field}.path`, 'is missing or no list')
  if (parts.length === 0) throw unsafe(`${field}.${key}`, 'is empty')
  if (parts.length >= LIMITS.filePathPartsMax) {
    throw unsafe(`${field}.${key}`, `has more than ${LIMITS.filePathPartsMax - 1} parts`)
  }
  const path = [name, ...parts.map((part, at) => readPart(asBytes(part), `${field}.${key}[${at}]`))]
  if (utf8.encode(path.join('/')).length > LIMITS.filePathBytesMax) {
    throw unsafe(`${field}.${key}`, `is longer than ${LIMITS.filePathBytesMax} bytes`)
  }
  return path
}

/**
 * Symbolic links of BEP 47 are taken as the empty files that they look like to a client without that extension: a
 * link is the one kind of entry that could lead out of the download folder.
 */
export const readFiles = (info: BencodeDictionary): TorrentFiles => {
  const nameKey = asBytes(info.get('name.utf-8')) === undefined ? 'name' : 'name.utf-8'
  const name = readPart(asBytes(info.get(nameKey)), `info.${nameKey}`)
  if (info.has('files') === info.has('length')) {
    throw invalid('info', info.has('files') ? 'has both `files` and `length`' : 'has neither `files` nor `length`')
  }
  if (!info.has('files')) {
    const length = readLength(info, 'info.length')
    const file = { path: [name], offset: 0, length, padding: false, executable: hasAttribute(info, 'x') }
    return { name, files: [file], multiFile: false, totalBytes: length }
  }
  const entries = asList(info.get('files'))
  if (entries === undefined || entries.length === 0) throw invalid('info.files', 'is no list of files')
  if (entries.length > LIMITS.filesMax) throw invalid('info.files', `has more than ${LIMITS.filesMax} files`)
  const files: TorrentFile[] = []
  const claimed = new ClaimedPaths()
  let offset = 0
  for (const [at, value] of entries.entries()) {
    const field = `info.files[${at}]`
    const entry = asDictionary(value)
    if (entry === undefined) throw invalid(field, 'is no dictionary')
    const length = readLength(entry, `${field}.length`)
    const path = readPath(entry, name, field)
    const padding = hasAttribute(entry, 'p')
    // Padding is never written, and its makers give the same name to padding of the same length.
    const problem = padding ? undefined : claimed.claim(path)
    if (problem !== undefined) throw unsafe(`${field}.path`, `${problem}: ${path.join('/')}`)
    files.push({ path, offset, length, padding, executable: hasAttribute(entry, 'x') })
    offset += length
    if (!Number.isSafeInteger(offset)) throw invalid('info.files', 'are larger than 2^53 bytes together')
  }
  return { name, files, multiFile: true, totalBytes: offset }
}
