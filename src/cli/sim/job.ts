/** A job: what every run of a sweep has in common, as words that reach any thread and any machine. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  type RunResult,
  type RunSettings,
  readSettings,
  runChecked,
  type Scenario,
} from '../../../simulations/index.js'
import { TorrewindError } from '../../errors.js'
import { loadScenario, scenarioFile } from './load-scenario.js'
import { readTraces } from './trace-files.js'

export interface SimJob {
  /** The name of a scenario that ships, or the path of a file. */
  readonly scenario: string
  /** What `--set` and `--peers` said. */
  readonly words: Readonly<Record<string, string>>
  readonly checkDeterminism: boolean
  /** How many samples over time each run keeps; none where it is not given. */
  readonly samples?: number | undefined
  /** The texts of the files that words name, by their paths; read where they are not given. */
  readonly files?: Readonly<Record<string, string>> | undefined
  /** What the scenario's file must be, where others run it too. */
  readonly fingerprint?: string | undefined
}

/** A job whose scenario was found and whose words were read. */
export interface PreparedJob {
  readonly scenario: Scenario
  readonly settings: RunSettings
  /** The same job for other threads and machines. */
  readonly shared: SimJob
  run(seed: number): Promise<RunResult>
}

const fingerprintOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

/** Throws `OPTION_INVALID`, `SCENARIO_INVALID` or `TRACE_INVALID`. */
export const prepareJob = async (job: SimJob): Promise<PreparedJob> => {
  const { words, checkDeterminism, samples } = job
  const scenario = await loadScenario(job.scenario)
  const files = job.files ?? (await readTraces(words))
  const settings = readSettings(scenario.defaults, words, new Map(Object.entries(files)))
  const file = scenarioFile(job.scenario)
  const fingerprint = file && (await fingerprintOf(file))
  if (job.fingerprint !== undefined && fingerprint !== job.fingerprint)
    throw new TorrewindError('SCENARIO_INVALID', `${file} is not the file that the sweep began with`)
  const run = (seed: number): Promise<RunResult> => {
    const options = { seed, settings, samples }
    return checkDeterminism ? runChecked(scenario, options) : scenario.run(options)
  }
  return { scenario, settings, shared: { ...job, scenario: file ?? job.scenario, files, fingerprint }, run }
}
