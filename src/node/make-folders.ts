/**
 * Makes a folder and those above it that are missing.
 *
 * Not by `mkdir` with `recursive`, which says ENOENT where the file system is read-only, and does not tell which folders
 * it made below the first.
 */
import { mkdir } from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from '../errors.js'
import type { Failure } from '../ports.js'
import { failureOf } from './failure.js'

/** `made` hears of every folder that was not there. */
export const makeFolders = (
  folder: string,
  made: (folder: string) => void,
  done: (failure: Failure | undefined) => void,
): void => {
  const make = (mayGoUp: boolean): void => {
    mkdir(folder, (error) => {
      if (error === null) {
        made(folder)
        return done(undefined)
      }
      const code = systemCode(error)
      // If it is a file that exists, opening what should lie in it says so.
      if (code === 'EEXIST') return done(undefined)
      if (code !== 'ENOENT' || !mayGoUp || dirname(folder) === folder) return done(failureOf(error))
      makeFolders(dirname(folder), made, (failure) => {
        if (failure === undefined) make(false)
        else done(failure)
      })
    })
  }
  make(true)
}
