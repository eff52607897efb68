/**
 * The tracker over HTTP beside an empty server of Node's `http`, which answers the same number of bytes, and beside the npm
 * package `bittorrent-tracker`: announces a second over connections that are kept, with 1,000 swarms and 50 peers a reply.
 *
 * Each round loads one after the other, and ratios are those of a round, so that what else the machine does meanwhile
 * counts for all. Needs `wrk` and a C compiler (swarms are filled over UDP); without the npm package the last is left out.
 *
 *   node --import tsx bench/tracker-http.ts [ROUNDS] [SECONDS]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { benchFile, printServers, ratiosTo, type Server, startServers } from './servers.js'
import { median } from './table.js'
import { compileUdpLoad, udpLoad } from './udp-load.js'

const CONNECTIONS = 32
/** Of 50 peers, without the head of the response and what else an answer has. */
const PEERS_BYTES = 300

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)

/** Announces answered in a second. */
const httpLoad = ({ name, http }: Server, forSeconds: number): number => {
  const script = benchFile('http-load.lua')
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${forSeconds}s`, '-s', script, `http://127.0.0.1:${http}`]
  const lines = execFileSync('wrk', args, { encoding: 'utf8', timeout: 120_000 }).trimEnd().split('\n')
  const said: { requests: number; failed: number; seconds: number; bytes: number } = JSON.parse(lines.at(-1) ?? '')
  if (said.failed > 0 || said.bytes < PEERS_BYTES) throw new Error(`${name} did not answer as it should: ${lines}`)
  return said.requests / said.seconds
}

const folder = mkdtempSync(path.join(tmpdir(), 'torrewind-bench-'))
const servers: Server[] = []
try {
  const program = compileUdpLoad(folder)
  servers.push(...(await startServers('an empty node:http server', 'http-empty.mjs')))
  for (const server of servers) if (server.udp > 0) udpLoad(program, server, 0)
  for (const server of servers) httpLoad(server, 1)
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) server.rates.push(httpLoad(server, seconds))
  }
} finally {
  for (const { child } of servers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

printServers('HTTP tracker', servers)
const [toEmpty, toOther] = servers.slice(1).map((server) => median(ratiosTo(servers, server)))
console.log(
  `Wanted: at least 3 times bittorrent-tracker (${toOther?.toFixed(1) ?? 'left out'}); it is ${toEmpty?.toFixed(2)} of an empty server.`,
)
