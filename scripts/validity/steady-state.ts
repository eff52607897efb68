/** Point 2: the steady state of Qiu and Srikant, and that downloads take no longer when ten times as many come. */
import { type Flow, steadyState } from '../../simulations/index.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, rowWithin, show } from './point.js'

const KIB = 1_024
const CONTENT_BYTES = 4_096 * KIB
const UPLOAD_RATE = 32 * KIB
const DOWNLOAD_RATE = 256 * KIB
/** Of the seed that is there from the beginning: enough for the first to come, and little beside what they upload. */
const SEED_RATE = 16 * KIB
const STAY_SECONDS = 40
const PIECE_BYTES = 64 * KIB
const TENFOLD = 10
/** Those that are there first lack one piece, so that there are copies of the content from the beginning. */
const FEW = { arrivalsPerSecond: 0.05, warmupSeconds: 200, clubPeers: 4, peers: 30 }
const MANY = { arrivalsPerSecond: FEW.arrivalsPerSecond * TENFOLD, warmupSeconds: 200, clubPeers: 20, peers: 150 }

const SHARE = 0.15
const FLAT = 0.1

const flowOf = (arrivalsPerSecond: number): Flow => ({
  arrivalsPerSecond,
  uploads: UPLOAD_RATE / CONTENT_BYTES,
  downloads: DOWNLOAD_RATE / CONTENT_BYTES,
  seedsLeave: 1 / STAY_SECONDS,
  leechersGiveUp: 0,
  // Of many pieces and many neighbours.
  effectiveness: 1,
  alwaysSeeded: SEED_RATE / CONTENT_BYTES,
})

const measure = async (bench: Bench, flow: typeof FEW): Promise<readonly [readonly Row[], readonly number[]]> => {
  const results = await bench.sweep({
    scenario: 'steady-state',
    settings: {
      ...flow,
      contentBytes: CONTENT_BYTES,
      pieceLength: PIECE_BYTES,
      uploadRate: UPLOAD_RATE,
      downloadRate: DOWNLOAD_RATE,
      seedUploadRate: SEED_RATE,
      seedStay: `exponential:${STAY_SECONDS}`,
    },
  })
  const { leechers, seeds, downloadSeconds } = steadyState(flowOf(flow.arrivalsPerSecond))
  const times = measuredOf(results, 'meanDownloadSeconds')
  const at = `at ${flow.arrivalsPerSecond} arrivals a second`
  const rows = [
    rowWithin(`mean download ${at}: s`, downloadSeconds, times, SHARE),
    rowWithin(`leechers ${at}`, leechers, measuredOf(results, 'meanLeechers'), SHARE),
    rowWithin(`seeds ${at}`, seeds, measuredOf(results, 'meanSeeds'), SHARE),
  ]
  return [rows, times]
}

export const steady: Point = {
  number: 2,
  title: 'Steady state and the fluid model of Qiu and Srikant',
  run: async (bench) => {
    const [[few, fewTimes], [many, manyTimes]] = await Promise.all([measure(bench, FEW), measure(bench, MANY)])
    const predicted = (flow: typeof FEW): number => steadyState(flowOf(flow.arrivalsPerSecond)).downloadSeconds
    // The seed that never leaves is shared by ten times as many, which the prediction takes into account.
    const ratio = estimateOf(manyTimes).mean / predicted(MANY) / (estimateOf(fewTimes).mean / predicted(FEW))
    const flat = Math.abs(ratio - 1) <= FLAT
    const what = `download time when ${TENFOLD} times as many come, over that of few`
    return [...few, ...many, { ...row(what, '1', estimateOf(manyTimes), 'within 10 %', flat), measured: show(ratio) }]
  },
}
