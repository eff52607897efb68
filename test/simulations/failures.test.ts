/** Runs that once went wrong: each file that `--shrink` wrote is a test by lying in the folder beside this one. */
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readScenario, simulate } from '../../simulations/index.js'

const FOLDER = new URL('failures/', import.meta.url)
const ENDING = '.scenario.json'

for (const file of readdirSync(FOLDER).sort()) {
  test(`failures: ${file.replace(ENDING, '').replaceAll('-', ' ')}: nothing goes wrong any more`, async () => {
    assert.ok(file.endsWith(ENDING), `${file} is a scenario`)
    const data: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
    const scenario = await readScenario('failure', data, async (name) => findScenario(name))
    const { violations } = await simulate(scenario)
    assert.equal(violations, [])
  })
}

test.run()
