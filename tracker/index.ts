/** The tracker as a program embeds it: public names. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { readAllowed } from './allow-list.js'
import { TrackerCore, type TrackerStats } from './core.js'
import { startHttpFront } from './http.js'
import { httpReply } from './http-reply.js'
import { machineNow, machineRandom, machineSeed } from './machine.js'
import { MemoryStore } from './memory-store.js'

export { type ErrorCode, TorrewindError } from '../src/errors.js'
export { parseAllowList } from './allow-list.js'
export type { TrackerStats } from './core.js'

/** What most trackers over HTTP listen on. */
export const TRACKER_HTTP_PORT = 6_969

export interface TrackerOptions {
  /** The address to listen on; every one of the machine, IPv4 and IPv6, where it is left out. */
  readonly host?: string | undefined
  /** 6969, where it is left out; 0 takes any free one. */
  readonly httpPort?: number | undefined
  /** How often peers are to announce; they are forgotten after two intervals without a word. Half an hour, where it is left out. */
  readonly intervalSeconds?: number | undefined
  /** Info-hashes of 40 hexadecimal digits that are tracked, and no others; every one, where it is left out. */
  readonly allow?: Iterable<string> | undefined
  /** Peers, and torrents, that are held at most; beyond that, new ones are refused with a `failure reason`. */
  readonly peersMax?: number | undefined
  readonly torrentsMax?: number | undefined
  /** Milliseconds since any moment; never backwards. */
  readonly now?: (() => number) | undefined
  /** A whole number from 0 up to, but not including, `below`. */
  readonly random?: ((below: number) => number) | undefined
}

export interface Tracker {
  readonly httpPort: number
  stats(): Promise<TrackerStats>
  /** Answers what is on its way and lets the ports go; may be called at any time, and any number of times. */
  close(): Promise<void>
}

const whole = (value: number, name: string, min: number, max: number): number => {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new TorrewindError('OPTION_INVALID', `${name} is a whole number from ${min} to ${max}, not ${value}`)
}

/** Resolves when it answers. Throws PORT_TAKEN and OPTION_INVALID. */
export const createTracker = async (options: TrackerOptions = {}): Promise<Tracker> => {
  const { host, httpPort = TRACKER_HTTP_PORT, now = machineNow, random = machineRandom } = options
  const { peersMax = LIMITS.trackerSwarmPeersMax, torrentsMax = LIMITS.trackerSwarmsMax } = options
  const interval = options.intervalSeconds ?? LIMITS.trackerIntervalSecondsDefault
  const settings = {
    intervalSeconds: whole(interval, 'intervalSeconds', 1, LIMITS.trackerIntervalSecondsMax),
    peersMax: whole(peersMax, 'peersMax', 1, LIMITS.trackerSwarmPeersMax),
    swarmsMax: whole(torrentsMax, 'torrentsMax', 1, LIMITS.trackerSwarmsMax),
    hashSeed: machineSeed(),
  }
  const store = new MemoryStore(settings, random)
  const core = new TrackerCore(store, settings.intervalSeconds, now, options.allow && readAllowed(options.allow))
  if (host === '') throw new TorrewindError('OPTION_INVALID', 'host is an address, and not empty')
  const front = await startHttpFront({
    host,
    port: whole(httpPort, 'httpPort', 0, 65_535),
    reply: (target, from) => httpReply(core, target, from),
  })
  const close = async (): Promise<void> => {
    await front.close()
    await store.close()
  }
  let closing: Promise<void> | undefined
  return {
    httpPort: front.port,
    stats: async () => core.stats(),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
