// A WebTorrent peer for the interoperability tests; it says what it does in JSON lines.
//   node webtorrent_peer.mjs seed TORRENT DIR [--host H] [--port P] [--trackers]
//   node webtorrent_peer.mjs get  TORRENT DIR [--host H] [--port P] [--peer HOST:PORT]... [--trackers] [--stay]
// Run it from the folder where `webtorrent` is installed. It ends when its standard input does.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

// It says at length that it has no uTP, which is as it should be here.
const { warn } = console
console.warn = () => {}
const { default: WebTorrent } = await import(pathToFileURL(path.resolve('node_modules/webtorrent/index.js')).href)
console.warn = warn
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    peer: { type: 'string', multiple: true, default: [] },
    trackers: { type: 'boolean', default: false },
    stay: { type: 'boolean', default: false },
  },
})
const [role, torrent, dir] = positionals
const say = (line) => console.log(JSON.stringify(line))
process.stdin.on('end', () => process.exit(0)).resume()

const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  tracker: values.trackers ? { wrtc: false } : false,
  torrentPort: Number(values.port),
})
client.on('error', (error) => {
  say({ type: 'error', message: String(error) })
  process.exit(1)
})
client.on('listening', () => say({ type: 'listening', port: client.torrentPort }))
const begun = Date.now()
client.add(fs.readFileSync(torrent), { path: dir, skipVerify: role === 'seed' }, (handle) => {
  handle.on('warning', (warning) => console.error(String(warning)))
  if (role === 'seed') return say({ type: 'seeding' })
  for (const peer of values.peer) handle.addPeer(peer)
  const finish = () => {
    say({ type: 'done', bytes: handle.length, seconds: (Date.now() - begun) / 1000 })
    // Leaving politely closes the store, which writes what it still holds.
    if (!values.stay) client.destroy(() => process.exit(0))
  }
  if (handle.done) finish()
  else handle.on('done', finish)
})
