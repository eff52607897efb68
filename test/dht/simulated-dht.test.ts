/** A DHT in the simulator: who announced is found, under loss, churn and lies. `bench/dht.ts` has a thousand nodes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runDht } from './simulated-dht.js'

test('simulated DHT: announced peers are found while nodes come and go and liars gather around them', async () => {
  const course = { seed: 1, nodes: 80, lossRate: 0.03, torrents: 5, churnPercent: 5, liars: 20 }
  const outcome = await runDht(course)
  assert.ok(outcome.found >= 4, `${outcome.found} of 5 were found`)
  assert.ok(outcome.lyingShare < 0.2, `${outcome.lyingShare} of all contacts are liars`)
  assert.ok(outcome.meanContacts > 12, `${outcome.meanContacts} contacts`)
})

test('simulated DHT: the same seed takes the same course', async () => {
  const course = { seed: 2, nodes: 20, lossRate: 0.1, torrents: 2, churnPercent: 10, liars: 2 }
  assert.equal(await runDht(course), await runDht(course))
})

test.run()
