/** Web seeds: servers that have the content, some of which lie, fail, stall or answer pages for a while. */
import { runUntilOver } from '../course.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'
import { WEB_MOODS } from '../web.js'

const CHANGES_EVERY_SECONDS = 15

export const webSeeds: Scenario = {
  name: 'web-seeds',
  summary: 'web servers have the content, and some of them lie, fail or stall for a while',
  defaults: {
    ...SETTINGS,
    peers: 10,
    contentBytes: 8_388_608,
    pieceLength: 65_536,
    files: 5,
    seedUploadRate: 32_768,
    uploadRate: 65_536,
    downloadRate: 1_048_576,
    webSeeds: 3,
    webSeedRate: 65_536,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const chance = swarm.world.chance('web moods')
      for (let at = 0; at < settings.faultSeconds; at += CHANGES_EVERY_SECONDS)
        swarm.at(at, () => {
          for (const server of swarm.webServers.values()) server.mood = chance.pick(WEB_MOODS)
        })
      swarm.at(settings.faultSeconds, () => {
        for (const server of swarm.webServers.values()) server.mood = 'well'
      })
      return runUntilOver(swarm, settings, population)
    }),
}
