/** Determinism: what a process has run before, and how it runs code by then, is no part of a run. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineScenario, simulate } from '../../simulations/index.js'

const SMALL = { peers: 5, contentBytes: 300_000, pieceLength: 32_768, faultSeconds: 10 }

/** What the run gave, but for how long it took. */
const runOf = async (seed: number): Promise<object> => {
  const { wallSeconds: _, ...run } = await simulate('everything-at-once', { seed, settings: SMALL })
  return run
}

test('determinism: a seed is the same run in a fresh process, after itself, and after others', async () => {
  const first = await runOf(1)
  assert.equal(await runOf(1), first)
  const other = await runOf(2)
  assert.equal(await runOf(1), first)
  assert.equal(await runOf(2), other)
})

test('determinism: over uTP and encrypted it is the same run, too, and every leecher finishes', async () => {
  const settings = { ...SMALL, natShare: 0.5, pex: 1, lossRate: 0.02, reorderRate: 0.05, duplicateRate: 0.02 }
  for (const [transport, encryption] of [
    ['utp', 'require'],
    ['both', 'prefer'],
  ] as const) {
    const { violations, completed } = await simulate('nat-heavy', {
      checkDeterminism: true,
      settings: { ...settings, transport, encryption },
    })
    assert.equal([violations, completed], [[], SMALL.peers])
  }
})

test('determinism: a picker that remembers something from run to run is found, with the first delivery that differs', async () => {
  let calls = 0
  const picker = ({ pieces }: { pieces: number[] }) => pieces.sort((a, b) => (++calls < 10 ? a - b : b - a))
  const scenario = defineScenario({ name: 'remembering', picker, settings: { ...SMALL, peers: 3 } })
  const { violations } = await simulate(scenario, { checkDeterminism: true })
  assert.equal(
    violations.map(({ checker }) => checker),
    ['sameSeedSameRun'],
  )
  assert.match(violations[0]?.text ?? '', /^delivery \d+ was .* at \d+ us, hash .*; the second time .* hash /)
})

test.run()
