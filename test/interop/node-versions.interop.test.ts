/** Simulated runs on several versions of Node: which one it is, and how it compiles, is no part of a run. */
import * as assert from 'uvu/assert'
import { interopSuite } from './harness.js'
import { parseJsonLine } from './json.js'
import { nodeVersions } from './node-versions.js'
import type { Rig } from './rig.js'
import { MAIN, torrewind } from './torrewind.js'

const test = interopSuite('interop: versions of Node')
const SWEEP_BOUND_MS = 50_000

const SMALL = ['--peers', '5', '--set', 'contentBytes=300000']

/** All that goes wrong, and all that is drawn by logarithms and exponentials. */
const SWEEPS = [
  ['everything-at-once', '--seeds', '1..4', ...SMALL, '--set', 'faultSeconds=15'],
  ['weibull-churn', '--seeds', '1..2', ...SMALL, '--set', 'seedStay=lognormal:60,1'],
]
const RUNS = 6

/** What the runs gave, but for how long they took. */
const runsOn = async (rig: Rig, program: string, ...flags: readonly string[]): Promise<readonly object[]> => {
  const runs: object[] = []
  for (const words of SWEEPS) {
    const args = [...flags, '--enable-source-maps', MAIN, 'sim', ...words, '--workers', '0', '--json']
    // What goes wrong in a run is a part of it, and leaves files.
    const cwd = await rig.folder('runs')
    const child = rig.start({ name: `${program} ${flags.join(' ')}`, command: program, args, cwd })
    await child.end(SWEEP_BOUND_MS)
    for (const line of child.lines) {
      const { type, wallSeconds: _, ...run } = parseJsonLine(line) ?? { type: '' }
      if (type === 'run') runs.push(run)
    }
  }
  return runs
}

test('a seed is the same run on every version of Node', [torrewind, ...nodeVersions], async (rig) => {
  const [here, ...others] = await Promise.all(
    [process.execPath, ...nodeVersions.map(({ program }) => program)].map((program) => runsOn(rig, program)),
  )
  assert.is(here?.length, RUNS)
  for (const [at, runs] of others.entries()) assert.equal(runs, here, nodeVersions[at]?.name)
})

test('a seed is the same run in code that was never optimised', [torrewind], async (rig) => {
  const [usual, plain] = await Promise.all([runsOn(rig, process.execPath), runsOn(rig, process.execPath, '--no-opt')])
  assert.is(usual?.length, RUNS)
  assert.equal(plain, usual)
})

test.run()
