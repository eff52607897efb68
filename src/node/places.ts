/**
 * Places: where the files of a disk are, and how they get to other places while they are in use.
 *
 * One file after the other is moved, alone; the others go on being read and written, each where it is by then. What fails
 * half way is taken back. After a crash it is found out by looking which files were moved: a file is at its old place
 * until it is at the new one, whole.
 */
import { rmdir } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { present } from '../assert.js'
import type { DiskFile, DiskPlace, Failure, MoveOptions } from '../ports.js'
import { failureOf } from './failure.js'
import { MoveProblem, moveFile, moveLink, statsOf } from './move-file.js'
import { type Finding, joinSafely, SafePaths } from './safe-path.js'

interface Place {
  readonly folder: string
  readonly files: readonly DiskFile[]
  readonly paths: SafePaths
}

export interface PlacesOptions {
  /** Resolves when nothing else is done with the file, until `release`. */
  hold(file: number): Promise<void>
  release(file: number): void
  /** A file was given this name. */
  made(path: string): void
  /** Its name is on the medium afterwards. */
  sync(path: string): Promise<Failure | undefined>
}

const placeOf = ({ folder, files }: DiskPlace): Place => {
  const absolute = resolve(folder)
  return { folder: absolute, files, paths: new SafePaths(absolute) }
}

const pathIn = ({ folder, files }: Place, file: number): string =>
  joinSafely(folder, present(files[file], 'a file of the disk').path)

/** Where the symbolic link leads, seen from where it lies; undefined for a file with bytes of its own. */
const linkIn = (place: Place, file: number): string | undefined => {
  const link = place.files[file]?.link
  return link && relative(dirname(pathIn(place, file)), joinSafely(place.folder, link))
}

const failureFrom = (error: unknown): Failure =>
  error instanceof MoveProblem ? { code: error.code, message: error.message } : failureOf(error)

export class Places {
  readonly #options: PlacesOptions
  #place: Place
  /** Where they are being moved, and those that are there already. */
  #next: Place | undefined
  readonly #moved = new Set<number>()

  constructor(place: DiskPlace, options: PlacesOptions) {
    this.#options = options
    this.#place = placeOf(place)
  }

  pathOf(file: number): string {
    return pathIn(this.#placeOf(file), file)
  }

  isExecutable(file: number): boolean {
    return this.#place.files[file]?.executable === true
  }

  /** Where a symbolic link of the torrent leads, seen from where it lies; undefined for other files. */
  linkOf(file: number): string | undefined {
    return linkIn(this.#placeOf(file), file)
  }

  inspect(file: number, done: (finding: Finding) => void): void {
    this.#placeOf(file).paths.inspect(this.pathOf(file), this.linkOf(file) !== undefined, done)
  }

  /** Undefined where all are there; else nothing is, but for `ESTOPPED` and `ESTRANDED`. */
  async move(to: DiskPlace, options: MoveOptions): Promise<Failure | undefined> {
    const next = placeOf(to)
    const from = this.#place
    const stays = (file: number): boolean =>
      this.pathOf(file) === pathIn(next, file) && linkIn(from, file) === linkIn(next, file)
    const files = [...from.files.keys()].filter((file) => !stays(file))
    try {
      if (!options.resumed) for (const file of files) await this.#assertFree(file, next)
    } catch (error) {
      return failureFrom(error)
    }
    this.#next = next
    for (const file of files) {
      if (options.stopped()) return { code: 'ESTOPPED', message: 'it goes on with the next session' }
      const failure = await this.#moveOne(file, from, next)
      if (failure !== undefined) return this.#takeBack(options.resumed ? files : [...this.#moved], from, next, failure)
    }
    for (const file of files) {
      const failure = await this.#options.sync(pathIn(next, file))
      if (failure !== undefined) return this.#takeBack(files, from, next, failure)
    }
    this.#place = next
    this.#next = undefined
    this.#moved.clear()
    await removeEmpty(from)
    return undefined
  }

  async #moveOne(file: number, from: Place, next: Place): Promise<Failure | undefined> {
    await this.#options.hold(file)
    try {
      // As everywhere, no link leads out of a folder.
      for (const place of [from, next]) await inspected(place, file)
      if (await moved(from, next, file)) this.#options.made(pathIn(next, file))
      this.#moved.add(file)
      return undefined
    } catch (error) {
      return failureFrom(error)
    } finally {
      this.#options.release(file)
    }
  }

  /** Of a move that is resumed any of the files may have arrived before. */
  async #takeBack(files: readonly number[], from: Place, next: Place, failure: Failure): Promise<Failure> {
    for (const file of [...files].reverse()) {
      await this.#options.hold(file)
      try {
        if (await moved(next, from, file)) this.#options.made(pathIn(from, file))
        this.#moved.delete(file)
      } catch (error) {
        return { code: 'ESTRANDED', message: `${failure.message}, and then ${failureFrom(error).message}` }
      } finally {
        this.#options.release(file)
      }
    }
    this.#next = undefined
    await removeEmpty(next)
    return failure
  }

  /** What somebody else has there is not replaced; the file itself may be there, where its name differs in case alone. */
  async #assertFree(file: number, next: Place): Promise<void> {
    const path = pathIn(next, file)
    const there = await statsOf(path)
    if (there === undefined) return
    const own = await statsOf(this.pathOf(file))
    if (own === undefined || own.ino !== there.ino || own.dev !== there.dev)
      throw new MoveProblem('EEXIST', `${path} is there already`)
  }

  #placeOf(file: number): Place {
    return this.#next !== undefined && this.#moved.has(file) ? this.#next : this.#place
  }
}

/** Whether there was one. */
const moved = async (from: Place, to: Place, file: number): Promise<boolean> => {
  const link = linkIn(to, file)
  return (
    (link !== undefined && (await moveLink(pathIn(from, file), pathIn(to, file), link))) ||
    moveFile(pathIn(from, file), pathIn(to, file))
  )
}

const inspected = (place: Place, file: number): Promise<void> =>
  new Promise((resolve, reject) => {
    place.paths.inspect(pathIn(place, file), linkIn(place, file) !== undefined, (finding) => {
      if (finding.type === 'failed') reject(new MoveProblem(finding.failure.code, finding.failure.message))
      else resolve()
    })
  })

/** Folders of the torrent in which nothing is left. The download folder is the user's, and stays. */
const removeEmpty = async (place: Place): Promise<void> => {
  const folders = new Set<string>()
  for (const file of place.files.keys())
    for (let folder = dirname(pathIn(place, file)); folder.length > place.folder.length; folder = dirname(folder))
      folders.add(folder)
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await rmdir(folder).catch(() => undefined)
}
