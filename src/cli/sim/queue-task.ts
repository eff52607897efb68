/** What a sweep and its workers tell each other through the queue. */
import { VERSION } from '../../version.js'
import type { SimJob } from './job.js'
import { PREFIX, type QueueAddress } from './queue-link.js'
import type { ThreadTask } from './thread.js'

/** One run, as it waits in the queue. */
export interface QueuedTask extends ThreadTask {
  /** That of the sweep: a worker of another version could give another result. */
  readonly version: string
  readonly sweep: string
}

export const taskOf = (sweep: string, job: SimJob, seed: number): QueuedTask => ({ version: VERSION, sweep, job, seed })

/** Undefined for what no sweep has put there. */
export const readTask = (value: unknown): QueuedTask | undefined => {
  const { version, sweep, job, seed } = (value ?? {}) as Partial<QueuedTask>
  const known = typeof version === 'string' && typeof sweep === 'string' && typeof job === 'object' && job !== null
  return known && typeof seed === 'number' ? { version, sweep, job, seed } : undefined
}

/** Why a worker does not take a run, for the sweep to tell. */
export interface Refusal {
  readonly refused: string
}

export const refusalIn = (progress: unknown): string | undefined => {
  const { refused } = (typeof progress === 'object' ? progress : {}) as Partial<Refusal>
  return typeof refused === 'string' ? refused : undefined
}

/** A key that is there as long as the sweep is: runs of a sweep that is gone are for nobody. */
export const leaseKey = ({ name }: QueueAddress, sweep: string): string => `${PREFIX}:${name}:sweep:${sweep}`

/** A sweep that did not renew its lease for so long is gone. */
export const LEASE_SECONDS = 60
