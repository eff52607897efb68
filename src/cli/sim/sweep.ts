/** A sweep: a job is run with each seed of a range, wherever there is room for it, and summed up. */
import type { RunResult } from '../../../simulations/index.js'
import { TorrewindError } from '../../errors.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'
import { Reported } from '../reported.js'
import { SweepFailures } from './failures.js'
import { inOrder } from './in-order.js'
import { prepareJob, type SimJob } from './job.js'
import { CORES, invalid, type SimFlags, seedsOf } from './options.js'
import { SweepOutputs } from './outputs.js'
import { runnerOnQueue } from './queue-runner.js'
import { SweepRecord } from './record.js'
import { type Runner, runnerHere } from './runner.js'
import { Sums } from './sums.js'
import { runnerInThreads } from './threads.js'
import { openView } from './view.js'

/** From so many peers on a run may need more memory than the main thread has, and is run in one with more. */
const LARGE_PEERS = 1_000
/** What is wrong with so many runs is wrong with the others, too. */
const FAILURES_MAX = 10

type Ended = { readonly seed: number; readonly result: RunResult } | { readonly seed: number; readonly error: unknown }

/** Throws `Reported` where something was wrong in a run. */
export const sweep = async (context: CommandContext, job: SimJob, flags: SimFlags): Promise<void> => {
  const { workers, out, queue } = flags
  if (queue !== undefined && workers !== undefined)
    throw invalid('--workers is for those who do the runs: give it to `torrewind sim --worker`')
  const seeds = seedsOf(flags)
  const prepared = await prepareJob(job)
  const { seed = 1 } = prepared.scenario
  const range = seeds ?? [seed, seed]
  const outputs = await SweepOutputs.open(job, prepared, range, flags)
  const failures = await SweepFailures.open(job, prepared, flags)
  const record = out === undefined ? undefined : await SweepRecord.open(out, prepared)
  const asked = range[1] - range[0] + 1
  const resumed = record?.countIn(range) ?? 0
  if (resumed > 0) context.tell(`${showCount(resumed, 'run')} of ${asked} are in ${out} already`)
  const threads = asked > 1 || prepared.settings.peers >= LARGE_PEERS ? Math.min(workers ?? CORES, asked - resumed) : 0
  const view = openView(context, job, { asked, resumed, drawn: queue !== undefined || asked > 1 })
  const openRunner = async (): Promise<Runner> => {
    if (queue !== undefined) return runnerOnQueue(queue, prepared.shared, view)
    return threads > 0 ? runnerInThreads(prepared.shared, threads) : runnerHere(prepared)
  }
  const runner = await openRunner().catch(async (error: unknown) => {
    view.stop()
    await record?.close()
    throw error
  })
  const sums = new Sums()
  let over = false
  const run = async (seed: number): Promise<Ended> => {
    if (record?.has(seed) === true) return { seed, result: await record.get(seed) }
    try {
      const result = await runner.run(seed)
      await record?.add(result)
      return { seed, result }
    } catch (error) {
      if (over || error instanceof TorrewindError || ++sums.failed >= FAILURES_MAX) throw error
      return { seed, error }
    } finally {
      if (!over) view.ended()
    }
  }
  try {
    for await (const ended of inOrder(range, { width: runner.width, run, stopped: context.stopped })) {
      if ('error' in ended) view.fail(ended.seed, ended.error)
      else {
        sums.add(ended.result)
        outputs.add(ended.result)
        failures.add(ended.result)
        view.show(ended.result)
      }
      await context.written()
      if (context.unheard) break
    }
  } finally {
    over = true
    view.stop()
    await runner.close()
    await record?.close()
    await failures.write(context)
    await outputs.write(context).finally(() => sums.show(context, asked, resumed))
  }
  // Which runs they were, and how to see each again, was told with each.
  if (sums.violations + sums.failed > 0) throw new Reported(undefined, failures.exitCode)
}
