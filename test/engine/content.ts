/** Content for transfers: files whose every byte is known, and the .torrent of them. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeTorrent } from '../../src/wire/createinfo.js'
import { type Metainfo, parseTorrent } from '../../src/wire/metainfo.js'
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
  const multiFile = typeof files !== 'number'
  const list = multiFile
    ? Object.entries(files).map(([path, length]) => ({ path: [name, ...path.split('/')], length }))
    : [{ path: [name], length: files }]
  const total = list.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Pattern(seed).take(0, total)
  const hashes: Uint8Array[] = []
  for (let at = 0; at < total; at += pieceLength)
    hashes.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + pieceLength))
        .digest(),
    )
  const torrent = encodeTorrent({
    name,
    files: list,
    multiFile,
    pieceLength,
    pieceHashes: new Uint8Array(Buffer.concat(hashes)),
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
