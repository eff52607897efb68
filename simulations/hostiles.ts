/** Hostile peers of a swarm: those that faults may make hostile, each on a host of its own or many on few. */
import type { SimulatedNode } from './node.js'
import { type NodeSettings, PEER_PORT } from './node-settings.js'
import type { RunSettings } from './settings.js'
import type { Swarm } from './swarm.js'

const SEED_SHARE = 0.5

/** Many on few hosts are Sybils: peers of many names that are banned for what one of them did. */
export const addHostiles = (swarm: Swarm, settings: RunSettings, host: NodeSettings['host']): SimulatedNode[] => {
  const { hostiles, hostileHosts } = settings
  const chance = swarm.world.chance('hostiles')
  const added: SimulatedNode[] = []
  for (let number = 0; number < hostiles; number++) {
    const housemate = hostileHosts === 0 ? undefined : added[number % hostileHosts]
    const place = housemate === undefined ? {} : { behind: housemate.address.host, port: PEER_PORT + number }
    added.push(swarm.add({ seed: chance.happens(SEED_SHARE), group: 'hostiles', host, ...place }))
  }
  return added
}
