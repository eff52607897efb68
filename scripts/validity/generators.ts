/** Point 4: the generators of churn pass the test of Kolmogorov and Smirnov against their own distributions. */
import { drawArrivals } from '../../simulations/churn/arrivals.js'
import { drawDuration, readDuration } from '../../simulations/churn/durations.js'
import { WEIBULL_FITS } from '../../simulations/index.js'
import { Chance } from '../../simulations/random.js'
import { exponential, lognormal, pareto, weibull } from '../../test/simulations/churn/distributions.js'
import { criticalDistance, type Distribution, distance } from '../../test/simulations/churn/kolmogorov-smirnov.js'
import { estimateOf, type Point, type Row, row, show } from './point.js'

const SAMPLE = 10_000
const SEEDS = 100
/** Of runs of a right generator one of a hundred is further away; more than five of a hundred are one time in 1,900. */
const FAR_MAX = 5
const RATE = 4

type Draw = (seed: number) => readonly number[]

const durations =
  (word: string): Draw =>
  (seed) => {
    const duration = readDuration('sessions', word, new Map())
    const chance = new Chance(seed, word)
    return Array.from({ length: SAMPLE }, () => drawDuration(duration, chance))
  }

const arrivals = (arrivalsPerSecond: number, arrivalsDecaySeconds: number): Draw => {
  const settings = { peers: SAMPLE, arrivalsPerSecond, arrivalsDecaySeconds, trace: [] }
  return (seed) => drawArrivals(settings, new Chance(seed, 'arrivals'))
}

const gaps =
  (draw: Draw): Draw =>
  (seed) =>
    draw(seed).map((time, at, times) => time - (times[at - 1] ?? 0))

const GENERATORS: readonly (readonly [string, Draw, Distribution])[] = [
  ['sessions exponential:40', durations('exponential:40'), exponential(40)],
  ['sessions weibull:300,0.66', durations('weibull:300,0.66'), weibull(300, 0.66)],
  ['sessions lognormal:120,1.6', durations('lognormal:120,1.6'), lognormal(120, 1.6)],
  ['sessions pareto:30,1.2', durations('pareto:30,1.2'), pareto(30, 1.2)],
  ...Object.entries(WEIBULL_FITS).map(
    ([name, { scaleMinutes, shape }]) =>
      [`sessions weibull:${name}`, durations(`weibull:${name}`), weibull(scaleMinutes * 60, shape)] as const,
  ),
  ['gaps between Poisson arrivals', gaps(arrivals(RATE, 0)), exponential(1 / RATE)],
  ['arrivals of a crowd that thins out', arrivals(0, 600), exponential(600)],
]

const measure = ([what, draw, distribution]: (typeof GENERATORS)[number]): Row => {
  const distances = Array.from({ length: SEEDS }, (_, index) => distance(draw(index + 1), distribution))
  const limit = criticalDistance(SAMPLE)
  const far = distances.filter((each) => each > limit).length
  const criterion = `at most ${FAR_MAX} of ${SEEDS} further; there are ${far}`
  return row(`distance, ${what}`, `<= ${show(limit)}`, estimateOf(distances), criterion, far <= FAR_MAX)
}

export const generators: Point = {
  number: 4,
  title: 'Generators of churn, by Kolmogorov and Smirnov',
  run: async () => GENERATORS.map(measure),
}
