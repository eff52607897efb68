/** What happens, as lines of JSON on stderr: what `--log-level` asks for of a command that runs for long. */
import type { TrackerLogger } from '../../tracker/index.js'
import type { LogLevel } from './context.js'

/** Of lines that nobody reads so much is kept, and then lines are dropped: a reader that stands still stops no tracker. */
const UNREAD_BYTES_MAX = 1_048_576

export const openLogLines = async (level: LogLevel): Promise<TrackerLogger> => {
  const { default: pino } = await import('pino')
  const stderr = pino.destination({ dest: process.stderr.fd, sync: false, maxLength: UNREAD_BYTES_MAX })
  // Whoever read it is gone, which is no fault of the command's.
  stderr.on('error', () => {})
  process.on('exit', () => {
    try {
      stderr.flushSync()
    } catch {
      // It cannot be told any more.
    }
  })
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger: TrackerLogger = pino(options, stderr)
  return logger
}
