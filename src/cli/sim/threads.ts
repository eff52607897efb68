/** Worker threads: runs of simulations over the cores of this machine. */
import { packageFile } from '../../package-file.js'
import type { SimJob } from './job.js'
import { type Outcome, resultOf } from './outcome.js'
import type { Runner } from './runner.js'
import type { ThreadTask } from './thread.js'

const FROM_SOURCES = import.meta.url.endsWith('.ts')
const THREAD = FROM_SOURCES ? 'src/cli/sim/thread-of-sources.mjs' : 'dist/src/cli/sim/thread.js'

export interface Threads {
  run(task: ThreadTask): Promise<Outcome>
  /** Ends them in the middle of what they do. */
  close(): Promise<void>
}

export const openThreads = async (threads: number): Promise<Threads> => {
  const { Piscina } = await import('piscina')
  const pool = new Piscina<ThreadTask, Outcome>({
    filename: packageFile(THREAD),
    minThreads: threads,
    maxThreads: threads,
    // A thread that sleeps between its runs would never do what a run leaves to be done after it.
    atomics: 'disabled',
    recordTiming: false,
  })
  // A thread that dies is told of by the run that it did.
  pool.on('error', () => {})
  return { run: (task) => pool.run(task), close: () => pool.destroy() }
}

export const runnerInThreads = async (job: SimJob, threads: number): Promise<Runner> => {
  const { run, close } = await openThreads(threads)
  return { width: threads, run: async (seed) => resultOf(await run({ job, seed })), close }
}
