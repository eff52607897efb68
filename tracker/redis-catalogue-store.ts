/**
 * The catalogue on Redis, which many trackers share: three hashes by info-hash, and a channel on which each tells the
 * others what it has changed.
 *
 * Two trackers may be handed the same torrent at one moment, so that it is the server that says whose entry it is: a
 * script puts one where there is none, or where it is the same publisher's.
 */
import { Redis } from 'ioredis'
import { messageOf, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { RedisAddress } from '../src/redis-address.js'
import { CatalogueRefusal } from './catalogue-codes.js'
import type { CatalogueEntry } from './catalogue-entry.js'
import type { CatalogueListener, CatalogueStore, StoredEntry } from './catalogue-store.js'

const PREFIX = 'torrewind-tracker'
const NONE = new Uint8Array(0)
/** Entries that are read at a time, at the start. */
const SCAN_COUNT = 500

/** KEYS: entries, torrents, health. ARGV: channel, info-hash, then what is to be kept. */
const PUT = `
local before = redis.call('HGET', KEYS[1], ARGV[2])
if before and cjson.decode(before).publisher ~= ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1`
const PUT_HEALTH = `
for at = 1, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[at]) == 1 then redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
end
return 1`
const REMOVE = `
for _, key in ipairs(KEYS) do redis.call('HDEL', key, ARGV[2]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1`

const optionsOf = ({ host, port, username, password, tls }: RedisAddress) => ({
  ...{ host, port, lazyConnect: true, connectTimeout: LIMITS.trackerStoreTimeoutMs },
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  ...(tls ? { tls: {} } : {}),
  retryStrategy: (times: number) => Math.min(times * 50, LIMITS.trackerStoreRetryMs),
})

export class RedisCatalogueStore implements CatalogueStore {
  readonly #redis: Redis
  readonly #channelReader: Redis
  readonly #keys: readonly [entries: string, torrents: string, health: string]
  readonly #channel: string
  readonly #shown: string
  #listener: CatalogueListener = () => {}
  #reached = false

  /** Rejects with STORE_FAILED where the server cannot be reached. */
  static async open(address: RedisAddress): Promise<RedisCatalogueStore> {
    const store = new RedisCatalogueStore(address)
    try {
      await Promise.all([store.#redis.connect(), store.#channelReader.connect()])
      await store.#channelReader.subscribe(store.#channel)
      store.#reached = true
    } catch (error) {
      await store.close()
      throw store.#failure(error)
    }
    return store
  }

  private constructor(address: RedisAddress) {
    const base = `${PREFIX}:${address.name}:catalogue`
    this.#keys = [`${base}:entries`, `${base}:torrents`, `${base}:health`]
    this.#channel = `${base}:changes`
    this.#shown = address.shown
    // Whoever asks while the server is away is told at once.
    const atOnce = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }
    this.#redis = new Redis({ ...optionsOf(address), ...atOnce, commandTimeout: LIMITS.trackerStoreTimeoutMs })
    this.#channelReader = new Redis(optionsOf(address))
    this.#channelReader.on('message', (_, infoHash) => this.#listener(infoHash))
    for (const redis of [this.#redis, this.#channelReader]) {
      redis.on('error', () => {}) // Each call has its own.
      redis.on('ready', () => this.#back())
    }
  }

  /** What was changed while the server was away was not heard: so all of it is read again, once the channel is heard. */
  #back(): void {
    if (!this.#reached || this.#redis.status !== 'ready' || this.#channelReader.status !== 'ready') return
    const heard = this.#channelReader.subscribe(this.#channel)
    // Where it is away again, it will be back again.
    heard.then(() => this.#listener(undefined)).catch(() => {})
  }

  watch(listener: CatalogueListener): void {
    this.#listener = listener
  }

  async *entries(): AsyncIterable<StoredEntry> {
    const seen = new Set<string>()
    let cursor = '0'
    do {
      const [next, pairs] = await this.#do(() => this.#redis.hscan(this.#keys[0], cursor, 'COUNT', SCAN_COUNT))
      // The server may name one twice.
      const names = pairs.filter((name, at) => at % 2 === 0 && !seen.has(name))
      for (const name of names) seen.add(name)
      for (const stored of await Promise.all(names.map((name) => this.entry(name))))
        if (stored !== undefined) yield stored
      cursor = next
    } while (cursor !== '0')
  }

  async entry(infoHash: string): Promise<StoredEntry | undefined> {
    const [text, health] = await this.#do(() =>
      Promise.all([this.#redis.hget(this.#keys[0], infoHash), this.#redis.hgetBuffer(this.#keys[2], infoHash)]),
    )
    if (text === null) return undefined
    return { entry: this.#read(infoHash, text), health: health ?? NONE }
  }

  async put(entry: CatalogueEntry, torrent: Uint8Array): Promise<void> {
    const { infoHash, publisher } = entry
    const text = JSON.stringify(entry)
    const kept = await this.#run(PUT, [this.#channel, infoHash, text, Buffer.from(torrent), publisher])
    if (kept === 1) return
    throw new CatalogueRefusal('PUBLISHED_ALREADY', 'somebody else has published this at the same moment')
  }

  async torrent(infoHash: string): Promise<Uint8Array | undefined> {
    const torrent = await this.#do(() => this.#redis.hgetBuffer(this.#keys[1], infoHash))
    return torrent === null ? undefined : new Uint8Array(torrent)
  }

  async putHealth(healths: readonly (readonly [infoHash: string, bytes: Uint8Array])[]): Promise<void> {
    for (let at = 0; at < healths.length; at += SCAN_COUNT) {
      const some = healths.slice(at, at + SCAN_COUNT)
      await this.#run(
        PUT_HEALTH,
        some.flatMap(([infoHash, bytes]) => [infoHash, Buffer.from(bytes)]),
      )
    }
  }

  async remove(infoHash: string): Promise<void> {
    await this.#run(REMOVE, [this.#channel, infoHash])
  }

  async close(): Promise<void> {
    this.#listener = () => {}
    this.#redis.disconnect()
    this.#channelReader.disconnect()
  }

  #read(infoHash: string, text: string): CatalogueEntry {
    try {
      const entry = JSON.parse(text) as CatalogueEntry // of our own making, as far as its info-hash says
      if (entry.infoHash === infoHash) return entry
    } catch {
      // It is no JSON.
    }
    throw new TorrewindError('STORE_DAMAGED', `${this.#shown}: a record of the catalogue is none of an entry`)
  }

  #run(script: string, values: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#do(() => this.#redis.eval(script, this.#keys.length, ...this.#keys, ...values))
  }

  async #do<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #failure(error: unknown): TorrewindError {
    return new TorrewindError('STORE_FAILED', `${this.#shown}: ${messageOf(error)}`, { cause: error })
  }
}
