/** Torrewind and another client meet through each tracker, in both directions. */
import * as assert from 'uvu/assert'
import { aria2, aria2OverUdp } from './aria2.js'
import { bittorrentTracker, bittorrentTrackerOverUdp, clientsOfBittorrentTracker } from './bittorrent-tracker.js'
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

const clients = [libtorrent, aria2, webtorrent] as const
const clientsOverUdp = [libtorrent, aria2OverUdp, webtorrent] as const

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

for (const tracker of [opentrackerOverUdp, bittorrentTrackerOverUdp]) {
  const claim = `Torrewind finds peers, and is found by them, through ${tracker.name}`
  test(claim, [tracker, torrewind, libtorrent], async (rig) => {
    await meet(rig, tracker, [
      { from: libtorrent, to: torrewind },
      { from: torrewind, to: libtorrent },
      { from: torrewind, to: torrewind },
    ])
  })
}

const overUdp = [torrewindTrackerOverUdp, torrewind, ...clientsOverUdp]
test(`Torrewind finds peers, and is found by them, through ${torrewindTrackerOverUdp.name}`, overUdp, async (rig) => {
  const pairs = clientsOverUdp.flatMap((client) => [
    { from: client, to: torrewind },
    { from: torrewind, to: client },
  ])
  await meet(rig, torrewindTrackerOverUdp, [...pairs, { from: torrewind, to: torrewind }])
})

for (const [tracker, [first, second, third]] of [
  [torrewindTracker, clients],
  [torrewindTrackerOverUdp, clientsOverUdp],
] as const) {
  const claim = `the other clients meet through ${tracker.name} without Torrewind`
  test(claim, [tracker, first, second, third], async (rig) => {
    await meet(rig, tracker, [
      { from: first, to: second },
      { from: second, to: third },
      { from: third, to: first },
    ])
  })
}

for (const tracker of [torrewindTracker, torrewindTrackerOverUdp]) {
  const claim = `the client of bittorrent-tracker announces, scrapes and stops at ${tracker.name}`
  test(claim, [tracker, bittorrentTracker], async (rig) => {
    const announce = await tracker.track(rig, [])
    const told = await clientsOfBittorrentTracker(rig, announce)
    assert.equal(told, {
      // The seed came first, and the leech is told of it.
      ...{ seed: { complete: 1, incomplete: 0 }, leech: { complete: 1, incomplete: 1 }, peers: ['127.0.0.1:7001'] },
      scraped: { complete: 1, incomplete: 1, downloaded: 0 },
      completed: { complete: 2, incomplete: 0 },
      // What is scraped after the seed has stopped, and the other has not.
      left: { complete: 1, incomplete: 0, downloaded: 1 },
    })
  })
}

test.run()
