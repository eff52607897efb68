/** Point 3: the missing piece syndrome of Hajek and Zhu, on both sides of its threshold. */
import { fileURLToPath } from 'node:url'
import { type Club, clubDrift, clubThreshold } from '../../simulations/index.js'
import { type Bench, estimateOf, type Point, type Row, row, show } from './point.js'

const KIB = 1_024
const BLOCK = 16 * KIB

interface Manner {
  readonly pieceLength: number
  readonly staySeconds: number
  readonly warmupSeconds: number
  readonly measuredSeconds: number
}

/** Bytes a second: a leecher sends a block in a second, which is little beside how long those who finished stay. */
const RATES = { seedUploadRate: 2 * BLOCK, uploadRate: BLOCK, downloadRate: 16 * BLOCK }
/** Who finished is asked for blocks five trips later, of which the theory knows nothing. */
const TRIPS = { roundTripMs: 10 }
const LEAVE_AT_ONCE: Manner = { pieceLength: 20 * BLOCK, staySeconds: 0, warmupSeconds: 60, measuredSeconds: 240 }
/**
 * A quarter of a piece is sent in that time on average, to one who is not always the first of all: what waits with others for
 * its rest, of which the theory knows nothing, is a piece or so after a while, and counts the less the longer is measured.
 */
const STAY_A_WHILE: Manner = { pieceLength: 80 * BLOCK, staySeconds: 20, warmupSeconds: 300, measuredSeconds: 1_000 }
const PIECES = 2
const SIDES = [0.8, 1.2] as const
/** What is left of a club that shrinks all the while, so that it stays a large one. */
const CLUB_LEFT = 20
const SLOPE_WITHIN = 0.25
const CONTACTS = fileURLToPath(new URL('contacts.ts', import.meta.url))

const measure = async (bench: Bench, manner: Manner, side: number): Promise<readonly Row[]> => {
  const { pieceLength, staySeconds, warmupSeconds, measuredSeconds } = manner
  const { seedUploadRate, uploadRate } = RATES
  const lines = { seedPieces: seedUploadRate / pieceLength, uploadPieces: uploadRate / pieceLength, staySeconds }
  const arrivalsPerSecond = side * clubThreshold({ ...lines, arrivalsPerSecond: 0 })
  const club: Club = { ...lines, arrivalsPerSecond }
  const drift = clubDrift(club)
  const seconds = warmupSeconds + measuredSeconds
  const clubPeers = Math.ceil(CLUB_LEFT + Math.max(0, -drift) * seconds)
  const results = await bench.sweep({
    scenario: CONTACTS,
    settings: {
      ...RATES,
      ...TRIPS,
      contentBytes: PIECES * pieceLength,
      pieceLength,
      seedStay: staySeconds === 0 ? 0 : `exponential:${staySeconds}`,
      arrivalsPerSecond,
      clubPeers,
      peers: clubPeers + Math.round(arrivalsPerSecond * seconds),
      warmupSeconds,
    },
  })
  // Arrivals are drawn, and are known: that more or fewer come than on average says nothing of the engine.
  const slope = estimateOf(
    results.map(
      ({ measured: { clubSlopePerSecond = Number.NaN, clubArrivalsPerSecond = Number.NaN } }) =>
        clubSlopePerSecond - (clubArrivalsPerSecond - arrivalsPerSecond),
    ),
  )
  const who = staySeconds === 0 ? 'leave at once' : `stay ${staySeconds} s`
  const what = `members a second, ${side} of the threshold, who finish ${who}`
  const within = Math.abs(slope.mean - drift) <= SLOPE_WITHIN * Math.abs(drift)
  return [
    row(
      `${what}: sign`,
      drift < 0 ? 'shrinks' : 'grows',
      slope,
      'whole interval of this sign',
      Math.sign(drift) * slope.mean > (slope.within ?? 0),
    ),
    row(what, show(drift), slope, 'mean within 25 %', within),
  ]
}

export const oneClub: Point = {
  number: 3,
  title: 'The missing piece syndrome of Hajek and Zhu',
  run: async (bench) => {
    const cases = [LEAVE_AT_ONCE, STAY_A_WHILE].flatMap((manner) => SIDES.map((side) => measure(bench, manner, side)))
    return (await Promise.all(cases)).flat()
  },
}
