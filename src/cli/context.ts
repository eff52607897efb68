/** What every command is given: the flags that all commands share, where its words go, and when it is to stop. */

/** One object on a line of its own under `--json`; its fields may grow, but keep their names and meanings. */
export type JsonLine = { readonly type: string } & Readonly<Record<string, unknown>>

/** What `--log-level` takes: how much is said on stderr. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * A command is made before the command line is parsed, as `(context: CommandContext) => Command` of commander, and may
 * ask for `json`, `dataDir` and `logLevel` from its action on. It reports what went wrong by throwing: `main` shows it
 * and chooses the exit code. When `stopped` is aborted it lets go in good order and returns; `main` then exits with 130.
 */
export interface CommandContext {
  readonly json: boolean
  /** Absolute. `--data`, `$TORREWIND_DATA`, or what is the custom on this platform. */
  readonly dataDir: string
  readonly logLevel: LogLevel
  /** Whether the level was asked for: then a command that runs for long says what happens in lines of JSON on stderr. */
  readonly logsLines: boolean
  /** Under `--json` a line on stdout; nothing without it. */
  say(line: JsonLine): void
  /** Text for people: a line on stdout, or under `--json` on stderr, where the level is `info` or more. */
  tell(text: string): void
  /** A line on stdout, under `--json` too: what was asked for, in its own format. */
  print(text: string): void
  /** Text for people on stderr, where the level is `warn` or more. */
  warn(text: string): void
  /** Text for people on stderr, where the level is `debug`. */
  debug(text: string): void
  /** Shows an error as `main` does, for one that does not end the command. */
  fail(error: unknown): void
  /** Resolves when stdout took what was written: to be awaited by whoever writes much. */
  written(): Promise<void>
  /** Whoever read stdout is gone (`| head`): a command that only prints may end. */
  readonly unheard: boolean
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. The second Ctrl-C or SIGTERM ends the process at once. */
  readonly stopped: AbortSignal
  /**
   * SIGHUP stops the command no more, but is told: as daemons have it, which read their files again. Where it means that the
   * terminal is gone, it stops as ever.
   */
  onHangup(act: () => void): void
  /** Resolves when `stopped` is aborted, at once where it was. */
  untilStopped(): Promise<void>
}
