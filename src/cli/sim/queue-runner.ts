/** The sweep's side of a queue: puts runs into it and takes results out of it, whoever ran them. */
import { randomUUID } from 'node:crypto'
import type { RunResult } from '../../../simulations/index.js'
import { TorrewindError } from '../../errors.js'
import type { SimJob } from './job.js'
import { readOutcome, resultOf } from './outcome.js'
import { closed, openLink, PREFIX, type QueueAddress, queueFailed } from './queue-link.js'
import { LEASE_SECONDS, leaseKey, refusalIn, taskOf } from './queue-task.js'
import type { Runner } from './runner.js'

/** Enough for some hundred threads, wherever they are, to find the next run when they ended one. */
const WAITING_MAX = 512
/** In the stream that tells what became of them: of each run some events, of which one holds its result. */
const EVENTS_MAX = 8 * WAITING_MAX
/** How often the lease is renewed, and looked whether there are workers. */
const RENEW_MS = 5_000
/** A result that nobody fetched, as its sweep was killed, is forgotten after so long. */
const UNFETCHED_SECONDS = 3_600

/** What people are told while they wait for others. */
export interface QueueNews {
  warn(text: string): void
  workers(count: number): void
}

interface Awaited {
  readonly seed: number
  readonly resolve: (result: RunResult) => void
  readonly reject: (error: unknown) => void
}

/** Throws `QUEUE_FAILED`. */
export const runnerOnQueue = async (address: QueueAddress, job: SimJob, news: QueueNews): Promise<Runner> => {
  const { Queue, QueueEvents } = await import('bullmq')
  const sweep = randomUUID()
  const awaited = new Map<string, Awaited>()
  const refusals = new Set<string>()
  let failure: TorrewindError | undefined
  let deserted = false

  const fail = (error: unknown): void => {
    failure ??= error instanceof TorrewindError ? error : queueFailed(address, 'failed', error)
    for (const run of awaited.values()) run.reject(failure)
    awaited.clear()
  }
  const { redis, close } = await openLink(address, fail)
  const options = { connection: redis, prefix: PREFIX }
  const queue = new Queue(address.name, { ...options, streams: { events: { maxLen: EVENTS_MAX } } })
  // What happens from now on, by the clock of the server: it numbers its events by that.
  const [seconds] = await redis.time()
  const events = new QueueEvents(address.name, { ...options, lastEventId: `${Number(seconds) * 1_000}-0` })

  const put = async (id: string, seed: number): Promise<void> => {
    const kept = { age: UNFETCHED_SECONDS }
    await queue.add('run', taskOf(sweep, job, seed), { jobId: id, removeOnComplete: kept, removeOnFail: kept })
  }
  /** Takes what became of a run; one that a server without a memory forgot is put in again. */
  const settle = async (id: string): Promise<void> => {
    const run = awaited.get(id)
    if (run === undefined) return
    const there = await queue.getJob(id)
    if (!awaited.has(id)) return
    if (there === undefined) return put(id, run.seed)
    if (there.finishedOn === undefined) return
    awaited.delete(id)
    try {
      const outcome = readOutcome(there.returnvalue)
      if (outcome === undefined) throw new Error(`seed ${run.seed}: ${there.failedReason || 'a worker gave no result'}`)
      run.resolve(resultOf(outcome))
    } catch (error) {
      run.reject(error)
    }
    await queue.remove(id)
  }
  const renew = async (): Promise<void> => {
    await redis.set(leaseKey(address, sweep), '', 'EX', LEASE_SECONDS)
    // Not every server lets everybody ask for its clients.
    const workers = await queue.getWorkersCount().catch(() => undefined)
    if (workers !== undefined) news.workers(workers)
    if (workers === 0 && !deserted)
      news.warn(`no worker is there; start one with: torrewind sim --worker --queue ${address.shown}`)
    deserted = workers === 0
    // Should an event have been lost, the runs that all others wait for are still found out about.
    const [oldest] = awaited.keys()
    if (oldest !== undefined) await settle(oldest)
  }
  const ended = ({ jobId }: { readonly jobId: string }): void => void settle(jobId).catch(fail)

  // What is wrong with the connection is seen by the link.
  queue.on('error', () => {})
  events.on('error', () => {})
  events.on('completed', ended)
  events.on('failed', ended)
  events.on('progress', ({ jobId, data }) => {
    const refusal = awaited.has(jobId) ? refusalIn(data) : undefined
    if (refusal === undefined || refusals.has(refusal)) return
    refusals.add(refusal)
    news.warn(refusal)
  })
  redis.on('ready', () => {
    renew().catch(fail)
    for (const id of awaited.keys()) settle(id).catch(fail)
  })
  await renew()
  const renewing = setInterval(() => renew().catch(fail), RENEW_MS)

  return {
    width: WAITING_MAX,
    run: (seed) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        const id = `${sweep}-${seed}`
        awaited.set(id, { seed, resolve, reject })
        put(id, seed).catch(fail)
      }),
    close: async () => {
      clearInterval(renewing)
      const left = [...awaited.keys()]
      awaited.clear()
      // What a worker takes meanwhile is passed over, as the lease is gone.
      if (failure === undefined)
        await closed(Promise.all([redis.del(leaseKey(address, sweep)), ...left.map((id) => queue.remove(id))]))
      await closed(Promise.all([events.close(), queue.close()]))
      close()
    },
  }
}
