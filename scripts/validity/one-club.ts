/** Point 3: the missing piece syndrome of Hajek and Zhu, on both sides of its threshold. */
import { type Club, clubDrift, clubThreshold } from '../../simulations/index.js'
import { type Bench, estimateOf, measuredOf, type Point, type Row, row, show } from './point.js'

const KIB = 1_024
const PIECE_BYTES = 16 * KIB
const PIECES = 4
const SEED_RATE = 8 * KIB
const UPLOAD_RATE = 8 * KIB
const SIDES = [0.8, 1.2] as const
const STAYS = [0, 1] as const
const WARMUP_SECONDS = 60
const MEASURED_SECONDS = 300
/** What is left of a club that shrinks all the while, so that it stays a large one. */
const CLUB_LEFT = 25
const SLOPE_WITHIN = 0.25

const measure = async (bench: Bench, staySeconds: number, side: number): Promise<readonly Row[]> => {
  const pieces = { seedPieces: SEED_RATE / PIECE_BYTES, uploadPieces: UPLOAD_RATE / PIECE_BYTES, staySeconds }
  const arrivalsPerSecond = side * clubThreshold({ ...pieces, arrivalsPerSecond: 0 })
  const club: Club = { ...pieces, arrivalsPerSecond }
  const drift = clubDrift(club)
  const seconds = WARMUP_SECONDS + MEASURED_SECONDS
  const clubPeers = Math.ceil(CLUB_LEFT + Math.max(0, -drift) * seconds)
  const results = await bench.sweep({
    scenario: 'one-club',
    settings: {
      contentBytes: PIECES * PIECE_BYTES,
      pieceLength: PIECE_BYTES,
      seedUploadRate: SEED_RATE,
      uploadRate: UPLOAD_RATE,
      downloadRate: 512 * KIB,
      seedStay: staySeconds === 0 ? 0 : `exponential:${staySeconds}`,
      arrivalsPerSecond,
      clubPeers,
      peers: clubPeers + Math.round(arrivalsPerSecond * seconds),
      warmupSeconds: WARMUP_SECONDS,
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
    const cases = STAYS.flatMap((stay) => SIDES.map((side) => measure(bench, stay, side)))
    return (await Promise.all(cases)).flat()
  },
}
