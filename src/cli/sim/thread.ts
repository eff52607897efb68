/** What a worker thread does: one run of a job after another. */
import { type PreparedJob, prepareJob, type SimJob } from './job.js'
import { type Outcome, outcomeOf } from './outcome.js'

export interface ThreadTask {
  readonly job: SimJob
  readonly seed: number
}

let prepared: { readonly words: string; readonly job: Promise<PreparedJob> } | undefined

/** Prepares a job once for all of its runs. */
const preparedOf = (job: SimJob): Promise<PreparedJob> => {
  const words = JSON.stringify(job)
  if (prepared?.words !== words) prepared = { words, job: prepareJob(job) }
  return prepared.job
}

export default ({ job, seed }: ThreadTask): Promise<Outcome> => outcomeOf(async () => (await preparedOf(job)).run(seed))
