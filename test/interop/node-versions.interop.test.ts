/** Simulated runs on several versions of Node: which one it is, and how it compiles, is no part of a run. */
import * as assert from 'uvu/assert'
import { START_BOUND_MS } from './client.js'
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
  ['everything-at-once', '--seeds', '1..3', ...SMALL, '--set', 'faultSeconds=10'],
  ['weibull-churn', '--seeds', '1..2', ...SMALL, '--set', 'seedStay=lognormal:60,1'],
]
const RUNS = 5

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

test(
  'a seed is the same run on every version of Node, and in code that was never optimised',
  [torrewind, ...nodeVersions],
  async (rig) => {
    const [here, plain, ...others] = await Promise.all([
      runsOn(rig, process.execPath),
      runsOn(rig, process.execPath, '--no-opt'),
      ...nodeVersions.map(({ program }) => runsOn(rig, program)),
    ])
    assert.is(here?.length, RUNS)
    assert.equal(plain, here, 'never optimised')
    for (const [at, runs] of others.entries()) assert.equal(runs, here, nodeVersions[at]?.name)
  },
)

/** Prints a digest of every digit of what chance computes with. */
const DIGITS = `
  const values = new Float64Array(300_000)
  let state = 1
  for (let at = 0; at < values.length; at += 3) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const share = state / 2 ** 32
    values.set([Math.log(share), Math.exp(40 * share - 20), Math.sqrt(share)], at)
  }
  console.log(crypto.createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'))`

test(
  'logarithms, exponentials and roots are the same to the last digit on every version of Node',
  nodeVersions,
  async (rig) => {
    const programs = [process.execPath, ...nodeVersions.map(({ program }) => program)]
    const digests = await Promise.all(
      programs.map(async (program) => {
        const child = rig.start({ name: program, command: program, args: ['--eval', DIGITS] })
        const { code } = await child.end(START_BOUND_MS)
        if (code !== 0) throw child.failure(`ended with ${code}`)
        return child.lines.map(({ text }) => text)
      }),
    )
    assert.match(digests[0]?.join() ?? '', /^[0-9a-f]{64}$/)
    for (const digest of digests) assert.equal(digest, digests[0])
  },
)

test.run()
