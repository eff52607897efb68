/** Scenarios that theory knows: numbers of leechers and seeds, and of the members of a club, are what they should be. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunResult, simulate } from '../../../simulations/index.js'

const near = (value: number | undefined, expected: number, share: number, what: string): void => {
  const right = value !== undefined && Math.abs(value - expected) <= share * expected
  assert.ok(right, `${what} is ${value}, and ${expected} was expected`)
}

test('steady state: as many are there as come in the time that they stay', async () => {
  const sizes = { peers: 90, contentBytes: 262_144, pieceLength: 16_384 }
  const rates = { seedUploadRate: 16_384, uploadRate: 16_384, arrivalsPerSecond: 0.5, seedStay: 'exponential:6' }
  const result = await simulate('steady-state', { settings: { ...sizes, ...rates, warmupSeconds: 60 } })
  assert.equal(result.violations, [])
  assert.is(result.completed, 90)
  const {
    measuredSeconds = 0,
    finishes = 0,
    meanLeechers,
    meanSeeds,
    lastArrivalSeconds = 0,
    ...others
  } = result.measured
  near(measuredSeconds, lastArrivalSeconds - 60, 1e-9, 'the time measured')
  const finishesPerSecond = finishes / measuredSeconds
  near(finishesPerSecond, 0.5, 0.3, 'finishes a second')
  near(meanSeeds, finishesPerSecond * 6, 0.35, 'seeds')
  near(meanLeechers, finishesPerSecond * (others.meanDownloadSeconds ?? 0), 0.25, 'leechers')
})

test('one club: it grows where leechers come faster than the seed uploads the piece, and melts where they do not', async () => {
  const grown: RunResult[] = []
  for (let seed = 1; seed <= 4; seed++) grown.push(await simulate('one-club', { seed, settings: { peers: 60 } }))
  const melted = await simulate('one-club', { settings: { peers: 60, seedUploadRate: 24_576, warmupSeconds: 5 } })
  assert.equal(
    [...grown, melted].flatMap(({ violations }) => violations),
    [],
  )
  // 0.75 come in a second, and half a piece is uploaded; then one and a half.
  const mean = (of: string): number => grown.reduce((sum, { measured }) => sum + (measured[of] ?? Number.NaN), 0) / 4
  const growth = mean('clubSlopePerSecond')
  // Of twelve seeds the mean was 0.54, the least 0.30 and the most 0.72: one run says little more than the sign.
  near(mean('clubArrivalsPerSecond') - growth, 0.5, 0.4, 'members that leave in a second')
  assert.ok(growth > 0 && growth < 0.5, `${growth} a second`)
  assert.ok(mean('clubAfter') > 20, `${mean('clubAfter')} members`)
  assert.is(melted.measured.clubAfter, 0)
  assert.ok((melted.measured.clubSlopePerSecond ?? 0) < -0.4, `${melted.measured.clubSlopePerSecond} a second`)
  for (const { simulatedSeconds } of grown) assert.ok(melted.simulatedSeconds < simulatedSeconds)
})

test.run()
