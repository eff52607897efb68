/** A child process of a test: what it prints is what it is waited for by, and every wait has a bound. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { LOOPBACK, type Place } from './place.js'

export interface Line {
  readonly from: 'stdout' | 'stderr'
  readonly text: string
}

export interface Command {
  /** What failures call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly place?: Place
  /** It reads from file 3 and writes to file 4, too. */
  readonly pipes?: true
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const POLITE_MS = 3_000
const LINES_SHOWN = 25

// A test run that is itself killed must leave no client behind: Linux ends the child with its parent, where asked.
const TIED =
  spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []

export class Child {
  readonly name: string
  readonly lines: Line[] = []
  readonly ended: Promise<Ended>
  #process: ChildProcess
  #end: Ended | undefined
  #watchers = new Set<() => void>()

  constructor({ name, command, args, cwd, place = LOOPBACK, pipes }: Command) {
    this.name = name
    const [first = command, ...rest] = [...TIED, ...place.prefix, command, ...args]
    this.#process = spawn(first, rest, { cwd, stdio: Array.from({ length: pipes ? 5 : 3 }, () => 'pipe' as const) })
    // The far end of a pipe may close at any time while a child is being stopped.
    this.#process.stdin?.on('error', () => {})
    for (const from of ['stdout', 'stderr'] as const) {
      const stream = this.#process[from]
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (text) => {
        this.lines.push({ from, text })
        this.#tell()
      })
    }
    this.ended = new Promise((resolve) => {
      const end = (ended: Ended): void => {
        this.#end = ended
        this.#tell()
        resolve(ended)
      }
      this.#process.on('close', (code, signal) => end({ code, signal }))
      this.#process.on('error', (error) => {
        this.lines.push({ from: 'stderr', text: String(error) })
        end({ code: null, signal: null })
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** What it reads from file 3, and what it writes to file 4. */
  get pipes(): { readonly into: Writable; readonly from: Readable } {
    const [, , , into, from] = this.#process.stdio
    if (!(into instanceof Duplex) || !(from instanceof Duplex)) throw this.failure('was started without more pipes')
    return { into, from }
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** The first line, printed already or still to come, of which `read` makes something. */
  waitFor<T>(what: string, read: (line: Line) => T | undefined, boundMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let at = 0
      const finish = (settle: () => void): void => {
        clearTimeout(bound)
        this.#watchers.delete(look)
        settle()
      }
      const look = (): void => {
        for (let line = this.lines[at]; line !== undefined; line = this.lines[++at]) {
          const found = read(line)
          if (found === undefined) continue
          finish(() => resolve(found))
          return
        }
        const end = this.#end
        if (end !== undefined) finish(() => reject(this.failure(`ended (${end.code ?? end.signal}) before it ${what}`)))
      }
      const bound = setTimeout(() => finish(() => reject(this.failure(`has not ${what} after ${boundMs} ms`))), boundMs)
      this.#watchers.add(look)
      look()
    })
  }

  /** How it ended by itself. */
  async end(boundMs: number): Promise<Ended> {
    let bound: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      bound = setTimeout(() => reject(this.failure(`has not ended after ${boundMs} ms`)), boundMs)
    })
    try {
      return await Promise.race([this.ended, late])
    } finally {
      clearTimeout(bound)
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#end === undefined) this.#process.kill(signal)
  }

  /** Ends it politely, and by force where it does not listen. */
  async stop(): Promise<Ended> {
    this.signal('SIGTERM')
    const force = setTimeout(() => this.signal('SIGKILL'), POLITE_MS)
    const ended = await this.ended
    clearTimeout(force)
    return ended
  }

  /** An error that shows the last lines of the child, which is where the reason usually stands. */
  failure(what: string): Error {
    return new Error(`${this.name} ${what}\n${this.tail()}`)
  }

  tail(lines = LINES_SHOWN): string {
    const shown = withoutRepeats(this.lines)
      .slice(-lines)
      .map(({ from, text }) => `      ${from}| ${text}`)
    return shown.length === 0 ? '      (it printed nothing)' : shown.join('\n')
  }
}

/** What begins like the line before it is progress: of such lines the last says enough. */
const REPEAT_LENGTH = 18
const withoutRepeats = (lines: readonly Line[]): Line[] =>
  lines.filter(({ text }, at) => text.slice(0, REPEAT_LENGTH) !== lines[at + 1]?.text.slice(0, REPEAT_LENGTH))
