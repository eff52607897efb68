/** What the runs of a sweep come to. */
import type { RunResult } from '../../../simulations/index.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'

export class Sums {
  /** Runs that came to an end, here or in a sweep before this one. */
  runs = 0
  /** Those of them in which something was wrong. */
  violations = 0
  /** Runs that came to no end, which is no fault of the simulated. */
  failed = 0
  #slowest: RunResult | undefined

  add(result: RunResult): void {
    this.runs++
    if (result.violations.length > 0) this.violations++
    if (this.#slowest === undefined || result.wallSeconds > this.#slowest.wallSeconds) this.#slowest = result
  }

  /** Of so many seeds that were asked for, with so many runs from a record. */
  show(context: CommandContext, asked: number, resumed: number): void {
    const { runs, violations, failed } = this
    if (asked > 1) {
      const of = runs < asked ? ` of ${asked.toLocaleString('en')}` : ''
      const failures = failed === 0 ? '' : `, ${failed} failed`
      context.tell(`${showCount(runs, 'run')}${of}, ${violations} of them with violations${failures}`)
    }
    const slowestSeed = this.#slowest?.seed ?? null
    context.say({ type: 'swept', runs, violations, slowestSeed, asked, resumed, failed })
  }
}
