/**
 * The DHT over ports: a node on a socket, with a clock, routers to begin with, and a file in which it is remembered.
 *
 * Strategy: the node decides (`core.ts`), this carries out. It joins by nodes of before, by routers and by whatever
 * transfers and peers name, tries again where nobody answers, and says so once each time that changes.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, KeptBytes, ResolveHost } from '../ports.js'
import { boundedText, instant, type PeerAddress } from '../values.js'
import { canonicalHost } from '../wire/compact.js'
import { scopeOf } from '../wire/hostscope.js'
import type { Family } from './contact.js'
import { DhtCore, type DhtEffect } from './core.js'
import { restoreDht, saveDht } from './saved.js'
import type { SearchPurpose, SearchResult } from './search.js'

/** What happened, as the events of that name say it. */
export type DhtNews =
  | { readonly type: 'dht-began'; readonly port: number }
  | { readonly type: 'dht-joined'; readonly nodes: number }
  | { readonly type: 'dht-failed'; readonly reason: string }
  | { readonly type: 'dht-table-lost'; readonly reason: string }
  | { readonly type: 'dht-address-seen'; readonly host: string; readonly port: number }

/** The socket that it shares with others. */
export interface DhtSocket {
  readonly port: number | undefined
  hear(
    protocol: 'dht',
    listener: (bytes: Uint8Array, from: PeerAddress) => void,
    ready: (answer: Answer<undefined>) => void,
  ): void
  send(chunks: readonly Uint8Array[], to: PeerAddress): void
}

export interface DhtServiceOptions {
  readonly clock: Clock
  readonly socket: DhtSocket
  entropy(length: number): Uint8Array
  readonly families: readonly Family[]
  readonly readOnly?: boolean | undefined
  /** Names or addresses to begin with; those of the field are asked by everybody, and kept by nobody. */
  readonly bootstrap: readonly PeerAddress[]
  readonly bootstrapIsOurs: boolean
  readonly resolve: ResolveHost | undefined
  readonly memory: KeptBytes | undefined
  tell(news: DhtNews): void
}

export interface SearchListener {
  found?(peers: readonly PeerAddress[]): void
  ended(result: SearchResult): void
}

export class DhtService {
  readonly #options: DhtServiceOptions
  #core: DhtCore
  readonly #listeners = new Map<number, SearchListener>()
  /** Searches that were asked for before the socket was there. */
  readonly #early: (() => void)[] = []
  #began = false
  #joined = false
  #toldFailure = ''
  #tries = 0
  #cancelTick: Cancel = () => undefined
  #cancelTry: Cancel = () => undefined
  #cancelSave: Cancel = () => undefined
  #wakeAt = 0
  #closed = false

