/** Point 2: the steady state of Qiu and Srikant, and that downloads take no longer when four times as many come. */
import { fileURLToPath } from 'node:url'
import { type RunResult, type SteadyState, steadyState } from '../../simulations/index.js'
import { flowOf } from './fluid.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, rowWithin, show } from './point.js'

const KIB = 1_024
/** An uplink takes so long for the content, and is a part so large of a downlink. */
const UPLOAD_SECONDS = 128
const DOWN_TO_UP = 8
/** Of the seed that is there from the beginning: enough for the first to come, and little beside what they upload. */
const SEED_TO_LEECHER = 0.5
const STAY_SECONDS = 30
/** By then nearly all are gone that were there from the beginning. */
const WARMUP_SECONDS = 150

/**
 * A newcomer has nothing that others want for as long as about thirty blocks take, which the model neglects: so there
 * are many blocks. Of how many come it needs as many as are there at a time not to be few.
 */
const WHOLE = { contentBytes: 8_192 * KIB, pieceLength: 64 * KIB, arrivalsPerSecond: 0.15, seconds: 380 }
/** Of few blocks, as only one is held against the other: newcomers have the same to wait for in both. */
const FEW = { contentBytes: 2_048 * KIB, pieceLength: 32 * KIB, arrivalsPerSecond: 0.1, seconds: 420 }
const MANY = { ...FEW, arrivalsPerSecond: 0.4, seconds: 250 }

type Swarm = typeof WHOLE

const SHARE = 0.15
const FLAT = 0.1
const FLOW = fileURLToPath(new URL('flow.ts', import.meta.url))

const settingsOf = ({ contentBytes, pieceLength, arrivalsPerSecond }: Swarm) => {
  const uploadRate = contentBytes / UPLOAD_SECONDS
  const rates = {
    uploadRate,
    downloadRate: DOWN_TO_UP * uploadRate,
    seedUploadRate: SEED_TO_LEECHER * uploadRate,
  }
  return { contentBytes, pieceLength, arrivalsPerSecond, ...rates }
}

const predict = (swarm: Swarm, arrivalsPerSecond = swarm.arrivalsPerSecond): SteadyState => {
  const seedStay = { type: 'exponential', mean: STAY_SECONDS } as const
  return steadyState(flowOf({ ...settingsOf(swarm), arrivalsPerSecond, seedStay }))
}

/** As many as are there in the steady state, leechers and seeds. */
const clubOf = (swarm: Swarm): number => {
  const { leechers, seeds } = predict(swarm)
  return Math.round(leechers + seeds)
}

const measure = (bench: Bench, swarm: Swarm): Promise<readonly RunResult[]> => {
  const clubPeers = clubOf(swarm)
  return bench.sweep({
    scenario: FLOW,
    settings: {
      ...settingsOf(swarm),
      clubPeers,
      peers: clubPeers + Math.round(swarm.arrivalsPerSecond * swarm.seconds),
      seedStay: `exponential:${STAY_SECONDS}`,
      warmupSeconds: WARMUP_SECONDS,
    },
  })
}

/** Arrivals are drawn, and are known: what the model has of more or fewer than on average is taken off. */
const atMeanArrivals = (results: readonly RunResult[], swarm: Swarm, name: 'leechers' | 'seeds'): readonly number[] => {
  const measuredName = name === 'leechers' ? 'meanLeechers' : 'meanSeeds'
  return results.map(({ measured, peers }) => {
    const { lastArrivalSeconds = Number.NaN, [measuredName]: mean = Number.NaN } = measured
    const drawn = (peers - clubOf(swarm)) / lastArrivalSeconds
    return mean - (predict(swarm, drawn)[name] - predict(swarm)[name])
  })
}

const steadyRows = async (bench: Bench): Promise<readonly Row[]> => {
  const results = await measure(bench, WHOLE)
  const { leechers, seeds, downloadSeconds } = predict(WHOLE)
  const at = `at ${WHOLE.arrivalsPerSecond} arrivals a second`
  return [
    rowWithin(`mean download ${at}: s`, downloadSeconds, measuredOf(results, 'meanDownloadSeconds'), SHARE),
    rowWithin(`leechers ${at}`, leechers, atMeanArrivals(results, WHOLE, 'leechers'), SHARE),
    rowWithin(`seeds ${at}`, seeds, atMeanArrivals(results, WHOLE, 'seeds'), SHARE),
  ]
}

const flatRow = async (bench: Bench): Promise<Row> => {
  const [few, many] = await Promise.all(
    [FEW, MANY].map(async (swarm) => {
      const seconds = estimateOf(measuredOf(await measure(bench, swarm), 'meanDownloadSeconds'))
      return { seconds, times: seconds.mean / predict(swarm).downloadSeconds }
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
