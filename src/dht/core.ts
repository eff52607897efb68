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
import { readUint32 } from '../wire/integers.js'
import { encodeKrpc, type KrpcMessage, type KrpcQuery } from '../wire/krpc.js'
import { type KrpcFault, readKrpc } from '../wire/krpcread.js'
import { isNodeIdAt, NODE_ID_BYTES, nodeIdAt } from '../wire/nodeid.js'
import { replyTo, type Shelves } from './answering.js'
import { type Family, familyOfHost, hostName } from './contact.js'
import { ItemStore } from './item-store.js'
import { PeerStore } from './peer-store.js'
import { Rates } from './rates.js'
import type { SearchPurpose } from './search.js'
import { type SearchEffect, Searches, type SearchQuestion } from './searches.js'
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
  | SearchEffect
  /** Most of those whom we asked see us there. */
  | { readonly type: 'seen-at'; readonly address: PeerAddress }

/** What a question of ours was about. */
type About = { readonly type: 'ping' } | SearchQuestion

export class DhtCore {
  readonly #settings: DhtSettings
  readonly #tables = new Map<Family, RoutingTable>()
  readonly #shelves: Shelves
  readonly #transactions: Transactions<About>
  readonly #rates = new Rates()
  readonly #votes = new Map<Family, Votes>()
  readonly #seenAt = new Map<Family, string>()
  readonly #searches: Searches
  /** Whom everybody asks first: they have enough to do, and are kept in no table. */
  readonly #routers = new Set<string>()
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
    this.#searches = new Searches(this.#shelves, {
      ask: (to, query, about, at) => this.#ask(to, query, about, at),
      tell: (effect) => this.#effects.push(effect),
    })
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
    const isBusy = this.#transactions.size > 0 || this.#searches.waiting > 0
    return now + (isBusy ? LIMITS.dhtBusyTickMs : LIMITS.dhtIdleTickMs)
  }

  /** Nodes that may be there, to begin with. */
  enter(addresses: readonly PeerAddress[], areRouters: boolean): void {
    for (const address of addresses)
      if (this.#searches.enter(address) && areRouters) this.#routers.add(showAddress(address))
  }

  /** Somebody says that a node is there, as peers do with `port` (BEP 5). */
  meet(address: PeerAddress, now: number): readonly DhtEffect[] {
    if (this.#transactions.size < LIMITS.dhtPingsMax && !this.#transactions.awaits(address))
      this.#ask(address, { method: 'ping' }, { type: 'ping' }, now)
    return this.#done()
  }

  /** Looks for something as soon as its turn comes; `ended` names it. */
  search(purpose: SearchPurpose, now: number): { readonly number: number; readonly effects: readonly DhtEffect[] } {
    const number = this.#searches.add(purpose, now)
    return { number, effects: this.#done() }
  }

  /** Nobody wants to know any more. */
  cancel(number: number): void {
    this.#searches.cancel(number)
  }

  /** Looks for nodes around ourselves, in all families. */
  bootstrap(now: number): readonly DhtEffect[] {
    const [table] = this.#tables.values()
    if (table === undefined) return []
    this.#searches.explore(table.id, now)
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
      else if (about.type !== 'ping') this.#searches.late(about, now)
    }
    if (now - this.#lookedAfterAt >= LIMITS.dhtIdleTickMs) this.#lookAfter(now)
    this.#searches.begin(now)
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
    if (about === undefined) return // nobody asked
    if (message.seenAt !== undefined) this.#vote(from, message.seenAt, now)
    if (message.type === 'error') {
      if (about.type === 'store') about.search.refusal = `${message.code}: ${message.message}`
      this.#lost(about, from, now, true)
      return
    }
    // The vote may have put another table in the place of the one before.
    if (!this.#routers.has(showAddress(from))) this.#tableOf(from)?.answered(message.id, from, now)
    if (about.type === 'ping' || this.#searches.heard(about, message, from, now)) return
    this.#tableOf(from)?.drop(from)
    this.#lost(about, from, now)
  }

  /** Nobody answered, or with an error. */
  #lost(about: About, to: PeerAddress, now: number, isThere = false): void {
    if (!isThere) this.#tableOf(to)?.failed(to)
    if (about.type !== 'ping') this.#searches.failed(about, now)
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
    this.#searches.explore(renamed.id, now)
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
      const target = this.#searches.isExploring
        ? undefined
        : table.staleTarget(now, () => this.#settings.entropy(NODE_ID_BYTES))
      if (target !== undefined) this.#searches.explore(target, now)
    }
  }
}
