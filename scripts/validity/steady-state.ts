/** Point 2: the steady state of Qiu and Srikant, and that downloads take no longer when four times as many come. */
import { type Flow, steadyState } from '../../simulations/index.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, rowWithin, show } from './point.js'

const KIB = 1_024
/** An uplink takes so long for the content, and is a part so large of a downlink. */
const UPLOAD_SECONDS = 128
const DOWN_TO_UP = 8
/** Of the seed that is there from the beginning: enough for the first to come, and little beside what they upload. */
const SEED_TO_LEECHER = 0.5
const STAY_SECONDS = 30
/** By then what is there differs from the steady state by a twentieth at most, in the model. */
const WARMUP_SECONDS = 250

/**
 * A newcomer has nothing that others want for as long as about thirty blocks take, which the model neglects: so there
 * are many blocks. Of how many come it needs as many as are there at a time not to be few.
 */
const WHOLE = { contentBytes: 8_192 * KIB, pieceLength: 64 * KIB, arrivalsPerSecond: 0.15, seconds: 450 }
/** Of few blocks, as only one is held against the other: newcomers have the same to wait for in both. */
const FEW = { contentBytes: 2_048 * KIB, pieceLength: 16 * KIB, arrivalsPerSecond: 0.1, seconds: 550 }
const MANY = { ...FEW, arrivalsPerSecond: 0.4, seconds: 400 }

type Swarm = typeof WHOLE

const SHARE = 0.15
const FLAT = 0.1

const flowOf = ({ arrivalsPerSecond }: Swarm): Flow => ({
  arrivalsPerSecond,
  uploads: 1 / UPLOAD_SECONDS,
  downloads: DOWN_TO_UP / UPLOAD_SECONDS,
  seedsLeave: 1 / STAY_SECONDS,
  leechersGiveUp: 0,
  // Of many pieces and many neighbours.
  effectiveness: 1,
  alwaysSeeded: SEED_TO_LEECHER / UPLOAD_SECONDS,
})

const measure = (bench: Bench, swarm: Swarm) => {
  const { contentBytes, pieceLength, arrivalsPerSecond, seconds } = swarm
  const uploadRate = contentBytes / UPLOAD_SECONDS
  // Those that are there first lack one piece: soon there are as many seeds as will be, and copies of the content.
  const clubPeers = Math.round(steadyState(flowOf(swarm)).seeds)
  return bench.sweep({
    scenario: 'steady-state',
    settings: {
      contentBytes,
      pieceLength,
      arrivalsPerSecond,
      clubPeers,
      peers: clubPeers + Math.round(arrivalsPerSecond * seconds),
      uploadRate,
      downloadRate: DOWN_TO_UP * uploadRate,
      seedUploadRate: SEED_TO_LEECHER * uploadRate,
      seedStay: `exponential:${STAY_SECONDS}`,
      warmupSeconds: WARMUP_SECONDS,
    },
  })
}

const steadyRows = async (bench: Bench): Promise<readonly Row[]> => {
  const results = await measure(bench, WHOLE)
  const { leechers, seeds, downloadSeconds } = steadyState(flowOf(WHOLE))
  const at = `at ${WHOLE.arrivalsPerSecond} arrivals a second`
  return [
    rowWithin(`mean download ${at}: s`, downloadSeconds, measuredOf(results, 'meanDownloadSeconds'), SHARE),
    rowWithin(`leechers ${at}`, leechers, measuredOf(results, 'meanLeechers'), SHARE),
    rowWithin(`seeds ${at}`, seeds, measuredOf(results, 'meanSeeds'), SHARE),
  ]
}

const flatRow = async (bench: Bench): Promise<Row> => {
  const [few, many] = await Promise.all(
    [FEW, MANY].map(async (swarm) => {
      const seconds = estimateOf(measuredOf(await measure(bench, swarm), 'meanDownloadSeconds'))
      return { seconds, times: seconds.mean / steadyState(flowOf(swarm)).downloadSeconds }
    }),
  )
  if (few === undefined || many === undefined) throw new Error('both were measured')
  // The seed that never leaves is shared by more, which the prediction takes into account.
  const ratio = many.times / few.times
  const what = `download time at ${MANY.arrivalsPerSecond} arrivals a second over that at ${FEW.arrivalsPerSecond}`
  return {
    ...row(what, '1', many.seconds, 'within 10 %', Math.abs(ratio - 1) <= FLAT),
    measured: `${show(ratio)} (${many.seconds.count} runs each)`,
  }
}

export const steady: Point = {
  number: 2,
  title: 'Steady state and the fluid model of Qiu and Srikant',
  run: async (bench) => {
    const [rows, flat] = await Promise.all([steadyRows(bench), flatRow(bench)])
    return [...rows, flat]
  },
}
