/**
 * Safe paths: what lies where a torrent's files belong, and that no symbolic link leads out of the download folder.
 *
 * The names of a torrent are checked when it is read. This is about what is on the disk already: somebody may have put
 * a link where a file or a folder of the torrent belongs, and writing through it would change files elsewhere. The
 * download folder itself may be a link, and so may anything that stays within it. Folders found to be inside are
 * remembered, so that looking at the next file costs one call.
 */
import { lstat, realpath, type Stats } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { assert } from '../assert.js'
import { systemCode } from '../errors.js'
import type { Answer, FileStamp } from '../ports.js'
import { failed, failureOf } from './failure.js'

/** What is there: undefined where nothing is. */
export type Finding = Answer<FileStamp | undefined>

const MISSING: Finding = { type: 'done', value: undefined }

const isMissing = (error: unknown): boolean => systemCode(error) === 'ENOENT'

/** Joins what was checked already; that it was is asserted once more, because here it becomes real. */
export const joinSafely = (folder: string, path: readonly string[]): string => {
  assert(path.length > 0, 'a file has a name')
  for (const part of path) {
    assert(part !== '' && part !== '.' && part !== '..', 'a part of a path is a name')
    assert(!part.includes('/') && !part.includes(sep) && !part.includes('\0'), 'a part of a path is one name')
  }
  return join(folder, ...path)
}

/** Only plain files: opening a pipe would block a thread for ever, and a device is not ours to write to. */
const describe = (path: string, stats: Stats): Finding => {
  if (stats.isFile()) return { type: 'done', value: { bytes: stats.size, modifiedAt: Math.floor(stats.mtimeMs) } }
  if (stats.isDirectory()) return failed('EISDIR', `${path} is a folder where a file belongs`)
  return failed('ENOTFILE', `${path} is no plain file`)
}

export class SafePaths {
  readonly #folder: string
  /** The folder's path without links; undefined until it is there. */
  #realFolder: string | undefined
  /** Folders below that were found to be inside: at most as many as the torrent has. */
  readonly #inside = new Set<string>()

  /** `folder` is absolute. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** What is at `path`, which `joinSafely` made: where a link belongs, that is looked at and not what it leads to. */
  inspect(path: string, isLink: boolean, done: (finding: Finding) => void): void {
    if (this.#realFolder !== undefined) {
      this.#inspect(path, isLink, this.#realFolder, done)
      return
    }
    realpath.native(this.#folder, (error, real) => {
      if (error !== null) return done(isMissing(error) ? MISSING : { type: 'failed', failure: failureOf(error) })
      this.#realFolder = real
      this.#inspect(path, isLink, real, done)
    })
  }

  #inspect(path: string, isLink: boolean, realFolder: string, done: (finding: Finding) => void): void {
    this.#enter(dirname(path), realFolder, (finding) => {
      if (finding !== undefined) return done(finding)
      lstat(path, (error, stats) => {
        if (error !== null) return done(isMissing(error) ? MISSING : { type: 'failed', failure: failureOf(error) })
        if (!stats.isSymbolicLink()) return done(describe(path, stats))
        if (isLink) return done({ type: 'done', value: { bytes: 0, modifiedAt: Math.floor(stats.mtimeMs) } })
        this.#followLink(path, realFolder, done)
      })
    })
  }

  /** A link in the file's own place: fine where it leads to a file in the folder. */
  #followLink(path: string, realFolder: string, done: (finding: Finding) => void): void {
    realpath.native(path, (error, real) => {
      // Writing through a link to nothing would make a file wherever it points.
      if (error !== null) return done(failed('ESYMLINK', `${path} is a symbolic link that leads nowhere`))
      if (!isInside(real, realFolder)) return done(failed('ESYMLINK', `${path} is a symbolic link out of the folder`))
      lstat(real, (problem, stats) => {
        done(problem === null ? describe(path, stats) : { type: 'failed', failure: failureOf(problem) })
      })
    })
  }

  /** Answers undefined where the folder is there and inside; `missing` where it can be made without leaving. */
  #enter(folder: string, realFolder: string, done: (finding: Finding | undefined) => void): void {
    if (folder === this.#folder || this.#inside.has(folder)) {
      done(undefined)
      return
    }
    realpath.native(folder, (error, real) => {
      if (error !== null) {
        if (!isMissing(error)) return done({ type: 'failed', failure: failureOf(error) })
        return this.#enterMissing(folder, realFolder, done)
      }
      if (!isInside(real, realFolder)) {
        return done(failed('ESYMLINK', `${folder} is a symbolic link out of the folder`))
      }
      this.#inside.add(folder)
      done(undefined)
    })
  }

  /** The folder is not there: the nearest one above it that is there must be inside. */
  #enterMissing(folder: string, realFolder: string, done: (finding: Finding | undefined) => void): void {
    lstat(folder, (error, stats) => {
      if (error !== null) {
        if (!isMissing(error)) return done({ type: 'failed', failure: failureOf(error) })
        return this.#enter(dirname(folder), realFolder, (finding) => done(finding ?? MISSING))
      }
      if (stats.isSymbolicLink()) return done(failed('ESYMLINK', `${folder} is a symbolic link that leads nowhere`))
      this.#enter(folder, realFolder, done) // made a moment ago, by another write perhaps
    })
  }
}

const isInside = (real: string, folder: string): boolean =>
  real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep)
