/** Simulating: one run of a scenario, for a program that wants to know what comes of it. */
import { TorrewindError } from '../src/errors.js'
import { findScenario } from './catalogue.js'
import { isScenario } from './define.js'
import { runChecked } from './determinism.js'
import { checkKeys, checkSeed } from './keys.js'
import { checkSamples } from './sampler.js'
import type { RunResult, Scenario } from './scenario.js'
import { readSettings, type SettingValues } from './settings.js'

export interface SimulateOptions {
  /** A whole number from 0, by default that of the scenario, or 1: the same seed and settings are the same run on any machine. */
  readonly seed?: number | undefined
  /** In place of those of the scenario. */
  readonly settings?: SettingValues | undefined
  /** Runs it twice; where the runs differ, the violation `sameSeedSameRun` says how. */
  readonly checkDeterminism?: boolean | undefined
  /** Keeps at most so many samples over time, an even number from 16 to 512; by default none. */
  readonly samples?: number | undefined
}

const KEYS = { seed: 'number', settings: 'object', checkDeterminism: 'boolean', samples: 'number' } as const

let last: Promise<unknown> = Promise.resolve()

const inTurn = (run: () => Promise<RunResult>): Promise<RunResult> => {
  const mine = last.then(run)
  // Whoever waits for that one hears what became of it.
  last = mine.catch(() => undefined)
  return mine
}

/**
 * Runs a scenario that ships, by its name, or one that `defineScenario` made. What went wrong in the run is in the
 * result's `violations`. Rejects with `OPTION_INVALID`, or with `STRATEGY_INVALID` where the scenario's own picker or
 * choker threw or returned what it may not. One runs at a time in a thread: others wait for it.
 */
export const simulate = async (scenario: string | Scenario, options: SimulateOptions = {}): Promise<RunResult> => {
  checkKeys('options of simulate', options, KEYS)
  const found = typeof scenario === 'string' ? findScenario(scenario) : scenario
  if (!isScenario(found))
    throw new TorrewindError(
      'OPTION_INVALID',
      'a scenario is the name of one that ships, or what `defineScenario` returns',
    )
  const { seed = found.seed ?? 1, settings = {}, checkDeterminism = false, samples } = options
  checkSeed(seed)
  if (samples !== undefined) checkSamples(samples)
  const run = { seed, settings: readSettings(found.defaults, settings), samples }
  return inTurn(() => (checkDeterminism ? runChecked(found, run) : found.run(run)))
}
