/** Torrents known by magnet alone: the metadata come from a real client, and real clients get them from us (BEP 9). */

import { makeSample, type Sample, type Shape } from './corpus.js'
import { exchange, fewAtATime } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { torrewind } from './torrewind.js'

const test = interopSuite('interop: magnet')

const KIB = 1_024
/** Its metadata have several pieces. */
const manyFiles: Omit<Shape, 'name'> = {
  pieceLength: 16 * KIB,
  files: Array.from({ length: 1_000 }, (_, at) => [`folder of many files/${String(at).padStart(5, '0')}.bin`, 10 + at]),
}
const ofFormat = (format: 'v2' | 'hybrid'): Omit<Shape, 'name'> => ({
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
const cases: readonly (readonly [what: string, shape: Omit<Shape, 'name'>, topics: (sample: Sample) => string[]])[] = [
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
  test(`${to.name} fetches torrents of every kind from ${from.name}, by magnet`, [torrewind, libtorrent], (rig) =>
    fewAtATime(cases, async ([what, shape, topics]) => {
      const sample = await makeSample(await rig.folder('content'), { ...shape, name: what })
      const seed = { ...from, seed: () => from.seed({ rig, sample, dir: sample.dir }) }
      await exchange({ rig, sample: named(sample, ...topics(sample)), from: seed, to })
    }),
  )

test.run()
