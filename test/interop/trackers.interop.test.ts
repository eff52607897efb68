/** Torrewind and another client meet through each tracker, in both directions. */
import { aria2 } from './aria2.js'
import { bittorrentTracker } from './bittorrent-tracker.js'
import { makeSample, SHAPES } from './corpus.js'
import { exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker } from './opentracker.js'
import { torrewind, torrewindTracker } from './torrewind.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: trackers')

for (const tracker of [opentracker, bittorrentTracker, torrewindTracker]) {
  const clients = [libtorrent, aria2, webtorrent]
  const peers = [tracker, torrewind, ...clients]
  test(`Torrewind finds peers, and is found by them, through ${tracker.name}`, peers, async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPES.uneven)
    const pairs = clients.flatMap((client) => [
      { from: client, to: torrewind },
      { from: torrewind, to: client },
    ])
    await fewAtATime(pairs, (pair) => exchange({ rig, sample, tracker, ...pair }))
  })
}

test(
  'the other clients meet through our tracker without Torrewind',
  [torrewindTracker, libtorrent, aria2, webtorrent],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPES.empty)
    const pairs = [
      { from: libtorrent, to: aria2 },
      { from: aria2, to: webtorrent },
      { from: webtorrent, to: libtorrent },
    ]
    await fewAtATime(pairs, (pair) => exchange({ rig, sample, tracker: torrewindTracker, ...pair }))
  },
)

test.run()
