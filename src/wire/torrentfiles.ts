/** The files of a torrent: names that are safe, lengths that add up, and where each lies in the torrent's bytes. */
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { Bencode, BencodeDictionary } from './bencode.js'
import { asBytes, asDictionary, asList, invalid } from './fields.js'
import { ClaimedPaths, isLongerThan, nameText, partProblem } from './filenames.js'

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
  /** Attribute `h` of BEP 47; a name that begins with a dot is hidden anyway. */
  readonly hidden: boolean
  /** Attribute `l` of BEP 47: the path of this torrent that it leads to, which may be another link. Its length is 0. */
  readonly symlink: readonly string[] | undefined
  /** The root of its Merkle tree (BEP 52); undefined for empty files, and in torrents of v1 alone. */
  readonly piecesRoot: Uint8Array | undefined
}

export interface TorrentFiles {
  readonly name: string
  readonly files: readonly TorrentFile[]
  readonly multiFile: boolean
  readonly totalBytes: number
}

export const unsafe = (field: string, problem: string): TorrewindError =>
  new TorrewindError('PATH_UNSAFE', `the torrent's ${field} ${problem}`)

export const readPart = (bytes: Uint8Array | undefined, field: string): string => {
  if (bytes === undefined) throw invalid(field, 'is missing or no byte string')
  const part = nameText(bytes)
  const problem = partProblem(part)
  if (problem !== undefined) throw unsafe(field, problem)
  return part
}

export const readLength = (entry: BencodeDictionary, field: string): number => {
  const length = entry.get('length')
  if (typeof length !== 'number' && typeof length !== 'bigint') throw invalid(field, 'is missing or no integer')
  if (length < 0) throw invalid(field, 'is negative')
  if (typeof length === 'bigint') throw invalid(field, 'is larger than 2^53 bytes')
  return length
}

/** What the letters `p`, `x`, `h` and `l` say of a file; those that nobody knows are passed over (BEP 47). */
export interface Attributes {
  readonly padding: boolean
  readonly executable: boolean
  readonly hidden: boolean
  readonly link: boolean
}

const PLAIN: Attributes = { padding: false, executable: false, hidden: false, link: false }

export const readAttributes = (entry: BencodeDictionary): Attributes => {
  const letters = asBytes(entry.get('attr'))
  if (letters === undefined) return PLAIN
  const has = (letter: string): boolean => letters.includes(letter.charCodeAt(0))
  return { padding: has('p'), executable: has('x'), hidden: has('h'), link: has('l') }
}

export const checkPathLength = (path: readonly string[], field: string): void => {
  if (path.length > LIMITS.filePathPartsMax) throw unsafe(field, `has more than ${LIMITS.filePathPartsMax - 1} parts`)
  let characters = path.length - 1
  for (const part of path) characters += part.length
  // Hardly any needs to be joined to be known as short.
  if (3 * characters > LIMITS.filePathBytesMax && isLongerThan(path.join('/'), LIMITS.filePathBytesMax)) {
    throw unsafe(field, `is longer than ${LIMITS.filePathBytesMax} bytes`)
  }
}

const readParts = (
  parts: readonly Bencode[] | undefined,
  above: readonly string[],
  field: string,
  readStep = readPart,
): readonly string[] => {
  if (parts === undefined) throw invalid(field, 'is missing or no list')
  if (parts.length === 0) throw unsafe(field, 'is empty')
  if (parts.length >= LIMITS.filePathPartsMax) {
    throw unsafe(field, `has more than ${LIMITS.filePathPartsMax - 1} parts`)
  }
  const path = [...above, ...parts.map((part, at) => readStep(asBytes(part), `${field}[${at}]`))]
  checkPathLength(path, field)
  return path
}

const readPath = (
  entry: BencodeDictionary,
  { padding }: Attributes,
  name: string,
  field: string,
): readonly string[] => {
  // Some makers wrote the local encoding into `path`, and UTF-8 beside it.
  const key = asList(entry.get('path.utf-8')) === undefined ? 'path' : 'path.utf-8'
  // What padding is called matters to nobody, and may be left out (BEP 47).
  if (padding && !entry.has(key)) return [name, '.pad', String(readLength(entry, field))]
  return readParts(asList(entry.get(key)), [name], `${field}.${key}`)
}

