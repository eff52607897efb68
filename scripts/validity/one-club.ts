/** Point 3: the missing piece syndrome of Hajek and Zhu, on both sides of its threshold. */
import { type Club, clubDrift, clubThreshold } from '../../simulations/index.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, show } from './point.js'

const KIB = 1_024

interface Manner {
  readonly pieces: number
  readonly pieceLength: number
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly staySeconds: number
  readonly warmupSeconds: number
  readonly measuredSeconds: number
}

const LEAVE_AT_ONCE: Manner = {
  pieces: 4,
  pieceLength: 16 * KIB,
  seedUploadRate: 8 * KIB,
  uploadRate: 8 * KIB,
  staySeconds: 0,
  warmupSeconds: 40,
  measuredSeconds: 160,
}
/** Of a block that is under way to each of eight when a seed leaves nothing is left: so a piece is many blocks here. */
const STAY_A_WHILE: Manner = {
  pieces: 2,
  pieceLength: 2_048 * KIB,
  seedUploadRate: 512 * KIB,
  uploadRate: 256 * KIB,
  staySeconds: 2,
  warmupSeconds: 60,
  measuredSeconds: 240,
}
const SIDES = [0.8, 1.2] as const
/** What is left of a club that shrinks all the while, so that it stays a large one. */
const CLUB_LEFT = 20
const SLOPE_WITHIN = 0.25

const measure = async (bench: Bench, manner: Manner, side: number): Promise<readonly Row[]> => {
  const { pieces, pieceLength, seedUploadRate, uploadRate, staySeconds, warmupSeconds, measuredSeconds } = manner
  const lines = { seedPieces: seedUploadRate / pieceLength, uploadPieces: uploadRate / pieceLength, staySeconds }
  const arrivalsPerSecond = side * clubThreshold({ ...lines, arrivalsPerSecond: 0 })
  const club: Club = { ...lines, arrivalsPerSecond }
  const drift = clubDrift(club)
  const seconds = warmupSeconds + measuredSeconds
  const clubPeers = Math.ceil(CLUB_LEFT + Math.max(0, -drift) * seconds)
  const results = await bench.sweep({
    scenario: 'one-club',
    settings: {
      contentBytes: pieces * pieceLength,
      pieceLength,
      seedUploadRate,
      uploadRate,
      downloadRate: 8 * seedUploadRate,
      seedStay: staySeconds === 0 ? 0 : `exponential:${staySeconds}`,
      arrivalsPerSecond,
      clubPeers,
      peers: clubPeers + Math.round(arrivalsPerSecond * seconds),
      warmupSeconds,
    },
  })
  const slope = estimateOf(measuredOf(results, 'clubSlopePerSecond'))
  const who = staySeconds === 0 ? 'leave at once' : `stay ${staySeconds} s`
  const what = `members a second, ${side} of the threshold, who finish ${who}`
  const within = Math.abs(slope.mean - drift) <= SLOPE_WITHIN * Math.abs(drift)
  return [
    row(
      `${what}: sign`,
      drift < 0 ? 'shrinks' : 'grows',
      slope,
      'of this sign',
      Math.sign(slope.mean) === Math.sign(drift),
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
