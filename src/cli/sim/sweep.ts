/** A sweep: a job is run with each seed of a range, and summed up. */
import type { RunResult } from '../../../simulations/index.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'
import { Reported } from '../reported.js'
import { prepareJob, type SimJob } from './job.js'
import type { SeedRange } from './options.js'
import { showRun } from './show.js'

export const sweep = async (context: CommandContext, job: SimJob, [from, to]: SeedRange): Promise<void> => {
  const { run } = await prepareJob(job)
  let violations = 0
  let runs = 0
  let slowest: RunResult | undefined
  for (let seed = from; seed <= to && !context.stopped.aborted; seed++) {
    const result = await run(seed)
    runs++
    if (result.violations.length > 0) violations++
    if (slowest === undefined || result.wallSeconds > slowest.wallSeconds) slowest = result
    showRun(context, job, result)
  }
  if (runs > 1) context.tell(`${showCount(runs, 'run')}, ${violations} of them with violations`)
  context.say({ type: 'swept', runs, violations, slowestSeed: slowest?.seed ?? null })
  // Which runs they were, and how to see each again, was told with each.
  if (violations > 0) throw new Reported()
}
