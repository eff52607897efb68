/**
 * New names: which folders got a new entry that may not be on the medium yet, and syncing them.
 *
 * POSIX promises the bytes of a synced file, but its name only once the folder that holds it is synced too.
 */
import { close, fsync, open } from 'node:fs'
import { dirname } from 'node:path'
import type { Failure } from '../ports.js'
import { failureOf } from './failure.js'

/** Windows opens no folder to be synced, and writes names to its journal by itself. */
const CAN_SYNC_FOLDERS = process.platform !== 'win32'

/** The medium failed. Anything else says that this folder cannot be synced: not on this file system, not by this user. */
const MEDIUM_FAILED = new Set(['EIO', 'ENOSPC', 'EDQUOT'])

const syncFolder = (folder: string, done: (failure: Failure | undefined) => void): void => {
  open(folder, 'r', (error, descriptor) => {
    if (error !== null) return done(undefined)
    fsync(descriptor, (problem) => {
      const failure = problem === null ? undefined : failureOf(problem)
      close(descriptor, () => done(failure !== undefined && MEDIUM_FAILED.has(failure.code) ? failure : undefined))
    })
  })
}

export class NewNames {
  /** How often a folder got an entry since it was synced last. */
  readonly #changes = new Map<string, number>()

  /** `path` was made in its folder. */
  made(path: string): void {
    if (!CAN_SYNC_FOLDERS) return
    const folder = dirname(path)
    this.#changes.set(folder, (this.#changes.get(folder) ?? 0) + 1)
  }

  /** Puts the names on the way to `path` onto the medium. May call back at once. */
  sync(path: string, done: (failure: Failure | undefined) => void): void {
    const folders = this.#changedAbove(path)
    const syncNext = (failure?: Failure): void => {
      const folder = folders.shift()
      if (failure !== undefined || folder === undefined) {
        done(failure)
        return
      }
      const changes = this.#changes.get(folder)
      syncFolder(folder, (problem) => {
        // An entry that was made meanwhile waits for the next time.
        if (problem === undefined && this.#changes.get(folder) === changes) this.#changes.delete(folder)
        syncNext(problem)
      })
    }
    syncNext()
  }

  #changedAbove(path: string): string[] {
    const folders: string[] = []
    if (this.#changes.size === 0) return folders
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if (this.#changes.has(folder)) folders.push(folder)
      if (folder === dirname(folder)) return folders
    }
  }
}
