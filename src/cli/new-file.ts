/** A new file that is there whole or not at all: written beside its place, and put there when it is done. */
import { access, constants, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type ErrorCode, messageOf, systemCode, TorrewindError } from '../errors.js'

const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'DISK_READ_ONLY',
  EPERM: 'DISK_READ_ONLY',
  EROFS: 'DISK_READ_ONLY',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
}

export const writeFailure = (path: string, error: unknown): TorrewindError => {
  const code = CODES[systemCode(error) ?? ''] ?? 'DISK_FAILED'
  return new TorrewindError(code, `${path} cannot be written: ${messageOf(error)}`, { cause: error })
}

/** Makes sure, as far as that can be seen, that a file can be written there, before the work for it is done. */
export const checkPlace = async (path: string): Promise<void> => {
  const place = resolve(path)
  const there = await stat(place).catch(() => undefined)
  if (there?.isDirectory()) throw new TorrewindError('OPTION_INVALID', `${place} is a folder, and a file is asked for`)
  try {
    await access(dirname(place), constants.W_OK)
  } catch (error) {
    throw writeFailure(place, error)
  }
}

/** Writes what there is to write; where that fails, nothing is left and what was there before still is. */
export const writeNewFile = async (path: string, chunks: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const place = resolve(path)
  const draft = join(dirname(place), `.${basename(place)}.${process.pid}.part`)
  const handle = await open(draft, 'w').catch((error: unknown) => {
    throw writeFailure(place, error)
  })
  try {
    for await (const chunk of chunks) {
      await handle.writeFile(chunk).catch((error: unknown) => {
        throw writeFailure(place, error)
      })
    }
    await handle.sync()
    await handle.close()
    await rename(draft, place)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(draft, { force: true }).catch(() => {})
    throw error instanceof TorrewindError ? error : writeFailure(place, error)
  }
}
