/** Creating a .torrent (BEP 3, 12, 19, 27, 47, 52): the pure part, from names, lengths and hashes. */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type Encodable, encode, latin1Text } from './bencode.js'
import { ClaimedPaths, partProblem } from './filenames.js'
import type { TorrentVersion } from './metainfo.js'

export interface NewTorrentFile {
  /** As in `TorrentFile`: just the name for a single file, and starting with the torrent's name for many. */
  readonly path: readonly string[]
  readonly length: number
  readonly padding?: boolean | undefined
  readonly executable?: boolean | undefined
  /** For v2 and hybrids, of files that are not empty: the root of its Merkle tree. */
  readonly piecesRoot?: Uint8Array | undefined
  /** Likewise, of files of more than one piece: a hash for each; left out where they are not known. */
  readonly pieceLayer?: Uint8Array | undefined
}

export interface NewTorrent {
  readonly name: string
  readonly files: readonly NewTorrentFile[]
  readonly multiFile: boolean
  readonly pieceLength: number
  /** 20 bytes for each piece, one after another; none for v2. */
  readonly pieceHashes: Uint8Array
  /** v1, where it is left out. Hybrids have files that begin with a piece each, by padding between them. */
  readonly version?: TorrentVersion | undefined
  readonly private?: boolean | undefined
  readonly trackers?: readonly (readonly string[])[] | undefined
  readonly webSeeds?: readonly string[] | undefined
  readonly comment?: string | undefined
  readonly createdBy?: string | undefined
  /** Seconds since the Unix epoch. */
  readonly creationDate?: number | undefined
}

const HASH_BYTES = 20
const CHOSEN_PIECE_LENGTH_MIN = 16_384
const CHOSEN_PIECE_LENGTH_MAX = 16_777_216
const CHOSEN_PIECES_MAX = 2_000

/**
 * A power of two that makes 1,000 to 2,000 pieces, as far as 16 KiB to 16 MiB allow: fewer, and peers have too little
 * to trade; more, and hashes and `have` messages cost more than they help.
 */
export const choosePieceLength = (totalBytes: number): number => {
  let pieceLength = CHOSEN_PIECE_LENGTH_MIN
  while (pieceLength < CHOSEN_PIECE_LENGTH_MAX && totalBytes / pieceLength > CHOSEN_PIECES_MAX) pieceLength *= 2
  return pieceLength
}

/**
 * Where v2 has every file begin with a piece: the same files of a folder with padding after each, for the other half of a
 * hybrid. BEP 47 recommends the names, and libtorrent pads the same way, so that the same files are the same torrent.
 */
export const padded = (
  name: string,
  files: readonly NewTorrentFile[],
  pieceLength: number,
): readonly NewTorrentFile[] =>
  files.flatMap((file) => {
    const gap = (pieceLength - (file.length % pieceLength)) % pieceLength
    if (gap === 0 || file.path.length === 1) return [file]
    return [file, { path: [name, '.pad', String(gap)], length: gap, padding: true }]
  })

const attributes = ({ padding, executable }: NewTorrentFile): string | undefined =>
  padding || executable ? `${padding ? 'p' : ''}${executable ? 'x' : ''}` : undefined

/** Names are the caller's to check before bytes are hashed (`partProblem`); here a bad one is a bug. */
const checkNew = ({ name, files, multiFile, pieceLength, pieceHashes, version = 'v1' }: NewTorrent): void => {
  assert(partProblem(name) === undefined, `the name "${name}" ${partProblem(name)}`)
  assert(files.length > 0 && files.length <= LIMITS.filesMax, `${files.length} files cannot be in one torrent`)
  assert(multiFile || files.length === 1, 'a torrent without a folder has one file')
  assert(
    pieceLength >= LIMITS.pieceLengthMin && pieceLength <= LIMITS.pieceLengthMax,
    `pieces cannot have ${pieceLength} bytes`,
  )
  const claimed = new ClaimedPaths()
  let totalBytes = 0
  for (const { path, length, padding } of files) {
    assert(path[0] === name && (multiFile ? path.length > 1 : path.length === 1), `${path.join('/')} is not in ${name}`)
    for (const part of path) assert(partProblem(part) === undefined, `the name "${part}" ${partProblem(part)}`)
    const problem = padding ? undefined : claimed.claim(path)
    assert(problem === undefined, `${path.join('/')} ${problem}`)
    assert(Number.isSafeInteger(length) && length >= 0, `a file cannot have ${length} bytes`)
    totalBytes += length
  }
  assert(
    totalBytes > 0 && pieceHashes.length === (version === 'v2' ? 0 : Math.ceil(totalBytes / pieceLength) * HASH_BYTES),
    `${pieceHashes.length} bytes of hashes do not fit ${totalBytes} bytes in pieces of ${pieceLength}`,
  )
}

const encodeSources = ({ trackers = [], webSeeds = [] }: NewTorrent): Record<string, Encodable | undefined> => {
  const tiers = trackers.filter((tier) => tier.length > 0)
  const urls = tiers.flat()
  return {
    announce: urls[0],
    'announce-list': urls.length > 1 ? tiers : undefined,
    'url-list': webSeeds.length > 1 ? webSeeds : webSeeds[0],
  }
}

const utf8 = new TextEncoder()

type Tree = Map<string, Encodable>

const encodeTree = ({ files, multiFile }: NewTorrent): Tree => {
  const root: Tree = new Map()
  for (const { path, length, padding, executable, piecesRoot } of files) {
    if (padding) continue
    let folder = root
    for (const part of multiFile ? path.slice(1) : path) {
      const key = latin1Text(utf8.encode(part))
      const below = folder.get(key)
      const next: Tree = below instanceof Map ? below : new Map()
      folder.set(key, next)
      folder = next
    }
    folder.set('', { attr: attributes({ path, length, executable }), length, 'pieces root': piecesRoot })
  }
  return root
}

const encodeLayers = ({ files }: NewTorrent): Tree => {
  const layers: Tree = new Map()
  for (const { piecesRoot, pieceLayer } of files)
    if (piecesRoot !== undefined && pieceLayer !== undefined) layers.set(latin1Text(piecesRoot), pieceLayer)
  return layers
}

/** The bytes of a .torrent, in the one canonical form. */
export const encodeTorrent = (torrent: NewTorrent): Uint8Array => {
  checkNew(torrent)
  const { files, multiFile, version = 'v1' } = torrent
  const [first] = files
  const hasV1 = version !== 'v2'
  const hasV2 = version !== 'v1'
  return encode({
    ...encodeSources(torrent),
    comment: torrent.comment,
    'created by': torrent.createdBy,
    'creation date': torrent.creationDate,
    info: {
      name: torrent.name,
      'piece length': torrent.pieceLength,
      pieces: hasV1 ? torrent.pieceHashes : undefined,
      private: torrent.private ? 1 : undefined,
      attr: !hasV1 || multiFile || first === undefined ? undefined : attributes(first),
      length: !hasV1 || multiFile ? undefined : first?.length,
      files:
        hasV1 && multiFile
          ? files.map((file) => ({ path: file.path.slice(1), length: file.length, attr: attributes(file) }))
          : undefined,
      'file tree': hasV2 ? encodeTree(torrent) : undefined,
      'meta version': hasV2 ? 2 : undefined,
    },
    'piece layers': hasV2 ? encodeLayers(torrent) : undefined,
  })
}
