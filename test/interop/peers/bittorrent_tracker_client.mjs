// The client of the npm package `bittorrent-tracker`, as it is in every WebTorrent, for the interoperability tests.
//   node bittorrent_tracker_client.mjs TRACKER INFO_HASH PEER_ID
// Run it from the folder where `bittorrent-tracker` is installed. It announces as a downloader, then that it has
// completed, scrapes, leaves, and prints what it is answered to each; then it ends. It makes no offers over WebSocket.
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const { default: Client } = await import(pathToFileURL(path.resolve('node_modules/bittorrent-tracker/client.js')).href)
const [announce, infoHash, peerId] = process.argv.slice(2)
const say = (line) => console.log(JSON.stringify(line))

// It leaves WebSocket out where there is no WebRTC, which it would use for offers only.
const client = new Client({ infoHash, peerId, announce, port: 6881, wrtc: {} })
client.on('error', (error) => {
  say({ type: 'error', message: String(error) })
  process.exit(1)
})
client.on('warning', (warning) => say({ type: 'warning', message: String(warning) }))
const answer = (event) => new Promise((resolve) => client.once(event, resolve))
const asked = async (type, event, ask) => {
  const answered = answer(event)
  ask()
  const { complete, incomplete, downloaded } = await answered
  say({ type, complete, incomplete, downloaded })
}
await asked('started', 'update', () => client.start({ numwant: 0, left: 7 }))
await asked('completed', 'update', () => client.complete({ numwant: 0, left: 0 }))
await asked('scraped', 'scrape', () => client.scrape())
await asked('stopped', 'update', () => client.stop({ numwant: 0, left: 0 }))
client.destroy(() => process.exit(0))
