/** Compares every byte of two trees of files, which are small enough here to be held in memory one by one. */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'

/** Paths of all files and symbolic links below, sorted, with `/` between their parts; the path of a lone file is ''. */
const filesBelow = async (root: string): Promise<string[]> => {
  const found: string[] = []
  const walk = async (relative: string): Promise<void> => {
    const stats = await lstat(path.join(root, relative))
    if (!stats.isDirectory()) {
      if (!stats.isFile() && !stats.isSymbolicLink())
        throw new Error(`${path.join(root, relative)} is neither a file nor a folder`)
      found.push(relative)
      return
    }
    for (const name of await readdir(path.join(root, relative)))
      await walk(relative === '' ? name : `${relative}/${name}`)
  }
  await walk('')
  return found.sort()
}

/** Its bytes; of a symbolic link where it leads. */
const bytesOf = async (file: string): Promise<Buffer> =>
  (await lstat(file)).isSymbolicLink() ? Buffer.from(`a link to ${await readlink(file)}`) : readFile(file)

/** Where two files first differ; undefined where every byte is the same. */
const firstDifference = (left: Buffer, right: Buffer): string | undefined => {
  if (left.length !== right.length) return `it has ${right.length} bytes, not ${left.length}`
  if (left.equals(right)) return undefined
  return `byte ${left.findIndex((byte, at) => byte !== right[at])} is the first that is not the same`
}

export interface Compared {
  readonly files: number
  readonly bytes: number
}

/**
 * Throws unless both trees have the same files with the same bytes; says how much was compared. Some clients never make
 * a file of no bytes: where `emptyMayMiss`, such files need not be there.
 */
export const compareTrees = async (expected: string, actual: string, emptyMayMiss = false): Promise<Compared> => {
  const [all, got] = [await filesBelow(expected), await filesBelow(actual)]
  const wanted: string[] = []
  for (const file of all) {
    const spared = emptyMayMiss && !got.includes(file) && (await lstat(path.join(expected, file))).size === 0
    if (!spared) wanted.push(file)
  }
  const missing = wanted.filter((file) => !got.includes(file))
  const extra = got.filter((file) => !wanted.includes(file))
  if (missing.length > 0 || extra.length > 0) {
    throw new Error(`${actual}: missing [${missing.join(', ')}], not expected [${extra.join(', ')}]`)
  }
  let bytes = 0
  for (const file of wanted) {
    const [left, right] = await Promise.all([bytesOf(path.join(expected, file)), bytesOf(path.join(actual, file))])
    const difference = firstDifference(left, right)
    if (difference !== undefined) throw new Error(`${path.join(actual, file)}: ${difference}`)
    bytes += left.length
  }
  return { files: wanted.length, bytes }
}
