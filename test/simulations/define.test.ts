/** Defining scenarios and simulating them: what is taken, and what is said of what is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineScenario, findScenario, populate, SCENARIOS, simulate } from '../../simulations/index.js'
import { TorrewindError } from '../../src/errors.js'

const codeOf = (error: unknown): string =>
  error instanceof TorrewindError ? `${error.code}: ${error.message}` : String(error)

const SMALL = { peers: 3, contentBytes: 500_000, pieceLength: 65_536 }

test('define: a scenario has the settings of its basis but for its own, and a run may change them again', async () => {
  const own = defineScenario({ name: 'own', basis: 'everything-at-once', settings: { peers: 4, seedStay: 60 } })
  const { defaults } = findScenario('everything-at-once')
  assert.equal(own.defaults, { ...defaults, peers: 4, seedStay: { type: 'fixed', seconds: 60 } })
  const crowd = defineScenario({ name: 'crowd', settings: SMALL })
  const [plain, changed] = [await simulate(crowd), await simulate(crowd, { settings: { peers: 2 } })]
  assert.equal([plain.completed, changed.completed], [3, 2])
  assert.is(plain.hash, (await simulate('flash-crowd', { settings: SMALL })).hash)
})

test('define: settings are numbers, or the words of the command line', () => {
  const words = { sessions: 'weibull:17754,0.66', natShare: 1e-7, seedStay: 0 }
  const { defaults } = defineScenario({ name: 'own', settings: words })
  assert.equal(defaults.sessions, { type: 'weibull', scale: 17_754, shape: 0.66 })
  assert.is(defaults.natShare, 1e-7)
  assert.equal(defaults.seedStay, { type: 'fixed', seconds: 0 })
})

test('define: any scenario may be the basis of another, which has its say first', async () => {
  const first = defineScenario({ name: 'first', settings: SMALL, picker: ({ pieces }) => pieces.sort((a, b) => a - b) })
  const second = defineScenario({
    name: 'second',
    basis: first,
    choker: ({ peers }) => peers.slice(0, 1).map(({ key }) => key),
  })
  const third = defineScenario({ name: 'third', basis: second, picker: () => 'default', choker: () => 'default' })
  const usual = await simulate('flash-crowd', { settings: SMALL })
  assert.is((await simulate(third)).hash, usual.hash)
  assert.is.not((await simulate(second)).hash, usual.hash)
  assert.is.not((await simulate(second)).hash, (await simulate(first)).hash)
})

test('define: faults happen as they are given, in a scenario that has none of its own too', async () => {
  const fault = { kind: 'crash', how: 'process', node: 2, atSeconds: 1, forSeconds: 30 } as const
  for (const basis of ['flash-crowd', 'everything-at-once']) {
    const settings = { ...SMALL, seedUploadRate: 100_000, faultSeconds: 40 }
    const crashed = defineScenario({ name: 'crashed', basis, seed: 3, settings, faults: [fault] })
    const { seed, faults, completed, downloadSeconds, violations } = await simulate(crashed)
    assert.equal([seed, faults, violations, completed], [3, [fault], [], 3])
    if (basis === 'flash-crowd') assert.ok((downloadSeconds.at(-1) ?? 0) > 30)
  }
  const bad = { kind: 'crash', how: 'gently', node: 2, atSeconds: 1, forSeconds: 30 }
  const define = (): unknown => defineScenario({ name: 'bad', faults: [bad as never] })
  assert.throws(
    define,
    (error: unknown) => codeOf(error) === 'SCENARIO_INVALID: fault 0: how of crash cannot be "gently"',
  )
})

test('define: a trace is what the text of its file says', () => {
  const files = { 'arrivals.csv': 'arrivalSeconds\n0\n5\n' }
  const { defaults } = defineScenario({ name: 'traced', settings: { trace: 'arrivals.csv' }, files })
  assert.is(defaults.peers, 2)
  assert.throws(() => defineScenario({ name: 'traced', settings: { trace: 'arrivals.csv' } }), /arrivals\.csv/)
})

test('define: a course of its own takes the place of that of the basis', async () => {
  const lost = defineScenario({
    name: 'seed-lost',
    settings: { ...SMALL, seedUploadRate: 10_000, limitSeconds: 120 },
    play: async (swarm, settings) => {
      const population = populate(swarm, settings)
      swarm.at(5, () => population.seeds[0]?.crash('power'))
      const over = (): boolean => population.finished() === settings.peers
      await swarm.run({ seconds: settings.limitSeconds, when: over })
      if (!over()) swarm.report('everybodyFinishes', undefined, 'the seed is gone', 'liveness')
      return { population, endSeconds: swarm.seconds }
    },
  })
  const { completed, violations, simulatedSeconds } = await simulate(lost, { checkDeterminism: true })
  assert.is(completed, 0)
  assert.equal(
    violations.map(({ checker, kind, text }) => [checker, kind, text]),
    [['everybodyFinishes', 'liveness', 'the seed is gone']],
  )
  assert.is(simulatedSeconds, 120)
})

const WRONG: readonly (readonly [definition: unknown, says: RegExp])[] = [
  [undefined, /a scenario must be an object, and not of type undefined/],
  [null, /not of type null/],
  [[], /not of type list/],
  [{}, /name of a scenario cannot be "undefined"/],
  [{ name: '' }, /name of a scenario/],
  [{ name: 'No Name' }, /small letters, digits and hyphens/],
  [{ name: 'x', piker: () => [] }, /there is no piker in a scenario; there are: name, /],
  [{ name: 'x', picker: 'rarest' }, /picker in a scenario must be of type function/],
  [{ name: 'x', choker: [] }, /choker in a scenario must be of type function/],
  [{ name: 'x', settings: [] }, /settings in a scenario must be of type object/],
  [{ name: 'x', seed: 1.5 }, /seed cannot be 1.5/],
  [{ name: 'x', faults: {} }, /faults in a scenario must be of type list/],
  [{ name: 'x', files: { 'a.csv': 3 } }, /files of a scenario are texts, and a.csv is of type number/],
  [{ name: 'x', basis: {} }, /basis of a scenario is the name of one that ships, or another scenario/],
  [{ name: 'x', basis: 3 }, /basis in a scenario must be of type string or object/],
  [{ name: 'x', basis: 'nowhere' }, /there is no scenario nowhere; there are: flash-crowd, /],
  [{ name: 'x', settings: { peer: 3 } }, /there is no setting peer; there are: peers, /],
  [{ name: 'x', settings: { toString: 3 } }, /there is no setting toString/],
  [{ name: 'x', settings: { peers: 0 } }, /peers cannot be "0"/],
  [{ name: 'x', settings: { peers: Number.NaN } }, /peers cannot be "NaN"/],
  [{ name: 'x', settings: { peers: Number.POSITIVE_INFINITY } }, /peers cannot be "Infinity"/],
  [{ name: 'x', settings: { peers: 2.5 } }, /peers cannot be "2.5": it is a whole number from 1 to/],
  [{ name: 'x', settings: { lossRate: -0.1 } }, /lossRate cannot be "-0.1"/],
  [{ name: 'x', settings: { peers: null } }, /peers is a number or a word, and cannot be null/],
  [{ name: 'x', settings: { peers: [3] } }, /peers is a number or a word, and cannot be of type object/],
  [{ name: 'x', settings: { sessions: { type: 'forever' } } }, /sessions is a number or a word/],
  [{ name: 'x', settings: { sessions: 'sometimes' } }, /sessions cannot be "sometimes"/],
]
for (const [definition, says] of WRONG)
  test(`define: ${JSON.stringify(definition)} is refused`, () => {
    let said = 'it was taken'
    try {
      defineScenario(definition as Parameters<typeof defineScenario>[0])
    } catch (error) {
      said = codeOf(error)
    }
    assert.match(said, /^OPTION_INVALID: /)
    assert.match(said, says)
  })

const BAD_RUNS: readonly (readonly [scenario: unknown, options: unknown, says: RegExp])[] = [
  ['nowhere', {}, /there is no scenario nowhere/],
  [{ name: 'x' }, {}, /what `defineScenario` returns/],
  [undefined, {}, /what `defineScenario` returns/],
  ['flash-crowd', { sead: 3 }, /there is no sead in options of simulate; there are: seed, settings, checkDeterminism/],
  ['flash-crowd', { seed: '3' }, /seed in options of simulate must be of type number/],
  ['flash-crowd', { seed: -1 }, /seed cannot be -1/],
  ['flash-crowd', { seed: 0.5 }, /seed cannot be 0.5/],
  ['flash-crowd', { settings: { peers: -1 } }, /peers cannot be "-1"/],
]
for (const [scenario, options, says] of BAD_RUNS)
  test(`simulate: ${JSON.stringify([scenario, options])} is refused`, async () => {
    const run = simulate(scenario as string, options as object)
    const said = await run.then(() => 'it ran', codeOf)
    assert.match(said, /^OPTION_INVALID: /)
    assert.match(said, says)
  })

test('simulate: runs that are asked for at one time come one after the other', async () => {
  const failing = defineScenario({ name: 'failing', settings: SMALL, picker: () => [-1] })
  const seeds = [1, 2]
  const runs = seeds.map((seed) => simulate('flash-crowd', { seed, settings: SMALL }))
  const refused = simulate(failing).then(
    () => 'it ran',
    (error: unknown) => codeOf(error),
  )
  const again = seeds.map((seed) => simulate('flash-crowd', { seed, settings: SMALL }))
  const hashes = (await Promise.all(runs)).map(({ hash, violations }) => [hash, violations.length])
  assert.match(await refused, /^STRATEGY_INVALID/)
  assert.equal(
    (await Promise.all(again)).map(({ hash }) => [hash, 0]),
    hashes,
  )
})

test('simulate: a scenario that ships is taken by its name and as it is', async () => {
  const [first] = SCENARIOS
  const settings = { ...SMALL, peers: 1 }
  assert.ok(first)
  assert.is((await simulate(first.name, { settings })).hash, (await simulate(first, { settings })).hash)
})

test.run()
