/**
 * Healing: the second phase of a run with faults. Once they are over, every honest leecher whose disk did not rot must
 * finish within a bound, but for those that are gone for good.
 */
import { diagnose } from './diagnose.js'
import type { SimulatedNode } from './node.js'
import type { Population } from './population.js'
import type { Played } from './run.js'
import type { RunSettings } from './settings.js'
import type { Swarm } from './swarm.js'

/** After the faults: dials are tried again after minutes, trackers are asked again after half of one. */
const HEALED_SECONDS = 3_600

/** Runs through the faults, sees to it that everybody runs again, and on until the core has finished. */
export const runUntilHealed = async (
  swarm: Swarm,
  { faultSeconds }: RunSettings,
  population: Population,
): Promise<Played> => {
  await swarm.run({ seconds: faultSeconds, when: () => false })
  for (const node of swarm.nodes) {
    node.start()
    node.user.resume()
  }
  const core = population.leechers.filter((node) => !node.rotten)
  // Who is gone for good, or left of its own will, then or later, is missed by nobody.
  const stays = (node: SimulatedNode): boolean => !node.retired && !node.away
  const unfinished = () => core.filter((node) => stays(node) && !node.holdings.every(({ finished }) => finished))
  await swarm.run({ seconds: faultSeconds + HEALED_SECONDS, when: () => unfinished().length === 0 })
  const endSeconds = swarm.seconds
  for (const node of swarm.stopped ? [] : unfinished()) swarm.report('coreFinishes', node, diagnose(node), 'liveness')
  return { population, endSeconds }
}
