/**
 * A node of the DHT (BEP 5, 32, 42, 43, 44, 51): what it does with each datagram, and as time goes by.
 *
 * Strategy: a machine without outside. It is given datagrams, questions and the time, and gives back what is to be sent and
 * what was found; chance comes from one function. So the same node runs on a socket and a thousand of them in the
 * simulator. Whoever answers must be who was asked, under bytes that nobody else has seen; who answers wrongly is dropped.
 */
import { LIMITS } from '../limits.js'
import { fromHex, type PeerAddress, showAddress } from '../values.js'
import { canonicalHost, isPort } from '../wire/compact.js'
import type { DhtNode } from '../wire/dhtnode.js'
import { mayName } from '../wire/hostscope.js'
import { readUint32 } from '../wire/integers.js'
import { encodeKrpc, type KrpcAnswer, type KrpcMessage, type KrpcQuery, type Want } from '../wire/krpc.js'
import { type KrpcFault, readKrpc } from '../wire/krpcread.js'
import { isNodeIdAt, NODE_ID_BYTES, nodeIdAt } from '../wire/nodeid.js'
import { replyTo, type Shelves } from './answering.js'
import { type Family, familyOfHost, hostName } from './contact.js'
import { ItemStore } from './item-store.js'
import { Lookup, type LookupNode } from './lookup.js'
import { PeerStore } from './peer-store.js'
import { Rates } from './rates.js'
import { Search, type SearchPurpose, type SearchResult } from './search.js'
import { RoutingTable } from './table.js'
import { Tokens } from './tokens.js'
import { Transactions } from './transactions.js'
import { Votes } from './votes.js'

export interface DhtSettings {
  readonly families: readonly Family[]
  /** Asks, and answers nobody (BEP 43). */
  readonly readOnly?: boolean | undefined
  /** Our ids of before, in hexadecimal. */
  readonly ids?: Partial<Readonly<Record<Family, string>>> | undefined
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
}

export type DhtEffect =
  | { readonly type: 'send'; readonly to: PeerAddress; readonly bytes: Uint8Array }
  | { readonly type: 'found'; readonly search: number; readonly peers: readonly PeerAddress[] }
  | { readonly type: 'ended'; readonly search: number; readonly result: SearchResult }
  /** Most of those whom we asked see us there. */
  | { readonly type: 'seen-at'; readonly address: PeerAddress }

/** What a question of ours was about. */
type About =
  | { readonly type: 'ping' }
  | { readonly type: 'lookup'; readonly search: Search; readonly lookup: Lookup; readonly node: LookupNode }
  | { readonly type: 'store'; readonly search: Search }

const WANTS = { ipv4: 'n4', ipv6: 'n6' } as const satisfies Readonly<Record<Family, Want>>

export class DhtCore {
  readonly #settings: DhtSettings
  readonly #tables = new Map<Family, RoutingTable>()
  readonly #shelves: Shelves
  readonly #transactions: Transactions<About>
  readonly #rates = new Rates()
  readonly #votes = new Map<Family, Votes>()
  readonly #seenAt = new Map<Family, string>()
  readonly #searches = new Map<number, Search>()
  /** Searches that have not begun, first come first served. */
  readonly #waiting: Search[] = []
  /** Where to begin while there are few nodes. */
  readonly #entries = new Map<string, PeerAddress>()
  /** Of those, whom everybody asks first: they have enough to do, and are kept in no table. */
  readonly #routers = new Set<string>()
  #nextSearch = 1
  #begunAt = Number.NEGATIVE_INFINITY
  #lookedAfterAt: number
  #effects: DhtEffect[] = []

