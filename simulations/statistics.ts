/** Statistics over runs: quantiles, means, and how sure a mean is. */

/** Of values in ascending order; between two of them in proportion. NaN of none. */
export const quantile = (sorted: readonly number[], share: number): number => {
  const place = (sorted.length - 1) * Math.min(1, Math.max(0, share))
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

export const ascending = (values: readonly number[]): number[] => values.slice().sort((left, right) => left - right)

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** Of a sample, so over one less than there are. */
export const deviationOf = (values: readonly number[]): number => {
  const mean = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

/** What a standard normal variable stays below with probability 0.975. */
const NORMAL_975 = 1.959963984540054

/** The same of Student's t with 1, 2, ... degrees of freedom, where the expansion is not good enough. */
const STUDENT_975 = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646]

const SQUARE = NORMAL_975 * NORMAL_975

/** Cornish and Fisher's expansion: the factors of one over the degrees of freedom, of its square, and so on. */
const EXPANSION = [
  (SQUARE + 1) / 4,
  ((5 * SQUARE + 16) * SQUARE + 3) / 96,
  (((3 * SQUARE + 19) * SQUARE + 17) * SQUARE - 15) / 384,
  ((((79 * SQUARE + 776) * SQUARE + 1_482) * SQUARE - 1_920) * SQUARE - 945) / 92_160,
]

/** The same of Student's t with any, to three digits. */
export const student975 = (freedom: number): number =>
  STUDENT_975[freedom - 1] ?? NORMAL_975 * (1 + EXPANSION.reduceRight((sum, factor) => (sum + factor) / freedom, 0))

/** What independent runs say of one number. */
export interface Estimate {
  readonly count: number
  readonly mean: number
  /** The mean is within so much with 95 % confidence; undefined of one run. */
  readonly within: number | undefined
  readonly least: number
  readonly median: number
  readonly most: number
}

/** Undefined of no values. */
export const estimate = (values: readonly number[]): Estimate | undefined => {
  const sorted = ascending(values)
  const [least, most] = [sorted[0], sorted.at(-1)]
  if (least === undefined || most === undefined) return undefined
  const count = sorted.length
  const within = count < 2 ? undefined : (student975(count - 1) * deviationOf(sorted)) / Math.sqrt(count)
  return { count, mean: meanOf(sorted), within, least, median: quantile(sorted, 0.5), most }
}
