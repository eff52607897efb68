/** Arrivals: when each leecher comes. */
import type { Chance } from '../random.js'
import type { Trace } from './trace.js'

export interface ArrivalSettings {
  readonly peers: number
  /** A Poisson process of this rate; 0 for all at once. */
  readonly arrivalsPerSecond: number
  /** In place of that a crowd that thins out: the rate falls exponentially, to 37 % every so many seconds. 0 for none. */
  readonly arrivalsDecaySeconds: number
  /** In place of both, where it is not empty. */
  readonly trace: Trace
}

/** Seconds, in ascending order. */
export const drawArrivals = (settings: ArrivalSettings, chance: Chance): readonly number[] => {
  const { peers, arrivalsPerSecond, arrivalsDecaySeconds, trace } = settings
  if (trace.length > 0) return trace.slice(0, peers).map(({ arrivalSeconds }) => arrivalSeconds)
  const each = (draw: () => number): number[] => Array.from({ length: peers }, draw)
  // Given how many come, a Poisson process whose rate decays exponentially has independent exponential arrivals.
  if (arrivalsDecaySeconds > 0)
    return each(() => chance.exponential(arrivalsDecaySeconds)).sort((left, right) => left - right)
  if (arrivalsPerSecond === 0) return each(() => 0)
  let at = 0
  return each(() => {
    at += chance.exponential(1 / arrivalsPerSecond)
    return at
  })
}
