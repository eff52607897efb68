/** Disk faults: disks that are full, fail, crawl and rot, and logs that cannot be written; then all is well again. */
import { drawFaults } from '../draw-faults.js'
import { runUntilHealed } from '../healing.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

export const diskFaults: Scenario = {
  name: 'disk-faults',
  summary: 'disks are full, fail, crawl and rot, and logs cannot be written',
  defaults: {
    ...SETTINGS,
    peers: 12,
    seeds: 2,
    contentBytes: 4_194_304,
    pieceLength: 65_536,
    files: 3,
    seedUploadRate: 32_768,
    uploadRate: 32_768,
    downloadRate: 262_144,
    trackerIntervalSeconds: 60,
    faults: 'disk+disk-slow+bit-rot+commits-slow+log-fails',
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      playFaults(swarm, drawFaults(swarm, population, settings.faultSeconds, settings.faults))
      return runUntilHealed(swarm, settings, population)
    }),
}
