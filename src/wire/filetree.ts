/** The file tree of BitTorrent v2 (BEP 52): the same files as v1's list, each beginning with a piece. */
import { LIMITS } from '../limits.js'
import { equalBytes } from '../values.js'
import { type BencodeDictionary, latin1Bytes } from './bencode.js'
import { asBytes, asDictionary, invalid } from './fields.js'
import { ClaimedPaths } from './filenames.js'
import { isPieceLayer, MERKLE_HASH_BYTES, shapeOf } from './merkle.js'
import {
  checkPathLength,
  readAttributes,
  readLength,
  readName,
  readPart,
  readSymlink,
  resolveSymlinks,
  type TorrentFile,
  type TorrentFiles,
  unsafe,
} from './torrentfiles.js'

type Entry = Omit<TorrentFile, 'offset' | 'padding'>

const readRoot = (entry: BencodeDictionary, length: number, field: string): Uint8Array | undefined => {
  if (length === 0) return undefined
  const root = asBytes(entry.get('pieces root'))
  if (root?.length !== MERKLE_HASH_BYTES) throw invalid(`${field}.pieces root`, 'is missing or no hash of 32 bytes')
  return new Uint8Array(root)
}

/** A name with an entry of no name below it is a file, any other one a folder. How deep they nest bencode has bounded. */
const readTree = (
  tree: BencodeDictionary,
  above: readonly string[],
  folder: string,
  take: (entry: Entry) => void,
): void => {
  for (const [key, value] of tree) {
    const field = `info.file tree ${[...above, key].join('/')}`
    const entry = asDictionary(value)
    if (key === '') throw invalid(field, 'is a file and a folder at once')
    if (entry === undefined) throw invalid(field, 'is no dictionary')
    const path = [...above, readPart(latin1Bytes(key), field)]
    checkPathLength([folder, ...path], field)
    const properties = asDictionary(entry.get(''))
    if (properties === undefined) {
      readTree(entry, path, folder, take)
      continue
    }
    if (entry.size > 1) throw invalid(field, 'is a file and a folder at once')
    const attributes = readAttributes(properties)
    const symlink = readSymlink(properties, attributes, field)
    const length = symlink === undefined ? readLength(properties, `${field}.length`) : 0
    const { executable, hidden } = attributes
    take({ path, length, executable, hidden, symlink, piecesRoot: readRoot(properties, length, field) })
  }
}

const padding = (name: string, offset: number, length: number): TorrentFile => ({
  path: [name, '.pad', String(length)],
  offset,
  length,
  padding: true,
  executable: false,
  hidden: false,
  symlink: undefined,
  piecesRoot: undefined,
})

/**
 * The files as v2 lists them, with what is between the end of one and the piece that the next begins with as padding. A
 * tree of one file is that file without a folder, unless v1 says that it is in one.
 */
export const readFileTree = (info: BencodeDictionary, pieceLength: number, inFolder = false): TorrentFiles => {
  const name = readName(info)
  const tree = asDictionary(info.get('file tree'))
  if (tree === undefined || tree.size === 0) throw invalid('info.file tree', 'is missing or no dictionary of files')
  const entries: Entry[] = []
  const claimed = new ClaimedPaths()
  readTree(tree, [], name, (entry) => {
    if (entries.length === LIMITS.filesMax) throw invalid('info.file tree', `has more than ${LIMITS.filesMax} files`)
    const problem = claimed.claim(entry.path)
    if (problem !== undefined) throw unsafe(`info.file tree ${entry.path.join('/')}`, problem)
    entries.push(entry)
  })
  const [only] = entries
  const multiFile = inFolder || entries.length !== 1 || only?.path.length !== 1
  const files: TorrentFile[] = []
  let end = 0
  for (const entry of entries) {
    const gap = (pieceLength - (end % pieceLength)) % pieceLength
    if (entry.length > 0 && gap > 0) {
      files.push(padding(name, end, gap))
      end += gap
    }
    files.push({ ...entry, path: multiFile ? [name, ...entry.path] : entry.path, offset: end, padding: false })
    end += entry.length
    if (!Number.isSafeInteger(end)) throw invalid('info.file tree', 'is larger than 2^53 bytes')
  }
  return { name, files: resolveSymlinks(files), multiFile, totalBytes: end }
}

