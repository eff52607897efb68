// One Torrewind peer for benchmarks, on the compiled library:
//   node torrewind-peer.mjs seed|get|stay|metadata TORRENT DIR DATA [HOST:PORT|-] [events|inputs] [OPTIONS]
// OPTIONS are those of the engine, in JSON; `bounds` among them are those of the transfer.
import { createEngine } from '../dist/src/index.js'

const [role, torrent, dir, dataDir, peer = '-', record = 'events', options = '{}'] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const { bounds, ...engineOptions } = JSON.parse(options)
const engine = await createEngine({ dataDir, host: '127.0.0.1', ...engineOptions })
process.on('SIGTERM', async () => {
  const storedBytes = engine.transfers[0]?.progress.storedBytes ?? 0
  say({ type: 'stopped', cpuSeconds: cpuSeconds(), rssMiB: process.resourceUsage().maxRSS / 1024, storedBytes })
  await engine.close()
  process.exit(0)
})
say({ type: 'listening', port: engine.port })
const begun = performance.now()
const [host, port] = peer.split(':')
const transfer = await engine.add(torrent, {
  path: dir,
  peers: peer === '-' ? [] : [{ host, port: Number(port) }],
  record,
  bounds,
})
if (role === 'seed') {
  await transfer.ready
  say({ type: 'seeding', cpuSeconds: cpuSeconds() })
} else if (role === 'metadata') {
  await transfer.metadata
  const seconds = (performance.now() - begun) / 1000
  say({ type: 'done', seconds, cpuSeconds: cpuSeconds(), rssMiB: process.resourceUsage().maxRSS / 1024 })
  process.exit(0) // closing is not what is measured
} else {
  try {
    await transfer.done
  } catch {
    await new Promise(() => undefined) // stopped before its end: the signal's listener exits
  }
  const seconds = (performance.now() - begun) / 1000
  const { totalBytes, wastedBytes } = transfer.progress
  say({
    type: 'done',
    bytes: totalBytes,
    seconds,
    mibPerSecond: totalBytes / seconds / 1048576,
    cpuSeconds: cpuSeconds(),
    rssMiB: process.resourceUsage().maxRSS / 1024,
    wastedBytes,
    events: transfer.state.nextSeq,
  })
  if (role === 'get') {
    await engine.close()
    process.exit(0)
  }
}
