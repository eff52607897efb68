/** Trace files: what settings name is read here, so that runs on other threads and machines need no file. */
import { open } from 'node:fs/promises'
import { filesNamed } from '../../../simulations/index.js'
import { messageOf, TorrewindError } from '../../errors.js'

/** A hundred thousand lines of forty characters. */
const BYTES_MAX = 4_194_304

const invalid = (message: string, cause?: unknown): TorrewindError =>
  new TorrewindError('TRACE_INVALID', message, { cause })

const readTrace = async (path: string): Promise<string> => {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES_MAX + 1), 0, BYTES_MAX + 1, 0)
      if (bytesRead > BYTES_MAX) throw invalid(`${path} has more than ${BYTES_MAX} bytes`)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof TorrewindError) throw error
    throw invalid(`cannot read ${path}: ${messageOf(error)}`, error)
  }
}

/** The texts of the files that these words name, by their paths. Throws `TRACE_INVALID`. */
export const readTraces = async (
  words: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> => {
  const texts: Record<string, string> = {}
  for (const path of filesNamed(words)) texts[path] = await readTrace(path)
  return texts
}
