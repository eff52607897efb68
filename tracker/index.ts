/** The tracker as a program embeds it: public names. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Access } from './access.js'
import { readAllowed } from './allow-list.js'
import { openCatalogue } from './catalogue-front.js'
import { type CatalogueOptions, catalogueBounds, publishingOf } from './catalogue-options.js'
import { ConnectionIds } from './connection-ids.js'
import { TrackerCore, type TrackerStats } from './core.js'
import { startHttpFront } from './http.js'
import { httpReply } from './http-reply.js'
import { machineKey, machineNow, machineRandom, machineSeed, machineWallClock } from './machine.js'
import { type OpenStore, openStore } from './open-store.js'
import { Rates } from './rates.js'
import { startUdpFront } from './udp.js'
import { udpReply } from './udp-reply.js'
import { whole } from './whole.js'

export { type ErrorCode, TorrewindError } from '../src/errors.js'
export { parseAllowList } from './allow-list.js'
export type { CatalogueOptions } from './catalogue-options.js'
export type { TrackerStats } from './core.js'

/** What most trackers over HTTP listen on. */
export const TRACKER_HTTP_PORT = 6_969

export interface TrackerOptions {
  /** The address to listen on; every one of the machine, IPv4 and IPv6, where it is left out. */
  readonly host?: string | undefined
  /** 6969, where it is left out; 0 takes any free one. */
  readonly httpPort?: number | undefined
  /** The tracker answers over UDP (BEP 15), too, at this port; 0 takes any free one. It does not, where it is left out. */
  readonly udpPort?: number | undefined
  /** Requests a second that an address may go on with; 100, where it is left out, and 0 for as many as it likes. */
  readonly rate?: number | undefined
  /** Peers are known by the address that they say they have, which may be anybody's: by that they come from, if left out. */
  readonly announcedIp?: boolean | undefined
  /** How often peers are to announce; they are forgotten after two intervals without a word. Half an hour, where it is left out. */
  readonly intervalSeconds?: number | undefined
  /** Info-hashes of 40 hexadecimal digits that are tracked, and no others; every one, where it is left out. */
  readonly allow?: Iterable<string> | undefined
  /**
   * Anybody may publish in the catalogue. Where it is left out, that is so only if nobody outside this machine reaches
   * the tracker; otherwise nobody may, unless there are tokens.
   */
  readonly open?: boolean | undefined
  /** Bounds of the catalogue; beyond them, entries are refused and none is dropped. */
  readonly catalogue?: CatalogueOptions | undefined
  /** Whose web pages may use the catalogue: an origin, or `*` for all. Only its own page, where it is left out. */
  readonly corsOrigin?: string | undefined
  /** Makes the tracker private: announces and publishing take a token (JWT). Everybody may, where it is left out. */
  readonly tokens?: TokenOptions | undefined
  /** Peers, and torrents, that are held at most; beyond that, new ones are refused with a `failure reason`. */
  readonly peersMax?: number | undefined
  readonly torrentsMax?: number | undefined
  /**
   * Where peers are kept: `memory`, where it is left out; `level:DIR`, a folder that survives a restart; or
   * `redis://[USER:PASSWORD@]HOST[:PORT][/NAME]`, which many trackers share (`rediss:` with TLS).
   */
  readonly store?: string | undefined
  /** Hears when the store fails, by which announces are refused or not written any more, and (undefined) when it is back. */
  readonly onStore?: ((failure: TorrewindError | undefined) => void) | undefined
  /** Milliseconds since any moment, or since the epoch where a store outlives the process; never backwards. */
  readonly now?: (() => number) | undefined
  /** A whole number from 0 up to, but not including, `below`. */
  readonly random?: ((below: number) => number) | undefined
}

export interface TokenOptions {
  /** The public keys that tokens are verified with: the text of a JWKS, or the URL of one. */
  readonly keys: string | URL
  /** What a token's `aud` has to name, and its `iss` has to be, where they are given. */
  readonly audience?: string | undefined
  readonly issuer?: string | undefined
}

export interface Tracker {
  readonly httpPort: number
  /** Undefined where it does not answer over UDP. */
  readonly udpPort: number | undefined
  /** Who may publish in the catalogue: everybody, whoever has a token for it, or nobody, and why. */
  readonly publishing: { readonly type: 'open' | 'tokens' } | { readonly type: 'closed'; readonly reason: string }
  stats(): Promise<TrackerStats>
  /** Answers what is on its way and lets the ports go; may be called at any time, and any number of times. */
  close(): Promise<void>
}

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
