/** Point 6: the link model beside real connections, and small swarms beside real processes. */
import { type Line, realThroughputs, simulatedThroughput } from './connections.js'
import { NoLink } from './link.js'
import { type Bench, estimateOf, type Point, type Row, rowWithin, show, showEstimate } from './point.js'
import { type RealCrowd, runLimited, runLinked, type Way } from './processes.js'

const KIB = 1_024
const MIB = 1_024 * KIB

const line = (mib: number, roundTripMs: number, lossRate = 0, streams = 1): Line => ({
  rate: mib * MIB,
  roundTripMs,
  lossRate,
  streams,
})
/**
 * Several real ones where one says little. Those of a list are measured at a time, and those of a short way alone: the
 * millisecond by which the link itself is late on a busy machine counts there. So there is none of 10 ms with losses.
 */
const CLEAN = [
  [line(1, 10), line(1, 200), line(8, 10)],
  [line(8, 50), line(8, 200, 0, 3)],
]
const LOSSY = [
  [line(1, 50, 0.001, 6), line(8, 50, 0.001, 6)],
  [line(8, 20, 0.001, 4)],
  [line(8, 200, 0.001, 8), line(8, 50, 0.01, 8), line(8, 200, 0.01, 8)],
  [line(1, 20, 0.01, 8)],
  [line(8, 20, 0.01, 6)],
]
/** Where packets are lost one run says little: each has a few dozen losses. */
const SEEDS = { clean: 20, lossy: 100 }
const REAL_RUNS = 3
/** Over longer ways the beginning counts. */
const FULL_MS = 10
const CLEAN_WITHIN = 0.1
const WITHIN = 0.2

const CROWD: RealCrowd = {
  leechers: 4,
  contentBytes: 3 * MIB,
  pieceLength: 64 * KIB,
  seedUploadRate: 256 * KIB,
  uploadRate: 256 * KIB,
  downloadRate: 2 * MIB,
}
const FAR_CROWD: RealCrowd = { ...CROWD, leechers: 2, seedUploadRate: 512 * KIB, uploadRate: 512 * KIB }
const NEAR: Way = { roundTripMs: 1, lossRate: 0 }
const FAR: Way = { roundTripMs: 100, lossRate: 0.001 }

/** What was measured of real ones; or in words why there is none here. */
type Real = readonly (readonly number[])[] | string

const really = async (bench: Bench, measure: () => Promise<readonly number[]>): Promise<Real> => {
  const all: (readonly number[])[] = []
  try {
    while (all.length < (bench.quick ? 1 : REAL_RUNS)) all.push(await measure())
  } catch (error) {
    // Whatever else goes wrong is no reason to leave it out.
    if (!(error instanceof NoLink)) throw error
    return error.message.replaceAll(/\s+/g, ' ').slice(0, 160)
  }
  return all
}

/** Each run of a swarm comes to one value, and each of some streams to one for each. */
const beside = (
  what: string,
  real: Real,
  valuesOf: (run: readonly number[]) => readonly number[],
  simulated: readonly number[],
  share: number,
): Row => {
  if (typeof real === 'string') {
    const measured = showEstimate(estimateOf(simulated))
    const criterion = `within ${share * 100} %`
    return { what, predicted: `none here: ${real}`, measured, criterion, verdict: 'not run' }
  }
  const found = estimateOf(real.flatMap(valuesOf))
  return { ...rowWithin(what, found.mean, simulated, share), predicted: showEstimate(found) }
}

const measureLine = async (line: Line, real: Real): Promise<readonly Row[]> => {
  const { rate, roundTripMs, lossRate } = line
  const isClean = lossRate === 0
  const simulated: number[] = []
  for (let seed = 1; seed <= (isClean ? SEEDS.clean : SEEDS.lossy); seed++)
    simulated.push((await simulatedThroughput(seed, line)) / KIB)
  const what = `KiB/s of a connection, line of ${rate / KIB}, ${roundTripMs} ms, ${lossRate * 100} % lost`
  const inKiB = (rates: readonly number[]): readonly number[] => rates.map((each) => each / KIB)
  const share = isClean ? CLEAN_WITHIN : WITHIN
  const row = beside(`${what}, beside real ones`, real, inKiB, simulated, share)
  const isFull = isClean && roundTripMs <= FULL_MS
  return isFull ? [rowWithin(`${what}, configured`, rate / KIB, simulated, CLEAN_WITHIN), row] : [row]
}

const measureLines = async (bench: Bench): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const lines of [...CLEAN, ...LOSSY]) {
    // Real ones while nothing simulated keeps the machine busy.
    const reals = await Promise.all(lines.map((line) => really(bench, () => realThroughputs(line))))
    for (const [at, line] of lines.entries()) rows.push(...(await measureLine(line, reals[at] ?? [])))
  }
  return rows
}

const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length
const last = (times: readonly number[]): number => times.at(-1) ?? Number.NaN

const besideCrowd = async (
  bench: Bench,
  where: string,
  crowd: RealCrowd,
  way: Way,
  real: Real,
): Promise<readonly Row[]> => {
  const { leechers, ...settings } = crowd
  const results = await bench.sweep({
    scenario: 'flash-crowd',
    settings: { ...settings, ...way, peers: leechers, jitterMs: 0 },
  })
  const what = `s of ${leechers} leechers and a seed, ${show(crowd.uploadRate / KIB)} KiB/s up, ${where}`
  return Object.entries({ mean, last }).map(([which, timeOf]) => {
    const simulated = results.map(({ downloadSeconds }) => timeOf(downloadSeconds))
    return beside(`${what}: ${which}`, real, (times) => [timeOf(times)], simulated, WITHIN)
  })
}

export const linkModel: Point = {
  number: 6,
  title: 'The link model beside real connections and processes',
  run: async (bench) => {
    const lines = await measureLines(bench)
    // Both at a time, as what they send is little, and then their simulations.
    const [near, far] = await Promise.all([
      really(bench, () => runLimited(CROWD)),
      really(bench, () => runLinked(FAR_CROWD, FAR)),
    ])
    return [
      ...lines,
      ...(await besideCrowd(bench, 'limited by themselves', CROWD, NEAR, near)),
      ...(await besideCrowd(bench, `${FAR.roundTripMs} ms, ${FAR.lossRate * 100} % lost`, FAR_CROWD, FAR, far)),
    ]
  },
}
