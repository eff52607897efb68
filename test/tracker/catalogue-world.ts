/** Entries and .torrents for tests of the catalogue. */
import { type Encodable, encode } from '../../src/wire/bencoder.js'
import type { CatalogueEntry } from '../../tracker/catalogue-entry.js'

export const entryOf = (more: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
  infoHash: 'ab'.repeat(20),
  infoHashV2: null,
  cid: 'bcid',
  name: 'a name',
  bytes: 1_000,
  fileCount: 1,
  files: [{ path: more.name ?? 'a name', bytes: 1_000 }],
  pieces: 1,
  pieceLength: 16_384,
  private: false,
  comment: null,
  tags: [],
  torrentBytes: 100,
  publishedAt: 1_800_000_000_000,
  publisher: 'sub:ada',
  ...more,
})

/** An info-hash of its own for each number. */
export const hexOf = (number: number): string => number.toString(16).padStart(40, '0')

type Fields = Readonly<Record<string, Encodable | undefined>>

/** The bytes of a .torrent of one small file, or of what else is said of `info` and beside it. */
export const torrentOf = (name: string, info: Fields = {}, more: Fields = {}): Uint8Array =>
  encode({
    ...more,
    info: { length: 5, name, 'piece length': 16_384, pieces: new Uint8Array(20), ...info },
  })

/** `info.files` of these paths, of one byte each. */
export const filesOf = (...paths: readonly string[]): Fields => ({
  length: undefined,
  files: paths.map((path) => ({ length: 1, path: path.split('/') })),
})
