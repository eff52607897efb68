/** The simulator's public names: real engines in a simulated world, every run repeatable from its seed. */

import { findScenario } from './catalogue.js'
import { runTwice } from './determinism.js'
import type { RunResult } from './scenario.js'
import { type RunSettings, readSettings } from './settings.js'

export { findScenario, SCENARIOS } from './catalogue.js'
export { type Divergence, runTwice } from './determinism.js'
export { drawFaults, FAULT_KINDS, type Fault, playFaults } from './faults.js'
export type { GroupResult } from './groups.js'
export { NODE_DEFAULTS, type NodeSettings, SimulatedNode } from './node.js'
export { type Population, populate } from './population.js'
export { type Played, runSwarm } from './run.js'
export { SAMPLES_MAX, SAMPLES_MIN, type Samples } from './sampler.js'
export type { RunOptions, RunResult, Scenario } from './scenario.js'
export { type Duration, type RunSettings, readSettings, SETTINGS } from './settings.js'
export { Swarm, type SwarmSettings, type Violation } from './swarm.js'

export interface SimulateOptions {
  readonly seed?: number
  /** As words, as on the command line; `settings` takes values. */
  readonly set?: Readonly<Record<string, string>>
  readonly settings?: Partial<RunSettings>
  /** Runs it twice, and fails where the runs differ. */
  readonly checkDeterminism?: boolean
}

/** Runs a scenario that ships. Throws `OPTION_INVALID`. */
export const simulate = async (name: string, options: SimulateOptions = {}): Promise<RunResult> => {
  const scenario = findScenario(name)
  const { seed = 1, set = {}, checkDeterminism = false } = options
  const settings = readSettings({ ...scenario.defaults, ...options.settings }, set)
  if (!checkDeterminism) return scenario.run({ seed, settings })
  const { result, divergence } = await runTwice(scenario, { seed, settings })
  if (divergence === undefined) return result
  const text = `delivery ${divergence.delivery}: ${divergence.first}; the second time: ${divergence.second}`
  const violation = { checker: 'sameSeedSameRun', kind: 'safety', node: undefined, atSeconds: 0, text } as const
  return { ...result, violations: [...result.violations, violation] }
}
