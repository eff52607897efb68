/** `torrewind sim --worker`: takes runs out of a queue and runs them, until it is stopped. */
import { hostname } from 'node:os'
import type { Job } from 'bullmq'
import { messageOf } from '../../errors.js'
import { VERSION } from '../../version.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'
import type { Outcome } from './outcome.js'
import { closed, openLink, PREFIX, type QueueAddress, queueFailed } from './queue-link.js'
import { leaseKey, type Refusal, readTask } from './queue-task.js'
import { showRun } from './show.js'
import { openThreads } from './threads.js'

/** The outcome of a run whose sweep is gone. */
const FOR_NOBODY = null

export const workOnQueue = async (context: CommandContext, address: QueueAddress, threads: number): Promise<void> => {
  const { Worker, WaitingError } = await import('bullmq')
  let end = (_: unknown): void => {}
  const failed = new Promise<never>((_, reject) => {
    end = reject
  })
  const { redis, close } = await openLink(address, end)
  const pool = await openThreads(threads)
  let ending = false
  let runs = 0

  /** Puts it into the queue again, for others. */
  const giveBack = async (job: Job, token: string | undefined): Promise<never> => {
    await job.moveToWait(token)
    throw new WaitingError()
  }
  const work = async (job: Job, token?: string): Promise<Outcome | typeof FOR_NOBODY> => {
    const task = readTask(job.data)
    if (task === undefined) throw new Error('this is no run of a simulation')
    if ((await redis.exists(leaseKey(address, task.sweep))) === 0) return FOR_NOBODY
    if (task.version !== VERSION) {
      const versions = `this worker is of version ${VERSION}, and the sweep of ${task.version}`
      await worker.pause(true)
      await job.updateProgress({ refused: `${hostname()}: ${versions}` } satisfies Refusal)
      end(queueFailed(address, `holds a run that is not for us: ${versions}`))
      return giveBack(job, token)
    }
    try {
      const outcome = await pool.run(task)
      if ('result' in outcome) showRun(context, task.job, outcome.result)
      else context.warn(`seed ${task.seed}: ${outcome.refused.message} (${outcome.refused.code})`)
      runs++
      return outcome
    } catch (error) {
      if (ending) return giveBack(job, token)
      context.warn(`seed ${task.seed}: ${messageOf(error)}`)
      throw error
    }
  }
  const worker = new Worker(address.name, work, { connection: redis, prefix: PREFIX, concurrency: threads })
  const warned = new Set<string>()
  worker.on('error', ({ message }) => {
    if (warned.has(message)) return
    warned.add(message)
    context.debug(`${address.shown}: ${message}`)
  })
  try {
    await Promise.race([worker.waitUntilReady(), failed])
    context.tell(`waiting for runs from ${address.shown}, for ${showCount(threads, 'thread')}; stop it with Ctrl-C`)
    context.say({ type: 'working', queue: address.shown, workers: threads, version: VERSION })
    await Promise.race([context.untilStopped(), failed])
  } finally {
    ending = true
    await worker.pause(true).catch(() => {})
    await pool.close()
    await closed(worker.close(redis.status === 'end'))
    close()
    context.say({ type: 'worked', runs })
  }
}
