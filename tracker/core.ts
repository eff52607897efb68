/** What all fronts of one tracker share: the store, which torrents are served, and counts of what was asked. */
import { LIMITS } from '../src/limits.js'
import { type InfoHash, toHex } from '../src/values.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import { type Soon, type StoreAnswer, type SwarmStore, soon } from './store.js'
import type { Refusal, SwarmRequest, SwarmStats } from './swarm.js'

export interface TrackerCounts {
  announces: number
  scrapes: number
  /** Announces and scrapes that were refused: malformed, not served, or more than there is room for. */
  failures: number
}

export type TrackerStats = SwarmStats & Readonly<TrackerCounts>

const NOT_SERVED: Refusal = { type: 'refusal', reason: 'this tracker does not serve this torrent' }

export class TrackerCore {
  readonly store: SwarmStore
  readonly intervalSeconds: number
  readonly counts: TrackerCounts = { announces: 0, scrapes: 0, failures: 0 }
  /** Info-hashes in hexadecimal digits; every torrent, where there is none. May be exchanged at any time. */
  allow: ReadonlySet<string> | undefined
  readonly #now: () => number

  constructor(store: SwarmStore, intervalSeconds: number, now: () => number, allow?: ReadonlySet<string>) {
    this.store = store
    this.intervalSeconds = intervalSeconds
    this.#now = now
    this.allow = allow
  }

  /** How soon peers may ask again, in seconds. */
  get minIntervalSeconds(): number {
    return Math.min(this.intervalSeconds, LIMITS.trackerMinIntervalSeconds)
  }

  announce(request: SwarmRequest): Soon<StoreAnswer | Refusal> {
    this.counts.announces++
    if (!this.#isServed(request.infoHash)) return NOT_SERVED
    return this.store.announce(request, this.#now())
  }

  /** Torrents that are not served are left out. */
  scrape(infoHashes: readonly InfoHash[]): Soon<readonly ScrapeFile[]> {
    this.counts.scrapes++
    return this.store.scrape(
      infoHashes.filter((infoHash) => this.#isServed(infoHash)),
      this.#now(),
    )
  }

  stats(): Soon<TrackerStats> {
    return soon(this.store.stats(this.#now()), (stats) => ({ ...stats, ...this.counts }))
  }

  #isServed(infoHash: InfoHash): boolean {
    return this.allow === undefined || this.allow.has(toHex(infoHash))
  }
}
