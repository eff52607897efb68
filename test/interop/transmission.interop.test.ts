/** Torrewind and Transmission: all kinds of torrents in both directions at once, since each of its steps takes 10 s. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { bittorrentTracker } from './bittorrent-tracker.js'
import { makeSample, makeSamples, type Sample, SHAPES, withTracker } from './corpus.js'
import { compareFetched, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import type { Network } from './network.js'
import { opentracker } from './opentracker.js'
import type { Rig } from './rig.js'
import { create, startTracker, torrewind } from './torrewind.js'
import { startTransmission, TRANSMISSION_BOUND_MS, transmission } from './transmission.js'
import { compareTrees } from './tree.js'

const test = interopSuite('interop: Transmission')
const BOUND_MS = 2 * TRANSMISSION_BOUND_MS

// Transmission takes one handshake at a time from an address, whichever torrent it is for, so each has a place.
const fetchesAll = async (rig: Rig, network: Network, samples: readonly Sample[]): Promise<void> => {
  const daemon = await startTransmission(rig, network.place())
  const dir = await rig.folder('transmission-downloads')
  await fewAtATime(samples, (sample) => torrewind.seed({ rig, sample, dir: sample.dir, place: network.place() }))
  for (const sample of samples) await daemon.add(sample, dir)
  await Promise.all(
    samples.map(async (sample) => {
      await daemon.complete(sample)
      await compareTrees(sample.root, path.join(dir, sample.name), true)
    }),
  )
}

/** What names no tracker is fetched by address. */
const seedsAll = async (
  rig: Rig,
  network: Network,
  samples: readonly Sample[],
  tracked: readonly Sample[],
): Promise<void> => {
  const daemon = await startTransmission(rig, network.place())
  const all = [...samples, ...tracked]
  for (const sample of all) await daemon.add(sample, sample.dir)
  await Promise.all(
    all.map(async (sample) => {
      await daemon.complete(sample)
      const isTracked = tracked.includes(sample)
      if (isTracked) await daemon.announced(sample)
      const got = await torrewind.get({
        rig,
        sample,
        peers: isTracked ? [] : [daemon.address],
        place: network.place(),
        boundMs: TRANSMISSION_BOUND_MS,
      })
      await compareFetched(sample, got)
    }),
  )
}

/** Every kind of torrent, and one that we made. */
const everyKind = async (rig: Rig): Promise<Sample[]> => {
  const [samples, own] = [await makeSamples(await rig.folder('content')), await rig.folder('own')]
  const made = await makeSample(own, { ...SHAPES.uneven, name: 'made by Torrewind' })
  return [...samples, { ...made, ...(await create(rig, made.root)) }]
}

/** Each names one of the trackers, in turn. */
const withTrackers = async (rig: Rig, samples: readonly Sample[], announces: readonly string[]): Promise<Sample[]> => {
  const torrents = await rig.folder('torrents')
  return Promise.all(samples.map((sample, at) => withTracker(sample, announces[at % announces.length] ?? '', torrents)))
}

const hardwareAddress = ({ hub }: Network): string => {
  const shown = execFileSync('ip', ['-o', 'addr', 'show', 'to', hub.host], { encoding: 'utf8', timeout: 10_000 })
  const [, face = ''] = shown.split(' ')
  return readFileSync(`/sys/class/net/${face}/address`, 'utf8')
}

test('whoever joins a network changes nothing for those who send to its hub', [transmission], async (rig) => {
  const network = rig.network()
  const before = hardwareAddress(network)
  network.place()
  assert.is(hardwareAddress(network), before)
})

test(
  'Torrewind and Transmission fetch every kind of torrent from each other, by address and through every tracker',
  [torrewind, transmission, libtorrent, opentracker, bittorrentTracker],
  async (rig) => {
    const [network, samples] = [rig.network(), await everyKind(rig)]
    const others = [opentracker, bittorrentTracker].map((tracker) => tracker.track(rig, samples, network.hub))
    const ours = await startTracker(rig, network.hub)
    const announces = [ours.http, ours.udp, ...(await Promise.all(others))]
    const fetched = await withTrackers(rig, samples, announces)
    const tracked = await withTrackers(rig, samples.slice(0, 2), [ours.http, ours.udp])
    await Promise.all([fetchesAll(rig, network, fetched), seedsAll(rig, network, samples.slice(2), tracked)])
  },
  BOUND_MS,
)

test.run()
