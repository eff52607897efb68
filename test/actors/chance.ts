/** Chance that can be repeated: everything that a random conversation draws comes from one seed. */

export interface Chance {
  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number): number
  /** True so many times in a hundred. */
  percent(percent: number): boolean
  /** One of them; undefined where there is none. */
  of<T>(choices: readonly T[]): T | undefined
}

/** Mulberry32. */
export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    percent: (percent) => below(100) < percent,
    of: (choices) => choices[below(choices.length)],
  }
}
