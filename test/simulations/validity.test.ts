/** Validity: what theory predicts, in numbers that were worked out by hand, and one small crowd held against it. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  clubDrift,
  clubThreshold,
  type Flow,
  findScenario,
  leastSeconds,
  readSettings,
  steadyState,
} from '../../simulations/index.js'

const MIB = 1_048_576

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= 0.001 * Math.abs(expected), `${actual} is not about ${expected}`)

test('lower bound: the seed, the leechers together, or the slowest line', () => {
  const crowd = { contentBytes: 64 * MIB, seeds: 1, seedUploadRate: MIB, uploadRate: MIB, downloadRate: 8 * MIB }
  for (const leechers of [10, 100, 1_000]) near(leastSeconds({ ...crowd, leechers }), 64)
  const strong = { ...crowd, seedUploadRate: 10 * MIB }
  near(leastSeconds({ ...strong, leechers: 10 }), 32)
  near(leastSeconds({ ...strong, leechers: 100 }), 6_400 / 110)
  near(leastSeconds({ ...strong, leechers: 1_000 }), 64_000 / 1_010)
  near(leastSeconds({ ...strong, leechers: 2, downloadRate: MIB / 2 }), 128)
})

const FLOW: Flow = {
  arrivalsPerSecond: 0.5,
  uploads: 1 / 128,
  downloads: 1 / 16,
  seedsLeave: 1 / 40,
  leechersGiveUp: 0,
  effectiveness: 1,
  alwaysSeeded: 0,
}

test('steady state: downloads take as long however many come, and numbers are by the law of Little', () => {
  for (const arrivalsPerSecond of [0.05, 0.5, 5]) {
    const { downloadSeconds, leechers, seeds } = steadyState({ ...FLOW, arrivalsPerSecond })
    near(downloadSeconds, 88)
    near(leechers, arrivalsPerSecond * 88)
    near(seeds, arrivalsPerSecond * 40)
  }
})

test('steady state: seeds that stay long leave the download lines to be the bound', () => {
  near(steadyState({ ...FLOW, seedsLeave: 1 / 120 }).downloadSeconds, 16)
})

test('steady state: as much is uploaded as is downloaded', () => {
  const flow = { ...FLOW, alwaysSeeded: 1 / 256, effectiveness: 0.8 }
  const { leechers, seeds } = steadyState(flow)
  near(flow.uploads * (0.8 * leechers + seeds) + flow.alwaysSeeded, flow.arrivalsPerSecond)
})

test('one club: it grows where more come than leave, and never where each copy makes another', () => {
  const club = { arrivalsPerSecond: 0.6, seedPieces: 0.5, uploadPieces: 0.25, staySeconds: 0 }
  near(clubThreshold(club), 0.5)
  near(clubDrift(club), 0.1)
  near(clubThreshold({ ...club, staySeconds: 2 }), 1)
  near(clubDrift({ ...club, staySeconds: 2 }), -0.4)
  assert.is(clubDrift({ ...club, staySeconds: 4 }), Number.NEGATIVE_INFINITY)
})

test('lower bound: a small crowd does not beat it, and finishes within twice of it', async () => {
  const crowd = { contentBytes: MIB, seeds: 1, seedUploadRate: 131_072, uploadRate: 32_768, downloadRate: 262_144 }
  const scenario = findScenario('flash-crowd')
  const words = Object.fromEntries(Object.entries(crowd).map(([key, value]) => [key, String(value)]))
  const settings = readSettings(scenario.defaults, { ...words, peers: '6', pieceLength: '16384' })
  const { downloadSeconds, violations } = await scenario.run({ seed: 1, settings })
  assert.equal(violations, [])
  const ratio = (downloadSeconds.at(-1) ?? Number.NaN) / leastSeconds({ ...crowd, leechers: 6 })
  assert.ok(ratio >= 1 && ratio <= 2, `${ratio} times the bound`)
})

test.run()
