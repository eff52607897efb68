/**
 * The link to a tracker's Redis server: one script, run for many announces at one time, or refused in good time.
 *
 * Strategy: what is asked within one turn of the event loop goes out in one write, and each write has a time of its own
 * in which it must be answered. Nothing is sent twice or kept for later: whoever asks while the server is away is told at
 * once. So a server that is gone costs nothing but a try to reach it now and then.
 */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { messageOf, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { RedisAddress } from '../src/redis-address.js'

export interface RedisLinkBounds {
  readonly timeoutMs: number
  readonly waitingMax: number
}

export const REDIS_LINK_BOUNDS: RedisLinkBounds = {
  timeoutMs: LIMITS.trackerStoreTimeoutMs,
  waitingMax: LIMITS.trackerStoreWaitingMax,
}

/** Hears when the server fails, and (undefined) when it answers again. */
export type StoreListener = (failure: TorrewindError | undefined) => void

interface Job {
  readonly argument: Buffer
  readonly resolve: (answer: Buffer) => void
  readonly reject: (error: TorrewindError) => void
}

export class RedisLink {
  readonly #redis: Redis
  readonly #shown: string
  readonly #script: string
  readonly #sha: string
  readonly #bounds: RedisLinkBounds
  readonly #onChanged: StoreListener
  /** Asked within this turn, and not sent yet. */
  #jobs: Job[] = []
  /** Those, and what was sent and not answered yet. */
  #waiting = 0
  #failing = false
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined
  /** The last thing that went wrong with the connection. */
  #trouble: unknown

  /** Throws STORE_FAILED where the server cannot be reached. */
  static async open(
    address: RedisAddress,
    script: string,
    onChanged: StoreListener,
    bounds: RedisLinkBounds = REDIS_LINK_BOUNDS,
  ): Promise<RedisLink> {
    const link = new RedisLink(address, script, onChanged, bounds)
    try {
      await link.#redis.connect()
      await link.#load()
    } catch (error) {
      link.#redis.disconnect()
      throw link.#failure('cannot be reached', link.#trouble ?? error)
    }
    return link
  }

  private constructor(address: RedisAddress, script: string, onChanged: StoreListener, bounds: RedisLinkBounds) {
    this.#shown = address.shown
    this.#script = script
    this.#sha = createHash('sha1').update(script).digest('hex')
    this.#onChanged = onChanged
    this.#bounds = bounds
    let reached = false
    this.#redis = new Redis({
      ...{ host: address.host, port: address.port, lazyConnect: true, connectTimeout: bounds.timeoutMs },
      ...(address.username === undefined ? {} : { username: address.username }),
      ...(address.password === undefined ? {} : { password: address.password }),
      ...(address.tls ? { tls: {} } : {}),
      ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
      retryStrategy: (times) => (reached ? Math.min(times * 50, LIMITS.trackerStoreRetryMs) : null),
      // A master that has become a replica: its name may lead to another one now.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    })
    this.#redis.on('error', (error) => {
      this.#trouble = error
    })
    this.#redis.on('close', () => {
      if (reached && this.#closing === undefined) this.#fail(this.#failure('is away', this.#trouble))
    })
    this.#redis.on('ready', () => {
      // A server that was started again knows no script. Sent before anything else, it is there in time.
      if (reached) this.#load().catch(() => {})
      reached = true
      this.#trouble = undefined
    })
  }

  get isFull(): boolean {
    return this.#waiting >= this.#bounds.waitingMax
  }

  /** What the script answers. Rejects with STORE_FAILED, within the time of the bounds. */
  run(argument: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) reject(this.#failure('is not asked any more'))
      else if (this.isFull) reject(this.#failure('has too much to do'))
      else {
        this.#waiting++
        if (this.#jobs.push({ argument, resolve, reject }) === 1) setImmediate(() => this.#send(this.#take()))
      }
    })
  }

  /** What was asked is answered first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#redis.disconnect()
  }

  async #load(): Promise<void> {
    await this.#redis.script('LOAD', this.#script)
  }

  #take(): Job[] {
    const jobs = this.#jobs
    this.#jobs = []
    return jobs
  }

  #send(jobs: readonly Job[], again = false): void {
    if (this.#redis.status !== 'ready') {
      this.#settle(jobs, () => this.#failure('is away', this.#trouble))
      return
    }
    let over = false
    const timer = setTimeout(() => {
      over = true
      this.#settle(jobs, () => this.#failure(`has not answered within ${this.#bounds.timeoutMs} ms`))
      // What it answers later would be for nobody, and keeps others waiting.
      this.#redis.disconnect(true)
    }, this.#bounds.timeoutMs)
    const pipeline = this.#redis.pipeline()
    for (const { argument } of jobs) pipeline.callBuffer('evalsha', this.#sha, 0, argument)
    pipeline
      .exec()
      .catch((error: unknown) => jobs.map(() => [error, undefined]))
      .then((answers) => {
        clearTimeout(timer)
        if (over) return
        const first = answers?.[0]?.[0]
        if (!again && first instanceof Error && first.message.startsWith('NOSCRIPT')) this.#loadAndSend(jobs)
        else this.#settle(jobs, (at) => answers?.[at]?.[1] ?? this.#failure('has failed', answers?.[at]?.[0]))
      })
  }

  /** Somebody made the server forget its scripts. */
  #loadAndSend(jobs: readonly Job[]): void {
    this.#load()
      .catch(() => {})
      .then(() => this.#send(jobs, true))
  }

  #settle(jobs: readonly Job[], answerTo: (at: number) => unknown): void {
    this.#waiting -= jobs.length
    for (const [at, { resolve, reject }] of jobs.entries()) {
      const answer = answerTo(at)
      if (answer instanceof Buffer) {
        this.#recover()
        resolve(answer)
      } else {
        const failure = answer instanceof TorrewindError ? answer : this.#failure('gave no answer')
        this.#fail(failure)
        reject(failure)
      }
    }
    if (this.#waiting === 0) this.#idle?.()
  }

  #fail(failure: TorrewindError): void {
    if (this.#failing) return
    this.#failing = true
    this.#onChanged(failure)
  }

  #recover(): void {
    if (!this.#failing) return
    this.#failing = false
    this.#onChanged(undefined)
  }

  #failure(what: string, cause?: unknown): TorrewindError {
    const reason = cause === undefined ? '' : `: ${messageOf(cause)}`
    return new TorrewindError('STORE_FAILED', `the store ${this.#shown} ${what}${reason}`, { cause })
  }
}
