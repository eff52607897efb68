/**
 * Everything at once: faults of all kinds for a while, then a healed core that must finish.
 *
 * The first phase looks for what must never happen, the second for what must: once the faults are over, every honest
 * leecher whose disk did not rot finishes within a bound; those that were crashed for good stay away.
 */
import { drawFaults } from '../draw-faults.js'
import type { Fault } from '../faults.js'
import { runUntilHealed } from '../healing.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const MIB = 1_048_576

export const everythingAtOnce: Scenario = {
  name: 'everything-at-once',
  summary: 'crashes, partitions, hostile peers, bad disks, lost trackers; then whoever is left must finish',
  defaults: {
    ...SETTINGS,
    peers: 12,
    seeds: 2,
    poisoners: 1,
    hostiles: 4,
    hostileHosts: 2,
    natShare: 0.2,
    contentBytes: 4 * MIB + 12_345,
    pieceLength: 65_536,
    files: 3,
    seedUploadRate: 64 * 1_024,
    uploadRate: 64 * 1_024,
    downloadRate: MIB,
    trackerIntervalSeconds: 60,
    jitterMs: 20,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const { faultSeconds } = settings
      const chance = swarm.world.chance('core')
      const lost = chance.some(population.leechers, chance.below(Math.ceil(settings.peers / 3)))
      const gone = lost.map(
        ({ number }): Fault => ({ kind: 'gone', node: number, atSeconds: faultSeconds, forSeconds: 0 }),
      )
      playFaults(swarm, [...drawFaults(swarm, population, faultSeconds, settings.faults), ...gone])
      return runUntilHealed(swarm, settings, population)
    }),
}
