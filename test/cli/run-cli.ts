/** The command line in a process of its own, read as a user or a script reads it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildIsStale } from '../../scripts/build-state.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What was built, where that is what the sources are now: it starts in a third of the time. */
const MAIN = buildIsStale(ROOT)
  ? ['--import', 'tsx', 'src/cli/main.ts']
  : ['--enable-source-maps', 'dist/src/cli/main.js']
const BOUND_MS = 60_000

export type JsonLine = { readonly type: string } & Readonly<Record<string, unknown>>

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string
  readonly stdout: readonly string[]
  readonly stderr: string
}

const without = { ...process.env }
delete without.TORREWIND_DATA

/** Tests ask nobody beyond this machine. */
const KEPT_IN: readonly string[] = ['--no-dht', '--no-lsd', '--no-upnp']
const keptIn = ([command = '', ...words]: readonly string[]): readonly string[] =>
  ['seed', 'get', 'serve'].includes(command) ? [command, ...KEPT_IN, ...words] : [command, ...words]

export class Cli {
  readonly #process: ChildProcess
  readonly #stdout: string[] = []
  #stderr = ''
  #ended: Ended | undefined
  readonly #listeners = new Set<() => void>()
  readonly ended: Promise<Ended>

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, [...MAIN, ...keptIn(args)], {
      cwd: ROOT,
      env: { ...without, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { stdout, stderr } = this.#process
    if (stdout === null || stderr === null) throw new Error('a child without pipes')
    createInterface({ input: stdout }).on('line', (line) => {
      this.#stdout.push(line)
      this.#tell()
    })
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#tell()
    })
    const bound = setTimeout(() => this.#process.kill('SIGKILL'), BOUND_MS)
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        clearTimeout(bound)
        this.#ended = { code: code ?? signal ?? 'nothing', stdout: this.#stdout, stderr: this.#stderr }
        this.#tell()
        resolve(this.#ended)
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Nobody reads its stdout from here on. */
  closeStdout(): void {
    this.#process.stdout?.destroy()
  }

  /** Waits for what `look` finds in what it printed; the bound is that of the process. */
  until<Found>(look: (stdout: readonly string[], stderr: string) => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const again = (): void => {
        const found = look(this.#stdout, this.#stderr)
        if (found === undefined && this.#ended === undefined) return
        this.#listeners.delete(again)
        if (found !== undefined) resolve(found)
        else
          reject(new Error(`it ended (${this.#ended?.code}) before that:\n${this.#stdout.join('\n')}\n${this.#stderr}`))
      }
      this.#listeners.add(again)
      again()
    })
  }

  /** The first line of this type, printed already or still to come. */
  line(type: string): Promise<JsonLine> {
    return this.until((stdout) => jsonLines(stdout).find((line) => line.type === type))
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

/** Runs a command to its end. */
export const cli = (...args: readonly string[]): Promise<Ended> => new Cli(args).ended

/** Every line must be an object with a type. */
export const jsonLines = (stdout: readonly string[]): readonly JsonLine[] =>
  stdout.map((text) => {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null && 'type' in line && typeof line.type === 'string') {
      return line as JsonLine
    }
    throw new Error(`no line of JSON: ${text}`)
  })

/** The last line of JSON. */
export const lastLine = ({ stdout }: Ended): JsonLine => {
  const last = jsonLines(stdout).at(-1)
  if (last === undefined) throw new Error('it printed nothing')
  return last
}
