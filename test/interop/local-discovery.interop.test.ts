/** Local service discovery (BEP 14): Torrewind and libtorrent find each other in a network where nobody names a peer. */
import { spawnSync } from 'node:child_process'
import type { Peer } from './client.js'
import { makeSample, type Sample, SHAPES } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { waitForJson } from './json.js'
import { libtorrent } from './libtorrent.js'
import { type Network, networkUnavailable } from './network.js'
import type { Place } from './place.js'
import { PYTHON, peerScript } from './python.js'
import { type Rig, until } from './rig.js'
import { MAIN, torrewind } from './torrewind.js'

const test = interopSuite('interop: local discovery')
/** Three pairs at once, on a machine that may have other things to do. */
const STEP_BOUND_MS = 60_000
const BOUND_MS = 150_000
const namespaces: Peer = { name: 'network namespaces', available: networkUnavailable }

/** A machine in the network, which the system takes up to a second to call one. */
const machine = async (network: Network): Promise<Place> => {
  const place = network.place()
  const [command = '', ...prefix] = [...place.prefix, 'cat', '/sys/class/net/eth0/operstate']
  const isUp = async (): Promise<true | undefined> =>
    spawnSync(command, prefix, { encoding: 'utf8', timeout: 10_000 }).stdout.trim() === 'up' || undefined
  await until(`the link of ${place.host} being up`, isUp, STEP_BOUND_MS)
  return place
}

interface Local {
  seed(rig: Rig, sample: Sample, place: Place): Promise<unknown>
  get(rig: Rig, sample: Sample, place: Place): Promise<{ readonly dir: string }>
}

/** With the defaults of the command line, but for the router. */
const ours: Local = {
  seed: async (rig, sample, place) => {
    const where = ['--path', sample.dir, '--data', await rig.folder('torrewind-data')]
    const args = [MAIN, 'seed', sample.torrent, ...where, '--no-upnp', '--json']
    const child = rig.start({ name: 'torrewind seed', command: process.execPath, args, place })
    return waitForJson(child, 'seeding', STEP_BOUND_MS)
  },
  get: async (rig, sample, place) => {
    const dir = await rig.folder('torrewind')
    const args = [MAIN, 'get', sample.torrent, '-d', dir, '--data', await rig.folder('data'), '--no-upnp', '--json']
    const child = rig.start({ name: 'torrewind get', command: process.execPath, args, place })
    await waitForJson(child, 'done', STEP_BOUND_MS)
    return { dir }
  },
}

const theirs: Local = {
  seed: async (rig, sample, place) => {
    const args = [peerScript('libtorrent_peer.py'), 'seed', sample.torrent, sample.dir, '--host', place.host, '--lsd']
    const child = rig.start({ name: 'libtorrent seed', command: PYTHON, args, place })
    return waitForJson(child, 'seeding', STEP_BOUND_MS)
  },
  get: async (rig, sample, place) => {
    const dir = await rig.folder('libtorrent')
    const args = [peerScript('libtorrent_peer.py'), 'get', sample.torrent, dir, '--host', place.host, '--lsd']
    await waitForJson(rig.start({ name: 'libtorrent get', command: PYTHON, args, place }), 'done', STEP_BOUND_MS)
    return { dir }
  },
}

const PAIRS = [
  ['Torrewind from Torrewind', ours, ours],
  ['Torrewind from libtorrent', theirs, ours],
  ['libtorrent from Torrewind', ours, theirs],
] as const

test(
  'Torrewind and libtorrent fetch from each other without a tracker and without an address',
  [torrewind, libtorrent, namespaces],
  async (rig) => {
    const network = rig.network()
    await Promise.all(
      PAIRS.map(async ([name, from, to], at) => {
        const content = await rig.folder('content')
        const sample = await makeSample(content, { ...SHAPES.small, name: `number ${at}.bin` })
        try {
          const [here, there] = await Promise.all([machine(network), machine(network)])
          await from.seed(rig, sample, here)
          await compareFetched(sample, await to.get(rig, sample, there))
        } catch (error) {
          if (error instanceof Error) error.message = `${name}: ${error.message}`
          throw error
        }
      }),
    )
  },
  BOUND_MS,
)

test.run()
