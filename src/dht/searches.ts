/**
 * The searches of a node of the DHT: those that wait for their turn, and those under way; whom each asks next, whom it tells
 * what is to be stored, and when it has ended.
 */
import { LIMITS } from '../limits.js'
import { type PeerAddress, showAddress } from '../values.js'
import type { DhtNode } from '../wire/dhtnode.js'
import { mayName } from '../wire/hostscope.js'
import type { KrpcMessage, KrpcQuery, Want } from '../wire/krpc.js'
import type { Shelves } from './answering.js'
import { type Family, familyOfHost } from './contact.js'
import { Lookup, type LookupNode } from './lookup.js'
import { Search, type SearchPurpose, type SearchResult } from './search.js'

/** What a question of a search was about. */
export type SearchQuestion =
  | { readonly type: 'lookup'; readonly search: Search; readonly lookup: Lookup; readonly node: LookupNode }
  | { readonly type: 'store'; readonly search: Search }

export type SearchEffect =
  | { readonly type: 'found'; readonly search: number; readonly peers: readonly PeerAddress[] }
  | { readonly type: 'ended'; readonly search: number; readonly result: SearchResult }

/** The node that searches. */
export interface Searcher {
  /** False where too many questions wait for an answer. */
  ask(to: PeerAddress, query: KrpcQuery, about: SearchQuestion, now: number): boolean
  tell(effect: SearchEffect): void
}

const WANTS = { ipv4: 'n4', ipv6: 'n6' } as const satisfies Readonly<Record<Family, Want>>

export class Searches {
  /** What we know and keep ourselves. */
  readonly #shelves: Shelves
  readonly #searcher: Searcher
  readonly #underWay = new Map<number, Search>()
  /** Those that have not begun, first come first served. */
  readonly #waiting: Search[] = []
  /** Where to begin while there are few nodes. */
  readonly #entries = new Map<string, PeerAddress>()
  #nextNumber = 1
  #begunAt = Number.NEGATIVE_INFINITY

  constructor(shelves: Shelves, searcher: Searcher) {
    this.#shelves = shelves
    this.#searcher = searcher
  }

