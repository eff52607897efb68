/** The catalogue: the scenarios that ship. */
import { TorrewindError } from '../src/errors.js'
import type { Scenario } from './scenario.js'
import { everythingAtOnce } from './scenarios/everything-at-once.js'
import { flashCrowd } from './scenarios/flash-crowd.js'

export const SCENARIOS: readonly Scenario[] = [flashCrowd, everythingAtOnce]

/** Throws `OPTION_INVALID` where there is none of this name. */
export const findScenario = (name: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  const names = SCENARIOS.map((scenario) => scenario.name).join(', ')
  throw new TorrewindError('OPTION_INVALID', `there is no scenario ${name}; there are: ${names}`)
}
