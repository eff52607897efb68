/** The catalogue: the scenarios that ship. */
import { TorrewindError } from '../src/errors.js'
import type { Scenario } from './scenario.js'
import { bandwidthClasses } from './scenarios/bandwidth-classes.js'
import { crashStorm } from './scenarios/crash-storm.js'
import { diskFaults } from './scenarios/disk-faults.js'
import { everythingAtOnce } from './scenarios/everything-at-once.js'
import { flashCrowd } from './scenarios/flash-crowd.js'
import { freeRiders } from './scenarios/free-riders.js'
import { introductions } from './scenarios/introductions.js'
import { movingStorage } from './scenarios/moving-storage.js'
import { natHeavy } from './scenarios/nat-heavy.js'
import { oneClub } from './scenarios/one-club.js'
import { partitionHeal } from './scenarios/partition-heal.js'
import { poisoners } from './scenarios/poisoners.js'
import { queue } from './scenarios/queue.js'
import { seedLeavesEarly } from './scenarios/seed-leaves-early.js'
import { slowSeed } from './scenarios/slow-seed.js'
import { steadyState } from './scenarios/steady-state.js'
import { trackerOutage } from './scenarios/tracker-outage.js'
import { trackerless } from './scenarios/trackerless.js'
import { treePoisoners } from './scenarios/tree-poisoners.js'
import { webSeeds } from './scenarios/web-seeds.js'
import { weibullChurn } from './scenarios/weibull-churn.js'

export const SCENARIOS: readonly Scenario[] = [
  flashCrowd,
  steadyState,
  weibullChurn,
  oneClub,
  freeRiders,
  bandwidthClasses,
  natHeavy,
  slowSeed,
  seedLeavesEarly,
  poisoners,
  treePoisoners,
  partitionHeal,
  trackerOutage,
  trackerless,
  introductions,
  webSeeds,
  crashStorm,
  diskFaults,
  movingStorage,
  queue,
  everythingAtOnce,
]

/** Throws `OPTION_INVALID` where there is none of this name. */
export const findScenario = (name: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  const names = SCENARIOS.map((scenario) => scenario.name).join(', ')
  throw new TorrewindError('OPTION_INVALID', `there is no scenario ${name}; there are: ${names}`)
}
