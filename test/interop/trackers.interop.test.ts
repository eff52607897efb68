/** Torrewind and another client meet through each tracker, in both directions. */
import { aria2 } from './aria2.js'
import { bittorrentTracker, bittorrentTrackerOverUdp } from './bittorrent-tracker.js'
import type { Client, Tracker } from './client.js'
import { makeSamples, SHAPES } from './corpus.js'
import { exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker, opentrackerOverUdp } from './opentracker.js'
import type { Rig } from './rig.js'
import { torrewind, torrewindTracker, torrewindTrackerOverUdp } from './torrewind.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: trackers')

interface Pair {
  readonly from: Client
  readonly to: Client
}

/** Each pair meets at the same tracker, over a torrent of its own. */
const meet = async (rig: Rig, tracker: Tracker, pairs: readonly Pair[]): Promise<void> => {
  const shapes = pairs.map(({ from, to }) => ({ ...SHAPES.oneByte, name: `to ${to.name} from ${from.name}` }))
  const samples = await makeSamples(await rig.folder('content'), shapes)
  const announce = await tracker.track(rig, samples)
  const jobs = samples.flatMap((sample, at) => {
    const pair = pairs[at]
    return pair === undefined ? [] : [{ rig, sample, announce, ...pair }]
  })
  await fewAtATime(jobs, exchange)
}

const clients = [libtorrent, aria2, webtorrent]

for (const tracker of [opentracker, bittorrentTracker, torrewindTracker]) {
  const claim = `Torrewind finds peers, and is found by them, through ${tracker.name}`
  test(claim, [tracker, torrewind, ...clients], async (rig) => {
    const pairs = clients.flatMap((client) => [
      { from: client, to: torrewind },
      { from: torrewind, to: client },
    ])
    await meet(rig, tracker, pairs)
  })
}

for (const tracker of [opentrackerOverUdp, bittorrentTrackerOverUdp, torrewindTrackerOverUdp]) {
  const claim = `Torrewind finds peers, and is found by them, through ${tracker.name}`
  test(claim, [tracker, torrewind, libtorrent], async (rig) => {
    await meet(rig, tracker, [
      { from: libtorrent, to: torrewind },
      { from: torrewind, to: libtorrent },
      { from: torrewind, to: torrewind },
    ])
  })
}

test('the other clients meet through our tracker without Torrewind', [torrewindTracker, ...clients], async (rig) => {
  await meet(rig, torrewindTracker, [
    { from: libtorrent, to: aria2 },
    { from: aria2, to: webtorrent },
    { from: webtorrent, to: libtorrent },
  ])
})

const overUdp = [torrewindTrackerOverUdp, libtorrent, webtorrent]
test('the other clients that speak UDP meet through our tracker over it without Torrewind', overUdp, async (rig) => {
  await meet(rig, torrewindTrackerOverUdp, [
    { from: libtorrent, to: webtorrent },
    { from: webtorrent, to: libtorrent },
  ])
})

test.run()
