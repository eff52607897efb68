/**
 * What it costs a tracker to say what happens: announces over UDP a second with nothing switched on, with metrics, and with
 * the log of events, with 1,000 swarms and 50 peers a reply. Needs a C compiler.
 *
 * Each round loads one after the other, and ratios are those of a round.
 *
 *   node --import tsx bench/tracker-events.ts [ROUNDS] [SECONDS]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median, printTable, range } from './table.js'

const SWARMS = 1_000
const PEERS = 60
const WINDOW = 64
const WANTED = 0.75

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)

interface Tracker {
  readonly name: string
  readonly child: ChildProcess
  readonly port: number
  readonly rates: number[]
  announces: number
}

const start = async (name: string, flags: readonly string[]): Promise<Tracker> => {
  const common = ['tracker', '--host', '127.0.0.1', '--http', '0', '--udp', '0', '--rate', '1000000', '--json']
  const args = [file('../dist/src/cli/main.js'), ...common, ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const said: { readonly type?: string; readonly udp?: number } = JSON.parse(line)
    if (said.type === 'listening' && said.udp !== undefined) {
      return { name, child, port: said.udp, rates: [], announces: 0 }
    }
  }
  throw new Error(`${name} does not listen`)
}

const folder = mkdtempSync(path.join(tmpdir(), 'torrewind-bench-'))
const log = path.join(folder, 'events')
const program = path.join(folder, 'udp-load')
const trackers: Tracker[] = []

/** Announces answered in a second. */
const load = (tracker: Tracker, forSeconds: number): number => {
  const args = [tracker.port, forSeconds, WINDOW, SWARMS, PEERS].map(String)
  const said: { answered: number; failed: number; seconds: number } = JSON.parse(
    execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 }),
  )
  if (said.failed > 0) throw new Error(`${tracker.name} did not answer as it should`)
  tracker.announces += said.answered
  return said.answered / said.seconds
}

const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('close', () => resolve()))

try {
  execFileSync('cc', ['-O2', '-o', program, file('udp-load.c')])
  trackers.push(await start('nothing', []))
  trackers.push(await start('metrics', ['--metrics', '0']))
  trackers.push(await start('log of events', ['--log-events', log]))
  for (const tracker of trackers) load(tracker, 0)
  for (let round = 0; round < rounds; round++) {
    for (const tracker of trackers) tracker.rates.push(load(tracker, seconds))
  }
  const [plain, , logging] = trackers
  const ratiosOf = ({ rates }: Tracker): number[] => rates.map((rate, at) => rate / (plain?.rates[at] ?? Number.NaN))
  printTable(
    ['switched on', 'announces a second', 'to nothing'],
    trackers.map((tracker) => [tracker.name, range(tracker.rates), range(ratiosOf(tracker), 2)]),
  )
  if (logging === undefined) throw new Error('the log of events was measured')
  const stopped = ended(logging.child)
  logging.child.kill('SIGTERM')
  await stopped
  const bytes = readdirSync(log, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(log, entry.name)).size, 0)
  console.log(
    `The log has ${(bytes / logging.announces).toFixed(0)} bytes an announce (${logging.announces} announces).`,
  )
  const ratio = median(ratiosOf(logging))
  console.log(`Wanted: with the log at least ${WANTED} of what it is without (${ratio.toFixed(2)}).`)
} finally {
  for (const { child } of trackers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
