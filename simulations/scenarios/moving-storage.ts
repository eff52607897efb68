/**
 * Moving storage: everybody has the files brought to other folders while blocks come and go, and crashes in the midst of it,
 * by kills and by losses of power; disks are slow, fail and are full. Then whoever is left must finish.
 */
import { drawFaults } from '../draw-faults.js'
import type { Fault } from '../faults.js'
import { runUntilHealed } from '../healing.js'
import type { SimulatedNode } from '../node.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import type { Chance } from '../random.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

/** From one move of a machine to its next, on average. */
const CALM_SECONDS = 15
const CRASHES = 0.4
/** With a file in a moment on a slow disk, a move takes about as long. */
const MOVE_SECONDS = 3
const DOWN_SECONDS_MAX = 20
const LATENCY_MS = 100

const movesOf = ({ number: node }: SimulatedNode, endSeconds: number, chance: Chance): readonly Fault[] => {
  const faults: Fault[] = [{ kind: 'disk-slow', node, atSeconds: 0, forSeconds: endSeconds, latencyMs: LATENCY_MS }]
  let at = chance.exponential(CALM_SECONDS)
  for (let folder = 1; at < endSeconds; folder++) {
    faults.push({ kind: 'moves', node, atSeconds: at, forSeconds: 0, folder })
    if (chance.happens(CRASHES)) {
      const atSeconds = Math.min(at + chance.unit() * MOVE_SECONDS, endSeconds)
      const forSeconds = Math.min(chance.unit() * DOWN_SECONDS_MAX, endSeconds - atSeconds)
      faults.push({ kind: 'crash', how: chance.pick(['process', 'process', 'power']), node, atSeconds, forSeconds })
    }
    at += MOVE_SECONDS + chance.exponential(CALM_SECONDS)
  }
  return faults
}

export const movingStorage: Scenario = {
  name: 'moving-storage',
  summary: 'everybody moves the files while they come, and crashes in the midst of it',
  defaults: {
    ...SETTINGS,
    peers: 8,
    seeds: 2,
    contentBytes: 4_194_304 + 12_345,
    pieceLength: 65_536,
    files: 16,
    seedUploadRate: 65_536,
    uploadRate: 65_536,
    downloadRate: 524_288,
    trackerIntervalSeconds: 60,
    faultSeconds: 90,
    faults: 'disk+commits-slow',
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      const chance = swarm.world.chance('moves')
      const { faultSeconds, faults } = settings
      const moves = swarm.nodes.flatMap((node) => movesOf(node, faultSeconds, chance))
      const drawn = faults === 'none' ? [] : drawFaults(swarm, population, faultSeconds, faults)
      playFaults(
        swarm,
        [...moves, ...drawn].sort((left, right) => left.atSeconds - right.atSeconds),
      )
      return runUntilHealed(swarm, settings, population)
    }),
}
