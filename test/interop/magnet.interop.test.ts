/** Torrents known by magnet alone: the metadata come from a real client, and real clients get them from us (BEP 9). */

import { makeSample, type Sample, SHAPES, type Shape } from './corpus.js'
import { exchange } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { torrewind } from './torrewind.js'

const test = interopSuite('interop: magnet')

const KIB = 1_024
/** Its metadata have several pieces. */
const manyFiles: Shape = {
  name: 'metadata of several pieces',
  pieceLength: 16 * KIB,
  files: Array.from({ length: 1_000 }, (_, at) => [`folder of many files/${String(at).padStart(5, '0')}.bin`, 10 + at]),
}
const ofFormat = (format: 'v2' | 'hybrid'): Shape => ({
  name: `${format} by magnet`,
  pieceLength: 64 * KIB,
  format,
  files: [
    ['a.bin', 700 * KIB + 5],
    ['b.bin', 30],
  ],
})

/** As qBittorrent writes it: capitals, and everything encoded. */
const btih = ({ infoHash }: Sample): string => `xt=urn%3Abtih%3A${infoHash.toUpperCase()}`
const btmh = ({ infoHashV2 }: Sample): string => `xt=urn:btmh:1220${infoHashV2}`
const named = (sample: Sample, ...topics: string[]): Sample => ({
  ...sample,
  torrent: `magnet:?${[...topics, `dn=${encodeURIComponent(sample.name)}`].join('&')}`,
})

/** The one who seeds has the .torrent, the other a magnet. */
const cases: readonly (readonly [what: string, shape: Shape, topics: (sample: Sample) => string[]])[] = [
  ['a torrent of one file', SHAPES.small, (sample) => [btih(sample)]],
  ['a torrent of a thousand files', manyFiles, (sample) => [btih(sample)]],
  ['a hybrid by its hash of v1', ofFormat('hybrid'), (sample) => [btih(sample)]],
  ['a hybrid by its hash of v2', ofFormat('hybrid'), (sample) => [btmh(sample)]],
  ['a hybrid by both of its hashes', ofFormat('hybrid'), (sample) => [btih(sample), btmh(sample)]],
  ['a torrent of v2', ofFormat('v2'), (sample) => [btmh(sample)]],
]

for (const [from, to] of [
  [libtorrent, torrewind],
  [torrewind, libtorrent],
] as const)
  for (const [what, shape, topics] of cases)
    test(`${to.name} fetches ${what} from ${from.name}, by magnet`, [torrewind, libtorrent], async (rig) => {
      const sample = await makeSample(await rig.folder('content'), shape)
      const seed = { ...from, seed: () => from.seed({ rig, sample, dir: sample.dir }) }
      await exchange({ rig, sample: named(sample, ...topics(sample)), from: seed, to })
    })

test.run()
