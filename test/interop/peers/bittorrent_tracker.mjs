// The tracker of the npm package `bittorrent-tracker`, over HTTP, WebSocket at the same port, and UDP, for the interoperability tests.
//   node bittorrent_tracker.mjs HOST
// Run it from the folder where `bittorrent-tracker` is installed. It prints {"type":"listening","http":N,"udp":N},
// then a line for each announce, and ends when its standard input does.
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const { default: Server } = await import(pathToFileURL(path.resolve('node_modules/bittorrent-tracker/server.js')).href)
const say = (line) => console.log(JSON.stringify(line))
process.stdin.on('end', () => process.exit(0)).resume()

// Behind no proxy, and with every peer on one machine, the address of the connection is the peer's.
const server = new Server({ udp: true, http: true, ws: true, stats: false, trustProxy: false })
server.on('error', (error) => {
  say({ type: 'error', message: String(error) })
  process.exit(1)
})
server.on('warning', (warning) => console.error(String(warning)))
for (const type of ['start', 'complete', 'update', 'stop']) {
  server.on(type, (address) => say({ type: 'announced', event: type, address }))
}
const host = process.argv[2] ?? '127.0.0.1'
// It opens a socket for UDP over IPv6 in any case, which cannot have an address of IPv4.
server.listen(0, { http: host, udp: host, udp6: '::1' }, () => {
  say({ type: 'listening', http: server.http.address().port, udp: server.udp.address().port })
})
