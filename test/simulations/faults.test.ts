/** Faults as data: drawn, kept and played again; and what is wrong with a schedule is said. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readFaults } from '../../simulations/faults.js'
import { FAULT_KINDS, findScenario, readSettings } from '../../simulations/index.js'
import { TorrewindError } from '../../src/errors.js'

const scenario = findScenario('everything-at-once')
const SMALL = { peers: 4, contentBytes: 300_000, faultSeconds: 30 }
const run = (seed: number, words: Record<string, string> = {}) =>
  scenario.run({ seed, settings: readSettings(scenario.defaults, { ...SMALL, ...words }) })

test('faults: a schedule that was drawn, written and read again is the same run', async () => {
  const drawn = await run(3)
  assert.ok(drawn.faults.length > 3)
  const faults = readFaults(JSON.parse(JSON.stringify(drawn.faults)))
  const again = await scenario.run({ seed: 3, settings: readSettings(scenario.defaults, SMALL), faults })
  assert.is(again.hash, drawn.hash)
  assert.equal(again.faults, drawn.faults)
  const calm = await scenario.run({ seed: 3, settings: readSettings(scenario.defaults, SMALL), faults: [] })
  assert.not.equal(calm.hash, drawn.hash)
  assert.equal([calm.faults.length, calm.completed, calm.violations], [0, SMALL.peers, []])
})

test('faults: runs differ in kind and number, and over a few of them every kind is drawn', async () => {
  const kinds = new Set<string>()
  const counts = new Set<number>()
  for (let seed = 1; seed <= 12; seed++) {
    const { faults, violations } = await run(seed, { contentBytes: '20000', faultSeconds: '5' })
    assert.equal(violations, [])
    for (const { kind } of faults) kinds.add(kind)
    counts.add(faults.length)
  }
  assert.equal(
    FAULT_KINDS.filter((kind) => !kinds.has(kind)),
    [],
  )
  assert.ok(counts.size > 5)
})

test('faults: in a scenario that has none of its own they are played, too', async () => {
  const crowd = findScenario('flash-crowd')
  const settings = readSettings(crowd.defaults, { peers: 2, contentBytes: 1_000_000, uploadRate: 100_000 })
  const seed = { seed: 1, settings }
  const calm = await crowd.run(seed)
  const slow = await crowd.run({
    ...seed,
    faults: [{ kind: 'slow', node: 1, times: 20, atSeconds: 0, forSeconds: 60 }],
  })
  assert.equal([calm.violations, slow.violations], [[], []])
  assert.ok(slow.simulatedSeconds > calm.simulatedSeconds + 5)
})

test('faults: what is wrong with a schedule is said, with where it is', () => {
  const right = { kind: 'crash', how: 'power', node: 1, atSeconds: 1, forSeconds: 1 }
  assert.equal(readFaults([right]), [right])
  const wrong: readonly [unknown, RegExp][] = [
    ['crash', /faults are a list/],
    [[right, 5], /fault 1: it is no object/],
    [[{ ...right, kind: 'meteor' }], /fault 0: there is no kind "meteor"/],
    [[{ ...right, kind: 'toString' }], /no kind "toString"/],
    [[{ ...right, how: 'axe' }], /how of crash cannot be "axe"/],
    [[{ ...right, node: 0 }], /node of crash cannot be 0/],
    [[{ ...right, atSeconds: -1 }], /atSeconds of crash cannot be -1/],
    [[{ ...right, forSeconds: Number.NaN }], /forSeconds of crash/],
    [[{ ...right, extra: 1 }], /crash has no field extra/],
    [[{ ...right, kind: 'partition', nodes: [1, 'two'], oneWay: false }], /nodes of partition/],
    [[{ kind: 'hostile', manner: 'polite', oneIn: 1, node: 1, atSeconds: 0, forSeconds: 0 }], /manner of hostile/],
  ]
  for (const [value, message] of wrong)
    assert.throws(
      () => readFaults(value),
      (error: unknown) =>
        error instanceof TorrewindError && error.code === 'SCENARIO_INVALID' && message.test(error.message),
      String(message),
    )
})

test.run()
