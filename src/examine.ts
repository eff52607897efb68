/** Examining: what the file system says of a transfer's files. */
import { TorrewindError } from './errors.js'
import type { FileFinding, FileStamp } from './outside.js'
import type { Answer, Disk } from './ports.js'
import type { Layout } from './store/layout.js'

const stampOf = (disk: Disk, file: number): Promise<FileStamp | undefined> =>
  new Promise((resolve, reject) => {
    disk.stat(file, (answer) => {
      if (answer.type === 'done') resolve(answer.value)
      else reject(new TorrewindError('DISK_FAILED', `${answer.failure.code}: ${answer.failure.message}`))
    })
  })

/** Files whose parts are kept apart lie in the part file, which comes last: what that is like is said of them. */
const placeOf = (layout: Layout, apart: ReadonlySet<number>, file: number): number =>
  apart.has(file) ? layout.metainfo.files.length : file

/** Calls back and makes no promise: what happens in the midst of a session is awaited by nobody. */
export const lookAtFiles = (
  disk: Disk,
  layout: Layout,
  apart: ReadonlySet<number>,
  done: (answer: Answer<readonly FileFinding[]>) => void,
): void => {
  const findings: FileFinding[] = []
  const files = layout.realFiles
  const next = (at: number): void => {
    const file = files[at]
    if (file === undefined) {
      done({ type: 'done', value: findings })
      return
    }
    disk.stat(placeOf(layout, apart, file), (answer) => {
      if (answer.type === 'failed') {
        done(answer)
        return
      }
      const { length, ...pieces } = layout.piecesOf(file)
      const stamp = answer.value
      findings.push({ file, length: apart.has(file) ? (stamp?.bytes ?? length) : length, ...pieces, stamp })
      next(at + 1)
    })
  }
  next(0)
}

/** Throws `DISK_FAILED`. */
export const examine = (disk: Disk, layout: Layout, apart: ReadonlySet<number>): Promise<readonly FileFinding[]> =>
  new Promise((resolve, reject) => {
    lookAtFiles(disk, layout, apart, (answer) => {
      if (answer.type === 'done') resolve(answer.value)
      else reject(new TorrewindError('DISK_FAILED', `${answer.failure.code}: ${answer.failure.message}`))
    })
  })

export const takeStamps = async (
  disk: Disk,
  layout: Layout,
  apart: ReadonlySet<number>,
): Promise<readonly { readonly file: number; readonly bytes: number; readonly modifiedAt: number }[]> => {
  const stamps: { file: number; bytes: number; modifiedAt: number }[] = []
  for (const file of layout.realFiles) {
    // A file that cannot be looked at now has no stamp, and is looked at again when the next session begins.
    const stamp = await stampOf(disk, placeOf(layout, apart, file)).catch(() => undefined)
    if (stamp !== undefined) stamps.push({ file, ...stamp })
  }
  return stamps
}
