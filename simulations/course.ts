/** The course of most scenarios: a swarm runs until every leecher finished or left, or nobody can finish any more. */
import { diagnose } from './diagnose.js'
import { type Population, populate } from './population.js'
import { type Played, runSwarm } from './run.js'
import type { Scenario } from './scenario.js'
import { type RunSettings, SETTINGS } from './settings.js'
import type { Swarm } from './swarm.js'

/** How often it is looked whether anybody can still finish. */
const LOOK_SECONDS = 1

/** Whoever is there and has not finished by the limit, though it could, is a violation. */
export const runUntilOver = async (swarm: Swarm, settings: RunSettings, population: Population): Promise<Played> => {
  const { presence, leechers } = population
  let stuck = false
  const look = (): void => {
    stuck = presence.stuck()
    if (!stuck) swarm.at(swarm.seconds + LOOK_SECONDS, look)
  }
  if (settings.seedsLeaveAtShare > 0) look()
  await swarm.run({ seconds: settings.limitSeconds, when: () => stuck || presence.over() })
  const endSeconds = swarm.seconds
  for (const node of stuck || swarm.stopped ? [] : leechers)
    if (node.startedAt !== undefined && !presence.finished.has(node) && !node.retired)
      swarm.report('everybodyFinishes', node, diagnose(node), 'liveness')
  return { population, endSeconds }
}

/** A scenario that is nothing but its settings. */
export const scenarioOf = (name: string, summary: string, settings: Partial<RunSettings>): Scenario => ({
  name,
  summary,
  defaults: { ...SETTINGS, ...settings },
  run: (options) => runSwarm(options, (swarm, given) => runUntilOver(swarm, given, populate(swarm, given))),
})
