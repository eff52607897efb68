/** Crash storm: every machine crashes and comes back again and again, by kills and by losses of power. */
import { runUntilOver } from '../course.js'
import type { Fault } from '../faults.js'
import type { SimulatedNode } from '../node.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import type { Chance } from '../random.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

/** From one crash of a machine to its next, on average, and how long it is down at most. */
const CALM_SECONDS = 30
const DOWN_SECONDS_MAX = 10

const crashesOf = ({ number }: SimulatedNode, endSeconds: number, chance: Chance): readonly Fault[] => {
  const faults: Fault[] = []
  let at = chance.exponential(CALM_SECONDS)
  while (at < endSeconds) {
    const forSeconds = Math.min(chance.unit() * DOWN_SECONDS_MAX, endSeconds - at)
    faults.push({ kind: 'crash', how: chance.pick(['process', 'power']), node: number, atSeconds: at, forSeconds })
    at += forSeconds + chance.exponential(CALM_SECONDS)
  }
  return faults
}

export const crashStorm: Scenario = {
  name: 'crash-storm',
  summary: 'every machine crashes and comes back, again and again',
  defaults: {
    ...SETTINGS,
    peers: 15,
    contentBytes: 4_194_304,
    pieceLength: 65_536,
    seedUploadRate: 65_536,
    uploadRate: 65_536,
    downloadRate: 524_288,
    trackerIntervalSeconds: 60,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const chance = swarm.world.chance('crash storm')
      const crashes = swarm.nodes.flatMap((node) => crashesOf(node, settings.faultSeconds, chance))
      playFaults(
        swarm,
        crashes.sort((left, right) => left.atSeconds - right.atSeconds),
      )
      return runUntilOver(swarm, settings, population)
    }),
}
