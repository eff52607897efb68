/** Point 6: the link model beside real connections, and a small swarm beside real processes. */
import { messageOf } from '../../src/errors.js'
import { type Line, makeNamespaces, simulatedThroughput } from './connections.js'
import { type Bench, estimateOf, type Point, type Row, row, rowWithin, show, showEstimate } from './point.js'
import { runRealCrowd } from './processes.js'

const KIB = 1_024
const BYTES = 4_096 * KIB
const LINES: readonly Line[] = [
  { rate: 512 * KIB, roundTripMs: 0, lossRate: 0 },
  { rate: 512 * KIB, roundTripMs: 100, lossRate: 0 },
  { rate: 512 * KIB, roundTripMs: 20, lossRate: 0.001 },
]
const SEEDS = 20
const REAL_RUNS = 3
const LINE_WITHIN = 0.1
const CROWD_WITHIN = 0.2
const CROWD = {
  leechers: 4,
  contentBytes: 8_192 * KIB,
  pieceLength: 64 * KIB,
  seedUploadRate: 256 * KIB,
  uploadRate: 256 * KIB,
  downloadRate: 2_048 * KIB,
}

/** What a real one of this line does; or in words why there is none here. */
const realThroughput = async (line: Line): Promise<readonly number[] | string> => {
  let namespaces: ReturnType<typeof makeNamespaces> | undefined
  try {
    namespaces = makeNamespaces()
    namespaces.shape(line)
  } catch (error) {
    namespaces?.remove()
    return messageOf(error).replaceAll(/\s+/g, ' ').slice(0, 160)
  }
  try {
    const rates: number[] = []
    for (let run = 0; run < REAL_RUNS; run++) rates.push((await namespaces.throughput(BYTES)) / KIB)
    return rates
  } finally {
    namespaces.remove()
  }
}

const measureLine = async (line: Line): Promise<readonly Row[]> => {
  const rates: number[] = []
  for (let seed = 1; seed <= SEEDS; seed++) rates.push((await simulatedThroughput(seed, line, BYTES)) / KIB)
  const what = `KiB/s of one connection, line of ${line.rate / KIB}, ${line.roundTripMs} ms, ${line.lossRate * 100} % lost`
  const rows: Row[] = line.lossRate === 0 ? [rowWithin(`${what}, configured`, line.rate / KIB, rates, LINE_WITHIN)] : []
  const real = await realThroughput(line)
  const simulated = estimateOf(rates)
  if (typeof real === 'string') {
    const [predicted, measured] = [`none here: ${real}`, showEstimate(simulated)]
    return [...rows, { what: `${what}, real`, predicted, measured, criterion: 'within 10 %', verdict: 'not run' }]
  }
  return [...rows, rowWithin(`${what}, real`, estimateOf(real).mean, rates, LINE_WITHIN)]
}

const measureCrowd = async (bench: Bench): Promise<readonly Row[]> => {
  const { leechers, ...settings } = CROWD
  const results = await bench.sweep({
    scenario: 'flash-crowd',
    settings: { ...settings, peers: leechers, roundTripMs: 1, jitterMs: 0 },
  })
  const runs: (readonly number[])[] = []
  for (let run = 0; run < (bench.quick ? 1 : REAL_RUNS); run++) runs.push(await runRealCrowd(CROWD))
  const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length
  const what = `s of ${leechers} leechers and a seed of ${CROWD.uploadRate / KIB} KiB/s up, beside real processes`
  const compare = (which: string, timeOf: (times: readonly number[]) => number): Row => {
    const real = estimateOf(runs.map(timeOf))
    const simulated = estimateOf(results.map(({ downloadSeconds }) => timeOf(downloadSeconds)))
    const holds = Math.abs(simulated.mean - real.mean) <= CROWD_WITHIN * real.mean
    return row(
      `${what}: ${which}`,
      `${show(real.mean)} (${real.count} real runs)`,
      simulated,
      'mean within 20 %',
      holds,
    )
  }
  return [compare('mean', mean), compare('last', (times) => times.at(-1) ?? Number.NaN)]
}

export const linkModel: Point = {
  number: 6,
  title: 'The link model beside real connections and processes',
  run: async (bench) => {
    // Real ones first, while nothing simulated keeps the machine busy.
    const rows: Row[] = []
    for (const line of LINES) rows.push(...(await measureLine(line)))
    return [...rows, ...(await measureCrowd(bench))]
  },
}
