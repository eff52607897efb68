/** The tracker as a program embeds it: public names. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Allocate } from '../src/wire/udpanswer.js'
import { readAllowed } from './allow-list.js'
import { openCatalogue } from './catalogue-front.js'
import { catalogueBounds, publishingOf } from './catalogue-options.js'
import { ConnectionIds } from './connection-ids.js'
import { TrackerCore } from './core.js'
import type { EventLog } from './event-log.js'
import type { Keeping } from './event-record.js'
import { HTTP_FRONT_BOUNDS, type HttpFront, hostOf, startHttpFront } from './http.js'
import { httpReply, notThere } from './http-reply.js'
import { Latency, timed } from './latency.js'
import { loggingWitness, logStore, SILENT, type TrackerLogger } from './logger.js'
import { machineKey, machineNow, machineRandom, machineSeed, machineWallClock } from './machine.js'
import type { Metrics, MetricsParts } from './metrics.js'
import { type OpenStore, openStore } from './open-store.js'
import { operationsRoutes } from './operations-http.js'
import {
  type EventsOptions,
  type TokenOptions,
  TRACKER_HTTP_PORT,
  type Tracker,
  type TrackerOptions,
} from './options.js'
import { Readiness } from './readiness.js'
import { Reloader, ratesOf } from './reload.js'
import type { Soon } from './store.js'
import type { FrontName } from './tally.js'
import type { Tokens } from './tokens.js'
import { startUdpFront, type UdpFront } from './udp.js'
import { udpReply } from './udp-reply.js'
import { CountedStore } from './web-counts.js'
import { WebReplies } from './web-reply.js'
import { WebSwarms } from './web-swarms.js'
import { whole } from './whole.js'
import { joined } from './witness.js'
import type { WebFront } from './ws.js'

export { type ErrorCode, TorrewindError } from '../src/errors.js'
export { parseAllowList } from './allow-list.js'
export type { CatalogueOptions } from './catalogue-options.js'
export type { TrackerStats } from './core.js'
export { whyNot } from './event-query.js'
export type { EventRecord } from './event-record.js'
export type { SoughtPeer, Why, WhyCause, WhyQuestion } from './event-why.js'
export type { TrackerLogger, TrackerLogLevel } from './logger.js'
export {
  type EventsOptions,
  type MetricsOptions,
  type TokenOptions,
  TRACKER_HTTP_PORT,
  type Tracker,
  type TrackerChanges,
  type TrackerOptions,
} from './options.js'

const LOOPBACK = '127.0.0.1'

/** The library that verifies tokens is loaded where they are asked for. */
const accessOf = async (tokens: TokenOptions | undefined): Promise<Tokens | undefined> => {
  if (tokens === undefined) return undefined
  const { Tokens } = await import('./tokens.js')
  return new Tokens({ ...tokens, now: machineWallClock })
}

/** So is the one that makes metrics. */
const metricsOf = async (parts: MetricsParts): Promise<Metrics> => {
  const { Metrics } = await import('./metrics.js')
  return new Metrics(parts)
}

/** And the one for WebSocket. */
const openWebFront = async (core: TrackerCore, swarms: WebSwarms, now: () => number): Promise<WebFront> => {
  const { WebFront } = await import('./ws.js')
  return new WebFront({ core, swarms, replies: new WebReplies(core, swarms), now })
}

/** And the one that keeps records of all that is asked. */
const openEvents = async (
  { folder, bytesMax = LIMITS.trackerEventBytesMax }: EventsOptions,
  parts: { readonly keeping: Keeping; readonly intervalSeconds: number; readonly now: () => number },
  logger: TrackerLogger,
): Promise<EventLog> => {
  const { EventLog } = await import('./event-log.js')
  return EventLog.open({
    ...{ folder, ...parts },
    bytesMax: whole(bytesMax, 'events.bytesMax', LIMITS.trackerEventBytesMin, Number.MAX_SAFE_INTEGER),
    failed: (error) => logger.error({ code: error.code, error: error.message }, 'log of events failed'),
  })
}

const keepingOf = (store = 'memory'): Keeping => (isRemote(store) ? 'shared' : store === 'memory' ? 'memory' : 'folder')

/** What a store stands on can be gone while it goes on: peers on disk are in memory, too. */
const isRemote = (store: string): boolean => /^rediss?:/.test(store)

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
  const { store: storeName = 'memory', logger = SILENT } = options
  const readiness = new Readiness(!isRemote(storeName))
  const store = await openStore(storeName, {
    ...{ settings, random, now, nowGiven: options.now !== undefined },
    onChanged: (failure) => {
      readiness.storeChanged(failure)
      logStore(logger, failure)
      options.onStore?.(failure)
    },
  })
  const web = options.ws === true ? new WebSwarms(settings, random) : undefined
  return serve(options, settings, store, web, readiness, now).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
}

type GivenSettings = Readonly<Record<'intervalSeconds' | 'peersMax' | 'swarmsMax', number>>

