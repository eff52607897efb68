/** A witness: hears of every request and what came of it, for logs. Nothing that it is told may be changed, or kept. */
import type { StoreAnswer } from './store.js'
import type { Refusal, RefusalCode, SwarmRequest } from './swarm.js'
import type { CounterName, FrontName } from './tally.js'

export interface Witness {
  answered(front: FrontName, request: SwarmRequest, nowMs: number, answer: StoreAnswer): void
  refused(front: FrontName, request: SwarmRequest, nowMs: number, refusal: Refusal): void
  /** What was no announce, or was not looked at: only where it came from (4 or 16 bytes) is known of it. */
  dismissed(counter: CounterName, from: Uint8Array, nowMs: number, why: RefusalCode | 'limited'): void
}

/** One for all of them; undefined where there is none. */
export const joined = (found: readonly (Witness | undefined)[]): Witness | undefined => {
  const witnesses = found.filter((witness) => witness !== undefined)
  const [first, ...others] = witnesses
  if (first === undefined || others.length === 0) return first
  return {
    answered: (...told) => {
      for (const witness of witnesses) witness.answered(...told)
    },
    refused: (...told) => {
      for (const witness of witnesses) witness.refused(...told)
    },
    dismissed: (...told) => {
      for (const witness of witnesses) witness.dismissed(...told)
    },
  }
}
