/** Kolmogorov and Smirnov's test: whether a sample may come from a continuous distribution. */
export type Distribution = (value: number) => number

/** How far the sample's own distribution is from it at most. */
export const distance = (sample: readonly number[], distribution: Distribution): number => {
  const sorted = sample.slice().sort((left, right) => left - right)
  return sorted.reduce((most, value, at) => {
    const expected = distribution(value)
    return Math.max(most, (at + 1) / sorted.length - expected, expected - at / sorted.length)
  }, 0)
}

/** A sample of its own distribution is further away than this once in a hundred times. */
export const criticalDistance = (count: number): number => 1.6276 / Math.sqrt(count)
