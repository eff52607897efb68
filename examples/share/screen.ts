/** What is shown: words, a bar for each downloader on a terminal, or a line now and then where a program reads. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import { percent, showBytes, showRate } from '../../src/cli/format.js'
import type { Line } from './process.js'

const LINE_EVERY_MS = 2_000

export interface Row {
  readonly name: string
  storedBytes: number
  downloadRate: number
  peers: number
  /** In place of the figures. */
  word: string | undefined
}

export class Screen {
  readonly #json: boolean
  readonly #rows: Row[] = []
  readonly #bars: SingleBar[] = []
  #totalBytes = 0
  #multi: MultiBar | undefined
  #toldAt = 0
  #told = ''

  constructor(json: boolean) {
    this.#json = json
  }

  /** A line of JSON, where they are asked for. */
  say(line: Line): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(line)}\n`)
  }

  /** Words for people; above the bars where there are some. */
  tell(text = ''): void {
    if (this.#multi !== undefined) this.#multi.log(`${text}\n`)
    else (this.#json ? process.stderr : process.stdout).write(`${text}\n`)
  }

  /** What went wrong, whoever reads stdout. */
  complain(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** Rows of progress, until `endProgress`. */
  beginProgress(names: readonly string[], totalBytes: number): readonly Row[] {
    this.#totalBytes = totalBytes
    this.#rows.push(...names.map((name) => ({ name, storedBytes: 0, downloadRate: 0, peers: 0, word: 'starting' })))
    if (process.stderr.isTTY) {
      const format = '  {name} {bar} {percentage} % {note}'
      const options = { format, barsize: 30, hideCursor: true, fps: 10, gracefulExit: false, linewrap: null }
      this.#multi = new MultiBar({ ...options, stream: process.stderr }, Presets.shades_classic)
      for (const { name } of this.#rows) this.#bars.push(this.#multi.create(100, 0, { name, note: '' }))
    }
    return this.#rows
  }

  /** Shows the rows as they now are. */
  update(): void {
    if (this.#multi !== undefined) {
      for (const [at, row] of this.#rows.entries()) {
        this.#bars[at]?.update(percent(row.storedBytes, this.#totalBytes), { name: row.name, note: this.#note(row) })
      }
      return
    }
    const now = performance.now()
    if (now - this.#toldAt < LINE_EVERY_MS) return
    const shares = this.#rows.map(
      (row) => `${row.name} ${row.word ?? `${percent(row.storedBytes, this.#totalBytes)} %`}`,
    )
    const text = `  ${shares.join(', ')}`
    if (text === this.#told) return
    this.#told = text
    this.#toldAt = now
    this.tell(text)
  }

  endProgress(): void {
    if (this.#rows.length === 0) return
    this.#toldAt = 0
    this.update()
    this.#multi?.stop()
    this.#multi = undefined
    this.#rows.length = 0
  }

  #note({ storedBytes, downloadRate, peers, word }: Row): string {
    if (word !== undefined) return word
    const from = `${peers} ${peers === 1 ? 'peer' : 'peers'}`
    return `${showBytes(storedBytes)} of ${showBytes(this.#totalBytes)}, ${showRate(downloadRate)} from ${from}`
  }
}
