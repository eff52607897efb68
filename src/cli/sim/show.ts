/** How runs are shown: text for people, and a JSON line each. */
import type { RunResult } from '../../../simulations/index.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'
import type { SimJob } from './job.js'
import type { SeedRange } from './options.js'

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w./:,=+@%-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** How to do these runs again, with more words at its end, and nothing else. */
export const commandOf = (
  { scenario, words, checkDeterminism }: SimJob,
  [from, to]: SeedRange,
  ...more: readonly string[]
): string =>
  [
    `torrewind sim ${quoted(scenario)} ${from === to ? `--seed ${from}` : `--seeds ${from}..${to}`}`,
    ...Object.entries(words).map(([key, value]) => `--set ${quoted(`${key}=${value}`)}`),
    ...(checkDeterminism ? ['--check-determinism'] : []),
    ...more.map(quoted),
  ].join(' ')

const tellRun = (context: CommandContext, job: SimJob, result: RunResult, brief: boolean): void => {
  const { seed, simulatedSeconds, wallSeconds, completed, peers, violations, hash } = result
  if (brief && violations.length === 0) return
  if (violations.length > 0) context.warn(`seed ${seed} went wrong; again by: ${commandOf(job, [seed, seed])}`)
  const done = `${completed} of ${showCount(peers, 'leecher')} finished`
  context.tell(
    `seed ${seed}: ${done} in ${simulatedSeconds.toFixed(1)} simulated seconds (${wallSeconds.toFixed(2)} s), ${hash}`,
  )
  for (const { checker, kind, node, torrent, atSeconds, text } of violations) {
    const of = torrent === undefined ? '' : `, torrent ${torrent}`
    const where = node === undefined ? '' : `, node ${node}${of}`
    context.warn(`  ${kind}: ${checker} at ${atSeconds.toFixed(3)} s${where}: ${text}`)
  }
}

/** In brief, people are told of violations only. */
export const showRun = (context: CommandContext, job: SimJob, result: RunResult, brief = false): void => {
  const { seed, hash, simulatedSeconds, wallSeconds, events, completed, peers, violations } = result
  const { deliveries, blocks, downloadSeconds, measured, faults } = result
  const known = { seed, hash, simulatedSeconds, wallSeconds, events, completed, peers, violations }
  tellRun(context, job, result, brief)
  context.say({ type: 'run', scenario: job.scenario, ...known, deliveries, blocks, downloadSeconds, measured, faults })
}