const samePath = (left: TorrentFile, right: TorrentFile): boolean =>
  left.path.length === right.path.length && left.path.every((part, at) => part === right.path[at])

/** The files of a hybrid: v1's list with v2's roots, where both say the same (BEP 52); else an error. */
export const joinLists = (v1: TorrentFiles, v2: TorrentFiles, pieceLength: number): TorrentFiles => {
  const disagree = (what: string) => invalid('info', `describes other files for v1 than for v2: ${what}`)
  const theirs = v2.files.filter((file) => !file.padding)
  if (v1.multiFile !== v2.multiFile) throw disagree('one in a folder, and one without')
  let at = 0
  const files = v1.files.map((file): TorrentFile => {
    if (file.padding) return file
    const other = theirs[at++]
    const path = file.path.join('/')
    if (other === undefined || !samePath(file, other)) throw disagree(`${path} is not in its place`)
    if (file.length !== other.length) throw disagree(`${path} has ${file.length} bytes, and ${other.length}`)
    if (file.length > 0 && file.offset !== other.offset) throw disagree(`${path} does not begin with a piece`)
    if (file.symlink?.join('/') !== other.symlink?.join('/')) throw disagree(`${path} leads to two places`)
    return { ...file, executable: file.executable || other.executable, piecesRoot: other.piecesRoot }
  })
  if (v1.totalBytes > Math.ceil(v2.totalBytes / pieceLength) * pieceLength) throw disagree('there are more pieces')
  if (at < theirs.length) throw disagree(`${theirs[at]?.path.join('/')} is not in its place`)
  return { ...v1, files }
}

/** How many bytes there are in pieces that a file ends in, where they are fewer than a piece has. */
export const readShortPieces = (files: readonly TorrentFile[], pieceLength: number): ReadonlyMap<number, number> => {
  const short = new Map<number, number>()
  for (const { offset, length, padding: pads } of files)
    if (!pads && length % pieceLength > 0) short.set(Math.floor((offset + length) / pieceLength), length % pieceLength)
  return short
}

/**
 * The hashes of pieces, for files that have more than one: by the position of the file. They stand beside `info`, so a
 * torrent that came from peers has none, and they are asked for (BEP 52); wrong ones are an error.
 */
export const readPieceLayers = (
  torrent: BencodeDictionary,
  files: readonly TorrentFile[],
  pieceLength: number,
): ReadonlyMap<number, Uint8Array> => {
  const layers = new Map<number, Uint8Array>()
  const value = torrent.get('piece layers')
  if (value === undefined) return layers
  const listed = asDictionary(value)
  if (listed === undefined) throw invalid('piece layers', 'is no dictionary')
  const byRoot = new Map<string, Uint8Array>()
  for (const [position, { path, length, piecesRoot }] of files.entries()) {
    if (piecesRoot === undefined || length <= pieceLength) continue
    const root = String.fromCharCode(...piecesRoot)
    const bytes = asBytes(listed.get(root))
    if (bytes === undefined) continue
    // Equal files have one layer.
    const known = byRoot.get(root)
    if (known !== undefined && equalBytes(known, bytes)) {
      if (known.length === Math.ceil(length / pieceLength) * MERKLE_HASH_BYTES) layers.set(position, known)
      continue
    }
    if (!isPieceLayer(bytes, shapeOf(length, pieceLength), piecesRoot))
      throw invalid('piece layers', `are not those of ${path.join('/')}`)
    const layer = new Uint8Array(bytes)
    byRoot.set(root, layer)
    layers.set(position, layer)
  }
  return layers
}
