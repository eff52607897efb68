/**
 * Queue: every leecher wants several torrents, and may fetch and seed a few of them at one time. Its user pauses some, moves
 * others up and down and changes the bounds, machines crash and trackers are gone. Then whoever is left must finish all.
 */
import { drawFaults } from '../draw-faults.js'
import type { Fault } from '../faults.js'
import { runUntilHealed } from '../healing.js'
import type { SimulatedNode } from '../node.js'
import { playFaults } from '../play-faults.js'
import { populate } from '../population.js'
import { watchQueues } from '../queue-watch.js'
import type { Chance } from '../random.js'
import { runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { SETTINGS } from '../settings.js'

/** From one wish of a user to the next, on average. */
const CALM_SECONDS = 8
const PAUSED_SECONDS_MAX = 30
const BOUND_MAX = 3

const wishesOf = ({ number: node, holdings }: SimulatedNode, endSeconds: number, chance: Chance): readonly Fault[] => {
  const faults: Fault[] = []
  const { length } = holdings
  for (let at = chance.exponential(CALM_SECONDS); at < endSeconds; at += chance.exponential(CALM_SECONDS)) {
    const forSeconds = Math.min(chance.unit() * PAUSED_SECONDS_MAX, endSeconds - at)
    const timed = { node, atSeconds: at, forSeconds }
    const place = { torrent: chance.between(1, length), place: chance.below(length) }
    const bounds = { maxDownloads: chance.between(0, BOUND_MAX), maxSeeds: chance.between(0, BOUND_MAX) }
    faults.push(
      chance.pick<Fault>([
        { kind: 'pauses', ...timed, torrent: place.torrent },
        { kind: 'queue-moves', ...timed, forSeconds: 0, ...place },
        { kind: 'queue-moves', ...timed, forSeconds: 0, ...place },
        { kind: 'queue-bounds', ...timed, ...bounds },
      ]),
    )
  }
  return faults
}

export const queue: Scenario = {
  name: 'queue',
  summary: 'everybody has several torrents, few of them at one time: they are paused, moved up and down, and crash',
  defaults: {
    ...SETTINGS,
    peers: 6,
    seeds: 2,
    torrents: 4,
    maxDownloads: 1,
    maxSeeds: 1,
    contentBytes: 1_048_576 + 12_345,
    pieceLength: 65_536,
    seedUploadRate: 65_536,
    uploadRate: 32_768,
    downloadRate: 524_288,
    trackerIntervalSeconds: 60,
  },
  run: (options) =>
    runSwarm(options, (swarm, settings) => {
      const population = populate(swarm, settings)
      watchQueues(swarm)
      const { faultSeconds, faults } = settings
      const chance = swarm.world.chance('wishes of users')
      const wishes = population.leechers.flatMap((node) => wishesOf(node, faultSeconds, chance))
      const drawn = faults === 'none' ? [] : drawFaults(swarm, population, faultSeconds, faults)
      playFaults(
        swarm,
        [...wishes, ...drawn].sort((left, right) => left.atSeconds - right.atSeconds),
      )
      return runUntilHealed(swarm, settings, population)
    }),
}
