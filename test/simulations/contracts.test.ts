/** The simulated ports keep the contracts that the real ones keep. */
import { test } from 'uvu'
import { SimulatedClock } from '../../simulations/clock.js'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import { diskConditions, SimulatedDisk } from '../../simulations/disk.js'
import { DiskMedium } from '../../simulations/medium.js'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { World } from '../../simulations/world.js'
import { clockContract } from '../contracts/clock.js'
import { datagramsContract } from '../contracts/datagrams.js'
import { diskContract } from '../contracts/disk.js'
import { networkContract } from '../contracts/network.js'
import { untilIn } from './until.js'

for (const driftPpm of [0, 200, -200])
  clockContract(`simulated clock, ${driftPpm} ppm off`, () => {
    const world = new World(1)
    return { clock: new SimulatedClock(world, 0, { driftPpm }), until: untilIn(world) }
  })

const networkWorld = (settings: Parameters<SimulatedNetwork['attach']>[1]) => async () => {
  const world = new World(7)
  const network = new SimulatedNetwork(world)
  const host = network.attach(0, settings)
  return {
    network: new ProcessNetwork(network, host),
    host: settings.host,
    until: untilIn(world),
    refusing: async () => ({ host: settings.host, port: 9 }),
    silent: async () => ({ host: '10.255.255.255', port: 9 }),
    close: async () => undefined,
  }
}

networkContract('simulated network, no limits', networkWorld({ host: '10.0.0.1', cutOneIn: 2 }))
networkContract(
  'simulated network, slow and lossy',
  networkWorld({
    host: '10.0.0.1',
    uploadRate: 20_000_000,
    downloadRate: 10_000_000,
    lossRate: 0.001,
    latencyUs: 30_000,
  }),
)

const datagramsWorld = (settings: Parameters<SimulatedNetwork['attach']>[1], foreign: string) => async () => {
  const world = new World(7)
  const network = new SimulatedNetwork(world)
  const host = network.attach(0, settings)
  return {
    datagrams: new ProcessDatagrams(network, host),
    host: settings.host,
    elsewhere: settings.host.includes(':') ? 'fd00::99' : '10.255.255.255',
    foreign,
    until: untilIn(world),
    close: async () => undefined,
  }
}

datagramsContract('simulated datagrams of IPv4', datagramsWorld({ host: '10.0.0.1' }, 'fd00::1'))
datagramsContract('simulated datagrams of IPv6', datagramsWorld({ host: 'fd00::1' }, '10.0.0.1'))
datagramsContract(
  'simulated datagrams, slow',
  datagramsWorld({ host: '10.0.0.1', uploadRate: 100_000, downloadRate: 80_000 }, 'fd00::1'),
)

diskContract('simulated disk', async () => {
  const world = new World(3)
  const medium = new DiskMedium()
  const parts = {
    clock: new SimulatedClock(world, 0),
    medium,
    conditions: diskConditions(),
    chance: world.chance('disk'),
  }
  return {
    open: (files, preallocate = false) => new SimulatedDisk(world, 0, parts, { folder: '/', files, preallocate }),
    folder: '/',
    elsewhere: '/elsewhere',
    openAt: (folder, files) => new SimulatedDisk(world, 0, parts, { folder, files, preallocate: false }),
    until: untilIn(world),
    close: async () => undefined,
  }
})

test.run()
