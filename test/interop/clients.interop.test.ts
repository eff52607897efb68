/** The other clients among themselves: proves the harness, so that where a test with Torrewind fails, ours is new. */
import * as assert from 'uvu/assert'
import { aria2 } from './aria2.js'
import { bittorrentTracker } from './bittorrent-tracker.js'
import { makeSample, makeSamples, SHAPES, withTracker } from './corpus.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker } from './opentracker.js'
import { startTransmission, transmission } from './transmission.js'
import { compareTrees } from './tree.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: real clients')

test('libtorrent seeds to aria2 through opentracker', [libtorrent, aria2, opentracker], async (rig) => {
  const made = await makeSample(await rig.folder('content'), SHAPES.uneven)
  const sample = await withTracker(made, await opentracker.track(rig, [made]), await rig.folder('torrents'))
  await libtorrent.seed({ rig, sample, dir: sample.dir })
  const { dir } = await aria2.get({ rig, sample })
  assert.equal(await compareTrees(sample.root, `${dir}/${sample.name}`), { files: 50, bytes: sample.bytes })
})

test('aria2 seeds to libtorrent through bittorrent-tracker', [libtorrent, aria2, bittorrentTracker], async (rig) => {
  const made = await makeSample(await rig.folder('content'), SHAPES.small)
  const sample = await withTracker(made, await bittorrentTracker.track(rig, [made]), await rig.folder('torrents'))
  await aria2.seed({ rig, sample, dir: sample.dir })
  const { dir } = await libtorrent.get({ rig, sample })
  await compareTrees(sample.root, `${dir}/${sample.name}`)
})

test('libtorrent and WebTorrent fetch from each other by address', [libtorrent, webtorrent], async (rig) => {
  const sample = await makeSample(await rig.folder('content'), SHAPES.empty)
  const [ours, theirs] = [
    await libtorrent.seed({ rig, sample, dir: sample.dir }),
    await webtorrent.seed({ rig, sample, dir: sample.dir }),
  ]
  const got = await webtorrent.get({ rig, sample, peers: [ours.address] })
  await compareTrees(sample.root, `${got.dir}/${sample.name}`)
  const back = await libtorrent.get({ rig, sample, peers: [theirs.address] })
  await compareTrees(sample.root, `${back.dir}/${sample.name}`)
})

test(
  'Transmission fetches from libtorrent and seeds to aria2',
  [libtorrent, aria2, transmission, opentracker],
  async (rig) => {
    const network = rig.network()
    const made = await makeSamples(await rig.folder('content'), [SHAPES.small, SHAPES.oneByte, SHAPES.middle])
    const [announce, torrents] = [await opentracker.track(rig, made, network.hub), await rig.folder('torrents')]
    const samples = await Promise.all(made.map((sample) => withTracker(sample, announce, torrents)))
    const [wanted, seeded] = [samples.filter((_, at) => at % 2 === 0), samples.filter((_, at) => at % 2 === 1)]
    await Promise.all(wanted.map((sample) => libtorrent.seed({ rig, sample, dir: sample.dir, place: network.hub })))
    const daemon = await startTransmission(rig, network.place())
    const dir = await rig.folder('transmission-downloads')
    for (const sample of wanted) await daemon.add(sample, dir)
    for (const sample of seeded) await daemon.add(sample, sample.dir)
    const fetched = wanted.map((sample) =>
      daemon.complete(sample).then(() => compareTrees(sample.root, `${dir}/${sample.name}`, true)),
    )
    const served = seeded.map(async (sample) => {
      await daemon.complete(sample)
      const got = await aria2.get({ rig, sample, place: network.hub })
      await compareTrees(sample.root, `${got.dir}/${sample.name}`)
    })
    await Promise.all([...fetched, ...served])
  },
)

test.run()
