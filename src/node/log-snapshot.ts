/**
 * Takes a snapshot of the event log for tools that only read, whoever else has it open and writes.
 *
 * LevelDB lets one process in, and changes files even where it is only asked to read. So the database is taken as it
 * stands: tables never change and are linked, and the rest is copied. If the owner's list of tables (its manifest) is the
 * same before and after, no file that it names can have gone in between, and each journal is there up to some write of
 * its own: the snapshot is the log as it was at one moment.
 */
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, systemCode, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { LogCopy } from '../ports.js'
import { liveTables } from './level-manifest.js'

const TABLE = /^(\d+)\.(?:ldb|sst)$/
const JOURNAL = /^\d+\.log$/

/** Throws `DATA_UNUSABLE` where there is no log, or none that can be copied. */
export const copyLog = async (folder: string): Promise<LogCopy> => {
  const parent = await makeFolder(resolve(folder))
  const remove = () => rm(parent, { recursive: true, force: true, maxRetries: 3 })
  const copy = join(parent, 'log')
  try {
    await copyDatabase(resolve(folder), copy)
  } catch (error) {
    await remove()
    throw error
  }
  return { folder: copy, remove }
}

/** Beside the log, where files can be linked, and else among the system's temporary files, where they are copied. */
const makeFolder = async (folder: string): Promise<string> => {
  const name = `${basename(folder)}.snapshot-`
  await sweep(dirname(folder), name)
  try {
    return await mkdtemp(join(dirname(folder), `${name}${process.pid}-`))
  } catch {
    return mkdtemp(join(tmpdir(), `torrewind-${name}${process.pid}-`))
  }
}

/** Removes what readers left that were killed. */
const sweep = async (folder: string, name: string): Promise<void> => {
  for (const found of await readdir(folder).catch(() => [])) {
    const owner = found.startsWith(name) ? /^(\d+)-/.exec(found.slice(name.length))?.[1] : undefined
    if (owner !== undefined && !runs(Number(owner))) {
      await rm(join(folder, found), { recursive: true, force: true }).catch(() => {})
    }
  }
}

const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
  }
}

const copyDatabase = async (from: string, to: string): Promise<void> => {
  let last: unknown
  for (let attempt = 0; attempt < LIMITS.logSnapshotAttemptsMax; attempt++) {
    await rm(to, { recursive: true, force: true })
    await mkdir(to)
    try {
      if (await copyOnce(from, to)) return
      last = new Error('it changes faster than it can be copied')
    } catch (error) {
      last = error
      // A file that went while it was copied is the owner tidying up; anything else will not get better.
      if (systemCode(error) !== 'ENOENT') break
    }
  }
  throw new TorrewindError('DATA_UNUSABLE', `the event log in ${from} cannot be read: ${messageOf(last)}`, {
    cause: last,
  })
}

/** Whether the list of tables stayed as it was all the while. */
const copyOnce = async (from: string, to: string): Promise<boolean> => {
  const current = await readFile(join(from, 'CURRENT'), 'utf8')
  const name = current.trim()
  const manifest = await readFile(join(from, name))
  const live = liveTables(manifest)
  await writeFile(join(to, 'CURRENT'), current)
  await writeFile(join(to, name), manifest)
  for (const found of await readdir(from)) {
    const table = TABLE.exec(found)?.[1]
    // Only tables of the list are taken. Another one may be in the making: LevelDB does not know its number yet and
    // might give it to a table of its own here, writing through the link into the owner's.
    if (table !== undefined && live.has(Number(table))) await linkOrCopy(join(from, found), join(to, found))
    else if (JOURNAL.test(found)) await copyFile(join(from, found), join(to, found))
  }
  const unchanged = (await readFile(join(from, 'CURRENT'), 'utf8')) === current
  return unchanged && (await stat(join(from, name))).size === manifest.length
}

const linkOrCopy = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw error
    await copyFile(from, to)
  }
}
