/** Introductions: nobody can be dialed, and a tracker introduces peers (WebRTC) that is late, loses offers or is gone for a while. */
import { runUntilOver } from '../course.js'
import { INTRODUCER_MOODS } from '../introducers.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const CHANGES_EVERY_SECONDS = 15

export const introductions: Scenario = {
  name: 'introductions',
  summary: 'peers meet only by WebRTC whom a tracker introduces: offers are lost, answers late, connections break',
  defaults: {
    ...SETTINGS,
    peers: 12,
    contentBytes: 4_194_304,
    pieceLength: 65_536,
    seedUploadRate: 131_072,
    uploadRate: 131_072,
    downloadRate: 1_048_576,
    trackers: 0,
    webTrackers: 1,
    trackerIntervalSeconds: 30,
    natShare: 1,
    faultSeconds: 120,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const chance = swarm.world.chance('moods of introducers')
      const nodes = swarm.nodes.map(({ number }) => number)
      for (let at = 0; at < settings.faultSeconds; at += CHANGES_EVERY_SECONDS)
        swarm.at(at, () => {
          for (const introducer of swarm.introducers.values()) introducer.mood = chance.pick(INTRODUCER_MOODS)
        })
      swarm.at(settings.faultSeconds, () => {
        for (const introducer of swarm.introducers.values()) introducer.mood = 'well'
      })
      const breaks = Math.floor(settings.faultSeconds / CHANGES_EVERY_SECONDS)
      playFaults(
        swarm,
        Array.from({ length: breaks }, (_, which) => ({
          kind: 'resets',
          share: 0.5,
          node: chance.pick(nodes),
          atSeconds: (which + 1) * CHANGES_EVERY_SECONDS,
          forSeconds: 0,
        })),
      )
      return runUntilOver(swarm, settings, population)
    }),
}
