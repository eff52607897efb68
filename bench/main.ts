/**
 * All benchmarks that compare, one after the other: `npm run bench`. Nothing else should run on the machine meanwhile.
 *
 * bench/hash.ts, bench/log.ts and bench/history.ts measure parts, and are run by themselves.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const run = (title: string, file: string, args: readonly string[]): void => {
  console.log(`\n## ${title}\n`)
  const script = fileURLToPath(new URL(file, import.meta.url))
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run('Transfers beside libtorrent', 'transfer.ts', ['5', '1024'])
run('A large torrent', 'large.ts', ['10'])
run('The event log', 'log.ts', ['1000000'])
run('The stores of the tracker', 'tracker-store.ts', ['5'])
run('The simulator', 'simulator.ts', ['120'])
run('The tracker over UDP', 'tracker-udp.ts', ['5', '2'])
run('The tracker over WebSocket', 'tracker-ws.ts', ['10000', '5'])
