/** The record of a sweep: a file with a line of JSON for each run that ended, by which a sweep goes on where it was. */
import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { RunResult } from '../../../simulations/index.js'
import { VERSION } from '../../version.js'
import { checkPlace, writeFailure } from '../new-file.js'
import type { PreparedJob } from './job.js'
import { lines } from './lines.js'
import { invalid, type SeedRange } from './options.js'
import { readResult } from './result.js'

/** Its first line: results may stand together where all of this is the same. */
type Head = Readonly<Record<string, unknown>>

const headOf = ({ scenario, settings, shared: { checkDeterminism, samples = 0, fingerprint } }: PreparedJob): Head => ({
  ...{ type: 'sweep', torrewind: VERSION, scenario: scenario.name, fingerprint, checkDeterminism, samples },
  ...settings,
})

const SHOWN_CHARACTERS = 60

/** Traces are long. */
const short = (text: string): string =>
  text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text

/** What is not the same, in words. */
const differences = (there: Head, here: Head): readonly string[] =>
  [...new Set([...Object.keys(there), ...Object.keys(here)])].flatMap((key) => {
    const [was = '', is = ''] = [there[key], here[key]].map((value) => JSON.stringify(value) ?? 'nothing')
    return was === is ? [] : [`${key} is ${short(was)} there and ${short(is)} here`]
  })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Place {
  readonly offset: number
  readonly bytes: number
}

export class SweepRecord {
  readonly #path: string
  readonly #file: FileHandle
  /** Where the run of each seed stands: the results themselves may be too many to hold. */
  readonly #places = new Map<number, Place>()
  #adding: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Throws `OPTION_INVALID` where the file holds anything else than runs of this job. */
  static async open(path: string, job: PreparedJob): Promise<SweepRecord> {
    const place = resolve(path)
    await checkPlace(place)
    const file = await open(place, 'a+').catch((error: unknown) => {
      throw writeFailure(place, error)
    })
    const record = new SweepRecord(place, file)
    try {
      // As it is read again: a number that JSON has no word for would never be the same.
      await record.#read(JSON.parse(JSON.stringify(headOf(job))) as Head)
    } catch (error) {
      await file.close()
      throw error
    }
    return record
  }

  countIn([from, to]: SeedRange): number {
    let count = 0
    for (const seed of this.#places.keys()) if (seed >= from && seed <= to) count++
    return count
  }

  has(seed: number): boolean {
    return this.#places.has(seed)
  }

  async get(seed: number): Promise<RunResult> {
    const { offset = 0, bytes = 0 } = this.#places.get(seed) ?? {}
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(bytes), 0, bytes, offset)
    const result = readResult(parse(buffer.toString('utf8', 0, bytesRead)))
    if (result?.seed !== seed)
      throw invalid(`${this.#path} was changed by somebody else: the run of seed ${seed} is gone`)
    return result
  }

  /** Resolves when it is written. */
  add(result: RunResult): Promise<void> {
    // One after another: half a line in the middle of another would lose both.
    this.#adding = this.#adding.then(() => this.#write({ type: 'run', ...result }))
    return this.#adding
  }

  async close(): Promise<void> {
    await this.#adding.catch(() => {})
    await this.#file.close()
  }

  async #write(line: object): Promise<void> {
    try {
      await this.#file.appendFile(`${JSON.stringify(line)}\n`)
    } catch (error) {
      throw writeFailure(this.#path, error)
    }
  }

  async #read(head: Head): Promise<void> {
    const bytes = await this.#index(head)
    const { size } = await this.#file.stat()
    // The last line of a process that was killed while it wrote it.
    if (size > bytes) await this.#file.truncate(bytes)
    if (bytes === 0) await this.#write(head)
  }

  /** Finds the runs; the bytes of whole lines. */
  async #index(head: Head): Promise<number> {
    let number = 0
    let end = 0
    for await (const { text, offset, bytes, whole } of lines(this.#file)) {
      const value = parse(text)
      if (++number === 1) this.#compare(value, head)
      if (!whole) break
      end = offset + bytes
      if (number === 1) continue
      const result = readResult(value)
      if (result === undefined) throw invalid(`${this.#path}: line ${number} is no run; was it changed by hand?`)
      this.#places.set(result.seed, { offset, bytes })
    }
    return end
  }

  #compare(first: unknown, head: Head): void {
    if (typeof first !== 'object' || first === null || !('type' in first) || first.type !== 'sweep')
      throw invalid(`${this.#path} is no record of a sweep, and is left as it is`)
    const different = differences(first as Head, head)
    if (different.length > 0)
      throw invalid(`${this.#path} holds runs of another sweep: ${different.join('; ')}; give --out another file`)
  }
}
