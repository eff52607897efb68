// A program that embeds Torrewind: it adds a torrent and says every event of it in JSON lines, until it is told to end.
//   torrewind_events.mjs TORRENT DIR DATA OPTIONS [HOST:PORT]
// OPTIONS are those of the engine, in JSON; the last is a peer.
import { createEngine } from '../../../dist/src/index.js'

const [torrent, path, dataDir, options, peer] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const engine = await createEngine({ dataDir, dht: false, lsd: false, portMapping: false, ...JSON.parse(options) })
say({ type: 'listening', port: engine.port })
const [host, port] = (peer ?? '').split(':')
const transfer = await engine.add(torrent, { path, peers: peer === undefined ? [] : [{ host, port: Number(port) }] })
process.once('SIGTERM', () => void engine.close())
try {
  for await (const { event } of transfer.events()) say({ type: 'event', name: event.type, event })
} catch (error) {
  if (error.code !== 'TRANSFER_CLOSED') throw error
}
