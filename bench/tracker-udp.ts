/**
 * The tracker over UDP beside an empty server of Node's `dgram`, which answers the same number of bytes, and beside the
 * npm package `bittorrent-tracker`: announces a second, with 1,000 swarms and 50 peers a reply.
 *
 * Each round loads one after the other, and ratios are those of a round, so that what else the machine does meanwhile
 * counts for all. Needs a C compiler; without the npm package the last is left out.
 *
 *   node --import tsx bench/tracker-udp.ts [ROUNDS] [SECONDS]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { printServers, ratiosTo, type Server, startServers } from './servers.js'
import { median } from './table.js'
import { compileUdpLoad, udpLoad } from './udp-load.js'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)

const folder = mkdtempSync(path.join(tmpdir(), 'torrewind-bench-'))
const servers: Server[] = []
try {
  const program = compileUdpLoad(folder)
  servers.push(...(await startServers('an empty dgram server', 'udp-empty.mjs')))
  for (const server of servers) udpLoad(program, server, 0)
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) server.rates.push(udpLoad(program, server, seconds))
  }
} finally {
  for (const { child } of servers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

printServers('UDP tracker', servers)
const [toEmpty, toOther] = servers.slice(1).map((server) => median(ratiosTo(servers, server)))
console.log(
  `Wanted: at least 0.7 of an empty server (${toEmpty?.toFixed(2)}), and 5 times bittorrent-tracker (${toOther?.toFixed(1) ?? 'left out'}).`,
)
