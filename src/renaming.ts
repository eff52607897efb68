/** Renaming: which other names than the torrent's the files of a transfer have, once one of them is given another. */
import { TorrewindError } from './errors.js'
import { LIMITS } from './limits.js'
import { ClaimedPaths, partProblem } from './wire/filenames.js'
import type { Metainfo } from './wire/metainfo.js'

const reject = (path: unknown, problem: string): never => {
  throw new TorrewindError('OPTION_INVALID', `a file cannot be called ${JSON.stringify(path)}: it ${problem}`)
}

/** Undefined where it is called so already. Throws `OPTION_INVALID`. */
export const renamed = (
  { files }: Metainfo,
  names: ReadonlyMap<number, string>,
  file: number,
  path: string,
): ReadonlyMap<number, string> | undefined => {
  if (typeof path !== 'string' || path.length > LIMITS.filePathTextMax) return reject(path, 'is no path')
  for (const part of path.split('/')) {
    const problem = partProblem(part)
    if (problem !== undefined) reject(path, `has a part that ${problem}`)
  }
  const own = files[file]?.path.join('/')
  if (path === (names.get(file) ?? own)) return undefined
  const claimed = new ClaimedPaths()
  for (const [at, { path: given, padding }] of files.entries())
    if (at !== file && !padding) claimed.claim(names.get(at)?.split('/') ?? given)
  const problem = claimed.claim(path.split('/'))
  if (problem !== undefined) reject(path, problem)
  const next = new Map(names)
  next.delete(file)
  if (path !== own) next.set(file, path)
  return next
}
