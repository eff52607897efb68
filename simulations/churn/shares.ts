/** Shares: dealing out to so many peers what only a part of them gets, in parts that are right in every run. */
import type { Chance } from '../random.js'

/** So many for each of these shares, which add up to 1: whole numbers, by the largest remainders. */
const quotas = (count: number, shares: readonly number[]): readonly number[] => {
  const exact = shares.map((share) => share * count)
  const whole = exact.map(Math.floor)
  const left = Math.round(count - whole.reduce((sum, quota) => sum + quota, 0))
  const byRemainder = exact
    .map((quota, index) => ({ index, remainder: quota - Math.floor(quota) }))
    .sort((one, other) => other.remainder - one.remainder || one.index - other.index)
  for (const { index } of byRemainder.slice(0, left)) whole[index] = (whole[index] ?? 0) + 1
  return whole
}

/** For each of so many, which share it belongs to, in an order of chance. */
export const dealShares = (count: number, shares: readonly number[], chance: Chance): readonly number[] => {
  const dealt = quotas(count, shares).flatMap((quota, share) => Array.from({ length: quota }, () => share))
  for (let at = dealt.length - 1; at > 0; at--) {
    const other = chance.below(at + 1)
    const here = dealt[at] ?? 0
    dealt[at] = dealt[other] ?? 0
    dealt[other] = here
  }
  return dealt
}

/** For each of so many, whether it is among this share of them. */
export const dealShare = (count: number, share: number, chance: Chance): readonly boolean[] =>
  dealShares(count, [share, 1 - share], chance).map((dealt) => dealt === 0)
