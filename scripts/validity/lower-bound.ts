/** Point 1: no crowd beats the lower bound of Kumar and Ross, and homogeneous ones come near it. */
import { leastSeconds } from '../../simulations/index.js'
import { type Bench, estimateOf, type Point, type Row, row, show } from './point.js'

const KIB = 1_024
/** A seed like the others, and one that is strong enough for the sharing among leechers, or their lines, to be the bound. */
const CROWDS = [
  { leechers: 16, seedUploadRate: 32 * KIB, downloadRate: 256 * KIB },
  { leechers: 16, seedUploadRate: 128 * KIB, downloadRate: 256 * KIB },
  { leechers: 8, seedUploadRate: 1_024 * KIB, downloadRate: 64 * KIB },
] as const
const COMMON = { contentBytes: 4_096 * KIB, uploadRate: 32 * KIB, seeds: 1 }
const NEAR = 1.5

const measure = async (bench: Bench, each: (typeof CROWDS)[number]): Promise<readonly Row[]> => {
  const { leechers, ...rates } = each
  const settings = { ...COMMON, ...rates, peers: leechers, pieceLength: 16 * KIB }
  const results = await bench.sweep({ scenario: 'flash-crowd', settings })
  const least = leastSeconds({ ...COMMON, ...each })
  const times = estimateOf(results.map(({ downloadSeconds }) => downloadSeconds.at(-1) ?? Number.NaN))
  const [seed, down] = [each.seedUploadRate, each.downloadRate].map((rate) => rate / KIB)
  const what = `last of ${leechers} leechers, seed of ${seed} KiB/s, 32 up and ${down} down: s`
  return [
    row(
      `${what}, the quickest run ${show(times.least)}`,
      `>= ${show(least)}`,
      times,
      'no run below',
      times.least >= least,
    ),
    row(what, `<= ${show(NEAR * least)}`, times, `mean within ${NEAR} of the bound`, times.mean <= NEAR * least),
  ]
}

export const lowerBound: Point = {
  number: 1,
  title: 'Flash crowds and the lower bound of Kumar and Ross',
  run: async (bench) => (await Promise.all(CROWDS.map((each) => measure(bench, each)))).flat(),
}
