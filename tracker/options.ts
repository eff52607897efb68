/** What a tracker is told when it is made, and what whoever made it has in hand. */
import type { TorrewindError } from '../src/errors.js'
import type { CatalogueOptions } from './catalogue-options.js'
import type { TrackerStats } from './core.js'
import type { TrackerLogger } from './logger.js'

/** What most trackers over HTTP listen on. */
export const TRACKER_HTTP_PORT = 6_969

export interface TrackerOptions {
  /** The address to listen on; every one of the machine, IPv4 and IPv6, where it is left out. */
  readonly host?: string | undefined
  /** 6969, where it is left out; 0 takes any free one. */
  readonly httpPort?: number | undefined
  /** The tracker answers over UDP (BEP 15), too, at this port; 0 takes any free one. It does not, where it is left out. */
  readonly udpPort?: number | undefined
  /** The tracker takes peers in browsers, too, over WebSocket at its HTTP port. It does not, where it is left out. */
  readonly ws?: boolean | undefined
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
  /**
   * `/metrics` for Prometheus, and `/health` and `/ready` with it, at a port of its own (0 takes any free one), on loopback
   * unless a host is named; or with `front` on the HTTP port, for whoever reaches that. Not at all, where it is left out.
   */
  readonly metrics?: 'front' | MetricsOptions | undefined
  /** Hears what happens: `info` and above of the tracker itself, `debug` of each request. Nobody, where it is left out. */
  readonly logger?: TrackerLogger | undefined
  /** Keeps a record of every announce and what came of it, which tells why a peer did not get another. */
  readonly events?: EventsOptions | undefined
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

export interface MetricsOptions {
  readonly port: number
  /** 127.0.0.1, where it is left out. */
  readonly host?: string | undefined
}

export interface EventsOptions {
  /** A folder that only one tracker at a time writes to; it is made where it is missing. */
  readonly folder: string
  /** What it may take; the oldest records make way. 1 GiB, where it is left out. */
  readonly bytesMax?: number | undefined
}

/** What can be changed while a tracker runs. What is left out stays as it is. */
export interface TrackerChanges {
  /** Info-hashes that are tracked, or `any`. */
  readonly allow?: Iterable<string> | 'any' | undefined
  /** Of a tracker that has tokens: the keys that they are verified with, from now on. */
  readonly keys?: string | URL | undefined
  readonly rate?: number | undefined
}

export interface Tracker {
  readonly httpPort: number
  /** Undefined where it does not answer over UDP. */
  readonly udpPort: number | undefined
  /** Undefined where metrics have no port of their own. */
  readonly metricsPort: number | undefined
  /** False while it stops, and while the server that its peers are kept on is away. */
  readonly isReady: boolean
  /** Who may publish in the catalogue: everybody, whoever has a token for it, or nobody, and why. */
  readonly publishing: { readonly type: 'open' | 'tokens' } | { readonly type: 'closed'; readonly reason: string }
  stats(): Promise<TrackerStats>
  /** What `/metrics` says, for a program that serves it itself. */
  metrics(): Promise<string>
  /**
   * Takes over all that is named, or rejects with OPTION_INVALID and leaves everything as it was. A function that reads
   * the changes and fails is a change that was refused, too.
   */
  reload(changes: TrackerChanges | (() => Promise<TrackerChanges>)): Promise<void>
  /**
   * Is not ready from now on, takes no more requests, answers those on their way within six seconds, writes what is to be
   * kept, and lets the ports go; may be called at any time, and any number of times.
   */
  close(): Promise<void>
}
