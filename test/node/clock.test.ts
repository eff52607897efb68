/** The machine's clock keeps the contract of clocks, and tells about the same time as the machine. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeClock } from '../../src/node/clock.js'
import { clockContract } from '../contracts/clock.js'
import { waitAtMost } from '../contracts/waiting.js'

clockContract('clock', () => ({ clock: nodeClock(), until: waitAtMost(5_000) }))

test('clock: starts at the time of day', () => {
  assert.ok(Math.abs(nodeClock().now() - Date.now()) < 1_000)
})

test.run()
