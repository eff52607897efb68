/** Tracker outage: leechers arrive one by one, and for a while no tracker answers them. */
import { runUntilOver } from '../course.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const BEGINS_SECONDS = 30

export const trackerOutage: Scenario = {
  name: 'tracker-outage',
  summary: 'no tracker answers for a while, and those who come then find nobody',
  defaults: {
    ...SETTINGS,
    peers: 20,
    contentBytes: 2_097_152,
    pieceLength: 65_536,
    seedUploadRate: 65_536,
    uploadRate: 65_536,
    downloadRate: 524_288,
    arrivalsPerSecond: 0.2,
    trackerIntervalSeconds: 60,
    faultSeconds: 300,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const forSeconds = Math.max(0, settings.faultSeconds - BEGINS_SECONDS)
      playFaults(swarm, [{ kind: 'tracker', mood: 'silent', atSeconds: BEGINS_SECONDS, forSeconds }])
      return runUntilOver(swarm, settings, population)
    }),
}
