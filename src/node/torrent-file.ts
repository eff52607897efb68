/** Reading a .torrent file, within bounds. */
import { open } from 'node:fs/promises'
import { messageOf, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'

/** Throws `SOURCE_UNREADABLE`, or `TORRENT_TOO_LARGE` before it reads more than the bound. */
export const readTorrentFile = async (path: string): Promise<Uint8Array> => {
  try {
    const file = await open(path, 'r')
    try {
      const found = await file.stat()
      const { size } = found
      if (found.isDirectory())
        throw new TorrewindError('SOURCE_UNREADABLE', `${path} is a folder: make a .torrent of it first (see create)`)
      if (size > LIMITS.torrentBytesMax)
        throw new TorrewindError(
          'TORRENT_TOO_LARGE',
          `${path} has ${size} bytes; at most ${LIMITS.torrentBytesMax} are read`,
        )
      return new Uint8Array(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof TorrewindError) throw error
    throw new TorrewindError('SOURCE_UNREADABLE', `cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
}
