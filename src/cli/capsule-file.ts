/** A capsule's file: read where it lies, so that a long one is never in memory as a whole. */
import { type FileHandle, open } from 'node:fs/promises'
import { messageOf, TorrewindError } from '../errors.js'
import { type Capsule, openCapsule } from '../replay/capsule.js'
import type { ByteSource } from '../replay/capsule-blocks.js'

const sourceOf = async (handle: FileHandle): Promise<ByteSource> => {
  const found = await handle.stat()
  if (!found.isFile()) throw new Error('it is no file')
  return {
    size: found.size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, found.size - offset)))
      let at = 0
      while (at < bytes.length) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, offset + at)
        if (bytesRead === 0) break // it was cut off just now
        at += bytesRead
      }
      return bytes.subarray(0, at)
    },
  }
}

const unreadable = (file: string, error: unknown): TorrewindError =>
  new TorrewindError('OPTION_INVALID', `the capsule ${file} cannot be opened: ${messageOf(error)}`, { cause: error })

/** Throws `OPTION_INVALID` where there is no such file, and as `openCapsule` does. */
export const withCapsule = async <Result>(
  file: string,
  work: (capsule: Capsule) => Promise<Result>,
): Promise<Result> => {
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  try {
    const source = await sourceOf(handle).catch((error: unknown) => {
      throw unreadable(file, error)
    })
    return await work(await openCapsule(source))
  } finally {
    await handle.close()
  }
}
