/** Distributions of durations: the share of them that is no longer than a value, in closed form. */
import type { Distribution } from './kolmogorov-smirnov.js'

export const exponential =
  (mean: number): Distribution =>
  (value) =>
    1 - Math.exp(-value / mean)
export const weibull =
  (scale: number, shape: number): Distribution =>
  (value) =>
    1 - Math.exp(-((value / scale) ** shape))
export const pareto =
  (scale: number, shape: number): Distribution =>
  (value) =>
    value < scale ? 0 : 1 - (scale / value) ** shape
/** Abramowitz and Stegun, 7.1.26, within 1.5e-7. */
const errorFunction = (value: number): number => {
  const t = 1 / (1 + 0.3275911 * Math.abs(value))
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  return Math.sign(value) * (1 - poly * Math.exp(-value * value))
}
export const lognormal =
  (median: number, sigma: number): Distribution =>
  (value) =>
    (1 + errorFunction(Math.log(value / median) / (sigma * Math.SQRT2))) / 2
