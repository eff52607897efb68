/** Torrents made by libtorrent, each fetched by Torrewind from every client and by every client from Torrewind. */
import { aria2 } from './aria2.js'
import { makeSample, makeSamples } from './corpus.js'
import { exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker } from './opentracker.js'
import { torrewind } from './torrewind.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: fetch')

for (const client of [libtorrent, aria2, webtorrent]) {
  test(`Torrewind fetches every kind of torrent from ${client.name}`, [torrewind, client, libtorrent], async (rig) => {
    const samples = await makeSamples(await rig.folder('content'))
    await fewAtATime(samples, (sample) => exchange({ rig, sample, from: client, to: torrewind }))
  })
}

for (const client of [libtorrent, webtorrent]) {
  test(`${client.name} fetches every kind of torrent from Torrewind`, [torrewind, client, libtorrent], async (rig) => {
    const samples = await makeSamples(await rig.folder('content'))
    await fewAtATime(samples, (sample) => exchange({ rig, sample, from: torrewind, to: client }))
  })
}

test('Torrewind and libtorrent fetch symbolic links from each other (BEP 47)', [torrewind, libtorrent], async (rig) => {
  const content = {
    pieceLength: 65_536,
    files: [
      ['real.bin', 300_000],
      ['below/b.txt', 5_000],
    ],
    links: [
      ['below/link', '../real.bin'],
      ['folder', 'below'],
    ],
  } as const
  for (const format of ['v1', 'v2', 'hybrid'] as const) {
    const sample = await makeSample(await rig.folder('content'), { ...content, name: `links ${format}`, format })
    await exchange({ rig, sample, from: libtorrent, to: torrewind })
    await exchange({ rig, sample, from: torrewind, to: libtorrent })
  }
})

// Nobody can tell aria2 a peer, so these two meet through a tracker.
const peers = [torrewind, aria2, libtorrent, opentracker]
test('aria2 fetches every kind of torrent from Torrewind through opentracker', peers, async (rig) => {
  const samples = await makeSamples(await rig.folder('content'))
  const announce = await opentracker.track(rig, samples)
  await fewAtATime(samples, (sample) => exchange({ rig, sample, from: torrewind, to: aria2, announce }))
})

test.run()
