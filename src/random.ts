/**
 * Randomness that can be repeated: a draw is a pure function of the session's seed, its purpose and its place.
 *
 * There is no generator whose state would have to be logged: a draw hashes the seed, the name of the purpose, the
 * sequence number of the last event and how many draws this turn has made for the purpose. So a new draw in one place
 * does not shift the others, and deciding again from the log draws the same.
 */

/** Draws within one turn. */
export interface Random {
  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number, purpose: string): number
}

/** Mixes two numbers into 32 well-spread bits (the finalizer of MurmurHash3). */
export const mix = (left: number, right: number): number => {
  let bits = Math.imul(left ^ Math.imul(right ^ (right >>> 15), 0x2c1b_3c6d), 0x9e37_79b1)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

const purposes = new Map<string, number>()
const purposeBits = (purpose: string): number => {
  const known = purposes.get(purpose)
  if (known !== undefined) return known
  let bits = 0
  for (let at = 0; at < purpose.length; at++) bits = mix(bits, purpose.charCodeAt(at))
  purposes.set(purpose, bits)
  return bits
}

/** The draws of one turn: `seed` of the session, `seq` of the last event before the turn. */
export const randomOf = (seed: number, seq: number): Random => {
  // Most turns draw nothing.
  let draws: Map<string, number> | undefined
  return {
    below(below, purpose) {
      draws ??= new Map()
      const draw = (draws.get(purpose) ?? 0) + 1
      draws.set(purpose, draw)
      const high = mix(mix(seed, purposeBits(purpose)), seq)
      return Math.floor((mix(high, draw) / 0x1_0000_0000) * below)
    },
  }
}
