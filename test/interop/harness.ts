/** Declares interoperability tests: each names the real peers that it needs, and what becomes of it without them. */
import { suite } from 'uvu'
import type { Peer } from './client.js'
import { type Rig, RUN_BOUND_MS, withRig } from './rig.js'

type Work = (rig: Rig) => Promise<void>

export interface Interop {
  (claim: string, peers: readonly Peer[], work: Work, boundMs?: number): void
  run(): void
}

const required = (process.env.CI ?? '') !== ''

const timed = async (claim: string, work: () => Promise<void>): Promise<void> => {
  const began = Date.now()
  try {
    await work()
  } finally {
    console.log(`\n  ${((Date.now() - began) / 1_000).toFixed(1)} s  ${claim}`)
  }
}

/**
 * A suite of tests against real peers. Where one of them is not on this machine, its tests are skipped and say why;
 * but under CI they fail, since there a missing peer would hide everything that it was to prove. Without Torrewind
 * they prove nothing anywhere.
 */
export const interopSuite = (name: string): Interop => {
  const tests = suite(name)
  const declare = (claim: string, peers: readonly Peer[], work: Work, boundMs = RUN_BOUND_MS): void => {
    const absent = peers.flatMap(({ name, ours, available }) => {
      const reason = available()
      return reason === undefined ? [] : [{ ours: ours === true, reason: `${name}: ${reason}` }]
    })
    const reasons = absent.map(({ reason }) => reason).join('; ')
    if (absent.length === 0) {
      tests(claim, () => timed(claim, () => withRig(work, boundMs)))
    } else if (required || absent.some(({ ours }) => ours)) {
      tests(claim, () => {
        throw new Error(`missing: ${reasons}`)
      })
    } else {
      console.log(`skipped: ${claim} (${reasons})`)
      tests.skip(claim)
    }
  }
  return Object.assign(declare, { run: () => tests.run() })
}