  constructor(options: DhtServiceOptions) {
    this.#options = options
    const { clock, entropy, families, readOnly, memory } = options
    this.#core = new DhtCore({ entropy, families, readOnly }, clock.now())
    if (memory === undefined) this.#bind()
    else memory.load((answer) => this.#loaded(answer))
  }

  /** The UDP port that others reach our node at; undefined until it is bound. */
  get port(): number | undefined {
    return this.#began ? this.#options.socket.port : undefined
  }
  get nodes(): number {
    return this.#core.size
  }
  /** Where the nodes of the routing tables are. */
  get contacts(): readonly PeerAddress[] {
    return [...this.#core.tables.values()].flatMap((table) => [...table.contacts()].map(({ address }) => address))
  }
  get kept(): { readonly peers: number; readonly items: number } {
    return this.#core.kept
  }

  search(purpose: SearchPurpose, listener: SearchListener): Cancel {
    let cancelled = false
    let number = 0
    const begin = (): void => {
      if (cancelled || this.#closed) return
      const search = this.#core.search(purpose, this.#options.clock.now())
      number = search.number
      this.#listeners.set(number, listener)
      this.#perform(search.effects)
    }
    if (this.#began) begin()
    else this.#early.push(begin)
    return () => {
      cancelled = true
      this.#listeners.delete(number)
      this.#core.cancel(number)
    }
  }

  /** A stranger's file names a node (BEP 5): it may lead to nobody in a network of ours. */
  meetNamed(address: PeerAddress): void {
    this.#resolve(address, (addresses) => {
      for (const each of addresses) if (scopeOf(each.host) === 'public') this.meet(each)
    })
  }

  /** A peer says that it is a node (BEP 5). */
  meet(address: PeerAddress): void {
    const host = canonicalHost(address.host)
    if (this.#closed) return
    if (!this.#began) this.#early.push(() => this.meet(address))
    else if (host !== undefined) this.#perform(this.#core.meet({ host, port: address.port }, this.#options.clock.now()))
  }

  /** Keeps what is known for the next session. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    this.#cancelTick()
    this.#cancelTry()
    this.#cancelSave()
    return new Promise((resolve) => this.#save(resolve))
  }

  #loaded(answer: Answer<Uint8Array | undefined>): void {
    if (this.#closed) return
    const { clock, entropy, families, readOnly } = this.#options
    if (answer.type === 'failed') this.#lost(`${answer.failure.code}: ${answer.failure.message}`)
    else if (answer.value !== undefined) {
      const saved = restoreDht(answer.value)
      if (saved === undefined) this.#lost('the file is damaged, or of another version')
      else {
        this.#core = new DhtCore({ entropy, families, readOnly, ids: saved.ids }, clock.now())
        this.#core.enter(
          saved.nodes.map(({ address }) => address),
          false,
        )
      }
    }
    this.#bind()
  }

  #lost(reason: string): void {
    this.#options.tell({ type: 'dht-table-lost', reason: boundedText(reason, LIMITS.reasonTextMax) })
  }

  #bind(): void {
    const { clock, socket } = this.#options
    const received = (bytes: Uint8Array, from: PeerAddress): void => {
      if (this.#began && !this.#closed) this.#perform(this.#core.receive(bytes, from, clock.now()))
    }
    socket.hear('dht', received, (answer) => {
      if (this.#closed) return
      if (answer.type === 'failed') {
        this.#fail(`${answer.failure.code}: ${answer.failure.message}`)
        return
      }
      this.#began = true
      this.#options.tell({ type: 'dht-began', port: socket.port ?? 0 })
      this.#join()
      this.#saveLater()
      for (const begin of this.#early.splice(0)) begin()
    })
  }

  #fail(reason: string): void {
    const bounded = boundedText(reason, LIMITS.reasonTextMax)
    if (this.#toldFailure === bounded) return
    this.#toldFailure = bounded
    this.#options.tell({ type: 'dht-failed', reason: bounded })
  }

  /** Asks whoever may be there for nodes around us; again later, while nobody answers. */
  #join(): void {
    const { bootstrap, bootstrapIsOurs, clock } = this.#options
    let unresolved = bootstrap.length
    const enter = (addresses: readonly PeerAddress[]): void => {
      if (this.#closed) return
      this.#core.enter(addresses, !bootstrapIsOurs)
      if (--unresolved <= 0) this.#perform(this.#core.bootstrap(clock.now()))
    }
    if (unresolved === 0) this.#perform(this.#core.bootstrap(clock.now()))
    for (const address of bootstrap) this.#resolve(address, enter)
    const waitMs = Math.min(LIMITS.dhtJoinRetryMaxMs, LIMITS.dhtJoinRetryMs * 2 ** Math.min(this.#tries++, 16))
    this.#cancelTry = clock.wakeAt(instant(clock.now() + waitMs), () => {
      if (this.#core.size === 0) {
        this.#joined = false
        this.#fail('no node answered')
      } else this.#tries = 0
      // A table that is well filled looks after itself.
      if (this.#core.size < LIMITS.dhtEntriesNeededBelow) this.#join()
      else this.#watch()
    })
  }

  /** Every now and then: all may have fallen silent. */
  #watch(): void {
    const { clock } = this.#options
    this.#cancelTry = clock.wakeAt(instant(clock.now() + LIMITS.dhtJoinRetryMaxMs), () => {
      if (this.#core.size >= LIMITS.dhtEntriesNeededBelow) this.#watch()
      else this.#join()
    })
  }

  #resolve({ host, port }: PeerAddress, done: (addresses: readonly PeerAddress[]) => void): void {
    const address = canonicalHost(host)
    const { resolve } = this.#options
    if (address !== undefined) done([{ host: address, port }])
    else if (resolve === undefined) done([])
    else
      resolve(host, (answer) => {
        const hosts = answer.type === 'done' ? answer.value.slice(0, LIMITS.trackerAddressesMax) : []
        done(hosts.flatMap((each) => canonicalHost(each) ?? []).map((each) => ({ host: each, port })))
      })
  }

  #perform(effects: readonly DhtEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.#options.socket.send([effect.bytes], effect.to)
          break
        case 'found':
          this.#listeners.get(effect.search)?.found?.(effect.peers)
          break
        case 'ended': {
          const listener = this.#listeners.get(effect.search)
          this.#listeners.delete(effect.search)
          listener?.ended(effect.result)
          break
        }
        case 'seen-at':
          this.#options.tell({ type: 'dht-address-seen', ...effect.address })
      }
    }
    if (!this.#joined && this.#core.size > 0 && this.#began) {
      this.#joined = true
      this.#toldFailure = ''
      this.#options.tell({ type: 'dht-joined', nodes: this.#core.size })
    }
    this.#tickLater()
  }

  #tickLater(): void {
    const { clock } = this.#options
    const now = clock.now()
    const at = this.#core.wakeAt(now)
    if (this.#closed || (this.#wakeAt > now && this.#wakeAt <= at)) return
    this.#cancelTick()
    this.#wakeAt = at
    this.#cancelTick = clock.wakeAt(instant(at), () => {
      this.#wakeAt = 0
      this.#perform(this.#core.tick(clock.now()))
    })
  }

  #saveLater(): void {
    const { clock, memory } = this.#options
    if (memory === undefined || this.#closed) return
    this.#cancelSave = clock.wakeAt(instant(clock.now() + LIMITS.dhtSaveMs), () => this.#save(() => this.#saveLater()))
  }

  #save(done: () => void): void {
    const { memory } = this.#options
    // An empty table says nothing that a fuller one of before does not say better.
    if (memory === undefined || this.#core.size === 0) done()
    else memory.save(saveDht(this.#core.tables), () => done())
  }
}
