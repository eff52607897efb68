/**
 * Everything at once: faults of all kinds for a while, then a healed core that must finish.
 *
 * The first phase looks for what must never happen, the second for what must: once the faults are over, every honest
 * leecher whose disk did not rot finishes within a bound; those that were crashed for good stay away.
 */
import { diagnose } from '../diagnose.js'
import { drawFaults, playFaults } from '../faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const MIB = 1_048_576
/** After the faults: dials are tried again after minutes, trackers are asked again after half of one. */
const HEALED_SECONDS = 3_600

export const everythingAtOnce: Scenario = {
  name: 'everything-at-once',
  summary: 'crashes, partitions, poisoners, bad disks, lost trackers; then whoever is left must finish',
  defaults: {
    ...SETTINGS,
    peers: 12,
    seeds: 2,
    poisoners: 1,
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
    runSwarm(options, async (swarm, settings) => {
      const population = populate(swarm, settings)
      const faults = drawFaults(swarm, population, settings.faultSeconds, settings.faults)
      playFaults(swarm, faults)
      await swarm.run({ seconds: settings.faultSeconds, when: () => false })
      const chance = swarm.world.chance('core')
      const gone = new Set(chance.some(population.leechers, chance.below(Math.ceil(settings.peers / 3))))
      for (const node of gone) {
        node.retired = true
        node.crash('power')
      }
      for (const node of swarm.nodes) {
        if (gone.has(node)) continue
        node.start()
        node.resume()
      }
      const core = population.leechers.filter((node) => !gone.has(node) && !node.watch.rotten)
      // Who left of its own will, then or later, is missed by nobody.
      const unfinished = () => core.filter((node) => !node.retired && node.transfer?.progress.phase !== 'seeding')
      const limit = settings.faultSeconds + HEALED_SECONDS
      await swarm.run({ seconds: limit, when: () => unfinished().length === 0 })
      const endSeconds = swarm.seconds
      for (const node of swarm.stopped ? [] : unfinished())
        swarm.report('coreFinishes', node, diagnose(node), 'liveness')
      return { population, endSeconds, faults }
    }),
}
