/**
 * The store on LevelDB: the swarms of memory, which come back after a restart.
 *
 * Strategy: nothing is ever read but at the start. Announces are answered from memory by the same code as without a
 * database; which peers came, were seen or left is noted by slot, and written behind, the newest state of each once, at
 * most a stated delay later. So a kill costs that delay, and a disk that is slow costs no announce anything. A peer is
 * noted as gone by its key only while it is not there, so that in which order notes are written does not matter.
 */
import { messageOf, systemCode, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { type InfoHash, infoHash } from '../src/values.js'
import { latin1Bytes, latin1Text } from '../src/wire/bencode.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import type { LevelDatabase, LevelPart } from './level-database.js'
import { MemoryStore } from './memory-store.js'
import type { StoreAnswer, SwarmStore } from './store.js'
import type { Draw, Refusal, SwarmRequest, SwarmSettings, SwarmState, SwarmStats } from './swarm.js'
import { peerKey, peerValue, readRecord, swarmKey, swarmValue } from './swarm-records.js'
import { SwarmRestore } from './swarm-restore.js'
import { findSwarm, type Swarm } from './swarm-state.js'

type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** The name of its part of the database. */
const PART = 'swarms'
/** Records that are read at a time, at the start. */
const READ_MAX = 10_000

/** What LevelDB says of bytes that it cannot read. */
const DAMAGE = ['LEVEL_CORRUPTION', 'LEVEL_IO_ERROR']

class RecordUnknown extends Error {}

/** Takes some out of a set, in the order in which they came. */
const take = <Item>(items: Set<Item>, countMax: number): Item[] => {
  const taken: Item[] = []
  for (const item of items) {
    if (taken.length >= countMax) break
    taken.push(item)
  }
  for (const item of taken) items.delete(item)
  return taken
}

export interface LevelStoreOptions {
  readonly settings: SwarmSettings
  readonly random: Draw
  /** Milliseconds since the epoch: what was seen before this process is told by them. */
  readonly nowMs: number
  readonly delayMs?: number | undefined
  /** Hears once that nothing can be written any more. The store goes on in memory. */
  readonly onFailed?: ((error: TorrewindError) => void) | undefined
}

export class LevelStore implements SwarmStore {
  readonly #part: LevelPart
  readonly #memory: MemoryStore
  readonly #state: SwarmState
  readonly #delayMs: number
  readonly #onFailed: (error: TorrewindError) => void
  /** Slots of peers to be written, keys of peers to be taken out, and keys of swarms to be looked at. */
  readonly #seen = new Set<number>()
  readonly #gone = new Set<string>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #failure: TorrewindError | undefined
  #closing: Promise<void> | undefined

  /** Reads what the database has. Throws STORE_DAMAGED, and leaves the database open: it is its opener's. */
  static async open(database: LevelDatabase, options: LevelStoreOptions): Promise<LevelStore> {
    const store = new LevelStore(database.part(PART), options)
    await store.#load(options.nowMs).catch((error: unknown) => {
      const said = `the database in ${database.folder} cannot be read: ${messageOf(error)}`
      const damaged = error instanceof RecordUnknown || DAMAGE.includes(systemCode(error) ?? '')
      throw new TorrewindError(damaged ? 'STORE_DAMAGED' : 'DATA_UNUSABLE', said, { cause: error })
    })
    return store
  }

  private constructor(part: LevelPart, options: LevelStoreOptions) {
    this.#part = part
    this.#memory = new MemoryStore(options.settings, options.random)
    this.#state = this.#memory.state
    this.#delayMs = options.delayMs ?? LIMITS.trackerStoreDelayMs
    this.#onFailed = options.onFailed ?? (() => {})
  }

  announce(request: SwarmRequest, nowMs: number): StoreAnswer | Refusal {
    return this.#memory.announce(request, nowMs)
  }

  scrape(infoHashes: readonly InfoHash[], nowMs: number): readonly ScrapeFile[] {
    return this.#memory.scrape(infoHashes, nowMs)
  }

  stats(nowMs: number): SwarmStats {
    return this.#memory.stats(nowMs)
  }

  /** Writes what is left. Rejects with STORE_FAILED where anything could not be written, now or before. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#writing
    clearTimeout(this.#timer)
    await this.#write()
    this.#state.journal = undefined
    if (this.#failure !== undefined) throw this.#failure
  }

  async #load(nowMs: number): Promise<void> {
    const restore = new SwarmRestore(this.#state, nowMs)
    const iterator = this.#part.iterator()
    try {
      for (;;) {
        const entries = await iterator.nextv(READ_MAX)
        if (entries.length === 0) break
        for (const [key, value] of entries) this.#take(restore, key, value)
      }
    } finally {
      await iterator.close()
    }
    restore.finish()
    this.#state.journal = {
      peerCame: (swarm, slot) => {
        if (this.#gone.size > 0) this.#gone.delete(this.#keyOf(swarm, slot))
      },
      peerSeen: (slot) => {
        this.#seen.add(slot)
        this.#arm()
      },
      peerLeft: (swarm, slot) => {
        this.#seen.delete(slot)
        this.#gone.add(this.#keyOf(swarm, slot))
        this.#arm()
      },
      swarmChanged: ({ key }) => {
        this.#changed.add(key)
        this.#arm()
      },
    }
    if (this.#gone.size > 0) this.#arm()
  }

  #take(restore: SwarmRestore, key: Uint8Array, value: Uint8Array): void {
    const record = readRecord(key, value)
    if (record === undefined) {
      throw new RecordUnknown('a record is none of a peer or a swarm, or was changed')
    }
    if (record.type === 'swarm') restore.addSwarm(record)
    else if (!restore.addPeer(record)) this.#gone.add(latin1Text(key))
  }

  #keyOf(swarm: Swarm, slot: number): string {
    return latin1Text(peerKey(this.#state, swarm, slot))
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#failure !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#write().then(() => {
        this.#writing = undefined
        if (this.#seen.size + this.#gone.size + this.#changed.size > 0) this.#arm()
      })
    }, this.#delayMs)
  }

  /** All that is noted now; what is noted meanwhile waits for the next time. */
  async #write(): Promise<void> {
    let left = this.#seen.size + this.#gone.size + this.#changed.size
    while (left > 0 && this.#failure === undefined) {
      const operations = this.#operations(Math.min(left, LIMITS.trackerStoreBatchMax))
      left -= LIMITS.trackerStoreBatchMax
      if (operations.length === 0) return
      await this.#part.batch(operations).catch((error: unknown) => this.#fail(error))
    }
  }

  #operations(countMax: number): Operation[] {
    const state = this.#state
    const operations: Operation[] = []
    for (const text of take(this.#gone, countMax)) operations.push({ type: 'del', key: latin1Bytes(text) })
    for (const hash of take(this.#changed, countMax - operations.length)) {
      const key = swarmKey(hash)
      const swarm = findSwarm(state, infoHash(latin1Bytes(hash)))
      if (swarm === undefined) operations.push({ type: 'del', key })
      else operations.push({ type: 'put', key, value: swarmValue(state, swarm, key) })
    }
    for (const slot of take(this.#seen, countMax - operations.length)) {
      const swarm = state.swarms[state.peers.swarmOf(slot)]
      if (swarm === undefined) continue
      const key = peerKey(state, swarm, slot)
      operations.push({ type: 'put', key, value: peerValue(state, slot, key) })
    }
    return operations
  }

  /** What LevelDB appends after a torn write may be dropped when it is opened again, so nothing is written any more. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    const said = `the tracker's peers are written no more, and kept in memory: ${messageOf(error)}`
    this.#failure = new TorrewindError('STORE_FAILED', said, { cause: error })
    this.#state.journal = undefined
    this.#seen.clear()
    this.#gone.clear()
    this.#changed.clear()
    this.#onFailed(this.#failure)
  }
}
