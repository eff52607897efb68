/** Statistics over runs agree with tables and with a known distribution. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Chance } from '../../simulations/random.js'
import { estimate, quantile, student975 } from '../../simulations/statistics.js'

test("statistics: Student's t is that of the tables", () => {
  const table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
  table.forEach((value, at) => {
    assert.is(student975(at + 1).toFixed(3), value.toFixed(3))
  })
  for (const [freedom, value] of [
    [19, 2.093],
    [29, 2.045],
    [99, 1.984],
    [1e6, 1.96],
  ] as const)
    assert.is(student975(freedom).toFixed(3), value.toFixed(3))
})

test('statistics: quantiles lie between values in proportion', () => {
  assert.is(quantile([1, 2, 3, 4, 5], 0.5), 3)
  assert.is(quantile([1, 2], 0.25), 1.25)
  assert.is(quantile([7], 0.95), 7)
  assert.is(quantile([1, 2, 3], 1), 3)
  assert.is(quantile([1, 2, 3], 0), 1)
  assert.ok(Number.isNaN(quantile([], 0.5)))
})

test('statistics: of one run there is no confidence, and of none no estimate', () => {
  assert.is(estimate([]), undefined)
  assert.equal(estimate([4]), { count: 1, mean: 4, within: undefined, least: 4, median: 4, most: 4 })
  const { within } = estimate([1, 2, 3, 4, 5]) ?? {}
  assert.is(within?.toFixed(3), '1.963')
})

test('statistics: the interval holds the true mean about 95 times of 100', () => {
  const chance = new Chance(1, 'statistics')
  const tries = 4_000
  let held = 0
  for (let at = 0; at < tries; at++) {
    // A sum of twelve: as good as normal, with mean 6.
    const values = Array.from({ length: 5 }, () =>
      Array.from({ length: 12 }, () => chance.unit()).reduce((sum, value) => sum + value),
    )
    const { mean = 0, within = 0 } = estimate(values) ?? {}
    if (Math.abs(mean - 6) <= within) held++
  }
  assert.ok(Math.abs(held / tries - 0.95) < 0.012, `${held} of ${tries}`)
})

test.run()