/** All that stands before the store. */
const serve = async (
  options: TrackerOptions,
  { intervalSeconds, peersMax, swarmsMax }: GivenSettings,
  store: OpenStore,
  web: WebSwarms | undefined,
  readiness: Readiness,
  now: () => number,
): Promise<Tracker> => {
  const { host, open, corsOrigin, logger = SILENT } = options
  const port = whole(options.httpPort ?? TRACKER_HTTP_PORT, 'httpPort', 0, 65_535)
  const udpPort = options.udpPort === undefined ? undefined : whole(options.udpPort, 'udpPort', 0, 65_535)
  if (host === '') throw new TorrewindError('OPTION_INVALID', 'host is an address, and not empty')
  const allow = options.allow && readAllowed(options.allow)
  const ownMetrics = options.metrics === 'front' ? undefined : options.metrics
  const metricsPort = ownMetrics && whole(ownMetrics.port, 'metrics.port', 0, 65_535)
  const access = await accessOf(options.tokens)
  const core = new TrackerCore({
    store: web === undefined ? store.swarms : new CountedStore(store.swarms, web),
    ...{ intervalSeconds, now, allow, access },
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
  /** What is there until the last request is answered. */
  const behind: { close(): Promise<void> }[] = []
  /** Listening ends everywhere at once; what is on its way still has all that it needs. */
  const letGo = async (): Promise<void> => {
    await Promise.all([catalogue.close(), ...fronts.map((front) => front.close())])
    for (const each of behind) await each.close()
  }
  const opened = async <Front extends { close(): Promise<void> }>(
    opening: Promise<Front>,
    among = fronts,
  ): Promise<Front> => {
    const front = await opening.catch(async (error: unknown) => {
      await letGo()
      throw error
    })
    among.push(front)
    return front
  }
  const parts = { keeping: keepingOf(options.store), intervalSeconds, now }
  const events = options.events && (await opened(openEvents(options.events, parts, logger), behind))
  core.witness = joined([loggingWitness(logger), events])
  const latencies = new Map<FrontName, Latency>()
  /** Replies of a front; timed, where anybody wants to know. */
  const repliesOf = <Asked extends readonly unknown[], Answer>(
    front: FrontName,
    reply: (...asked: Asked) => Soon<Answer>,
  ) => {
    const latency = new Latency()
    latencies.set(front, latency)
    return options.metrics === undefined ? reply : timed(latency, reply)
  }
  const reloader = new Reloader({ core, tokens: access, logger })
  /** Fronts that answer already: the first may be asked for metrics before the others are there. */
  const there: { http?: HttpFront; udp?: UdpFront } = {}
  let metrics: Promise<Metrics> | undefined
  const readMetrics = async () => {
    metrics ??= metricsOf({
      ...{ core, readiness, catalogue, latencies, peersMax, torrentsMax: swarmsMax, reloads: reloader },
      storeWaitingMax: isRemote(options.store ?? '') ? LIMITS.trackerStoreWaitingMax : undefined,
      connections: () => there.http?.connections ?? { open: 0, refused: 0 },
      connectionsMax,
      webSockets: () => webFront && { open: webFront.sockets, max: webFront.bounds.socketsMax },
      datagramsUnsent: () => there.udp?.unsent ?? 0,
      events: () => events?.counts,
    })
    return (await metrics).text()
  }
  const atFront = operationsRoutes({
    readiness,
    metrics: options.metrics === 'front' ? readMetrics : undefined,
    takes: ({ socket }) => {
      const from = hostOf(socket)
      return from !== undefined && core.takes('http', from)
    },
  })
  const webFront = web && (await opened(openWebFront(core, web, now)))
  const connectionsMax = HTTP_FRONT_BOUNDS.connectionsMax + (webFront?.bounds.socketsMax ?? 0)
  const http = await opened(
    startHttpFront({
      host,
      port,
      reply: repliesOf('http', (target: string, from: Uint8Array) => httpReply(core, target, from)),
      routes: (request, response) => atFront(request, response) || catalogue.routes(request, response),
      upgrade: webFront && ((...asked) => webFront.upgrade(...asked)),
      bounds: { ...HTTP_FRONT_BOUNDS, connectionsMax },
    }),
  )
  there.http = http
  const ids = new ConnectionIds(machineKey(16), now)
  const udp =
    udpPort === undefined
      ? undefined
      : await opened(
          startUdpFront({
            host,
            port: udpPort,
            reply: repliesOf('udp', (datagram: Uint8Array, from: Uint8Array, allocate: Allocate) =>
              udpReply(core, ids, datagram, from, allocate),
            ),
          }),
        )
  if (udp !== undefined) there.udp = udp
  const operations =
    metricsPort === undefined
      ? undefined
      : await opened(
          startHttpFront({
            host: ownMetrics?.host ?? LOOPBACK,
            port: metricsPort,
            reply: notThere,
            routes: operationsRoutes({ readiness, metrics: readMetrics }),
          }),
          behind,
        )
  const close = async (): Promise<void> => {
    readiness.isDraining = true
    logger.info({}, 'stopping')
    await letGo()
    await store.close()
    logger.info({}, 'stopped')
  }
  logger.info({ http: http.port, udp: udp?.port ?? null, metrics: operations?.port ?? null }, 'listening')
  let closing: Promise<void> | undefined
  return {
    httpPort: http.port,
    udpPort: udp?.port,
    metricsPort: operations?.port,
    get isReady() {
      return readiness.isReady
    },
    publishing: catalogue.desk.publishing,
    stats: async () => core.stats(),
    metrics: async () => (await readMetrics()).text,
    reload: (changes) => reloader.reload(changes),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
