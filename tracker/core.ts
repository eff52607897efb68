/** What all fronts of one tracker share: the store, which torrents are served, and counts of what was asked. */
import { LIMITS } from '../src/limits.js'
import { type InfoHash, toHex } from '../src/values.js'
import { hostToBytes } from '../src/wire/compact.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import type { Access, Admission, Denial } from './access.js'
import type { Rates } from './rates.js'
import { heldAnswer, orRefusal, type Soon, type StoreAnswer, type SwarmStore, soon } from './store.js'
import type { Refusal, RefusalCode, SwarmRequest, SwarmStats } from './swarm.js'
import { type CounterName, type FrontName, type Kind, Tally, type TrackerCounts } from './tally.js'
import type { Witness } from './witness.js'

export type { TrackerCounts } from './tally.js'
export type TrackerStats = SwarmStats & TrackerCounts

const NOT_SERVED: Refusal = {
  type: 'refusal',
  code: 'not_served',
  reason: 'this tracker does not serve this torrent',
}

const refusalOf = ({ reason }: Denial): Refusal => ({ type: 'refusal', code: 'denied', reason })

export interface CoreOptions {
  readonly store: SwarmStore
  readonly intervalSeconds: number
  /** Milliseconds since any moment; never backwards. */
  readonly now: () => number
  /** Info-hashes in hexadecimal digits; every torrent, where there is none. */
  readonly allow?: ReadonlySet<string> | undefined
  /** Who may announce and scrape: everybody, where there is none. */
  readonly access?: Access | undefined
  /** How often an address may ask: as often as it likes, where there is none. */
  readonly rates?: Rates | undefined
  /** Whether peers are known by the address that they say they have. */
  readonly trustsAnnounced?: boolean | undefined
}

export class TrackerCore {
  readonly store: SwarmStore
  readonly intervalSeconds: number
  readonly tally = new Tally()
  /** These may be exchanged at any time. */
  allow: ReadonlySet<string> | undefined
  rates: Rates | undefined
  witness: Witness | undefined
  readonly access: Access | undefined
  readonly #trustsAnnounced: boolean
  readonly #now: () => number

  constructor({ store, intervalSeconds, now, allow, access, rates, trustsAnnounced = false }: CoreOptions) {
    this.store = store
    this.intervalSeconds = intervalSeconds
    this.#now = now
    this.allow = allow
    this.access = access
    this.rates = rates
    this.#trustsAnnounced = trustsAnnounced
  }

  /** Milliseconds since any moment. Whoever asks this core for several things at once may read the clock once for all. */
  now(): number {
    return this.#now()
  }

  /** How soon peers may ask again, in seconds. */
  get minIntervalSeconds(): number {
    return Math.min(this.intervalSeconds, LIMITS.trackerMinIntervalSeconds)
  }

  /**
   * Whether a request from this address (4 or 16 bytes) is to be looked at now. Fronts ask once for each request, and say
   * whether it is proven that it comes from there: anybody can write any address on a datagram.
   */
  takes(counter: CounterName, from: Uint8Array, isProven = true, nowMs = this.now()): boolean {
    if (this.rates === undefined) return true
    if (this.rates.take(from, nowMs, isProven)) return true
    this.tally.countLimited(counter)
    this.witness?.dismissed(counter, from, nowMs, 'limited')
    return false
  }

  /** By which a peer is known that says it is at `announced`: what it says could be a victim's address. */
  hostOf(announced: string | undefined, from: Uint8Array): Uint8Array {
    return (this.#trustsAnnounced && announced !== undefined && hostToBytes(announced)) || from
  }

  /** Fronts tell of a request that came no further than to them. */
  dismiss(front: FrontName, kind: Kind, from: Uint8Array, code: RefusalCode): void {
    this.tally.count(front, kind, code)
    this.witness?.dismissed(front, from, this.#now(), code)
  }

  /**
   * `token` is what the request brought along (see `readToken`); a private tracker refuses what has none. `swarms` are
   * those of the store, but for peers that no store has.
   */
  announce(
    front: FrontName,
    request: SwarmRequest,
    token?: string,
    swarms: Pick<SwarmStore, 'announce'> = this.store,
    nowMs = this.now(),
  ): Soon<StoreAnswer | Refusal> {
    const outcome = this.#announce(request, token, swarms, nowMs)
    return outcome instanceof Promise
      ? outcome.then((later) => this.#announced(front, request, later))
      : this.#announced(front, request, outcome)
  }

  /** Torrents that are not served, to all or to the holder of this token, are left out. */
  scrape(front: FrontName, infoHashes: readonly InfoHash[], token?: string): Soon<readonly ScrapeFile[] | Refusal> {
    const served = infoHashes.filter((infoHash) => this.isServed(infoHash))
    const scraping =
      this.access === undefined
        ? this.store.scrape(served, this.#now())
        : this.#scrapeAdmitted(this.access, served, token)
    return soon(orRefusal(scraping), (answer) => {
      this.tally.count(front, 'scrape', 'code' in answer ? answer.code : 'answered')
      return answer
    })
  }

  /** Why the holder of this token may not ask about the first of these torrents; undefined where it may. */
  denied([infoHash]: readonly InfoHash[], token?: string): Soon<string | undefined> {
    if (this.access === undefined || infoHash === undefined) return undefined
    return soon(this.access.admit(token, 'announce', toHex(infoHash)), (answer) =>
      answer.type === 'denial' ? answer.reason : undefined,
    )
  }

  #announce(
    request: SwarmRequest,
    token: string | undefined,
    swarms: Pick<SwarmStore, 'announce'>,
    nowMs: number,
  ): Soon<StoreAnswer | Refusal> {
    if (!this.isServed(request.infoHash)) return NOT_SERVED
    if (this.access === undefined) return orRefusal(swarms.announce(request, nowMs))
    const admitted = this.access.admit(token, 'announce', toHex(request.infoHash))
    const ask = (answer: Admission | Denial): Soon<StoreAnswer | Refusal> =>
      answer.type === 'denial' ? refusalOf(answer) : orRefusal(swarms.announce(request, this.#now()))
    // Whoever waits is told later, when the store was asked for others.
    return admitted instanceof Promise ? admitted.then((answer) => soon(ask(answer), heldAnswer)) : ask(admitted)
  }

  /** Counts it, and lets the witness have it. */
  #announced(front: FrontName, request: SwarmRequest, outcome: StoreAnswer | Refusal): StoreAnswer | Refusal {
    const { tally, witness } = this
    if (outcome.type === 'refusal') {
      tally.count(front, 'announce', outcome.code)
      witness?.refused(front, request, this.#now(), outcome)
      return outcome
    }
    tally.count(front, 'announce', 'answered')
    witness?.answered(front, request, this.#now(), outcome)
    return outcome
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
    return soon(this.store.stats(this.#now()), (stats) => ({ ...stats, ...this.tally.totals() }))
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
