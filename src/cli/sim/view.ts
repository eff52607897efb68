/** How a sweep is seen while it runs: a bar on a terminal with what went wrong above it, or a line for each run. */
import type { RunResult } from '../../../simulations/index.js'
import { type Bar, openBar, SILENT } from '../bar.js'
import type { CommandContext } from '../context.js'
import { showCount, showSeconds } from '../format.js'
import type { SimJob } from './job.js'
import type { QueueNews } from './queue-runner.js'
import { showRun } from './show.js'

export interface SweepView extends QueueNews {
  /** In the order of seeds. */
  show(result: RunResult): void
  fail(seed: number, error: unknown): void
  /** A run ended, perhaps before those with lower seeds. */
  ended(): void
  stop(): void
}

export interface SweepSize {
  readonly asked: number
  readonly resumed: number
  /** Whether this thread is free to draw a bar while runs are run. */
  readonly drawn: boolean
}

export const openView = (context: CommandContext, job: SimJob, { asked, resumed, drawn }: SweepSize): SweepView => {
  const readsLines = process.stdout.isTTY !== true
  const barred = drawn && asked > 1 && process.stderr.isTTY === true && (readsLines || !context.json)
  const bar: Bar = barred ? openBar(context, job.scenario) : SILENT
  // A line for each run would push the bar off the screen.
  const brief = barred && context.logLevel !== 'debug' && (context.json || !readsLines)
  const began = performance.now()
  let done = resumed
  let wrong = 0
  let workers: number | undefined
  const update = (): void => {
    if (!barred) return
    const seconds = (performance.now() - began) / 1_000
    const left =
      done > resumed && done < asked ? `, ${showSeconds((seconds / (done - resumed)) * (asked - done))} left` : ''
    const violations = wrong > 0 ? `, ${wrong} with violations` : ''
    const helpers = workers === undefined ? '' : `, ${showCount(workers, 'worker')}`
    bar.update(done, asked, `${done} of ${showCount(asked, 'run')}${left}${violations}${helpers}`)
  }
  const above = (write: () => void): void => {
    bar.clear()
    write()
    update()
  }
  update()
  return {
    show(result) {
      if (result.violations.length > 0) wrong++
      if (brief && result.violations.length === 0) showRun(context, job, result, brief)
      else above(() => showRun(context, job, result))
    },
    fail: (seed, error) =>
      above(() => {
        context.warn(`seed ${seed} was not run to its end:`)
        context.fail(error)
      }),
    ended() {
      done++
      update()
    },
    warn: (text) => above(() => context.warn(text)),
    workers(count) {
      workers = count
      update()
    },
    stop: () => bar.stop(),
  }
}
