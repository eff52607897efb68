/** Point 5: what was observed of real swarms, as to which of two is larger. */
import { fileURLToPath } from 'node:url'
import type { RunResult } from '../../simulations/index.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, show } from './point.js'

const KIB = 1_024
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const medianOf = ({ groups }: RunResult, isGroup: (name: string) => boolean): number => {
  const group = groups.find(({ name }) => isGroup(name))
  return group?.downloadSeconds[50] ?? Number.NaN
}

/** The whole interval is above, not only the mean. */
const above = (what: string, values: readonly number[], limit: number): Row => {
  const measured = estimateOf(values)
  return row(what, `> ${show(limit)}`, measured, 'whole interval above', measured.mean - (measured.within ?? 0) > limit)
}

/** The seed is strong, so that what leechers give each other is the bound: else all wait for the seed alike. */
const freeRiders = async (bench: Bench): Promise<readonly Row[]> => {
  const settings = { peers: 20, seedUploadRate: 128 * KIB, uploadRate: 32 * KIB, downloadRate: 256 * KIB }
  const results = await bench.sweep({ scenario: 'free-riders', settings })
  const ratios = results.map((result) => {
    const isRider = (name: string): boolean => name.includes('free riders')
    return medianOf(result, isRider) / medianOf(result, (name) => name === 'leechers')
  })
  return [above("free riders' median download over contributors'", ratios, 1)]
}

const clusters = async (bench: Bench): Promise<readonly Row[]> => {
  const of = async (seedUploadRate: number): Promise<readonly number[]> => {
    const settings = { peers: 24, contentBytes: 4_096 * KIB, seedUploadRate, classes: CLASSES }
    return measuredOf(await bench.sweep({ scenario: file('clustering.ts'), settings }), 'clustering')
  }
  const [strong, weak] = await Promise.all([of(STRONG_SEED), of(WEAK_SEED)])
  const [clustered, destroyed] = [estimateOf(strong), estimateOf(weak)]
  const what = 'bytes given to the own class, over those of giving to anybody'
  const holds = destroyed.mean + (destroyed.within ?? 0) < clustered.mean - (clustered.within ?? 0)
  return [
    above(`${what}, seed of ${STRONG_SEED / KIB} KiB/s`, strong, 1.1),
    row(`${what}, seed of ${WEAK_SEED / KIB} KiB/s`, `< ${show(clustered.mean)}`, destroyed, 'intervals apart', holds),
  ]
}
const CLASSES = 'slow:0.5:16384:1048576+fast:0.5:65536:1048576'
const STRONG_SEED = 256 * KIB
const WEAK_SEED = 16 * KIB

/** A swarm whose seed is the bound, with a picker: the rarest piece's copies beside the mean ones, over time. */
const diversity = async (bench: Bench): Promise<readonly Row[]> => {
  const settings = {
    peers: 16,
    contentBytes: 4_096 * KIB,
    pieceLength: 32 * KIB,
    seedUploadRate: 32 * KIB,
    uploadRate: 32 * KIB,
    downloadRate: 256 * KIB,
  }
  const sweepOf = (scenario: string) => bench.sweep({ scenario, settings, samples: 64 })
  const [rarest, random] = await Promise.all([sweepOf('flash-crowd'), sweepOf(file('random-picker.ts'))])
  const outOf = (results: readonly RunResult[]): readonly number[] =>
    results.map(({ samples }) => {
      const at = samples?.copiesMin.findIndex((copies) => copies >= 2) ?? -1
      return samples?.seconds[at] ?? Number.NaN
    })
  const [soon, late] = [outOf(rarest), outOf(random)]
  const uses = rarest.map(({ samples }) => {
    const shares = (samples?.uploadShare ?? []).filter((share) => share !== null)
    return shares.slice(Math.floor(shares.length * 0.25), Math.floor(shares.length * 0.75))
  })
  const used = uses.map((shares) => shares.reduce((sum, share) => sum + share, 0) / shares.length)
  const ratios = late.map((seconds, at) => seconds / (soon[at] ?? Number.NaN))
  return [
    above('time until every piece is out twice, random picker over rarest first', ratios, 1),
    above('uplinks in use in the middle half of a flash crowd, seed like the others', used, 0.7),
  ]
}

export const qualitative: Point = {
  number: 5,
  title: 'What was observed of real swarms',
  run: async (bench) => (await Promise.all([freeRiders(bench), clusters(bench), diversity(bench)])).flat(),
}
