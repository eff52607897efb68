/** Runs a script of the tests in a process of its own, and listens to its lines. */
import { type ChildProcess, spawn } from 'node:child_process'
import { bundle } from '../../bundle.js'

export interface Child {
  readonly process: ChildProcess
  /** Every line so far. */
  readonly lines: readonly string[]
  /** Resolves with the first line that this accepts; fails after 20 s or when the process ends without it. */
  line(accepts: (line: string) => boolean): Promise<string>
  /** Resolves when the process is gone and its last line was heard. */
  readonly gone: Promise<void>
}

/** By script, as many tests start the same. */
const bundles = new Map<string, Promise<string>>()

/**
 * `script` is from the root of the project; `fileBlocksMax` bounds the size of each file that it writes, in blocks of 1024
 * bytes, as `ulimit -f` of bash does.
 */
export const runChild = async (script: string, args: readonly string[], fileBlocksMax?: number): Promise<Child> => {
  const built = bundles.get(script) ?? bundle(script)
  bundles.set(script, built)
  const command = [process.execPath, await built, ...args]
  const child =
    fileBlocksMax === undefined
      ? spawn(process.execPath, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('bash', ['-c', `ulimit -f ${fileBlocksMax} && exec "$@"`, 'bash', ...command], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
  const lines: string[] = []
  const waiting = new Set<(line: string | undefined) => void>()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      for (const hear of [...waiting]) hear(line)
    }
  })
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const hear of [...waiting]) hear(undefined)
      resolve()
    })
  })
  const line = (accepts: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const settle = (found: string | undefined): void => {
        if (found !== undefined && !accepts(found)) return
        clearTimeout(overdue)
        waiting.delete(settle)
        if (found === undefined) reject(new Error(`${script} ended before it said it; it said: ${lines.slice(-5)}`))
        else resolve(found)
      }
      const overdue = setTimeout(() => {
        child.kill('SIGKILL')
        waiting.delete(settle)
        reject(new Error(`${script} did not say it within 20 s; it said: ${lines.slice(-5)}`))
      }, 20_000)
      const said = lines.find(accepts)
      if (said !== undefined) settle(said)
      else waiting.add(settle)
    })
  return { process: child, lines, line, gone }
}
