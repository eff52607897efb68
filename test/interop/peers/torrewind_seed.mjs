// A program that embeds Torrewind and seeds a torrent: it says every event in JSON lines, until it is told to end.
//   torrewind_seed.mjs TORRENT DIR DATA [LEASE_MS]
import { createEngine } from '../../../dist/src/index.js'

const [torrent, path, dataDir, lease] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const portMappingLeaseMs = lease === undefined ? undefined : Number(lease)
const engine = await createEngine({ dataDir, dht: false, lsd: false, portMappingLeaseMs })
say({ type: 'listening', port: engine.port })
const transfer = await engine.add(torrent, { path })
await transfer.ready
say({ type: 'seeding' })
process.once('SIGTERM', async () => {
  const began = Date.now()
  await engine.close()
  say({ type: 'closed', ms: Date.now() - began })
})
try {
  for await (const { event } of transfer.events()) say({ type: 'event', name: event.type, event })
} catch (error) {
  if (error.code !== 'TRANSFER_CLOSED') throw error
}
