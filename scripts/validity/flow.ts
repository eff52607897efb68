/**
 * A flow that begins as it goes on: the first leechers have a part of the content each, as those of a steady state have,
 * and what is there when the last one came is not waited for, as nothing of it would be measured.
 */
import { defineScenario, populate, type SimulatedNode, steadyState } from 'torrewind/simulations'
import { flowOf } from './fluid.js'

const US_PER_SECOND = 1_000_000

/** Of those that came and finished after the warm-up, none of the first ones among them. */
const meanDownloadSeconds = (leechers: readonly SimulatedNode[], fromSeconds: number): number => {
  const times = leechers.flatMap(({ startedAt, completedAt }) =>
    startedAt === undefined || completedAt === undefined || completedAt < fromSeconds * US_PER_SECOND
      ? []
      : [(completedAt - startedAt) / US_PER_SECOND],
  )
  return times.reduce((sum, time) => sum + time, 0) / times.length
}

export default defineScenario({
  name: 'flow',
  basis: 'steady-state',
  play: async (swarm, settings) => {
    const population = populate(swarm, settings)
    const { seeds, leechers } = steadyState(flowOf(settings))
    const { pieces } = swarm.content
    const chance = swarm.world.chance('progress')
    for (const node of population.leechers.slice(0, settings.clubPeers)) {
      // All of them lack one piece: those that lack nothing else are the seeds, a moment later.
      if (chance.happens(seeds / (seeds + leechers))) continue
      const missing = Math.ceil(chance.unit() * pieces)
      for (const piece of chance.some(
        Array.from({ length: pieces }, (_, each) => each),
        missing,
      ))
        node.medium.erasePiece(piece, swarm.seconds)
    }
    await swarm.run({ seconds: population.presence.lastArrivalSeconds, when: () => false })
    const came = population.leechers.slice(settings.clubPeers)
    const measured = { meanDownloadSeconds: meanDownloadSeconds(came, settings.warmupSeconds) }
    return { population, endSeconds: swarm.seconds, measured }
  },
})
