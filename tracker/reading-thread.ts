/** The thread that reads .torrents which take long: one after another, each answered by its entry or by what is wrong. */
import { parentPort } from 'node:worker_threads'
import { TorrewindError } from '../src/errors.js'
import type { ReadingAnswer, ReadingTask } from './catalogue-reader.js'
import { readEntry } from './catalogue-reading.js'

const answerTo = ({ torrent, published }: ReadingTask): ReadingAnswer => {
  const began = performance.now()
  const took = (): { readonly tookMs: number } => ({ tookMs: performance.now() - began })
  try {
    return { type: 'entry', entry: readEntry(torrent, published), ...took() }
  } catch (error) {
    // Errors lose their class on the way between threads.
    if (error instanceof TorrewindError) return { type: 'refused', code: error.code, message: error.message, ...took() }
    throw error
  }
}

parentPort?.on('message', (task: ReadingTask) => parentPort?.postMessage(answerTo(task)))