const UP = '..'

/** What a symbolic link says of where it leads, by names and `..`; undefined for other files (BEP 47). */
export const readSymlink = (
  entry: BencodeDictionary,
  { link }: Attributes,
  field: string,
): readonly string[] | undefined => {
  if (!link) return undefined
  const readStep = (bytes: Uint8Array | undefined, at: string) =>
    bytes !== undefined && nameText(bytes) === UP ? UP : readPart(bytes, at)
  return readParts(asList(entry.get('symlink path')), [], `${field}.symlink path`, readStep)
}

/** Where the steps lead from a folder of the torrent; undefined where that is out of it. */
const walked = (folder: readonly string[], steps: readonly string[]): string | undefined => {
  const path = [...folder]
  for (const step of steps) {
    if (step !== UP) path.push(step)
    else if (path.length > 1) path.pop()
    else return undefined
  }
  return path.join('/')
}

/** Links in a row that Linux follows. */
const LINKS_FOLLOWED_MAX = 40

/**
 * The files, with links that lead to paths of this torrent: from its folder as BEP 47 has it, or from the folder that they
 * are in, as libtorrent writes them. Those that lead to nothing of it, or in circles, are refused.
 */
export const resolveSymlinks = (files: readonly TorrentFile[]): readonly TorrentFile[] => {
  if (files.every(({ symlink }) => symlink === undefined)) return files
  const targets = new Set<string>()
  for (const { path, padding, symlink } of files)
    if (!padding)
      for (let parts = symlink === undefined ? 2 : path.length; parts <= path.length; parts++)
        targets.add(path.slice(0, parts).join('/'))
  const links = new Map<string, string>()
  for (const { path, symlink } of files) {
    if (symlink === undefined) continue
    const folders = [path.slice(0, 1), path.slice(0, -1)]
    const target = folders
      .map((folder) => walked(folder, symlink))
      .find((each) => each !== undefined && targets.has(each))
    if (target === undefined) throw unsafe(path.join('/'), 'is a symbolic link to nothing of this torrent')
    links.set(path.join('/'), target)
  }
  for (const link of links.keys()) {
    let followed = 0
    for (let at = links.get(link); at !== undefined; at = links.get(at))
      if (++followed > LINKS_FOLLOWED_MAX) throw unsafe(link, 'is a symbolic link that leads in circles')
  }
  return files.map((file) =>
    file.symlink === undefined ? file : { ...file, symlink: links.get(file.path.join('/'))?.split('/') },
  )
}

export const readName = (info: BencodeDictionary): string => {
  const nameKey = asBytes(info.get('name.utf-8')) === undefined ? 'name' : 'name.utf-8'
  return readPart(asBytes(info.get(nameKey)), `info.${nameKey}`)
}

/** The files as v1 lists them (BEP 3). */
export const readFiles = (info: BencodeDictionary): TorrentFiles => {
  const name = readName(info)
  if (info.has('files') === info.has('length')) {
    throw invalid('info', info.has('files') ? 'has both `files` and `length`' : 'has neither `files` nor `length`')
  }
  if (!info.has('files')) {
    const length = readLength(info, 'info.length')
    const { executable, hidden } = readAttributes(info)
    const file = {
      path: [name],
      offset: 0,
      length,
      padding: false,
      executable,
      hidden,
      symlink: undefined,
      piecesRoot: undefined,
    }
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
    const attributes = readAttributes(entry)
    const symlink = readSymlink(entry, attributes, field)
    const length = symlink === undefined ? readLength(entry, `${field}.length`) : 0
    const path = readPath(entry, attributes, name, field)
    const { padding, executable, hidden } = attributes
    // Padding is never written, and its makers give the same name to padding of the same length.
    const problem = padding ? undefined : claimed.claim(path)
    if (problem !== undefined) throw unsafe(`${field}.path`, `${problem}: ${path.join('/')}`)
    files.push({ path, offset, length, padding, executable, hidden, symlink, piecesRoot: undefined })
    offset += length
    if (!Number.isSafeInteger(offset)) throw invalid('info.files', 'are larger than 2^53 bytes together')
  }
  return { name, files: resolveSymlinks(files), multiFile: true, totalBytes: offset }
}
