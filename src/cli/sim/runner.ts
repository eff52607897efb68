/** A runner: somewhere that the runs of a job can be had, be it here, in threads or on other machines. */
import type { RunResult } from '../../../simulations/index.js'
import type { PreparedJob } from './job.js'

export interface Runner {
  /** How many runs at once keep it busy. */
  readonly width: number
  /** Throws a TorrewindError where the other runs would end no better, anything else where only this one went wrong. */
  run(seed: number): Promise<RunResult>
  /** Gives up what still runs. */
  close(): Promise<void>
}

/** One after another in this thread, which can do nothing else meanwhile: clocks and timers throw during a run. */
export const runnerHere = ({ run }: PreparedJob): Runner => ({ width: 1, run, close: async () => {} })
