/** The terminal: where the words of a command go, and where its signals come from. */
import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import { messageOf, systemCode, TorrewindError } from '../errors.js'
import { defaultDataFolder } from '../node/machine.js'
import { type CommandContext, type JsonLine, LOG_LEVELS, type LogLevel } from './context.js'

/** What a process ends with that was stopped by Ctrl-C: 128 and the number of SIGINT. */
export const STOPPED = 130

/** What is said of writing to a pipe that nobody reads, and to a terminal that is gone. */
const UNHEARD: readonly (string | undefined)[] = ['EPIPE', 'EIO']

/** Its file descriptor. */
const STDIN = 0

export interface CommonOptions {
  readonly data?: string | undefined
  readonly logLevel?: LogLevel | undefined
  /** Whether the level was given, and is not what holds otherwise. */
  readonly logsLines?: boolean | undefined
}

/** `--json` must be known before the command line is parsed, since errors of parsing are told by it too. */
const asksForJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).includes('--json')
}

export class Terminal implements CommandContext {
  readonly json: boolean
  #data: string | undefined
  #level: LogLevel = 'info'
  #logsLines = false
  #hungUp: (() => void) | undefined
  #unheard = false
  readonly #stopping = new AbortController()

  constructor(args: readonly string[]) {
    this.json = asksForJson(args)
    // A reader that goes away (`| head`), or a terminal that is closed, is no fault of the command's.
    process.stdout.on('error', (error) => {
      if (!UNHEARD.includes(systemCode(error))) throw error
      this.#unheard = true
    })
    process.stderr.on('error', () => {})
  }

  configure({ data, logLevel = 'info', logsLines = false }: CommonOptions): void {
    this.#data = data
    this.#level = logLevel
    this.#logsLines = logsLines
  }

  get dataDir(): string {
    return this.#data === undefined ? defaultDataFolder() : resolve(this.#data)
  }

  get logLevel(): LogLevel {
    return this.#level
  }

  get logsLines(): boolean {
    return this.#logsLines
  }

  get unheard(): boolean {
    return this.#unheard
  }

  get stopped(): AbortSignal {
    return this.#stopping.signal
  }

  say(line: JsonLine): void {
    if (this.json) this.print(JSON.stringify(line))
  }

  tell(text: string): void {
    if (this.json) this.#mutter('info', text)
    else this.print(text)
  }

  print(text: string): void {
    if (!this.#unheard) process.stdout.write(`${text}\n`)
  }

  warn(text: string): void {
    this.#mutter('warn', text)
  }

  debug(text: string): void {
    this.#mutter('debug', text)
  }

  fail(error: unknown): void {
    const code = error instanceof TorrewindError ? error.code : 'INTERNAL_FAULT'
    const message = messageOf(error)
    this.say({ type: 'error', code, message })
    const told = error instanceof Error && code === 'INTERNAL_FAULT' ? (error.stack ?? message) : message
    this.#mutter('error', `torrewind: ${told} (${code})`)
  }

  written(): Promise<void> {
    return new Promise((done) => {
      if (this.#unheard) done()
      else process.stdout.write('', () => done())
    })
  }

  onHangup(act: () => void): void {
    this.#hungUp = act
  }

  untilStopped(): Promise<void> {
    return new Promise((done) => {
      if (this.stopped.aborted) done()
      else this.stopped.addEventListener('abort', () => done(), { once: true })
    })
  }

  /** The first signal asks the command to let go, the second Ctrl-C or SIGTERM ends it at once. */
  listenToSignals(): void {
    const hadTerminal = isatty(STDIN)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (this.stopped.aborted) {
          if (signal !== 'SIGHUP') process.exit(STOPPED)
          return
        }
        // A terminal that is gone is none any more.
        const isReload = signal === 'SIGHUP' && this.#hungUp !== undefined && !(hadTerminal && !isatty(STDIN))
        if (isReload) {
          this.#hungUp?.()
          return
        }
        if (signal === 'SIGINT' && process.stderr.isTTY) {
          this.#mutter('info', '\nStopping in good order; press Ctrl-C again to end at once.')
        }
        this.#stopping.abort()
      })
    }
  }

  #mutter(level: LogLevel, text: string): void {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#level)) process.stderr.write(`${text}\n`)
  }
}
