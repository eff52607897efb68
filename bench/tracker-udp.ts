/**
 * The tracker over UDP beside an empty server of Node's `dgram`, which answers the same number of bytes, and beside the
 * npm package `bittorrent-tracker`: announces a second, with 1,000 swarms and 50 peers a reply.
 *
 * Each round loads one after the other, and ratios are those of a round, so that what else the machine does meanwhile
 * counts for all. Needs a C compiler; without the npm package the last is left out.
 *
 *   node --import tsx bench/tracker-udp.ts [ROUNDS] [SECONDS]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NPM_PEERS, npmPeersUnavailable } from '../test/interop/npm-peers.js'
import { median, printTable, range } from './table.js'

const SWARMS = 1_000
const PEERS = 60
const WINDOW = 64

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)

interface Server {
  readonly name: string
  readonly child: ChildProcess
  readonly port: number
  readonly rates: number[]
}

const start = async (name: string, args: readonly string[], cwd?: string): Promise<Server> => {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'], cwd })
  for await (const line of createInterface({ input: child.stdout })) {
    const said: { readonly type?: string; readonly udp?: number } = JSON.parse(line)
    if (said.type === 'listening' && said.udp !== undefined) return { name, child, port: said.udp, rates: [] }
  }
  throw new Error(`${name} does not listen`)
}

/** Announces answered in a second. */
const load = (program: string, { name, port }: Server, forSeconds: number): number => {
  const args = [port, forSeconds, WINDOW, SWARMS, PEERS].map(String)
  const text = execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 })
  const said: { answered: number; failed: number; seconds: number; bytes: number } = JSON.parse(text)
  const isWhole = forSeconds === 0 || said.bytes === 320
  if (said.failed > 0 || !isWhole) throw new Error(`${name} did not answer as it should: ${text}`)
  return said.answered / said.seconds
}

const folder = mkdtempSync(path.join(tmpdir(), 'torrewind-bench-'))
const servers: Server[] = []
try {
  const program = path.join(folder, 'udp-load')
  execFileSync('cc', ['-O2', '-o', program, file('udp-load.c')])
  const flags = ['tracker', '--host', '127.0.0.1', '--http', '0', '--udp', '0', '--rate', '1000000', '--json']
  servers.push(await start('our tracker', [file('../dist/src/cli/main.js'), ...flags]))
  servers.push(await start('an empty dgram server', [file('udp-empty.mjs')]))
  const absent = npmPeersUnavailable()
  if (absent !== undefined) console.log(`bittorrent-tracker is left out: ${absent}`)
  else {
    const script = file('../test/interop/peers/bittorrent_tracker.mjs')
    servers.push(await start('bittorrent-tracker', [script, '127.0.0.1'], NPM_PEERS))
  }
  for (const server of servers) load(program, server, 0)
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) server.rates.push(load(program, server, seconds))
  }
} finally {
  for (const { child } of servers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

const [ours] = servers
const ratiosTo = ({ rates }: Server): number[] => rates.map((rate, round) => (ours?.rates[round] ?? Number.NaN) / rate)
printTable(
  ['UDP tracker', 'announces a second', 'ours to it'],
  servers.map((server) => [server.name, range(server.rates), range(ratiosTo(server), 2)]),
)
const [toEmpty, toOther] = servers.slice(1).map((server) => median(ratiosTo(server)))
console.log(
  `Wanted: at least 0.7 of an empty server (${toEmpty?.toFixed(2)}), and 5 times bittorrent-tracker (${toOther?.toFixed(1) ?? 'left out'}).`,
)
