/** A job: what every run of a sweep has in common, as words that reach any thread and any machine. */
import {
  findScenario,
  type RunResult,
  type RunSettings,
  readSettings,
  runTwice,
  type Scenario,
} from '../../../simulations/index.js'

export interface SimJob {
  /** The name of a scenario that ships. */
  readonly scenario: string
  /** What `--set` and `--peers` said. */
  readonly words: Readonly<Record<string, string>>
  readonly checkDeterminism: boolean
}

/** A job whose scenario was found and whose words were read. */
export interface PreparedJob {
  readonly scenario: Scenario
  readonly settings: RunSettings
  run(seed: number): Promise<RunResult>
}

const runChecked = async (scenario: Scenario, seed: number, settings: RunSettings): Promise<RunResult> => {
  const { result, divergence } = await runTwice(scenario, { seed, settings })
  if (divergence === undefined) return result
  const text = `delivery ${divergence.delivery} was ${divergence.first}; the second time ${divergence.second}`
  const violation = { checker: 'sameSeedSameRun', kind: 'safety', node: undefined, atSeconds: 0, text } as const
  return { ...result, violations: [...result.violations, violation] }
}

/** Throws `OPTION_INVALID`. */
export const prepareJob = async ({ scenario: name, words, checkDeterminism }: SimJob): Promise<PreparedJob> => {
  const scenario = findScenario(name)
  const settings = readSettings(scenario.defaults, words)
  return {
    scenario,
    settings,
    run: (seed) => (checkDeterminism ? runChecked(scenario, seed, settings) : scenario.run({ seed, settings })),
  }
}
