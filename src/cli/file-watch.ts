/** Looks now and then whether files have changed, and says so once they rest: who writes one is not done at once. */
import { stat } from 'node:fs/promises'

const ABSENT = 'absent'

/** What changes when a file is written, or another takes its place: also behind a link, and over a network. */
const markOf = async (file: string): Promise<string> => {
  try {
    const { mtimeMs, size, ino } = await stat(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return ABSENT
  }
}

export class FileWatch {
  readonly #files: readonly string[]
  readonly #changed: () => void
  /** As they were when the change was told, and when they were looked at last. */
  #told: string | undefined
  #seen: string | undefined
  #looking: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  private constructor(files: readonly string[], intervalMs: number, changed: () => void) {
    this.#files = files
    this.#changed = changed
    this.#timer = setInterval(() => this.#look(), intervalMs)
  }

  /** Whatever changes from when this resolves is told, each time once it has been the same at two looks. */
  static async open(files: readonly string[], intervalMs: number, changed: () => void): Promise<FileWatch> {
    const watch = new FileWatch(files, intervalMs, changed)
    await watch.#look()
    return watch
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  #look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #compare(): Promise<void> {
    const marks = (await Promise.all(this.#files.map(markOf))).join('\n')
    const rests = marks === this.#seen
    this.#seen = marks
    this.#told ??= marks
    if (!rests || marks === this.#told) return
    this.#told = marks
    this.#changed()
  }
}
