/** Swarms: everyone together, each with an address of its own, from a single seed; and five of us at once. */
import * as assert from 'uvu/assert'
import { aria2 } from './aria2.js'
import type { Client } from './client.js'
import { makeSample, type Sample, type Shape, withTracker } from './corpus.js'
import { compareFetched, exchange } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker } from './opentracker.js'
import type { Rig } from './rig.js'
import { startGet, torrewind, torrewindTracker } from './torrewind.js'
import { startTransmission, TRANSMISSION_BOUND_MS, transmission } from './transmission.js'
import { compareTrees } from './tree.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: swarm')
const KIB = 1_024
const MIB = 1_024 * KIB

const SHAPE: Shape = {
  name: 'for everyone',
  pieceLength: 128 * KIB,
  files: [
    ['a.bin', 11 * MIB + 1],
    ['b/c.bin', 5 * MIB + 4_321],
  ],
}

/** Slow enough that nobody has everything before all have met. */
const SEED_LIMIT = 4 * MIB

const everyone = async (rig: Rig, seeder: Client): Promise<void> => {
  const network = rig.network()
  const made = await makeSample(await rig.folder('content'), SHAPE)
  const announce = await opentracker.track(rig, [made], network.hub)
  const sample: Sample = await withTracker(made, announce, await rig.folder('torrents'))
  const daemon = await startTransmission(rig, network.place())
  await seeder.seed({ rig, sample, dir: sample.dir, place: network.place(), uploadLimit: SEED_LIMIT })
  const dir = await rig.folder('transmission-downloads')
  await daemon.add(sample, dir)
  const downloaders = [torrewind, torrewind, libtorrent, aria2, webtorrent]
  const fetched = downloaders.map(async (client) => {
    const got = await client.get({ rig, sample, place: network.place(), stay: true, boundMs: TRANSMISSION_BOUND_MS })
    await compareFetched(sample, got)
  })
  await Promise.all([...fetched, daemon.complete(sample)])
  await compareTrees(sample.root, `${dir}/${sample.name}`)
}

const others = [libtorrent, aria2, webtorrent, transmission, opentracker]
test(
  'a swarm of everyone completes from a single seed of libtorrent',
  [torrewind, ...others],
  async (rig) => {
    await everyone(rig, libtorrent)
  },
  2 * TRANSMISSION_BOUND_MS,
)

test(
  'a swarm of everyone completes from a single seed of Torrewind',
  [torrewind, ...others],
  async (rig) => {
    await everyone(rig, torrewind)
  },
  2 * TRANSMISSION_BOUND_MS,
)

test(
  'five Torrewinds at once complete from a single seed, through our tracker',
  [torrewind, libtorrent],
  async (rig) => {
    const made = await makeSample(await rig.folder('content'), SHAPE)
    const announce = await torrewindTracker.track(rig, [made])
    const sample = await withTracker(made, announce, await rig.folder('torrents'))
    await libtorrent.seed({ rig, sample, dir: sample.dir, uploadLimit: SEED_LIMIT })
    const all = await Promise.all(Array.from({ length: 5 }, () => startGet({ rig, sample, stay: true })))
    const done = await Promise.all(all.map((getting) => getting.done()))
    for (const getting of all) await compareFetched(sample, getting)
    for (const { bytes } of done) assert.is(bytes, sample.bytes)
  },
)

test('five Torrewinds at once fetch five torrents from as many', [torrewind, libtorrent], async (rig) => {
  const sample = await makeSample(await rig.folder('content'), SHAPE)
  await Promise.all(Array.from({ length: 5 }, () => exchange({ rig, sample, from: torrewind, to: torrewind })))
})

test.run()
