/** The page's own files, as they were built: read once, so that nothing else on the disk can be asked for. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { TorrewindError } from '../../errors.js'
import { packageFile } from '../../package-file.js'

export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array
}

/** By names with slashes, from the folder of the page. */
export type Files = ReadonlyMap<string, PageFile>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export const readPage = async (): Promise<Files> => {
  const folder = packageFile('dist/ui')
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = new Map<string, PageFile>()
  for (const entry of found) {
    const type = TYPES[path.extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const file = path.join(entry.parentPath, entry.name)
    files.set(path.relative(folder, file).split(path.sep).join('/'), { type, bytes: await readFile(file) })
  }
  if (!files.has('index.html'))
    throw new TorrewindError('DATA_UNUSABLE', 'the page of the debugger is not built: run `npm run build`')
  return files
}
