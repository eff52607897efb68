/** A Torrewind command in a process of its own, read through the lines of JSON that it prints. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const POLITE_MS = 10_000
const WORDS_KEPT = 15

export type Line = { readonly type: string } & Readonly<Record<string, unknown>>

export const numberIn = (line: Line, name: string): number => {
  const value = line[name]
  if (typeof value !== 'number') throw new Error(`no number "${name}" in ${JSON.stringify(line)}`)
  return value
}

export class Command {
  readonly name: string
  readonly ended: Promise<void>
  readonly #process: ChildProcess
  readonly #lines: Line[] = []
  /** What it said to people last, which is where the reason stands if it fails. */
  readonly #words: string[] = []
  readonly #listeners = new Set<() => void>()
  #end: string | undefined
  #expected = false

  constructor(name: string, args: readonly string[]) {
    this.name = name
    this.#process = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { stdout, stderr } = this.#process
    if (stdout !== null) createInterface({ input: stdout }).on('line', (text) => this.#take(JSON.parse(text) as Line))
    if (stderr !== null) {
      createInterface({ input: stderr }).on('line', (text) => {
        this.#words.push(text)
        if (this.#words.length > WORDS_KEPT) this.#words.shift()
      })
    }
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#end ??= how
        this.#tell()
        resolve()
      }
      this.#process.on('error', (error) => end(error.message))
      this.#process.on('close', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The newest line of a type. */
  last(type: string): Line | undefined {
    return this.#lines.findLast((line) => line.type === type)
  }

  /** The first line of a type, printed already or still to come. Rejects where the process ends before it. */
  async first(type: string): Promise<Line> {
    return this.when(() => this.#lines.find((line) => line.type === type))
  }

  /** Looks again after each line. Rejects where the process ends before there is something. */
  when<Found>(look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const again = (): void => {
        const found = look()
        if (found === undefined && this.#end === undefined) return
        this.#listeners.delete(again)
        if (found !== undefined) resolve(found)
        else reject(this.#failure())
      }
      this.#listeners.add(again)
      again()
    })
  }

  /** Rejects when it ends although nobody asked it to. */
  async guard(): Promise<never> {
    await this.ended
    if (this.#expected) return new Promise(() => {})
    throw this.#failure()
  }

  kill(): Promise<void> {
    this.#expected = true
    this.#process.kill('SIGKILL')
    return this.ended
  }

  /** Ends it politely, and by force where it does not listen. */
  async stop(): Promise<void> {
    this.#expected = true
    this.#process.kill('SIGTERM')
    const force = setTimeout(() => this.#process.kill('SIGKILL'), POLITE_MS)
    await this.ended
    clearTimeout(force)
  }

  #take(line: Line): void {
    // Progress comes once a second, and only the newest is of use.
    const at = line.type === 'progress' ? this.#lines.findIndex(({ type }) => type === 'progress') : -1
    if (at >= 0) this.#lines.splice(at, 1)
    this.#lines.push(line)
    this.#tell()
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #failure(): Error {
    return new Error([`${this.name} ended (${this.#end}); it said last:`, ...this.#words].join('\n  '))
  }
}
