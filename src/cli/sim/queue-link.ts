/** The link to a queue: where it is on which Redis server, and a connection that is given up when it stays away. */
import type { Redis } from 'ioredis'
import { messageOf, TorrewindError } from '../../errors.js'
import { type RedisAddress, redisAddress } from '../../redis-address.js'

export type QueueAddress = RedisAddress

const NAME = 'sim'
/** What the keys of all queues begin with. */
export const PREFIX = 'torrewind'

/** A server that does not answer for so long is not there. */
const CONNECT_MS = 5_000
/** What is asked of it waits for ten seconds at most, so one that says nothing for so long is gone. */
const SILENCE_MS = 30_000
/** A server that is gone cannot be taken leave of. */
const CLOSE_MS = 5_000
/** One that was there is asked again so often, this far apart: it may be restarted. */
const RETRIES = 20
const RETRY_MS = 250

export const queueAddress = (text: string): QueueAddress => redisAddress(text, '--queue', NAME)

export const queueFailed = ({ shown }: QueueAddress, what: string, cause?: unknown): TorrewindError => {
  const reason = cause === undefined ? '' : `: ${messageOf(cause)}`
  return new TorrewindError('QUEUE_FAILED', `the queue ${shown} ${what}${reason}`, { cause })
}

export interface QueueLink {
  readonly redis: Redis
  close(): void
}

/** Throws `QUEUE_FAILED` where the server cannot be reached; `onLost` hears of it where that is so later. */
export const openLink = async (address: QueueAddress, onLost: (error: TorrewindError) => void): Promise<QueueLink> => {
  const { Redis } = await import('ioredis')
  const { host, port, username, password, tls } = address
  let reached = false
  let closed = false
  let last: unknown
  const redis = new Redis({
    ...{ host, port, lazyConnect: true, connectTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    // What is asked while the server is away is asked again when it is back, as BullMQ wants it.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (reached && !closed && times <= RETRIES ? RETRY_MS : null),
  })
  redis.on('error', (error) => {
    last = error
  })
  const close = (): void => {
    closed = true
    redis.disconnect()
  }
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    close()
    throw queueFailed(address, 'cannot be reached', last ?? error)
  }
  reached = true
  redis.on('end', () => {
    if (!closed) onLost(queueFailed(address, 'went away and does not come back', last))
  })
  return { redis, close }
}

/** Waits for what closes in good order, as long as it makes sense. */
export const closed = async (closing: Promise<unknown>): Promise<void> => {
  let bound: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    bound = setTimeout(resolve, CLOSE_MS)
  })
  await Promise.race([closing.catch(() => {}), late])
  clearTimeout(bound)
}
