/**
 * Whether the simulator agrees with the world: what was measured beside what was predicted, for each point of
 * docs/VALIDITY.md. `npm run sim:validity`, or `npm run sim:validity -- 2 --quick` for one point with few seeds.
 *
 * Ends with 1 where a criterion is missed. What cannot be run on this machine is said to be so, and has not passed.
 */
import { availableParallelism } from 'node:os'
import { printTable } from '../bench/table.js'
import { resultOf } from '../src/cli/sim/outcome.js'
import { openThreads } from '../src/cli/sim/threads.js'
import { VERSION } from '../src/version.js'
import { generators } from './validity/generators.js'
import { linkModel } from './validity/link-model.js'
import { lowerBound } from './validity/lower-bound.js'
import { oneClub } from './validity/one-club.js'
import type { Bench, Point, Row } from './validity/point.js'
import { qualitative } from './validity/qualitative.js'
import { steady } from './validity/steady-state.js'

const POINTS: readonly Point[] = [lowerBound, steady, oneClub, generators, qualitative, linkModel]
const SEEDS = 20
const SEEDS_QUICK = 3

const words = process.argv.slice(2)
const quick = words.includes('--quick')
const asked = words.filter((word) => word !== '--quick')
const points = POINTS.filter(({ number }) => asked.length === 0 || asked.includes(String(number)))
if (asked.some((word) => !POINTS.some(({ number }) => String(number) === word))) {
  console.error(`usage: npm run sim:validity -- [POINT...] [--quick], with points from 1 to ${POINTS.length}`)
  process.exit(2)
}

const threads = await openThreads(availableParallelism())

const sweep: Bench['sweep'] = async ({ scenario, settings, samples, seeds = quick ? SEEDS_QUICK : SEEDS }) => {
  const said = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]))
  const job = { scenario, words: said, checkDeterminism: false, samples }
  const runs = Array.from({ length: seeds }, async (_, index) => resultOf(await threads.run({ job, seed: index + 1 })))
  const results = await Promise.all(runs)
  for (const { seed, violations } of results)
    for (const { checker, text } of violations) throw new Error(`${scenario}, seed ${seed}: ${checker}: ${text}`)
  return results
}

const showRows = (rows: readonly Row[]): void =>
  printTable(
    ['what', 'predicted', 'measured, 95 %', 'criterion', ''],
    rows.map(({ what, predicted, measured, criterion, verdict }) => [what, predicted, measured, criterion, verdict]),
  )

console.log(`Torrewind ${VERSION}, ${quick ? `${SEEDS_QUICK} seeds, which is too few to tell` : `${SEEDS} seeds`}`)
const counts = { passed: 0, missed: 0, 'not run': 0 }
const secondsSince = (began: number): number => Math.round((performance.now() - began) / 1_000)
const beganAll = performance.now()
for (const point of points) {
  const began = performance.now()
  console.log(`\n## ${point.number}. ${point.title}\n`)
  try {
    const rows = await point.run({ quick, sweep })
    showRows(rows)
    for (const { verdict } of rows) counts[verdict]++
  } catch (error) {
    counts.missed++
    console.log(`Came to no end: ${error instanceof Error ? error.message : String(error)}`)
  }
  console.log(`\n${secondsSince(began)} s`)
}
await threads.close()
const { passed, missed, 'not run': notRun } = counts
console.log(`\n${passed} criteria passed, ${missed} missed, ${notRun} not run, ${secondsSince(beganAll)} s.`)
process.exitCode = missed === 0 ? 0 : 1
