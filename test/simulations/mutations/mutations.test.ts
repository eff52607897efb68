/** The oracle is tested: engines with a bug each, which the simulator must find within so many seeds. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readSettings } from '../../../simulations/index.js'
import { mutated } from './copies.js'
import { COMMON, MUTANTS, type Mutant } from './mutants.js'

type Simulations = Awaited<ReturnType<typeof mutated>>

/** The checkers that found something in the first seed in which any did. */
const findIn = async (
  { findScenario, readSettings }: Pick<Simulations, 'findScenario' | 'readSettings'>,
  { settings, faults, within, scenario: name = 'everything-at-once' }: Mutant,
): Promise<readonly string[]> => {
  const scenario = findScenario(name)
  for (let seed = 1; seed <= within; seed++) {
    const options = { seed, settings: readSettings(scenario.defaults, { ...COMMON, ...settings }), faults }
    const { violations } = await scenario.run(options)
    if (violations.length > 0) return violations.map(({ checker }) => checker)
  }
  return []
}

for (const mutant of MUTANTS) {
  const seeds = mutant.within === 1 ? 'the first seed' : `${mutant.within} seeds`
  test(`mutations: an engine that ${mutant.bug} is found within ${seeds}`, async () => {
    const found = await findIn(await mutated(mutant), mutant)
    assert.ok(
      found.some((checker) => mutant.found.includes(checker)),
      `${mutant.found.join(' or ')} should have found it; what did is: ${found.join(', ') || 'nothing'}`,
    )
  })
}

test('mutations: in the first runs of each nothing is found with the engine as it is', async () => {
  for (const mutant of MUTANTS)
    assert.equal(await findIn({ findScenario, readSettings }, { ...mutant, within: 1 }), [], mutant.bug)
})

test.run()
