/**
 * A DHT of a thousand nodes in the simulated world, under loss, churn and lies: how many announced peers are found.
 *
 *   node --import tsx bench/dht.ts [NODES] [TORRENTS] [SEED]
 */
import { runDht } from '../test/dht/simulated-dht.js'

const [nodes = 1_000, torrents = 20, seed = 1] = process.argv.slice(2).map(Number)
const began = process.cpuUsage()
const outcome = await runDht({ seed, nodes, torrents, lossRate: 0.03, churnPercent: 2, liars: 4 * torrents })
const { user, system } = process.cpuUsage(began)
console.log(JSON.stringify({ nodes, torrents, seed, ...outcome, cpuSeconds: (user + system) / 1e6 }))
