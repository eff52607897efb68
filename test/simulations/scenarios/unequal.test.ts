/** Scenarios of unequal peers: each shows what it is named for. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunResult, simulate } from '../../../simulations/index.js'

const groupIn = ({ groups }: RunResult, name: string) => {
  const group = groups.find((each) => each.name === name)
  assert.ok(group !== undefined, `there are ${groups.map((each) => each.name).join(', ')}, and no ${name}`)
  return group
}

const medianOf = (result: RunResult, name: string): number => groupIn(result, name).downloadSeconds[50] ?? Number.NaN

const everybodyIn = (result: RunResult): void => {
  assert.equal(result.violations, [])
  assert.is(result.completed, result.peers)
}

test('free riders: they give nothing, and finish later than those who do', async () => {
  const result = await simulate('free-riders')
  everybodyIn(result)
  assert.is(groupIn(result, 'free riders').peers, 5)
  assert.is(groupIn(result, 'free riders').uploadedBytes, 0)
  const [riders, contributors] = [medianOf(result, 'free riders'), medianOf(result, 'leechers')]
  assert.ok(riders > 1.1 * contributors, `${riders} s and ${contributors} s`)
})

test('bandwidth classes: who has a slow line finishes later, and nobody faster than the line', async () => {
  const result = await simulate('bandwidth-classes')
  everybodyIn(result)
  const [dsl, cable, fibre] = ['dsl', 'cable', 'fibre'].map((name) => medianOf(result, name))
  assert.ok(dsl !== undefined && cable !== undefined && fibre !== undefined)
  assert.ok(dsl > 1.1 * cable && dsl > 1.1 * fibre, `${dsl} s, ${cable} s and ${fibre} s`)
  const fastest = groupIn(result, 'dsl').downloadSeconds[0] ?? 0
  assert.ok(fastest >= 4_194_304 / 262_144, `${fastest} s`)
})

test('NAT heavy: who can be dialed by nobody has fewer to fetch from, and finishes later', async () => {
  const result = await simulate('nat-heavy', { settings: { contentBytes: 2_097_152 } })
  everybodyIn(result)
  const [hidden, open] = [medianOf(result, 'leechers behind NAT'), medianOf(result, 'leechers')]
  assert.ok(hidden > 1.3 * open, `${hidden} s and ${open} s`)
})

test('NAT heavy: where nobody can be dialed but the seed, it has to serve everybody itself', async () => {
  const settings = { peers: 8, contentBytes: 524_288, natShare: 1 }
  const result = await simulate('nat-heavy', { settings })
  everybodyIn(result)
  assert.is(groupIn(result, 'leechers behind NAT').uploadedBytes, 0)
  assert.ok(result.simulatedSeconds >= (8 * 524_288) / 65_536, `${result.simulatedSeconds} s`)
})

test.run()
