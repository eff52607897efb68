/** Content for transfers: files whose every byte is known, and the .torrent of them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ContentHashes } from '../../src/wire/contenthashes.js'
import { encodeTorrent, padded } from '../../src/wire/createinfo.js'
import { type Metainfo, parseTorrent, type TorrentVersion } from '../../src/wire/metainfo.js'
import { Pattern } from '../contracts/pattern.js'

export interface ContentOptions {
  readonly name?: string
  readonly pieceLength?: number
  /** Lengths by path below the torrent's folder; one file of the torrent's name, where it is a number. */
  readonly files?: number | Readonly<Record<string, number>>
  readonly seed?: number
  readonly trackers?: readonly string[]
  readonly webSeeds?: readonly string[]
  readonly private?: boolean
  readonly format?: TorrentVersion
  /** The .torrent has no layers of pieces. */
  readonly withoutLayers?: boolean
}

export interface Content {
  readonly torrent: Uint8Array
  readonly metainfo: Metainfo
  readonly bytes: Uint8Array
  /** Path below the download folder, and what belongs there. */
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[]
}

const KIB = 1_024

export const makeContent = (options: ContentOptions = {}): Content => {
  const { name = 'content', pieceLength = 32 * KIB, files = 1_024 * KIB, seed = 1, trackers = [] } = options
  const { format = 'v1', withoutLayers = false } = options
  const multiFile = typeof files !== 'number'
  const list = multiFile
    ? Object.entries(files).map(([path, length]) => ({ path: [name, ...path.split('/')], length }))
    : [{ path: [name], length: files }]
  const total = list.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Pattern(seed).take(0, total)
  const hashes = new ContentHashes(list, pieceLength, format)
  hashes.add(bytes)
  const hashed = hashes.finish()
  const hashedFiles = withoutLayers ? hashed.files.map((file) => ({ ...file, pieceLayer: undefined })) : hashed.files
  const torrent = encodeTorrent({
    name,
    files: format === 'hybrid' ? padded(name, hashedFiles, pieceLength) : hashedFiles,
    multiFile,
    pieceLength,
    pieceHashes: hashed.pieceHashes,
    version: format,
    trackers: trackers.map((url) => [url]),
    webSeeds: options.webSeeds,
    private: options.private,
  })
  let offset = 0
  const placed = list.map(({ path, length }) => {
    offset += length
    return [path.join('/'), bytes.subarray(offset - length, offset)] as const
  })
  return { torrent, metainfo: parseTorrent(torrent), bytes, files: placed }
}

export const writeContent = async (content: Content, folder: string): Promise<void> => {
  for (const [path, bytes] of content.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

/** Throws at the first file that is not there or not right. */
export const compareContent = async (content: Content, folder: string): Promise<void> => {
  for (const [path, bytes] of content.files) {
    const found = await readFile(join(folder, path))
    if (Buffer.compare(found, bytes) !== 0)
      throw new Error(`${path} is not what it should be: ${found.length} of ${bytes.length} bytes`)
  }
}
