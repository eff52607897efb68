// Two clients of the npm package `bittorrent-tracker`, a seed and a leech, for the interoperability tests.
//   node bittorrent_tracker_clients.mjs ANNOUNCE_URL
// Run it from the folder where `bittorrent-tracker` is installed. It prints {"type":"told",...}, what the tracker told
// each of them step by step, and ends when its standard input does.
import { once } from 'node:events'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const { default: Client } = await import(pathToFileURL(path.resolve('node_modules/bittorrent-tracker/client.js')).href)
process.stdin.on('end', () => process.exit(0)).resume()

const infoHash = Buffer.alloc(20, 0x5a)
const clientOf = (letter, port) => {
  const peerId = Buffer.from(`-XX0001-${letter.repeat(12)}`)
  const client = new Client({ infoHash, peerId, port, announce: process.argv[2], wrtc: false })
  for (const kind of ['error', 'warning']) {
    client.on(kind, (error) => {
      console.error(String(error))
      process.exit(1)
    })
  }
  return client
}
const step = async (client, act, event = 'update') => {
  const [[told]] = await Promise.all([once(client, event), act()])
  const { complete, incomplete, downloaded } = told
  return event === 'scrape' ? { complete, incomplete, downloaded } : { complete, incomplete }
}

const [seed, leech] = [clientOf('s', 7001), clientOf('l', 7002)]
const peers = []
leech.on('peer', (address) => peers.push(address))
const told = {
  seed: await step(seed, () => seed.start({ uploaded: 0, downloaded: 0, left: 0 })),
  leech: await step(leech, () => leech.start({ uploaded: 0, downloaded: 0, left: 1000 })),
  scraped: await step(leech, () => leech.scrape(), 'scrape'),
  completed: await step(leech, () => leech.complete({ uploaded: 0, downloaded: 1000, left: 0 })),
}
await step(seed, () => seed.stop())
told.left = await step(leech, () => leech.scrape(), 'scrape')
console.log(JSON.stringify({ type: 'told', peers, ...told }))
