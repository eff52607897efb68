/** Servers that are measured beside ours: started, loaded in turns, and compared by the rates of each round. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NPM_PEERS, npmPeersUnavailable } from '../test/interop/npm-peers.js'
import { printTable, range } from './table.js'

export const SWARMS = 1_000
export const PEERS = 60

export interface Server {
  readonly name: string
  readonly child: ChildProcess
  readonly udp: number
  readonly http: number
  /** Of each round, in announces a second. */
  readonly rates: number[]
}

export const benchFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const startServer = async (name: string, args: readonly string[], cwd?: string): Promise<Server> => {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'], cwd })
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, udp = 0, http = 0 }: { type?: string; udp?: number; http?: number } = JSON.parse(line)
    if (type === 'listening') return { name, child, udp, http, rates: [] }
  }
  throw new Error(`${name} does not listen`)
}

/** Our tracker first, then the empty server of this script, then `bittorrent-tracker`, where it is there. */
export const startServers = async (emptyName: string, emptyScript: string): Promise<Server[]> => {
  const flags = ['tracker', '--host', '127.0.0.1', '--http', '0', '--udp', '0', '--rate', '1000000', '--json']
  const servers = [
    await startServer('our tracker', [benchFile('../dist/src/cli/main.js'), ...flags]),
    await startServer(emptyName, [benchFile(emptyScript)]),
  ]
  const absent = npmPeersUnavailable()
  if (absent !== undefined) console.log(`bittorrent-tracker is left out: ${absent}`)
  else {
    const script = benchFile('../test/interop/peers/bittorrent_tracker.mjs')
    servers.push(await startServer('bittorrent-tracker', [script, '127.0.0.1'], NPM_PEERS))
  }
  return servers
}

/** How many times as fast as it ours is, in each round. */
export const ratiosTo = (servers: readonly Server[], { rates }: Server): number[] =>
  rates.map((rate, round) => (servers[0]?.rates[round] ?? Number.NaN) / rate)

export const printServers = (title: string, servers: readonly Server[]): void =>
  printTable(
    [title, 'announces a second', 'ours to it'],
    servers.map((server) => [server.name, range(server.rates), range(ratiosTo(servers, server), 2)]),
  )
