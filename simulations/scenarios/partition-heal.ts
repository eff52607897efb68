/** Partition and heal: half of the leechers are cut off from the seed and the others for a while, and then are not. */
import { runUntilOver } from '../course.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const BEGINS_SECONDS = 5

export const partitionHeal: Scenario = {
  name: 'partition-heal',
  summary: 'half of the leechers are cut off for a while',
  defaults: {
    ...SETTINGS,
    peers: 20,
    contentBytes: 4_194_304,
    pieceLength: 65_536,
    seedUploadRate: 131_072,
    uploadRate: 131_072,
    downloadRate: 1_048_576,
    trackerIntervalSeconds: 60,
    faultSeconds: 180,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const { leechers } = population
      const cut = swarm.world.chance('partition').some(leechers, Math.floor(leechers.length / 2))
      const nodes = cut.map(({ number }) => number)
      const forSeconds = Math.max(0, settings.faultSeconds - BEGINS_SECONDS)
      playFaults(swarm, [{ kind: 'partition', nodes, oneWay: false, atSeconds: BEGINS_SECONDS, forSeconds }])
      return runUntilOver(swarm, settings, population)
    }),
}
