/** Generators of churn: each is tested against its own distribution by Kolmogorov and Smirnov. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { drawArrivals } from '../../../simulations/churn/arrivals.js'
import { drawDuration, readDuration } from '../../../simulations/churn/durations.js'
import { WEIBULL_FITS } from '../../../simulations/churn/presets.js'
import { dealShare, dealShares } from '../../../simulations/churn/shares.js'
import { Chance } from '../../../simulations/random.js'
import { exponential, lognormal, pareto, weibull } from './distributions.js'
import { criticalDistance, type Distribution, distance } from './kolmogorov-smirnov.js'

const SAMPLE = 20_000
const SEEDS = [1, 2, 3]

const drawn = (word: string, seed: number): readonly number[] => {
  const length = readDuration('sessions', word, new Map())
  const chance = new Chance(seed, word)
  return Array.from({ length: SAMPLE }, () => drawDuration(length, chance))
}

const DURATIONS: readonly (readonly [string, Distribution])[] = [
  ['exponential:40', exponential(40)],
  ['weibull:300,0.66', weibull(300, 0.66)],
  ['weibull:10,3', weibull(10, 3)],
  ['lognormal:120,1.6', lognormal(120, 1.6)],
  ['pareto:30,1.2', pareto(30, 1.2)],
  ...Object.entries(WEIBULL_FITS).map(
    ([name, { scaleMinutes, shape }]) => [`weibull:${name}`, weibull(scaleMinutes * 60, shape)] as const,
  ),
]

for (const [word, distribution] of DURATIONS)
  test(`churn: lengths of ${word} are distributed so`, () => {
    for (const seed of SEEDS) {
      const far = distance(drawn(word, seed), distribution)
      assert.ok(far < criticalDistance(SAMPLE), `seed ${seed}: ${far}`)
    }
  })

test('churn: the test tells a shape of 0.63 from one of 0.66, and a median from one 5 % larger', () => {
  assert.ok(distance(drawn('weibull:300,0.63', 1), weibull(300, 0.66)) > criticalDistance(SAMPLE))
  assert.ok(distance(drawn('lognormal:105,1.6', 1), lognormal(100, 1.6)) > criticalDistance(SAMPLE))
})

const NONE = { peers: SAMPLE, arrivalsPerSecond: 0, arrivalsDecaySeconds: 0, trace: [] }

test('churn: arrivals of a rate are a Poisson process', () => {
  for (const seed of SEEDS) {
    const times = drawArrivals({ ...NONE, arrivalsPerSecond: 4 }, new Chance(seed, 'arrivals'))
    const gaps = times.map((time, at) => time - (times[at - 1] ?? 0))
    assert.ok(distance(gaps, exponential(0.25)) < criticalDistance(SAMPLE))
    const neighbours = gaps.slice(1).map((gap, at) => Math.min(gap, gaps[at] ?? 0))
    // Were gaps not independent of the ones before, the smaller of two would not be distributed so.
    const pairs = neighbours.filter((_, at) => at % 2 === 0)
    assert.ok(distance(pairs, exponential(0.125)) < criticalDistance(pairs.length))
  }
})

test('churn: a crowd that thins out comes at exponential times, in their order', () => {
  for (const seed of SEEDS) {
    const times = drawArrivals({ ...NONE, arrivalsDecaySeconds: 600 }, new Chance(seed, 'arrivals'))
    assert.ok(distance(times, exponential(600)) < criticalDistance(SAMPLE))
    assert.ok(times.every((time, at) => time >= (times[at - 1] ?? 0)))
  }
})

test('churn: all come at once, or as a trace has it', () => {
  const chance = new Chance(1, 'arrivals')
  assert.equal(drawArrivals({ ...NONE, peers: 3 }, chance), [0, 0, 0])
  const trace = [{ arrivalSeconds: 1 }, { arrivalSeconds: 4, sessionSeconds: 9 }, { arrivalSeconds: 7 }]
  assert.equal(drawArrivals({ ...NONE, peers: 2, trace }, chance), [1, 4])
})

test('churn: samples of a file are drawn alike', () => {
  const length = readDuration('sessions', 'trace:s.csv', new Map([['s.csv', '10\n20\n20\n40\n']]))
  const chance = new Chance(1, 'samples')
  const counts = new Map<number, number>()
  for (let draws = 0; draws < SAMPLE; draws++) {
    const seconds = drawDuration(length, chance)
    counts.set(seconds, (counts.get(seconds) ?? 0) + 1)
  }
  assert.equal([...counts.keys()].sort(), [10, 20, 40])
  for (const [seconds, share] of [
    [10, 0.25],
    [20, 0.5],
    [40, 0.25],
  ] as const)
    assert.ok(Math.abs((counts.get(seconds) ?? 0) / SAMPLE - share) < 0.01, `${counts.get(seconds)} of ${seconds} s`)
})

test('churn: what lasts longer than thirty years lasts for ever', () => {
  const lengths = drawn('pareto:1000000,0.1', 1)
  assert.ok(lengths.includes(Number.POSITIVE_INFINITY))
  assert.ok(lengths.every((length) => length === Number.POSITIVE_INFINITY || length <= 1e9))
})

test('shares: each gets what is its own to within one, in an order of chance', () => {
  const dealt = dealShares(10, [0.5, 0.33, 0.17], new Chance(1, 'shares'))
  assert.equal(
    [0, 1, 2].map((share) => dealt.filter((each) => each === share).length),
    [5, 3, 2],
  )
  assert.not.equal(dealt, dealShares(10, [0.5, 0.33, 0.17], new Chance(2, 'shares')))
  assert.is(dealShare(7, 0.5, new Chance(1, 'half')).filter(Boolean).length, 4)
  assert.is(dealShare(7, 0, new Chance(1, 'none')).filter(Boolean).length, 0)
  assert.is(dealShare(7, 1, new Chance(1, 'all')).filter(Boolean).length, 7)
})

test.run()