  get size(): number {
    return this.#underWay.size
  }
  get waiting(): number {
    return this.#waiting.length
  }
  /** One of them looks for nodes. */
  get isExploring(): boolean {
    return [...this.#underWay.values()].some(({ purpose }) => purpose.type === 'nodes')
  }

  /** False where there is no room for another address to begin with, or nobody of its family is asked. */
  enter(address: PeerAddress): boolean {
    const { tables } = this.#shelves
    if (this.#entries.size >= LIMITS.dhtEntriesMax || !tables.has(familyOfHost(address.host))) return false
    this.#entries.set(showAddress(address), address)
    return true
  }

  /** It begins as soon as its turn comes. */
  add(purpose: SearchPurpose, now: number): number {
    const search = new Search(this.#nextNumber++, purpose)
    this.#waiting.push(search)
    this.begin(now)
    return search.number
  }

  /** Looks for nodes around an id at once. */
  explore(target: Uint8Array, now: number): void {
    this.#start(new Search(this.#nextNumber++, { type: 'nodes', target }), now)
  }

  cancel(number: number): void {
    this.#underWay.delete(number)
    const at = this.#waiting.findIndex((search) => search.number === number)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  /** Begins those whose turn has come. */
  begin(now: number): void {
    while (this.#underWay.size < LIMITS.dhtSearchesMax && now - this.#begunAt >= LIMITS.dhtSearchGapMs) {
      const search = this.#waiting.shift()
      if (search === undefined) return
      this.#begunAt = now
      this.#start(search, now)
    }
  }

  /** False where the answer is a lie, and so no answer. */
  heard(
    about: SearchQuestion,
    { id, answer }: Extract<KrpcMessage, { type: 'answer' }>,
    from: PeerAddress,
    now: number,
  ): boolean {
    const { search } = about
    if (about.type === 'store') {
      search.stored++
      this.#stored(search)
      return true
    }
    if (!this.#underWay.has(search.number)) return true // cancelled
    if (!search.take(answer)) return false
    about.lookup.heard(about.node, id, answer.token)
    this.#found(
      search,
      (answer.peers ?? []).filter(({ host }) => mayName(from.host, host)),
    )
    for (const [family, other] of search.lookups)
      for (const named of (family === 'ipv4' ? answer.nodes : answer.nodes6) ?? [])
        if (this.#mayAsk(family, named, from)) other.add(named.id, named.address)
    for (const other of search.lookups.values()) this.#goOn(search, other, now)
    return true
  }

  /** Whoever was asked has been silent for a while. */
  late(about: SearchQuestion, now: number): void {
    if (about.type !== 'lookup') return
    about.lookup.late(about.node)
    this.#goOn(about.search, about.lookup, now)
  }

  /** Whoever was asked does not answer, or with an error. */
  failed(about: SearchQuestion, now: number): void {
    if (about.type === 'store') {
      this.#stored(about.search)
      return
    }
    about.lookup.failed(about.node)
    this.#goOn(about.search, about.lookup, now)
  }

  #mayAsk(family: Family, { id, address }: DhtNode, namer: PeerAddress): boolean {
    const own = this.#shelves.tables.get(family)?.id
    const isUs = own?.every((byte, at) => byte === id[at])
    return !isUs && familyOfHost(address.host) === family && mayName(namer.host, address.host)
  }

  #found(search: Search, named: readonly PeerAddress[]): void {
    const peers = search.found(named)
    if (peers.length > 0) this.#searcher.tell({ type: 'found', search: search.number, peers })
  }

  #start(search: Search, now: number): void {
    this.#underWay.set(search.number, search)
    const { target } = search.purpose
    for (const [family, table] of this.#shelves.tables) {
      const lookup = new Lookup(target)
      search.lookups.set(family, lookup)
      for (const { id, address } of table.closest(target, LIMITS.dhtLookupAlpha * 4)) lookup.add(id, address)
      if (table.size >= LIMITS.dhtEntriesNeededBelow) continue
      for (const address of this.#entries.values())
        if (familyOfHost(address.host) === family) lookup.add(undefined, address)
    }
    this.#foundHere(search, now)
    for (const lookup of search.lookups.values()) this.#goOn(search, lookup, now)
  }

  /** What others keep with us is found without asking anybody. */
  #foundHere(search: Search, now: number): void {
    const { purpose } = search
    const { tables, peers, items, chance } = this.#shelves
    if (purpose.type === 'get') {
      const item = items.get(purpose.target, now)
      if (item !== undefined) search.take(item)
    }
    if (purpose.type !== 'peers') return
    for (const family of tables.keys())
      this.#found(search, peers.sample(purpose.target, family, LIMITS.dhtPeersSentMax[family], now, chance))
  }

  #goOn(search: Search, lookup: Lookup, now: number): void {
    if (!this.#underWay.has(search.number)) return
    if (!search.satisfied)
      for (const node of lookup.next()) {
        const about = { type: 'lookup', search, lookup, node } as const
        if (!this.#searcher.ask(node.address, this.#question(search), about, now)) lookup.failed(node)
      }
    for (const [family, each] of search.lookups)
      if ((search.satisfied || each.done) && !search.storing.has(family)) {
        search.storing.add(family)
        this.#store(search, each, now)
      }
    this.#stored(search, false)
  }

  #question({ purpose }: Search): KrpcQuery {
    const { target } = purpose
    const { tables } = this.#shelves
    // Of both families only while there is little of one of them (BEP 32).
    const isPoor = [...tables.values()].some(({ size }) => size < LIMITS.dhtEntriesNeededBelow)
    const want = tables.size > 1 && isPoor ? Object.values(WANTS) : []
    const method = purpose.type === 'nodes' ? 'find_node' : purpose.type === 'peers' ? 'get_peers' : 'get'
    return { method, target, want }
  }

  /** Those that were found to be closest are told. */
  #store(search: Search, lookup: Lookup, now: number): void {
    const { purpose } = search
    const query = (token: Uint8Array): KrpcQuery | undefined => {
      if (purpose.type === 'put') return { method: 'put', token, ...purpose.item, cas: purpose.cas }
      if (purpose.type !== 'peers' || purpose.announce === undefined) return undefined
      const { port } = purpose.announce
      const { target } = purpose
      return { method: 'announce_peer', target, token, port: port ?? 0, impliedPort: port === undefined }
    }
    for (const { address, token } of lookup.stores()) {
      const asked = token === undefined ? undefined : query(token)
      if (asked !== undefined && this.#searcher.ask(address, asked, { type: 'store', search }, now)) search.storesLeft++
    }
  }

  /** One question of those to store it was settled; or none, and it is looked whether the search has ended. */
  #stored(search: Search, settled = true): void {
    if (settled) search.storesLeft--
    if (search.storesLeft > 0 || search.storing.size < search.lookups.size) return
    if (this.#underWay.delete(search.number))
      this.#searcher.tell({ type: 'ended', search: search.number, result: search.result })
  }
}
