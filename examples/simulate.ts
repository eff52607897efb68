/**
 * A test as it could stand in a project of your own: ten engines fetch 4 MB from one seed, piece after piece as a player
 * of films wants them, and nothing may go wrong on the way. The same seed is the same run, on any machine.
 *
 *   node --import tsx examples/simulate.ts
 */
import assert from 'node:assert/strict'
import { defineScenario, simulate } from 'torrewind/simulations'

const rates = { seedUploadRate: 500_000, uploadRate: 500_000 }
const crowd = defineScenario({
  name: 'in-order',
  settings: { peers: 10, contentBytes: 4_000_000, ...rates, natShare: 0.2 },
  picker: ({ pieces }) => pieces.sort((left, right) => left - right),
})
const { completed, violations, simulatedSeconds } = await simulate(crowd, { seed: 7 })
assert.deepEqual(violations, [])
assert.equal(completed, 10)
assert.ok(simulatedSeconds < 90)
console.log(`${completed} of 10 finished within ${simulatedSeconds.toFixed(1)} simulated seconds`)
