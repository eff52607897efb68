/** Moving a file: by its name where it stays on its file system, and else by its bytes, which are there whole or not at all. */
import {
  constants,
  copyFile,
  close as fsClose,
  fsync,
  lstat,
  open,
  rename,
  type Stats,
  symlink,
  unlink,
  utimes,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemCode } from '../errors.js'
import type { Failure } from '../ports.js'
import { makeFolders } from './make-folders.js'

const [copy, sync, close, look, openFile, renameFile, remove, link, setTimes] = [
  promisify(copyFile),
  promisify(fsync),
  promisify(fsClose),
  promisify(lstat),
  promisify(open),
  promisify(rename),
  promisify(unlink),
  promisify(symlink),
  promisify(utimes),
] as const

/** A failure that the mover made, and no system call. */
export class MoveProblem extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

const makeFolder = (folder: string): Promise<void> =>
  new Promise((resolve, reject) => {
    makeFolders(
      folder,
      () => undefined,
      (failure: Failure | undefined) => {
        if (failure === undefined) resolve()
        else reject(new MoveProblem(failure.code, failure.message))
      },
    )
  })

/** What is there; undefined where nothing is. */
export const statsOf = async (path: string): Promise<Stats | undefined> => {
  try {
    return await look(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** A name of its own, so that what is cut off is never taken for the file. */
const unfinishedOf = (to: string): string => `${to}.moving`

/**
 * The time of the last change goes with it, or it would be taken for changed; half a millisecond more, since times are cut
 * to whole ones when they are compared.
 */
const copyAcross = async (from: string, to: string, { atimeMs, mtimeMs }: Stats): Promise<void> => {
  const unfinished = unfinishedOf(to)
  try {
    await copy(from, unfinished, constants.COPYFILE_FICLONE)
    const descriptor = await openFile(unfinished, 'r+')
    try {
      await sync(descriptor)
    } finally {
      await close(descriptor)
    }
    await setTimes(unfinished, atimeMs / 1_000, (Math.floor(mtimeMs) + 0.5) / 1_000)
    await renameFile(unfinished, to)
  } catch (error) {
    await remove(unfinished).catch(() => undefined)
    throw error
  }
  await remove(from)
}

/** Whether there was a file. What is at `to` is replaced. */
export const moveFile = async (from: string, to: string): Promise<boolean> => {
  const stats = await statsOf(from)
  if (stats === undefined) return false
  if (stats.isSymbolicLink())
    throw new MoveProblem('ESYMLINK', `${from} is a symbolic link, which may lead elsewhere then`)
  if (!stats.isFile()) throw new MoveProblem('ENOTFILE', `${from} is no plain file`)
  await makeFolder(dirname(to))
  try {
    await renameFile(from, to)
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error
    await copyAcross(from, to, stats)
  }
  return true
}

/**
 * Whether there was a symbolic link. It is made anew, as what it leads to may be called otherwise there, and is there whole
 * before the old one is gone: `to` may be where it is.
 */
export const moveLink = async (from: string, to: string, target: string): Promise<boolean> => {
  if ((await statsOf(from))?.isSymbolicLink() !== true) return false
  await makeFolder(dirname(to))
  const unfinished = unfinishedOf(to)
  if ((await statsOf(unfinished))?.isSymbolicLink() === true) await remove(unfinished) // left by a crash
  await link(target, unfinished)
  await renameFile(unfinished, to)
  if (from !== to) await remove(from)
  return true
}
