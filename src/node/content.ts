/** Content: the files of a folder that is to be shared, found in an order that is the same on every machine. */
import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { messageOf, systemCode, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { compareBytes } from '../values.js'
import { ClaimedPaths, partProblem, utf8Text } from '../wire/filenames.js'
import type { TorrentFile } from '../wire/torrentfiles.js'

export interface ContentFile {
  /** Just the name for a single file, and starting with the folder's name for many. */
  readonly path: readonly string[]
  /** Where it is read from. */
  readonly source: string
  readonly length: number
  readonly executable: boolean
}

/** What is in the folder and not shared. */
export interface LeftOut {
  readonly path: string
  /** Why, as the end of a sentence. */
  readonly reason: string
}

export interface Content {
  readonly name: string
  /** Absolute. */
  readonly root: string
  readonly multiFile: boolean
  readonly files: readonly ContentFile[]
  readonly totalBytes: number
  readonly leftOut: readonly LeftOut[]
}

export const unreadable = (path: string, error: unknown): TorrewindError =>
  new TorrewindError('CONTENT_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, { cause: error })

const unsafe = (path: string, problem: string): TorrewindError =>
  new TorrewindError('PATH_UNSAFE', `${path} cannot be shared under its name, which ${problem}`)

const EXECUTABLE = 0o100
const utf8 = new TextEncoder()

class Walk {
  readonly files: ContentFile[] = []
  readonly leftOut: LeftOut[] = []
  totalBytes = 0
  readonly #claimed = new ClaimedPaths()
  /** The shared folder without links. */
  readonly #realRoot: string
  readonly #signal: AbortSignal | undefined

  constructor(realRoot: string, signal: AbortSignal | undefined) {
    this.#realRoot = realRoot
    this.#signal = signal
  }

  async folder(source: string, path: readonly string[]): Promise<void> {
    this.#signal?.throwIfAborted()
    for (const entry of await this.#entries(source)) {
      // A name that is not UTF-8 would be another one on other systems.
      const name = utf8Text(entry.name)
      const shown = join(source, entry.name.toString())
      if (name === undefined) throw unsafe(shown, 'is not UTF-8')
      const problem = partProblem(name)
      if (problem !== undefined) throw unsafe(shown, problem)
      await this.#entry(entry, join(source, name), [...path, name])
    }
  }

  async #entries(source: string): Promise<Dirent<Buffer>[]> {
    try {
      const entries = await readdir(source, { withFileTypes: true, encoding: 'buffer' })
      return entries.sort((left, right) => compareBytes(left.name, right.name))
    } catch (error) {
      throw unreadable(source, error)
    }
  }

  async #entry(entry: Dirent<Buffer>, source: string, path: readonly string[]): Promise<void> {
    if (entry.isDirectory()) return this.folder(source, path)
    if (entry.isFile()) return this.file(source, path)
    if (entry.isSymbolicLink()) return this.#link(source, path)
    this.leftOut.push({ path: source, reason: 'is neither a file nor a folder' })
  }

  /** Links stay in the folder or are left out; a folder is not entered by one, as it could be entered for ever. */
  async #link(source: string, path: readonly string[]): Promise<void> {
    const real = await realpath(source).catch(() => undefined)
    const inside = this.#realRoot.endsWith(sep) ? this.#realRoot : this.#realRoot + sep
    if (real === undefined) this.leftOut.push({ path: source, reason: 'is a symbolic link that leads nowhere' })
    else if (real !== this.#realRoot && !real.startsWith(inside)) {
      this.leftOut.push({ path: source, reason: 'is a symbolic link out of the folder' })
    } else if (!(await stat(source)).isFile()) {
      this.leftOut.push({ path: source, reason: 'is a symbolic link to something that is no file' })
    } else await this.file(source, path)
  }

  async file(source: string, path: readonly string[]): Promise<void> {
    const problem = path.length > LIMITS.filePathPartsMax ? 'is nested too deep' : this.#claimed.claim(path)
    if (problem !== undefined) throw unsafe(source, problem)
    if (utf8.encode(path.join('/')).length > LIMITS.filePathBytesMax) {
      throw unsafe(source, `is longer than ${LIMITS.filePathBytesMax} bytes with the folders above it`)
    }
    if (this.files.length === LIMITS.filesMax) {
      throw new TorrewindError('TORRENT_TOO_LARGE', `there are more than ${LIMITS.filesMax} files to be shared`)
    }
    try {
      const { size, mode } = await stat(source)
      this.files.push({ path, source, length: size, executable: (mode & EXECUTABLE) !== 0 })
      this.totalBytes += size
    } catch (error) {
      throw unreadable(source, error)
    }
  }
}

/** Finds what is to be shared at a path: a file, or a folder with all that is in it, sorted by the bytes of its names. */
export const findContent = async (path: string, signal?: AbortSignal): Promise<Content> => {
  const root = resolve(path)
  const name = basename(root)
  const problem = partProblem(name)
  if (problem !== undefined) throw unsafe(root, problem)
  const found = await stat(root).catch((error: unknown) => {
    throw unreadable(root, error)
  })
  const walk = new Walk(await realpath(root), signal)
  const multiFile = found.isDirectory()
  if (multiFile) await walk.folder(root, [name])
  else if (found.isFile()) await walk.file(root, [name])
  else throw new TorrewindError('CONTENT_UNREADABLE', `${root} is neither a file nor a folder`)
  const { files, leftOut, totalBytes } = walk
  return { name, root, multiFile, files, leftOut, totalBytes }
}

/** What lacks of a torrent's files below a folder, found by their sizes alone; undefined where nothing does. */
export const findMissing = async (
  folder: string,
  files: readonly Pick<TorrentFile, 'path' | 'length' | 'padding' | 'symlink'>[],
): Promise<string | undefined> => {
  for (const { path, length, padding, symlink } of files) {
    if (padding || symlink !== undefined) continue
    const source = join(folder, ...path)
    try {
      const found = await stat(source)
      if (!found.isFile()) return `${source} is no file`
      if (found.size !== length) return `${source} has ${found.size} bytes in place of ${length}`
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return `${source} is not there`
      throw unreadable(source, error)
    }
  }
  return undefined
}

/** Whether there is anything at all at a path. */
export const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
