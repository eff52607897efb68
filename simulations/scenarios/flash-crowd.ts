/** Flash crowd: everybody comes at once, to one seed (or as `--set arrivalsPerSecond` has it). */
import { diagnose } from '../diagnose.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

export const flashCrowd: Scenario = {
  name: 'flash-crowd',
  summary: 'everybody comes at once, to one seed',
  defaults: SETTINGS,
  run: (options) =>
    runSwarm(options, async (swarm, settings) => {
      const population = populate(swarm, settings)
      const over = (): boolean => population.finished() + population.aborted() >= settings.peers
      await swarm.run({ seconds: settings.limitSeconds, when: over })
      const endSeconds = swarm.seconds
      for (const node of over() || swarm.stopped ? [] : population.leechers)
        if (node.completedAt === undefined) swarm.report('everybodyFinishes', node, diagnose(node), 'liveness')
      return { population, endSeconds, faults: [] }
    }),
}
