/**
 * Everything at once: faults of all kinds for a while, then a healed core that must finish.
 *
 * The first phase looks for what must never happen, the second for what must: once the faults are over, every honest
 * leecher whose disk did not rot finishes within a bound; those that were crashed for good stay away.
 */
import { diagnose } from '../diagnose.js'
import { drawFaults } from '../draw-faults.js'
import type { Fault } from '../faults.js'
import type { SimulatedNode } from '../node.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

const MIB = 1_048_576
/** After the faults: dials are tried again after minutes, trackers are asked again after half of one. */
const HEALED_SECONDS = 3_600

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
    runSwarm(options, async (swarm, settings) => {
      const population = populate(swarm, settings)
      const { faultSeconds } = settings
      const chance = swarm.world.chance('core')
      const lost = chance.some(population.leechers, chance.below(Math.ceil(settings.peers / 3)))
      const gone = lost.map(
        ({ number }): Fault => ({ kind: 'gone', node: number, atSeconds: faultSeconds, forSeconds: 0 }),
      )
      playFaults(swarm, [...drawFaults(swarm, population, faultSeconds, settings.faults), ...gone])
      await swarm.run({ seconds: faultSeconds, when: () => false })
      for (const node of swarm.nodes) {
        node.start()
        node.resume()
      }
      const core = population.leechers.filter((node) => !node.watch.rotten)
      // Who is gone for good, or left of its own will, then or later, is missed by nobody.
      const stays = (node: SimulatedNode): boolean => !node.retired && !node.away
      const unfinished = () => core.filter((node) => stays(node) && node.transfer?.progress.phase !== 'seeding')
      const limit = faultSeconds + HEALED_SECONDS
      await swarm.run({ seconds: limit, when: () => unfinished().length === 0 })
      const endSeconds = swarm.seconds
      for (const node of swarm.stopped ? [] : unfinished())
        swarm.report('coreFinishes', node, diagnose(node), 'liveness')
      return { population, endSeconds }
    }),
}
