/** The content that is shared: made at random where the user names none, and compared byte by byte at the end. */
import { randomFillSync } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Metainfo } from '../../src/index.js'

const KIB = 1_024
const MIB = 1_024 * KIB
const COMPARE_BYTES = MIB

/** Large and small files, of sizes that are no multiple of anything, and one without a byte: 68 MiB in all. */
const FILES: readonly (readonly [string, number])[] = [
  ['film.bin', 40 * MIB + 12_345],
  ['music/track 1.bin', 9 * MIB + 1],
  ['music/track 2.bin', 11 * MIB - 7],
  ['music/cover.bin', 700 * KIB + 3],
  ...Array.from({ length: 24 }, (_, at) => [`photos/${at + 1}.bin`, 200 * KIB + at * 4_321] as const),
  ['notes/empty.txt', 0],
  ['notes/one byte.txt', 1],
]

/** Makes the content below `folder`, and says where it is. */
export const makeContent = async (folder: string): Promise<string> => {
  const root = path.join(folder, 'holiday')
  for (const [name, length] of FILES) {
    const file = path.join(root, ...name.split('/'))
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, randomFillSync(new Uint8Array(length)))
  }
  return root
}

/** Throws where the copies would not fit. */
export const checkSpace = async (folder: string, needed: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free > needed) return
  const mib = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`
  throw new Error(`the copies take ${mib(needed)}, and ${folder} has ${mib(free)} left; set TMPDIR to another place`)
}

const withFile = async <Result>(file: string, work: (handle: FileHandle) => Promise<Result>): Promise<Result> => {
  const handle = await open(file)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

const compareBytes = async (one: FileHandle, other: FileHandle, length: number): Promise<void> => {
  const [oneBytes, otherBytes] = [Buffer.alloc(COMPARE_BYTES), Buffer.alloc(COMPARE_BYTES)]
  for (let at = 0; at < length; ) {
    const wanted = Math.min(COMPARE_BYTES, length - at)
    const reads = await Promise.all([one.read(oneBytes, 0, wanted, at), other.read(otherBytes, 0, wanted, at)])
    const count = Math.min(reads[0].bytesRead, reads[1].bytesRead)
    if (count === 0) throw new Error(`it ends after ${at} bytes`)
    if (!oneBytes.subarray(0, count).equals(otherBytes.subarray(0, count))) {
      throw new Error(`the ${count} bytes from ${at} on differ`)
    }
    at += count
  }
  const [{ size }, { size: otherSize }] = await Promise.all([one.stat(), other.stat()])
  if (size !== length || otherSize !== length) throw new Error(`it has ${otherSize} bytes in place of ${length}`)
}

const compareFile = (left: string, right: string, length: number): Promise<void> =>
  withFile(left, (one) => withFile(right, (other) => compareBytes(one, other, length))).catch((error: unknown) => {
    throw new Error(`${right} is not as ${left}: ${error instanceof Error ? error.message : error}`)
  })

const filesBelow = async (root: string): Promise<string[]> => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

/** Compares every byte of the content in two folders; throws at the first difference. Answers how many were compared. */
export const compare = async (original: string, copy: string, metainfo: Metainfo): Promise<number> => {
  let bytes = 0
  for (const { path: parts, length } of metainfo.files) {
    await compareFile(path.join(original, ...parts), path.join(copy, ...parts), length)
    bytes += length
  }
  if (metainfo.multiFile) {
    const wanted = new Set(metainfo.files.map((file) => path.join(copy, ...file.path)))
    const extra = (await filesBelow(path.join(copy, metainfo.name))).find((file) => !wanted.has(file))
    if (extra !== undefined) throw new Error(`${extra} does not belong to the content`)
  }
  return bytes
}
