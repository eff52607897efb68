/** Bytes that are kept in a file: written beside it and put into its place, so that it is the old one or the new one. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../errors.js'
import type { KeptBytes } from '../ports.js'
import { DONE, failed, failureOf } from './failure.js'

const write = async (path: string, bytes: Uint8Array): Promise<void> => {
  const beside = `${path}.new`
  await mkdir(dirname(path), { recursive: true })
  try {
    const file = await open(beside, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Undefined where there is no such file. */
const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path))

/** A file that is longer than anybody wrote is not read. */
export const keptFile = (path: string, bytesMax: number): KeptBytes => ({
  load(done) {
    sizeOf(path)
      .then(async (size) => {
        if (size !== undefined && size > bytesMax) return failed('TOO_LARGE', `the file has ${size} bytes`)
        return { type: 'done' as const, value: size === undefined ? undefined : await read(path) }
      })
      .catch((error: unknown) => ({ type: 'failed' as const, failure: failureOf(error) }))
      .then(done)
  },
  save(bytes, done) {
    write(path, bytes)
      .then(() => DONE)
      .catch((error: unknown) => ({ type: 'failed' as const, failure: failureOf(error) }))
      .then(done)
  },
})
