/** What all fronts of one tracker share: the store, which torrents are served, and counts of what was asked. */
import { LIMITS } from '../src/limits.js'
import { type InfoHash, toHex } from '../src/values.js'
import { hostToBytes } from '../src/wire/compact.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import type { Access, Admission, Denial } from './access.js'
import type { Rates } from './rates.js'
import { heldAnswer, orRefusal, type Soon, type StoreAnswer, type SwarmStore, soon } from './store.js'
import type { Refusal, SwarmRequest, SwarmStats } from './swarm.js'

export interface TrackerCounts {
  announces: number
  scrapes: number
  /** Announces and scrapes that were refused: malformed, not served, or more than there is room for. */
  failures: number
  /** Requests that were not looked at, because their address asks too often. */
  limited: number
}

export type TrackerStats = SwarmStats & Readonly<TrackerCounts>

const NOT_SERVED: Refusal = { type: 'refusal', reason: 'this tracker does not serve this torrent' }

export class TrackerCore {
  readonly store: SwarmStore
  readonly intervalSeconds: number
  readonly counts: TrackerCounts = { announces: 0, scrapes: 0, failures: 0, limited: 0 }
  /** Info-hashes in hexadecimal digits; every torrent, where there is none. May be exchanged at any time. */
  allow: ReadonlySet<string> | undefined
  /** Who may announce and scrape: everybody, where there is none. */
  readonly access: Access | undefined
  /** How often an address may ask: as often as it likes, where there is none. */
  readonly rates: Rates | undefined
  /** Whether peers are known by the address that they say they have. May be exchanged at any time. */
  trustsAnnounced = false
  readonly #now: () => number

  constructor(
    store: SwarmStore,
    intervalSeconds: number,
    now: () => number,
    allow?: ReadonlySet<string>,
    access?: Access,
    rates?: Rates,
  ) {
    this.store = store
    this.intervalSeconds = intervalSeconds
    this.#now = now
    this.allow = allow
    this.access = access
    this.rates = rates
  }

  /** How soon peers may ask again, in seconds. */
  get minIntervalSeconds(): number {
    return Math.min(this.intervalSeconds, LIMITS.trackerMinIntervalSeconds)
  }

  /**
   * Whether a request from this address (4 or 16 bytes) is to be looked at now. Fronts ask once for each request, and say
   * whether it is proven that it comes from there: anybody can write any address on a datagram.
   */
  takes(from: Uint8Array, isProven = true): boolean {
    if (this.rates === undefined || this.rates.take(from, this.#now(), isProven)) return true
    this.counts.limited++
    return false
  }

  /** By which a peer is known that says it is at `announced`: what it says could be a victim's address. */
  hostOf(announced: string | undefined, from: Uint8Array): Uint8Array {
    return (this.trustsAnnounced && announced !== undefined && hostToBytes(announced)) || from
  }

  /** `token` is what the request brought along (see `readToken`); a private tracker refuses what has none. */
  announce(request: SwarmRequest, token?: string): Soon<StoreAnswer | Refusal> {
    this.counts.announces++
    if (!this.isServed(request.infoHash)) return NOT_SERVED
    if (this.access === undefined) return orRefusal(this.store.announce(request, this.#now()))
    const admitted = this.access.admit(token, 'announce', toHex(request.infoHash))
    const ask = (answer: Admission | Denial): Soon<StoreAnswer | Refusal> =>
      answer.type === 'denial'
        ? { type: 'refusal', reason: answer.reason }
        : orRefusal(this.store.announce(request, this.#now()))
    // Whoever waits is told later, when the store was asked for others.
    return admitted instanceof Promise ? admitted.then((answer) => soon(ask(answer), heldAnswer)) : ask(admitted)
  }

  /** Torrents that are not served, to all or to the holder of this token, are left out. */
  scrape(infoHashes: readonly InfoHash[], token?: string): Soon<readonly ScrapeFile[] | Refusal> {
    this.counts.scrapes++
    const served = infoHashes.filter((infoHash) => this.isServed(infoHash))
    return orRefusal(
      this.access === undefined
        ? this.store.scrape(served, this.#now())
        : this.#scrapeAdmitted(this.access, served, token),
    )
  }

  /** Why the holder of this token may not ask about the first of these torrents; undefined where it may. */
  denied([infoHash]: readonly InfoHash[], token?: string): Soon<string | undefined> {
    if (this.access === undefined || infoHash === undefined) return undefined
    return soon(this.access.admit(token, 'announce', toHex(infoHash)), (answer) =>
      answer.type === 'denial' ? answer.reason : undefined,
    )
  }

  async #scrapeAdmitted(access: Access, infoHashes: readonly InfoHash[], token?: string) {
    const admitted: InfoHash[] = []
    for (const infoHash of infoHashes) {
      const answer = await access.admit(token, 'announce', toHex(infoHash))
      if (answer.type === 'admission') admitted.push(infoHash)
    }
    return this.store.scrape(admitted, this.#now())
  }

  stats(): Soon<TrackerStats> {
    return soon(this.store.stats(this.#now()), (stats) => ({ ...stats, ...this.counts }))
  }

  /** How these swarms are, for this process itself: nobody is asked for a token, and nothing is counted. */
  look(infoHashes: readonly InfoHash[]): Soon<readonly ScrapeFile[]> {
    return this.store.scrape(infoHashes, this.#now())
  }

  isServed(infoHash: InfoHash): boolean {
    return this.allow === undefined || this.isServedHex(toHex(infoHash))
  }

  /** The same for an info-hash in hexadecimal digits, in lower case. */
  isServedHex(infoHash: string): boolean {
    return this.allow === undefined || this.allow.has(infoHash)
  }
}
