/** Without trackers: engines find each other in the DHT, over simulated datagrams that get lost, repeated and mixed up. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { simulate } from '../../../simulations/index.js'

const settings = { peers: 6, contentBytes: 524_288, arrivalsPerSecond: 1 }

test('trackerless: everybody finds the seed and the others, and finishes; the same seed takes the same course', async () => {
  const result = await simulate('trackerless', { settings, seed: 3 })
  assert.equal(result.violations, [])
  assert.is(result.completed, 6)
  assert.is((await simulate('trackerless', { settings, seed: 3 })).hash, result.hash)
})

test.run()
