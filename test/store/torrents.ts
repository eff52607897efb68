/** Torrents of files that need not exist, for tests of where their bytes lie. */
import { encodeTorrent } from '../../src/wire/createinfo.js'
import { type Metainfo, parseTorrent } from '../../src/wire/metainfo.js'

export interface FileShape {
  readonly length: number
  readonly padding?: boolean
}

/** Files `0`, `1`, ... in a folder; their hashes are nothing's. */
export const torrentOf = (files: readonly FileShape[], pieceLength: number): Metainfo => {
  const total = files.reduce((sum, { length }) => sum + length, 0)
  return parseTorrent(
    encodeTorrent({
      name: 'torrent',
      multiFile: true,
      files: files.map(({ length, padding = false }, index) => ({
        path: padding ? ['torrent', '.pad', `${index} ${length}`] : ['torrent', String(index)],
        length,
        padding,
      })),
      pieceLength,
      pieceHashes: new Uint8Array(20 * Math.ceil(total / pieceLength)),
    }),
  )
}
