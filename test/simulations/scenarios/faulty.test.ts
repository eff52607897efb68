/** Scenarios of faults: each shows what it is named for, and everybody finishes in the end. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunResult, simulate } from '../../../simulations/index.js'

const everybodyIn = (result: RunResult): void => {
  assert.equal(result.violations, [])
  assert.is(result.completed, result.peers)
}

test('poisoners: they are found out and banned, and what they spoiled is fetched again', async () => {
  const result = await simulate('poisoners', { settings: { contentBytes: 2_097_152 } })
  everybodyIn(result)
  const { bans = 0 } = result.measured
  // Each leecher may ban each of the three.
  assert.ok(bans >= 10 && bans <= 45, `${bans} bans`)
  assert.ok(result.blocks > (15 * 2_097_152) / 16_384, `${result.blocks} blocks`)
})

test('partition and heal: who is cut off waits until it is over, and nobody else', async () => {
  const result = await simulate('partition-heal', { settings: { contentBytes: 2_097_152, faultSeconds: 90 } })
  everybodyIn(result)
  const [fault] = result.faults
  assert.ok(fault?.kind === 'partition')
  assert.is(fault.nodes.length, 10)
  const late = result.downloadSeconds.filter((seconds) => seconds >= 90)
  assert.is(late.length, 10, `${result.downloadSeconds}`)
  assert.ok(result.simulatedSeconds < 150, `${result.simulatedSeconds} s`)
})

test('tracker outage: who comes in it finds nobody before it is over, and who was there goes on', async () => {
  const result = await simulate('tracker-outage', { settings: { contentBytes: 1_048_576 } })
  const calm = await simulate('tracker-outage', { settings: { contentBytes: 1_048_576, faultSeconds: 0 } })
  everybodyIn(result)
  everybodyIn(calm)
  const { lastArrivalSeconds = 0 } = result.measured
  assert.ok(lastArrivalSeconds > 50 && lastArrivalSeconds < 250, `the last came after ${lastArrivalSeconds} s`)
  assert.ok(calm.simulatedSeconds < 250, `${calm.simulatedSeconds} s without it`)
  assert.ok(result.simulatedSeconds > 300, `${result.simulatedSeconds} s`)
  const quick = result.downloadSeconds.filter((seconds) => seconds < 100)
  assert.ok(quick.length >= 2 && quick.length <= 15, `${quick.length} finished as if nothing were wrong`)
})

test('web seeds: some lie, fail and stall for a while, and everybody finishes all the same', async () => {
  const settings = { peers: 5, contentBytes: 2_097_152, faultSeconds: 60, recordedNodes: 3 }
  const result = await simulate('web-seeds', { seed: 1, settings })
  everybodyIn(result)
  const again = await simulate('web-seeds', { seed: 1, settings })
  assert.is(again.hash, result.hash)
})

test('moving storage: files are moved while they come, whoever crashes meanwhile, and no byte is lost', async () => {
  const calm = { faults: 'none', peers: 5, contentBytes: 1_048_576 }
  for (const settings of [calm, { peers: 5, contentBytes: 1_048_576 }]) {
    const result = await simulate('moving-storage', { seed: 2, settings })
    everybodyIn(result)
    const kinds = result.faults.map(({ kind }) => kind)
    assert.ok(kinds.filter((kind) => kind === 'moves').length > 15 && kinds.includes('crash'), kinds.join())
    const least = (5 * 1_048_576) / 16_384
    if (settings === calm) assert.ok(result.blocks < 1.3 * least, `${result.blocks} blocks, and ${least} are needed`)
  }
})

test('crash storm: every machine crashes, again and again, and what was stored is not fetched again', async () => {
  const result = await simulate('crash-storm', { settings: { peers: 10 } })
  everybodyIn(result)
  const crashed = new Set(result.faults.map((fault) => fault.kind === 'crash' && fault.node))
  assert.is(crashed.size, 11)
  assert.ok(result.faults.length > 22, `${result.faults.length} crashes`)
  const least = (10 * 4_194_304) / 16_384
  assert.ok(result.blocks >= least && result.blocks < 1.5 * least, `${result.blocks} blocks, and ${least} are needed`)
})

test('disk faults: all kinds happen, and whose disk did not rot finishes', async () => {
  const result = await simulate('disk-faults', { settings: { peers: 8, contentBytes: 2_097_152, faultSeconds: 60 } })
  assert.equal(result.violations, [])
  const kinds = [...new Set(result.faults.map(({ kind }) => kind))].sort()
  assert.equal(kinds, ['bit-rot', 'commits-slow', 'disk', 'disk-slow', 'log-fails'])
  const rotten = new Set(result.faults.map((fault) => fault.kind === 'bit-rot' && fault.node)).size - 1
  assert.ok(result.completed >= 8 - rotten, `${result.completed} of 8, with ${rotten} rotten`)
})

test.run()
