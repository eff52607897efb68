/** A job: what every run of a sweep has in common, as words that reach any thread and any machine. */
import {
  type RunResult,
  type RunSettings,
  readSettings,
  runChecked,
  type Scenario,
} from '../../../simulations/index.js'
import { loadScenario } from './load-scenario.js'

export interface SimJob {
  /** The name of a scenario that ships, or the path of a file. */
  readonly scenario: string
  /** What `--set` and `--peers` said. */
  readonly words: Readonly<Record<string, string>>
  readonly checkDeterminism: boolean
  /** How many samples over time each run keeps; none where it is not given. */
  readonly samples?: number | undefined
}

/** A job whose scenario was found and whose words were read. */
export interface PreparedJob {
  readonly scenario: Scenario
  readonly settings: RunSettings
  run(seed: number): Promise<RunResult>
}

/** Throws `OPTION_INVALID` or `SCENARIO_INVALID`. */
export const prepareJob = async (job: SimJob): Promise<PreparedJob> => {
  const { words, checkDeterminism, samples } = job
  const scenario = await loadScenario(job.scenario)
  const settings = readSettings(scenario.defaults, words)
  const run = (seed: number): Promise<RunResult> => {
    const options = { seed, settings, samples }
    return checkDeterminism ? runChecked(scenario, options) : scenario.run(options)
  }
  return { scenario, settings, run }
}
