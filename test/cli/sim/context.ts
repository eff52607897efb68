/** A command's context without a terminal: keeps what the command says. */
import type { CommandContext, JsonLine } from '../../../src/cli/context.js'

export class KeptContext implements CommandContext {
  readonly json = true
  readonly dataDir = '/'
  readonly logLevel = 'info'
  readonly logsLines = false
  readonly unheard = false
  readonly lines: JsonLine[] = []
  readonly warnings: string[] = []
  readonly #stopping = new AbortController()
  /** Hears of each line. */
  onLine: ((line: JsonLine) => void) | undefined

  get stopped(): AbortSignal {
    return this.#stopping.signal
  }

  stop(): void {
    this.#stopping.abort()
  }

  say(line: JsonLine): void {
    this.lines.push(JSON.parse(JSON.stringify(line)) as JsonLine)
    this.onLine?.(line)
  }

  warn(text: string): void {
    this.warnings.push(text)
  }

  fail(error: unknown): void {
    this.warnings.push(String(error))
  }

  tell(): void {}
  print(): void {}
  debug(): void {}
  onHangup(): void {}
  async written(): Promise<void> {}

  untilStopped(): Promise<void> {
    return new Promise((resolve) => this.stopped.addEventListener('abort', () => resolve()))
  }
}
