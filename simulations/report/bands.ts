/** Bands: what many runs say together at each place of an axis, as a median and the range of 90 % of them. */
import { ascending, quantile } from '../statistics.js'
import type { Curve, Line } from './plot.js'

const LOW = 0.05
const MIDDLE = 0.5
const HIGH = 0.95
/** More than anybody reads off a plot, in few characters. */
const DIGITS = 5

const short = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null)

/** One curve is a line; several are their median with a band, wherever at least half of them have a value. */
export const lineOf = (label: string, curves: readonly Curve[]): Line => {
  const [only] = curves
  if (curves.length <= 1) return { label, middle: (only ?? []).map((value) => (value === null ? null : short(value))) }
  const sorted = (only ?? []).map((_, at) => {
    const values = curves.flatMap((curve) => curve[at] ?? [])
    return values.length * 2 < curves.length ? [] : ascending(values)
  })
  const share = (part: number): Curve => sorted.map((values) => short(quantile(values, part)))
  return { label, middle: share(MIDDLE), low: share(LOW), high: share(HIGH) }
}

/** Places from 0 to `end`, evenly. */
export const gridTo = (end: number, places: number): readonly number[] =>
  Array.from({ length: places + 1 }, (_, at) => Number(((end * at) / places).toPrecision(DIGITS + 1)))

/** How far an axis goes: to the last value, but not for the sake of a few that are far beyond all others. */
export const horizonOf = (values: readonly number[]): number => {
  const sorted = ascending(values)
  return Math.min(sorted.at(-1) ?? 0, 4 * quantile(sorted, 0.9))
}

/** How many of ascending values are at most this. */
export const countUpTo = (sorted: readonly number[], value: number): number => {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((sorted[middle] ?? 0) <= value) from = middle + 1
    else to = middle
  }
  return from
}

/** The share of values that are at most this, from their quantiles at even steps. */
export const shareUpTo = (quantiles: readonly number[], value: number): number => {
  const count = countUpTo(quantiles, value)
  if (count === 0) return 0
  if (count === quantiles.length) return 1
  const [below = 0, above = 0] = [quantiles[count - 1], quantiles[count]]
  return (count - 1 + (value - below) / (above - below)) / (quantiles.length - 1)
}
