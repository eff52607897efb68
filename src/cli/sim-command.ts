/** `torrewind sim`: runs scenarios in a simulated world, each repeatable from its seed. */
import { Command } from 'commander'
import {
  findScenario,
  type RunResult,
  type RunSettings,
  readSettings,
  runTwice,
  SCENARIOS,
  type Scenario,
} from '../../simulations/index.js'
import { TorrewindError } from '../errors.js'
import { each, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { Reported } from './reported.js'

interface SimFlags {
  readonly seed?: number
  readonly seeds?: readonly [number, number]
  readonly peers?: number
  readonly checkDeterminism?: true
  readonly set?: readonly (readonly [string, string])[]
}

const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

/** More than these in one sweep is a slip of the pen. */
const SEEDS_MAX = 10_000_000

const seedRange = (text: string): readonly [number, number] => {
  const [, from, to] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? []
  const range = [Number(from), Number(to)] as const
  if (from === undefined || range[1] < range[0] || range[1] - range[0] >= SEEDS_MAX)
    throw invalid(`--seeds cannot be "${text}": it is A..B, as 1..50, with A not above B`)
  return range
}

const assignment = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw invalid(`--set cannot be "${text}": it is KEY=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}

const settingsOf = (scenario: Scenario, flags: SimFlags): RunSettings => {
  const words = Object.fromEntries(flags.set ?? [])
  if (flags.peers !== undefined && words.peers !== undefined) throw invalid('--peers and --set peers= say the same')
  return readSettings(scenario.defaults, flags.peers === undefined ? words : { ...words, peers: String(flags.peers) })
}

/** How to run this one again, and nothing else. */
const commandOf = (scenario: Scenario, seed: number, flags: SimFlags): string => {
  const words = ['torrewind sim', scenario.name, `--seed ${seed}`]
  if (flags.peers !== undefined) words.push(`--peers ${flags.peers}`)
  for (const [key, value] of flags.set ?? []) words.push(`--set ${key}=${value}`)
  if (flags.checkDeterminism) words.push('--check-determinism')
  return words.join(' ')
}

const tellOf = (context: CommandContext, again: string, result: RunResult): void => {
  const { seed, simulatedSeconds, wallSeconds, completed, peers, violations, hash } = result
  const done = `${completed} of ${showCount(peers, 'leecher')} finished`
  context.tell(
    `seed ${seed}: ${done} in ${simulatedSeconds.toFixed(1)} simulated seconds (${wallSeconds.toFixed(2)} s), ${hash}`,
  )
  if (violations.length === 0) return
  context.warn(`  again by: ${again}`)
  for (const { checker, kind, node, atSeconds, text } of violations) {
    const where = node === undefined ? '' : `, node ${node}`
    context.warn(`  ${kind}: ${checker} at ${atSeconds.toFixed(3)} s${where}: ${text}`)
  }
}

const sayOf = (context: CommandContext, scenario: Scenario, result: RunResult): void => {
  const { seed, hash, simulatedSeconds, wallSeconds, events, completed, peers, violations } = result
  const { deliveries, blocks, downloadSeconds, faults } = result
  const known = { seed, hash, simulatedSeconds, wallSeconds, events, completed, peers, violations }
  context.say({ type: 'run', scenario: scenario.name, ...known, deliveries, blocks, downloadSeconds, faults })
}

const runOne = async (scenario: Scenario, seed: number, flags: SimFlags, settings: RunSettings): Promise<RunResult> => {
  if (flags.checkDeterminism !== true) return scenario.run({ seed, settings })
  const { result, divergence } = await runTwice(scenario, { seed, settings })
  if (divergence === undefined) return result
  const text = `delivery ${divergence.delivery} was ${divergence.first}; the second time ${divergence.second}`
  const violation = { checker: 'sameSeedSameRun', kind: 'safety', node: undefined, atSeconds: 0, text } as const
  return { ...result, violations: [...result.violations, violation] }
}

const simulate = async (context: CommandContext, name: string, flags: SimFlags): Promise<void> => {
  const scenario = findScenario(name)
  if (flags.seed !== undefined && flags.seeds !== undefined) throw invalid('--seed and --seeds cannot both be given')
  const settings = settingsOf(scenario, flags)
  const [from, to] = flags.seeds ?? [flags.seed ?? 1, flags.seed ?? 1]
  let violations = 0
  let runs = 0
  let slowest: RunResult | undefined
  for (let seed = from; seed <= to && !context.stopped.aborted; seed++) {
    const result = await runOne(scenario, seed, flags, settings)
    runs++
    if (result.violations.length > 0) violations++
    if (slowest === undefined || result.wallSeconds > slowest.wallSeconds) slowest = result
    tellOf(context, commandOf(scenario, seed, flags), result)
    sayOf(context, scenario, result)
  }
  if (runs > 1) context.tell(`${showCount(runs, 'run')}, ${violations} of them with violations`)
  context.say({ type: 'swept', runs, violations, slowestSeed: slowest?.seed ?? null })
  if (violations === 0) return
  // Which runs they were, and how to see each again, was told with each.
  throw new Reported()
}

const list = (context: CommandContext): void => {
  for (const { name, summary, defaults } of SCENARIOS) {
    context.tell(`${name.padEnd(20)}  ${summary}`)
    context.say({ type: 'scenario', name, summary, settings: defaults })
  }
}

export const simCommand = (context: CommandContext): Command =>
  new Command('sim')
    .description('Runs real engines in a simulated world, where every fault can happen and every run can be repeated.')
    .argument('<scenario>', 'the name of a scenario, or "list" for all of them')
    .option('--seed <n>', 'the seed of the run (default: 1)', wholeFrom(0))
    .option('--seeds <range>', 'a run for each seed, as 1..50', seedRange)
    .option('--peers <n>', 'how many leechers', wholeFrom(1, 100_000))
    .option('--check-determinism', 'run each seed twice, and show where the second run differs')
    .option('--set <key=value>', 'change a setting of the scenario; may be given many times', each(assignment))
    .action(async (name: string, flags: SimFlags) => {
      if (name === 'list') list(context)
      else await simulate(context, name, flags)
    })
