/** The tracker as a program embeds it: public names. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Access } from './access.js'
import { readAllowed } from './allow-list.js'
import { openCatalogue } from './catalogue-front.js'
import { catalogueBounds, publishingOf } from './catalogue-options.js'
import { ConnectionIds } from './connection-ids.js'
import { TrackerCore } from './core.js'
import { startHttpFront } from './http.js'
import { httpReply } from './http-reply.js'
import { machineKey, machineNow, machineRandom, machineSeed, machineWallClock } from './machine.js'
import { type OpenStore, openStore } from './open-store.js'
import { type TokenOptions, TRACKER_HTTP_PORT, type Tracker, type TrackerOptions } from './options.js'
import { Rates } from './rates.js'
import { startUdpFront } from './udp.js'
import { udpReply } from './udp-reply.js'
import { whole } from './whole.js'

export { type ErrorCode, TorrewindError } from '../src/errors.js'
export { parseAllowList } from './allow-list.js'
export type { CatalogueOptions } from './catalogue-options.js'
export type { TrackerStats } from './core.js'
export { type TokenOptions, TRACKER_HTTP_PORT, type Tracker, type TrackerOptions } from './options.js'

/** The library that verifies tokens is loaded where they are asked for. */
const accessOf = async (tokens: TokenOptions | undefined): Promise<Access | undefined> => {
  if (tokens === undefined) return undefined
  const { Tokens } = await import('./tokens.js')
  return new Tokens({ ...tokens, now: machineWallClock })
}

const ratesOf = (rate: number = LIMITS.trackerRatePerSecond): Rates | undefined => {
  const perSecond = whole(rate, 'rate', 0, LIMITS.trackerRatePerSecondMax)
  return perSecond === 0 ? undefined : new Rates({ perSecond, seed: machineSeed() })
}

/** Resolves when it answers. Throws PORT_TAKEN and OPTION_INVALID, and what a store cannot be opened for. */
export const createTracker = async (options: TrackerOptions = {}): Promise<Tracker> => {
  const { now = machineNow, random = machineRandom } = options
  const { peersMax = LIMITS.trackerSwarmPeersMax, torrentsMax = LIMITS.trackerSwarmsMax } = options
  const interval = options.intervalSeconds ?? LIMITS.trackerIntervalSecondsDefault
  const settings = {
    intervalSeconds: whole(interval, 'intervalSeconds', 1, LIMITS.trackerIntervalSecondsMax),
    peersMax: whole(peersMax, 'peersMax', 1, LIMITS.trackerSwarmPeersMax),
    swarmsMax: whole(torrentsMax, 'torrentsMax', 1, LIMITS.trackerSwarmsMax),
    hashSeed: machineSeed(),
  }
  const store = await openStore(options.store ?? 'memory', {
    ...{ settings, random, now, nowGiven: options.now !== undefined },
    onChanged: options.onStore ?? (() => {}),
  })
  return serve(options, settings.intervalSeconds, store, now).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
}

/** All that stands before the store. */
const serve = async (
  options: TrackerOptions,
  intervalSeconds: number,
  store: OpenStore,
  now: () => number,
): Promise<Tracker> => {
  const { host, open, corsOrigin } = options
  const port = whole(options.httpPort ?? TRACKER_HTTP_PORT, 'httpPort', 0, 65_535)
  const udpPort = options.udpPort === undefined ? undefined : whole(options.udpPort, 'udpPort', 0, 65_535)
  if (host === '') throw new TorrewindError('OPTION_INVALID', 'host is an address, and not empty')
  const allow = options.allow && readAllowed(options.allow)
  const access = await accessOf(options.tokens)
  const core = new TrackerCore({
    ...{ store: store.swarms, intervalSeconds, now, allow, access },
    rates: ratesOf(options.rate),
    trustsAnnounced: options.announcedIp,
  })
  const catalogue = await openCatalogue({
    core,
    store: store.catalogue,
    publishing: publishingOf(host, open, core.access),
    bounds: catalogueBounds(options.catalogue),
    corsOrigin,
    loopbackOnly: open !== true && core.access === undefined,
  })
  const fronts: { close(): Promise<void> }[] = []
  const letGo = async (): Promise<void> => {
    await catalogue.close()
    await Promise.all(fronts.map((front) => front.close()))
  }
  const opened = async <Front extends { close(): Promise<void> }>(opening: Promise<Front>): Promise<Front> => {
    const front = await opening.catch(async (error: unknown) => {
      await letGo()
      throw error
    })
    fronts.push(front)
    return front
  }
  const http = await opened(
    startHttpFront({
      host,
      port,
      reply: (target, from) => httpReply(core, target, from),
      routes: catalogue.routes,
    }),
  )
  const ids = new ConnectionIds(machineKey(16), now)
  const udp =
    udpPort === undefined
      ? undefined
      : await opened(
          startUdpFront({ host, port: udpPort, reply: (datagram, from) => udpReply(core, ids, datagram, from) }),
        )
  const close = async (): Promise<void> => {
    await letGo()
    await store.close()
  }
  let closing: Promise<void> | undefined
  return {
    httpPort: http.port,
    udpPort: udp?.port,
    publishing: catalogue.desk.publishing,
    stats: async () => core.stats(),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