  constructor(settings: DhtSettings, now: number) {
    this.#settings = settings
    const { entropy, families, ids } = settings
    for (const family of families) {
      const id = ids?.[family]
      this.#tables.set(family, new RoutingTable(id === undefined ? entropy(NODE_ID_BYTES) : fromHex(id), now))
      this.#votes.set(family, new Votes())
    }
    this.#shelves = {
      tables: this.#tables,
      tokens: new Tokens(entropy, now),
      peers: new PeerStore(),
      items: new ItemStore(),
      chance: (below) => readUint32(entropy(4), 0) % below,
    }
    this.#transactions = new Transactions(entropy)
    this.#lookedAfterAt = now
  }

  get tables(): ReadonlyMap<Family, RoutingTable> {
    return this.#tables
  }
  /** Peers and items that are kept for others. */
  get kept(): { readonly peers: number; readonly items: number } {
    return { peers: this.#shelves.peers.size, items: this.#shelves.items.size }
  }
  get searching(): number {
    return this.#searches.size
  }
  /** Nodes in all tables. */
  get size(): number {
    let size = 0
    for (const table of this.#tables.values()) size += table.size
    return size
  }

  /** When `tick` is to be called next, at the latest. */
  wakeAt(now: number): number {
    const isBusy = this.#transactions.size > 0 || this.#waiting.length > 0
    return now + (isBusy ? LIMITS.dhtBusyTickMs : LIMITS.dhtIdleTickMs)
  }

  /** Nodes that may be there, to begin with. */
  enter(addresses: readonly PeerAddress[], areRouters: boolean): void {
    for (const address of addresses) {
      if (this.#entries.size >= LIMITS.dhtEntriesMax || !this.#tables.has(familyOfHost(address.host))) continue
      this.#entries.set(showAddress(address), address)
      if (areRouters) this.#routers.add(showAddress(address))
    }
  }

  /** Somebody says that a node is there, as peers do with `port` (BEP 5). */
  meet(address: PeerAddress, now: number): readonly DhtEffect[] {
    if (this.#transactions.size < LIMITS.dhtPingsMax && !this.#transactions.awaits(address))
      this.#ask(address, { method: 'ping' }, { type: 'ping' }, now)
    return this.#done()
  }

  /** Looks for something as soon as its turn comes; `ended` names it. */
  search(purpose: SearchPurpose, now: number): { readonly number: number; readonly effects: readonly DhtEffect[] } {
    const search = new Search(this.#nextSearch++, purpose)
    this.#waiting.push(search)
    this.#begin(now)
    return { number: search.number, effects: this.#done() }
  }

  /** Nobody wants to know any more. */
  cancel(number: number): void {
    this.#searches.delete(number)
    const at = this.#waiting.findIndex((search) => search.number === number)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  /** Looks for nodes around ourselves, in all families. */
  bootstrap(now: number): readonly DhtEffect[] {
    const [table] = this.#tables.values()
    if (table === undefined) return []
    const search = new Search(this.#nextSearch++, { type: 'nodes', target: table.id })
    this.#start(search, now)
    return this.#done()
  }

  /** A datagram came. */
  receive(bytes: Uint8Array, sender: PeerAddress, now: number): readonly DhtEffect[] {
    const host = sender.host.includes(':') ? canonicalHost(sender.host) : sender.host
    if (host === undefined || !isPort(sender.port)) return []
    const from = { host, port: sender.port }
    if (!this.#tables.has(familyOfHost(host))) return []
    if (!this.#transactions.awaits(from) && !this.#rates.takes(hostName(from), now)) return []
    const message = readKrpc(bytes)
    if (message.type === 'fault') this.#refuse(message, from, now)
    else if (message.type === 'query') this.#reply(message, from, now)
    else this.#hear(message, from, now)
    return this.#done()
  }

  /** Time has passed. */
  tick(now: number): readonly DhtEffect[] {
    for (const { about, to, lost } of this.#transactions.overdue(now)) {
      if (lost) this.#lost(about, to, now)
      else if (about.type === 'lookup') {
        about.lookup.late(about.node)
        this.#goOn(about.search, about.lookup, now)
      }
    }
    if (now - this.#lookedAfterAt >= LIMITS.dhtIdleTickMs) this.#lookAfter(now)
    this.#begin(now)
    return this.#done()
  }

  #done(): readonly DhtEffect[] {
    const effects = this.#effects
    if (effects.length > 0) this.#effects = []
    return effects
  }

  #tableOf(address: PeerAddress): RoutingTable | undefined {
    return this.#tables.get(familyOfHost(address.host))
  }

  #send(to: PeerAddress, message: KrpcMessage): void {
    this.#effects.push({ type: 'send', to, bytes: encodeKrpc(message) })
  }

  /** False where too many questions wait for an answer. */
  #ask(to: PeerAddress, query: KrpcQuery, about: About, now: number): boolean {
    const table = this.#tableOf(to)
    const transaction = table === undefined ? undefined : this.#transactions.open(to, about, now)
    if (table === undefined || transaction === undefined) return false
    this.#send(to, { type: 'query', transaction, id: table.id, readOnly: this.#settings.readOnly === true, query })
    return true
  }

  #reply(
    { transaction, id, readOnly, query }: Extract<KrpcMessage, { type: 'query' }>,
    from: PeerAddress,
    now: number,
  ): void {
    const table = this.#tableOf(from)
    if (table === undefined || this.#settings.readOnly === true) return
    const reply = replyTo(this.#shelves, query, from, now)
    if (reply.type === 'answer')
      this.#send(from, { type: 'answer', transaction, id: table.id, answer: reply.answer, seenAt: from })
    else this.#send(from, { ...reply, transaction, seenAt: from })
    if (readOnly) return
    table.asked(id, from, now)
    const isWorthAsking = this.#transactions.size < LIMITS.dhtPingsMax && !this.#transactions.awaits(from)
    if (isWorthAsking && table.wants(id, from)) this.#ask(from, { method: 'ping' }, { type: 'ping' }, now)
  }

  /** What cannot be read: a question is told so, and who answers us like that is no node. */
  #refuse({ transaction, code, reason }: KrpcFault, from: PeerAddress, now: number): void {
    if (transaction === undefined) return
    if (code !== undefined) {
      if (this.#settings.readOnly !== true)
        this.#send(from, { type: 'error', transaction, code, message: reason, seenAt: from })
      return
    }
    const about = this.#transactions.close(transaction, from)
    if (about === undefined) return
    this.#tableOf(from)?.drop(from)
    this.#lost(about, from, now)
  }

  #hear(message: Extract<KrpcMessage, { type: 'answer' | 'error' }>, from: PeerAddress, now: number): void {
    const about = this.#transactions.close(message.transaction, from)
    const table = this.#tableOf(from)
    if (about === undefined || table === undefined) return // nobody asked
    if (message.seenAt !== undefined) this.#vote(from, message.seenAt, now)
    if (message.type === 'error') {
      if (about.type === 'store') about.search.refusal = `${message.code}: ${message.message}`
      this.#lost(about, from, now, true)
      return
    }
    if (!this.#routers.has(showAddress(from))) table.answered(message.id, from, now)
    switch (about.type) {
      case 'ping':
        return
      case 'store':
        about.search.stored++
        this.#stored(about.search)
        return
      case 'lookup':
        this.#heard(about, message.id, message.answer, from, now)
    }
  }

  #heard(
    { search, lookup, node }: Extract<About, { type: 'lookup' }>,
    id: Uint8Array,
    answer: KrpcAnswer,
    from: PeerAddress,
    now: number,
  ): void {
    if (!this.#searches.has(search.number)) return // cancelled
    if (!search.take(answer)) {
      this.#tableOf(from)?.drop(from)
      this.#lost({ type: 'lookup', search, lookup, node }, from, now)
      return
    }
    lookup.heard(node, id, answer.token)
    const peers = search.found((answer.peers ?? []).filter(({ host }) => mayName(from.host, host)))
    if (peers.length > 0) this.#effects.push({ type: 'found', search: search.number, peers })
    for (const [family, other] of search.lookups)
      for (const named of (family === 'ipv4' ? answer.nodes : answer.nodes6) ?? [])
        if (this.#mayAsk(family, named, from)) other.add(named.id, named.address)
    for (const other of search.lookups.values()) this.#goOn(search, other, now)
  }

  #mayAsk(family: Family, { id, address }: DhtNode, namer: PeerAddress): boolean {
    const own = this.#tables.get(family)?.id
    const isUs = own?.every((byte, at) => byte === id[at])
    return !isUs && familyOfHost(address.host) === family && mayName(namer.host, address.host)
  }

  /** Nobody answered, or with an error. */
  #lost(about: About, to: PeerAddress, now: number, isThere = false): void {
    if (!isThere) this.#tableOf(to)?.failed(to)
    if (about.type === 'store') this.#stored(about.search)
    if (about.type !== 'lookup') return
    about.lookup.failed(about.node)
    this.#goOn(about.search, about.lookup, now)
  }

  #vote(voter: PeerAddress, seenAt: PeerAddress, now: number): void {
    const family = familyOfHost(seenAt.host)
    const votes = this.#votes.get(family)
    const table = this.#tables.get(family)
    if (votes === undefined || table === undefined || familyOfHost(voter.host) !== family) return
    votes.cast(voter.host, seenAt.host)
    const host = votes.winner()
    if (host === undefined || host !== seenAt.host || this.#seenAt.get(family) === host) return
    this.#seenAt.set(family, host)
    this.#effects.push({ type: 'seen-at', address: seenAt })
    if (isNodeIdAt(table.id, host)) return
    const renamed = table.renamed(nodeIdAt(host, this.#settings.entropy(NODE_ID_BYTES)), now)
    this.#tables.set(family, renamed)
    // Those around the new id have yet to hear of it.
    this.#start(new Search(this.#nextSearch++, { type: 'nodes', target: renamed.id }), now)
  }

  #begin(now: number): void {
    while (this.#searches.size < LIMITS.dhtSearchesMax && now - this.#begunAt >= LIMITS.dhtSearchGapMs) {
      const search = this.#waiting.shift()
      if (search === undefined) return
      this.#begunAt = now
      this.#start(search, now)
    }
  }

  #start(search: Search, now: number): void {
    this.#searches.set(search.number, search)
    const { target } = search.purpose
    for (const [family, table] of this.#tables) {
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
    const { peers, items, chance } = this.#shelves
    if (purpose.type === 'get') {
      const item = items.get(purpose.target, now)
      if (item !== undefined) search.take(item)
    }
    if (purpose.type !== 'peers') return
    for (const family of this.#tables.keys()) {
      const found = search.found(peers.sample(purpose.target, family, LIMITS.dhtPeersSentMax[family], now, chance))
      if (found.length > 0) this.#effects.push({ type: 'found', search: search.number, peers: found })
    }
  }

  #goOn(search: Search, lookup: Lookup, now: number): void {
    if (!this.#searches.has(search.number)) return
    if (!search.satisfied)
      for (const node of lookup.next())
        if (!this.#ask(node.address, this.#question(search), { type: 'lookup', search, lookup, node }, now))
          lookup.failed(node)
    for (const [family, each] of search.lookups)
      if ((search.satisfied || each.done) && !search.storing.has(family)) {
        search.storing.add(family)
        this.#store(search, each, now)
      }
    this.#stored(search, false)
  }

  #question({ purpose }: Search): KrpcQuery {
    const { target } = purpose
    // Of both families only while there is little of one of them (BEP 32).
    const isPoor = [...this.#tables.values()].some(({ size }) => size < LIMITS.dhtEntriesNeededBelow)
    const want = this.#tables.size > 1 && isPoor ? Object.values(WANTS) : []
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
      if (asked !== undefined && this.#ask(address, asked, { type: 'store', search }, now)) search.storesLeft++
    }
  }

  /** One question of those to store it was settled; or none, and it is looked whether the search has ended. */
  #stored(search: Search, settled = true): void {
    if (settled) search.storesLeft--
    if (search.storesLeft > 0 || search.storing.size < search.lookups.size) return
    if (this.#searches.delete(search.number))
      this.#effects.push({ type: 'ended', search: search.number, result: search.result })
  }

  /** Asks whoever was silent for long, and looks for nodes where nothing was heard of for long. */
  #lookAfter(now: number): void {
    this.#lookedAfterAt = now
    this.#shelves.peers.sweep(now)
    this.#shelves.items.sweep(now)
    for (const table of this.#tables.values()) {
      const contact = table.questionable(now)
      if (contact !== undefined) {
        contact.asked = this.#ask(contact.address, { method: 'ping' }, { type: 'ping' }, now)
      }
      const isRefreshing = [...this.#searches.values()].some(({ purpose }) => purpose.type === 'nodes')
      const target = isRefreshing ? undefined : table.staleTarget(now, () => this.#settings.entropy(NODE_ID_BYTES))
      if (target !== undefined) this.#start(new Search(this.#nextSearch++, { type: 'nodes', target }), now)
    }
  }
}
