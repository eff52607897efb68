/** The census: its means are those that are worked out by hand. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Census } from '../../simulations/census.js'

test('census: leechers and seeds are means over time, between the ends of the stretch', () => {
  const census = new Census(10, 30)
  census.leecherComes(0)
  census.leecherComes(20)
  census.finishes(25, 25)
  census.seedLeaves(28)
  census.leecherLeaves(35, true)
  // One leecher from 10 to 20, two to 25, one to 30; a seed from 25 to 28.
  assert.equal(census.measured(40), {
    measuredSeconds: 20,
    meanLeechers: (10 + 2 * 5 + 5) / 20,
    meanSeeds: 3 / 20,
    finishes: 1,
    aborts: 0,
    meanDownloadSeconds: 25,
  })
})

test('census: who is away is not there, and who left for good has aborted', () => {
  const census = new Census(0, Number.POSITIVE_INFINITY)
  census.leecherComes(0)
  census.leecherLeaves(4, false)
  census.leecherComes(6)
  census.leecherLeaves(10, true)
  assert.equal(census.measured(20), { measuredSeconds: 20, meanLeechers: 0.4, meanSeeds: 0, finishes: 0, aborts: 1 })
})

test('census: of no time there are no means', () => {
  const census = new Census(10, 10)
  census.leecherComes(0)
  assert.equal(census.measured(5), { measuredSeconds: 0, finishes: 0, aborts: 0 })
})

test.run()
