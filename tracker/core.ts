/** What all fronts of one tracker share: the swarms, chance, and counts of what was asked. */
import {
  createSwarmState,
  type Draw,
  type SwarmSettings,
  type SwarmState,
  type SwarmStats,
  swarmStats,
} from './swarm.js'

export interface TrackerCounts {
  announces: number
  scrapes: number
  /** Announces and scrapes that were refused: malformed, not served, or more than there is room for. */
  failures: number
}

export interface TrackerCore {
  readonly state: SwarmState
  readonly random: Draw
  readonly counts: TrackerCounts
}

export type TrackerStats = SwarmStats & Readonly<TrackerCounts>

export const createCore = (settings: SwarmSettings, random: Draw): TrackerCore => ({
  state: createSwarmState(settings),
  random,
  counts: { announces: 0, scrapes: 0, failures: 0 },
})

export const statsOf = (core: TrackerCore, nowMs: number): TrackerStats => ({
  ...swarmStats(core.state, nowMs),
  ...core.counts,
})
