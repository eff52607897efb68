/** Torrents of v2 and hybrids (BEP 52), with libtorrent at the other end: whole, and with layers that only peers have. */
import * as assert from 'uvu/assert'
import { makeSample, SHAPES } from './corpus.js'
import { compareFetched, exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { create, torrewind } from './torrewind.js'

const test = interopSuite('interop: v2')

const FORMATS = ['v2', 'hybrid'] as const

for (const format of FORMATS) {
  test(
    `libtorrent and Torrewind fetch a ${format} of many files from each other`,
    [torrewind, libtorrent],
    async (rig) => {
      const shapes = [SHAPES.uneven, SHAPES.empty]
      await fewAtATime(shapes, async (shape) => {
        const sample = await makeSample(await rig.folder('content'), { ...shape, format })
        await exchange({ rig, sample, from: libtorrent, to: torrewind })
        await exchange({ rig, sample, from: torrewind, to: libtorrent })
      })
    },
  )

  test(`layers that a ${format} lacks are asked of the other, and told it`, [torrewind, libtorrent], async (rig) => {
    const shape = {
      ...SHAPES.small,
      files: [
        ['a', 9_000_001],
        ['b', 5],
        ['c', 700_000],
      ],
      format,
    } as const
    const sample = await makeSample(await rig.folder('content'), shape)
    for (const [from, to] of [
      [libtorrent, torrewind],
      [torrewind, libtorrent],
    ] as const) {
      const { address } = await from.seed({ rig, sample, dir: sample.dir })
      const bare = { ...sample, torrent: sample.bare }
      await compareFetched(sample, await to.get({ rig, sample: bare, peers: [address] }))
    }
  })

  test(`a ${format} that Torrewind makes is the same as libtorrent's`, [torrewind, libtorrent], async (rig) => {
    for (const shape of [SHAPES.small, SHAPES.empty]) {
      const theirs = await makeSample(await rig.folder('content'), { ...shape, format })
      const ours = await create(rig, theirs.root, '--piece-size', `${shape.pieceLength}`, '--format', format)
      assert.is(ours.infoHashV2, theirs.infoHashV2)
      if (format === 'hybrid') assert.is(ours.infoHash, theirs.infoHash)
      assert.is(ours.bytes, theirs.bytes)
    }
  })
}

test.run()
