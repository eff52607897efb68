/** Torrents that Torrewind made are fetched by every client, from Torrewind and from each other. */
import * as assert from 'uvu/assert'
import { aria2 } from './aria2.js'
import { makeSample, type Sample, SHAPES, type Shape } from './corpus.js'
import { exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { opentracker } from './opentracker.js'
import type { Rig } from './rig.js'
import { create, torrewind } from './torrewind.js'
import { webtorrent } from './webtorrent.js'

const test = interopSuite('interop: create')

/** The content of a sample, with a .torrent of our own making. */
const makeOurs = async (rig: Rig, shape: Shape): Promise<{ theirs: Sample; ours: Sample }> => {
  const theirs = await makeSample(await rig.folder('content'), shape)
  const created = await create(rig, theirs.root, '--piece-size', `${shape.pieceLength}`)
  return { theirs, ours: { ...theirs, ...created } }
}

test('libtorrent makes the same torrent of the same content', [torrewind, libtorrent], async (rig) => {
  await fewAtATime([SHAPES.small, SHAPES.uneven, SHAPES.oneByte, SHAPES.large, SHAPES.empty], async (shape) => {
    const { theirs, ours } = await makeOurs(rig, shape)
    assert.is(ours.bytes, theirs.bytes)
    assert.is(ours.pieces, theirs.pieces)
    // A single file leaves nothing to choose, so even the info-hash must be the same.
    if (shape.files.length === 1) assert.is(ours.infoHash, theirs.infoHash)
  })
})

const peers = [torrewind, libtorrent, aria2, webtorrent, opentracker]
test('each client fetches what Torrewind made', peers, async (rig) => {
  const made = await Promise.all([SHAPES.uneven, SHAPES.empty].map((shape) => makeOurs(rig, shape)))
  const samples = made.map(({ ours }) => ours)
  const announce = await opentracker.track(rig, samples)
  const jobs = [libtorrent, aria2, webtorrent].flatMap((to) => samples.map((sample) => ({ sample, to })))
  await fewAtATime(jobs, (job) => exchange({ rig, from: torrewind, announce, ...job }))
})

test(
  'a torrent that Torrewind made goes from client to client without us',
  [torrewind, libtorrent, webtorrent],
  async (rig) => {
    const { ours: sample } = await makeOurs(rig, SHAPES.middle)
    await exchange({ rig, sample, from: libtorrent, to: webtorrent })
    await exchange({ rig, sample, from: webtorrent, to: torrewind })
  },
)

test.run()
