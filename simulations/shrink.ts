/**
 * Shrinking: from a run that fails to a small one that still fails with the same checker.
 *
 * Strategy: faults first, by delta debugging (Zeller's ddmin: halves, then quarters, then one at a time), as most have
 * nothing to do with the failure and each of them costs understanding. Then the settings, each towards its least: peers,
 * content, time. Then what is left of the faults is made shorter and earlier. Whatever became smaller may let something
 * else become smaller, so it goes round until nothing does, or the runs that were granted are used up. Each step is
 * kept only if the failure is still there; so where it stops early, what there is still fails.
 */
import { TorrewindError } from '../src/errors.js'
import type { Fault } from './faults.js'
import type { RunResult } from './scenario.js'
import { type RunSettings, readSettings } from './settings.js'
import type { Violation } from './swarm.js'

/** All that a run follows from, beside its scenario. */
export interface Candidate {
  readonly seed: number
  readonly settings: RunSettings
  readonly faults: readonly Fault[]
}

export interface ShrinkOptions {
  /** The failing run, and what failed in it. */
  readonly start: Candidate
  readonly violation: Violation
  run(candidate: Candidate): Promise<RunResult>
  /** Runs granted. */
  readonly runsMax?: number
  /** Called after each run. Stops early where it returns false. */
  onRun?(runs: number, smallest: Candidate): boolean
}

export interface Shrunk extends Candidate {
  readonly violation: Violation
  /** Runs that it took. */
  readonly runs: number
}

/** Enough for twenty faults and all settings twice over; of small runs a matter of minutes. */
export const SHRINK_RUNS_MAX = 300

/** Settings that make a run smaller or plainer, most telling first, each with the least that is tried. */
const LEAST = {
  peers: 1,
  hostiles: 0,
  poisoners: 0,
  seeds: 1,
  contentBytes: 1,
  files: 1,
  torrents: 1,
  faultSeconds: 0,
  clubPeers: 0,
  natShare: 0,
  freeRiderShare: 0,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  jitterMs: 0,
  arrivalsPerSecond: 0,
  hostileHosts: 0,
  trackers: 1,
} as const satisfies Partial<Record<keyof RunSettings, number>>
type Shrinkable = keyof typeof LEAST
const KEYS = Object.keys(LEAST) as readonly Shrinkable[] // the table's own keys

/** Groups of nodes in the order in which they are numbered. */
const GROUPS = ['seeds', 'poisoners', 'hostiles', 'peers'] as const

/** The number of the same node where groups have other sizes: the last of its group for one that is there no more. */
const renumbered = (node: number, before: RunSettings, after: RunSettings): number | undefined => {
  let [first, firstAfter] = [1, 1]
  for (const group of GROUPS) {
    const place = node - first
    if (place < before[group]) return after[group] === 0 ? undefined : firstAfter + Math.min(place, after[group] - 1)
    first += before[group]
    firstAfter += after[group]
  }
  return undefined
}

const withSetting = ({ settings, faults }: Candidate, seed: number, key: Shrinkable, value: number): Candidate => {
  const changed = readSettings(settings, { [key]: value })
  const moved = faults.flatMap((fault): Fault[] => {
    if (fault.kind === 'partition') {
      const nodes = fault.nodes.flatMap((node) => renumbered(node, settings, changed) ?? [])
      return nodes.length === 0 ? [] : [{ ...fault, nodes: [...new Set(nodes)] }]
    }
    if (fault.kind === 'tracker') return [fault]
    const node = renumbered(fault.node, settings, changed)
    return node === undefined ? [] : [{ ...fault, node }]
  })
  return { seed, settings: changed, faults: moved }
}

const SEEDS_TRIED = 3
const EACH_BELOW = 8
const FRACTIONS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4] as const

/** What is worth trying in place of a number: each smaller one, or the least and fractions. */
const smallerThan = (value: number, least: number): readonly number[] => {
  const whole = Number.isInteger(value)
  const all =
    whole && value <= EACH_BELOW
      ? Array.from({ length: EACH_BELOW }, (_, smaller) => smaller)
      : [least, ...FRACTIONS.map((fraction) => (whole ? Math.floor(value * fraction) : value * fraction))]
  return [...new Set(all)].filter((smaller) => smaller >= least && smaller < value)
}

class Shrinker {
  #best: Shrunk
  #runs = 0
  #stopped = false
  readonly #options: ShrinkOptions

  constructor(options: ShrinkOptions) {
    this.#options = options
    this.#best = { ...options.start, violation: options.violation, runs: 0 }
  }

  async shrink(): Promise<Shrunk> {
    for (let before: Shrunk | undefined; before !== this.#best && !this.#over; ) {
      before = this.#best
      await this.#fewerFaults()
      for (const key of KEYS) await this.#smaller(key)
      await this.#briefer()
    }
    return { ...this.#best, runs: this.#runs }
  }

  get #over(): boolean {
    return this.#stopped || this.#runs >= (this.#options.runsMax ?? SHRINK_RUNS_MAX)
  }

  /** True where it still fails: then it is the best so far. */
  async #try(make: () => Candidate): Promise<boolean> {
    if (this.#over) return false
    const { run, violation, onRun } = this.#options
    let failed: Violation | undefined
    let candidate: Candidate
    try {
      candidate = make()
      this.#runs++
      const { violations } = await run(candidate)
      failed = violations.find(({ checker }) => checker === violation.checker)
    } catch (error) {
      // Settings that do not fit together are no run at all.
      if (error instanceof TorrewindError && error.code === 'OPTION_INVALID') return false
      throw error
    }
    if (failed !== undefined) this.#best = { ...candidate, violation: failed, runs: this.#runs }
    if (onRun?.(this.#runs, this.#best) === false) this.#stopped = true
    return failed !== undefined
  }

  async #fewerFaults(): Promise<void> {
    const without = (from: number, to: number) => () => ({
      ...this.#best,
      faults: this.#best.faults.filter((_, at) => at < from || at >= to),
    })
    if (this.#best.faults.length === 0 || (await this.#try(without(0, this.#best.faults.length)))) return
    for (let size = Math.ceil(this.#best.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let at = 0; at < this.#best.faults.length; )
        if (this.#over || !(await this.#try(without(at, at + size)))) at += size
  }

  /**
   * Smallest first: what fails at some size need not fail at every larger one, so there is nothing to be halved. Of
   * another size all that chance decides is another thing: it is tried with a few seeds.
   */
  async #smaller(key: Shrinkable): Promise<void> {
    let smaller = true
    while (smaller && !this.#over) {
      smaller = false
      const { seed, settings } = this.#best
      const tries = smallerThan(settings[key], LEAST[key]).flatMap((value) =>
        Array.from({ length: SEEDS_TRIED }, (_, more) => ({ value, seed: seed + more })),
      )
      for (const next of tries) {
        smaller = await this.#try(() => withSetting(this.#best, next.seed, key, next.value))
        if (smaller) break
      }
    }
  }

  async #briefer(): Promise<void> {
    for (let at = 0; at < this.#best.faults.length; at++)
      for (const field of ['forSeconds', 'atSeconds'] as const)
        for (const share of [0, 1 / 2]) {
          const seconds = this.#best.faults[at]?.[field] ?? 0
          const fewer = Math.round(seconds * share)
          if (fewer >= seconds) continue
          await this.#try(() => ({
            ...this.#best,
            faults: this.#best.faults.map((fault, place) => (place === at ? { ...fault, [field]: fewer } : fault)),
          }))
        }
  }
}

export const shrink = (options: ShrinkOptions): Promise<Shrunk> => new Shrinker(options).shrink()
