/**
 * The reader of what is published: short .torrents at once, longer ones in a thread of its own.
 *
 * Strategy: two megabytes that a stranger sends can be seventy thousand files, or a million lists in each other, which take
 * up to a second to be read, and announces would wait for it. So whatever could take longer than some milliseconds is
 * read elsewhere, one after another, in a bounded time and heap. The thread is started for the first of them, and ends
 * when there was none for a while.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorCode, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { packageFile } from '../src/package-file.js'
import { CatalogueRefusal } from './catalogue-codes.js'
import type { CatalogueEntry } from './catalogue-entry.js'
import { type Publication, readEntry } from './catalogue-reading.js'
import type { Soon } from './store.js'
import { TimeShare } from './time-share.js'

export interface ReadingTask {
  readonly torrent: Uint8Array
  readonly published: Publication
}

/** `tookMs` is what reading took, without the start of the thread. */
export type ReadingAnswer = { readonly tookMs: number } & (
  | { readonly type: 'entry'; readonly entry: CatalogueEntry }
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly message: string }
)

const FROM_SOURCES = import.meta.url.endsWith('.ts')
const THREAD = FROM_SOURCES ? 'tracker/reading-thread-of-sources.mjs' : 'dist/tracker/reading-thread.js'

const busy = (): CatalogueRefusal =>
  new CatalogueRefusal('BUSY', 'too much is being published at this moment: try again')

export class CatalogueReader {
  readonly #share = new TimeShare('published', LIMITS.cataloguePublishShare, LIMITS.cataloguePublishBurstMs)
  readonly #threadShare = new TimeShare('published', LIMITS.cataloguePublishShare, LIMITS.catalogueThreadBurstMs)
  #thread: Worker | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #closed = false
  #idle: NodeJS.Timeout | undefined

  /** Throws or rejects as `readEntry` does, and with BUSY where too much of that was done lately. */
  read(torrent: Uint8Array, published: Publication): Soon<CatalogueEntry> {
    if (torrent.length <= LIMITS.catalogueReadAtOnceBytesMax) {
      return this.#share.spend(() => readEntry(torrent, published))
    }
    if (this.#waiting >= LIMITS.catalogueReadingsWaitingMax) throw busy()
    this.#threadShare.check()
    this.#waiting++
    const reading = this.#turn
      .then(() => this.#ask({ torrent, published }))
      .finally(() => {
        this.#waiting--
      })
    this.#turn = reading.catch(() => {})
    return reading
  }

  /** Waits for what is being read, as long as a tracker waits for what is on its way. */
  async close(): Promise<void> {
    const bound = setTimeout(() => {
      this.#closed = true
      void this.#end()
    }, LIMITS.trackerDrainMs)
    await this.#turn
    clearTimeout(bound)
    await this.#end()
  }

  async #ask(task: ReadingTask): Promise<CatalogueEntry> {
    if (this.#closed) throw busy()
    clearTimeout(this.#idle)
    const thread = this.#thread ?? this.#start()
    try {
      const answer = await answerOf(thread, task).catch((error: unknown) => {
        // Whatever else it was asked for, it would not answer.
        this.#thread = undefined
        void thread.terminate()
        // It had all the time that there is.
        if (error instanceof TorrewindError) this.#threadShare.add(LIMITS.catalogueReadMs)
        throw error
      })
      this.#threadShare.add(answer.tookMs)
      if (answer.type === 'refused') throw new TorrewindError(answer.code, answer.message)
      return answer.entry
    } finally {
      this.#idle = setTimeout(() => void this.#end(), LIMITS.catalogueReaderIdleMs)
      this.#idle.unref()
    }
  }

  #start(): Worker {
    const thread = new Worker(packageFile(THREAD), {
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.catalogueReaderHeapMiB },
    })
    // It is heard by whoever waits for an answer; the process waits for nothing that is asked of nobody.
    thread.on('error', () => {})
    this.#thread = thread
    return thread
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle)
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }
}

/** One answer. A .torrent that takes too long, or too much, ends the thread. */
const answerOf = (thread: Worker, task: ReadingTask): Promise<ReadingAnswer> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(bound)
      thread.off('message', answered).off('error', failed).off('exit', ended)
      act()
    }
    const answered = (answer: ReadingAnswer): void => settle(() => resolve(answer))
    const failed = (error: NodeJS.ErrnoException): void =>
      settle(() => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch('memory') : error))
    const ended = (): void => settle(() => reject(tooMuch('time')))
    const bound = setTimeout(() => void thread.terminate(), LIMITS.catalogueReadMs)
    thread.on('message', answered).on('error', failed).on('exit', ended)
    thread.postMessage(task)
  })

const tooMuch = (what: string): TorrewindError =>
  new TorrewindError('TORRENT_TOO_LARGE', `the .torrent takes too much ${what} to be read here`)
