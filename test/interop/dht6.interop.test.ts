/** The DHT over IPv6 (BEP 32) beyond loopback: two networks, in which nobody has another address, and libtorrent. */
import * as assert from 'uvu/assert'
import { showAddress } from '../../src/values.js'
import type { Child } from './child.js'
import { makeSample, type Sample, SHAPES } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { libtorrent } from './libtorrent.js'
import { createNetworks6, type Networks6, networks6 } from './networks6.js'
import type { Place } from './place.js'
import { PYTHON, peerScript } from './python.js'
import type { Rig } from './rig.js'
import { MAIN, torrewind } from './torrewind.js'

const test = interopSuite('interop: the DHT over IPv6')
const BOUND_MS = 30_000

/** A node of libtorrent, and the address of its node. */
const startLibtorrent = async (rig: Rig, place: Place, ...args: string[]): Promise<string> => {
  const script = [peerScript('libtorrent_dht.py'), '--host', place.host, ...args]
  const child = rig.start({ name: 'libtorrent', command: PYTHON, args: script, place })
  return showAddress({ host: place.host, port: numberOf(await waitForJson(child, 'listening', BOUND_MS), 'port') })
}

/** Ours, with the DHT and nothing else to find peers by. */
const startOurs = (rig: Rig, place: Place, command: string, node: string, ...args: string[]): Child =>
  rig.start({
    name: `torrewind ${command}`,
    command: process.execPath,
    args: [
      MAIN,
      command,
      ...args,
      '--no-lsd',
      '--no-upnp',
      '--no-pex',
      '--dht-node',
      node,
      '--log-level',
      'debug',
      '--json',
    ],
    place,
  })

const withNetworks = async (work: (networks: Networks6) => Promise<void>): Promise<void> => {
  const networks = await createNetworks6()
  try {
    await work(networks)
  } finally {
    networks.close()
  }
}

const sampleOf = async (rig: Rig): Promise<Sample> => makeSample(await rig.folder('content'), SHAPES.small)

/** An event that it tells of, once it does. */
const event = (child: Child, shape: RegExp): Promise<string> =>
  child.waitFor(`logged ${shape}`, ({ text }) => (shape.test(text) ? text : undefined), BOUND_MS)

test('we find a peer in another network by a node of libtorrent', [torrewind, libtorrent, networks6], (rig) =>
  withNetworks(async ({ left, right }) => {
    const [sample, node] = await Promise.all([sampleOf(rig), startLibtorrent(rig, left)])
    const [seedData, getData] = [await rig.folder('seed-data'), await rig.folder('get-data')]
    const dir = await rig.folder('ours')
    const seed = startOurs(rig, left, 'seed', node, sample.torrent, '--path', sample.dir, '--data', seedData)
    await event(seed, /dht-lookup-ended .*announced=1/)
    const get = startOurs(rig, right, 'get', node, sample.torrent, '-d', dir, '--data', getData)
    await waitForJson(get, 'done', BOUND_MS)
    await compareFetched(sample, { dir })
    assert.ok((await event(get, /candidates-found .*source=dht/)).includes(left.host))
    for (const [child, { host }] of [
      [seed, left],
      [get, right],
    ] as const)
      for (const { text } of child.lines) if (text.includes(' dht-address-seen ')) assert.ok(text.includes(host), text)
  }),
)

test('libtorrent finds our seed in another network by our own node', [torrewind, libtorrent, networks6], (rig) =>
  withNetworks(async ({ left, right }) => {
    const sample = await sampleOf(rig)
    const data = await rig.folder('seed-data')
    // The only node that the other knows.
    const nobody = showAddress({ host: right.host, port: 9 })
    const seed = startOurs(rig, left, 'seed', nobody, sample.torrent, '--path', sample.dir, '--data', data)
    const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
    await waitForJson(seed, 'seeding', BOUND_MS)
    const dir = await rig.folder('libtorrent')
    const node = showAddress({ host: left.host, port })
    const args = ['--node', node, '--get', sample.torrent, dir]
    const script = [peerScript('libtorrent_dht.py'), '--host', right.host, ...args]
    const get = rig.start({ name: 'libtorrent get', command: PYTHON, args: script, place: right })
    await waitForJson(get, 'done', BOUND_MS)
    await compareFetched(sample, { dir })
  }),
)

test.run()
