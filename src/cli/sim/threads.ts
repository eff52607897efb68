/** Worker threads: runs of simulations over the cores of this machine. */
import { totalmem } from 'node:os'
import { systemCode, TorrewindError } from '../../errors.js'
import { packageFile } from '../../package-file.js'
import type { SimJob } from './job.js'
import { type Outcome, resultOf } from './outcome.js'
import type { Runner } from './runner.js'
import type { ThreadTask } from './thread.js'

const FROM_SOURCES = import.meta.url.endsWith('.ts')
const THREAD = FROM_SOURCES ? 'src/cli/sim/thread-of-sources.mjs' : 'dist/src/cli/sim/thread.js'

/** Of the machine's memory, so much may be the heaps of all threads together: the rest is for bytes outside of heaps. */
const HEAPS_SHARE = 0.6
/** As Node has it, where that is more. */
const HEAP_MIB_MIN = 4_096
const MIB = 1_048_576

const heapMiBOf = (threads: number): number =>
  Math.max(HEAP_MIB_MIN, Math.floor((HEAPS_SHARE * totalmem()) / threads / MIB))

export interface Threads {
  run(task: ThreadTask): Promise<Outcome>
  /** Ends them in the middle of what they do. */
  close(): Promise<void>
}

/** Of short-lived values: with Node's own size a twentieth more of a large swarm's time goes into collecting them. */
const YOUNG_MIB = 96

/** Throws `MEMORY_EXCEEDED` where a thread died of it: other seeds of the same swarm would end no better. */
const memoryTold =
  (mib: number) =>
  (error: unknown): never => {
    if (systemCode(error) !== 'ERR_WORKER_OUT_OF_MEMORY') throw error
    const text = `a run needs more than the ${mib} MiB of memory that its thread may have: fewer --workers leave more to each`
    throw new TorrewindError('MEMORY_EXCEEDED', text, { cause: error })
  }

export const openThreads = async (threads: number, heapMiB = heapMiBOf(threads)): Promise<Threads> => {
  const { Piscina } = await import('piscina')
  const pool = new Piscina<ThreadTask, Outcome>({
    filename: packageFile(THREAD),
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
    // A thread that sleeps between its runs would never do what a run leaves to be done after it.
    atomics: 'disabled',
    recordTiming: false,
  })
  // A thread that dies is told of by the run that it did.
  pool.on('error', () => {})
  return { run: (task) => pool.run(task).catch(memoryTold(heapMiB)), close: () => pool.destroy() }
}

export const runnerInThreads = async (job: SimJob, threads: number): Promise<Runner> => {
  const { run, close } = await openThreads(threads)
  return { width: threads, run: async (seed) => resultOf(await run({ job, seed })), close }
}
