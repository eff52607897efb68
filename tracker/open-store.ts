/** The store that an option names: `memory`, `level:DIR` or `redis://HOST:PORT[/NAME]`. What it needs is loaded then. */
import { TorrewindError } from '../src/errors.js'
import { redisAddress, withoutPassword } from '../src/redis-address.js'
import { MemoryCatalogueStore } from './catalogue-memory-store.js'
import type { CatalogueStore } from './catalogue-store.js'
import { MemoryStore } from './memory-store.js'
import type { StoreListener } from './redis-link.js'
import type { SwarmStore } from './store.js'
import type { Draw, SwarmSettings } from './swarm.js'

export interface StoreOptions {
  readonly settings: SwarmSettings
  readonly random: Draw
  readonly now: () => number
  /** Whether `now` is not this machine's: then a store that has a clock of its own does not go by it. */
  readonly nowGiven: boolean
  readonly onChanged: StoreListener
}

export interface OpenStore {
  readonly swarms: SwarmStore
  readonly catalogue: CatalogueStore
  /** Keeps what is to be kept, and lets go. Rejects with STORE_FAILED where that did not work. */
  close(): Promise<void>
}

const LEVEL = 'level:'
const NAME = 'main'

const onDisk = async (folder: string, { now, onChanged, ...options }: StoreOptions): Promise<OpenStore> => {
  const { LevelDatabase } = await import('./level-database.js')
  const { LevelCatalogueStore } = await import('./catalogue-level-store.js')
  const { LevelStore } = await import('./level-store.js')
  const database = await LevelDatabase.open(folder)
  try {
    const swarms = await LevelStore.open(database, { ...options, nowMs: now(), onFailed: onChanged })
    const catalogue = new LevelCatalogueStore(database)
    return { swarms, catalogue, close: () => swarms.close().finally(() => database.close()) }
  } catch (error) {
    await database.close()
    throw error
  }
}

const onRedis = async (name: string, { nowGiven, ...options }: StoreOptions): Promise<OpenStore> => {
  const address = redisAddress(name, 'store', NAME)
  const { RedisCatalogueStore } = await import('./redis-catalogue-store.js')
  const { RedisStore } = await import('./redis-store.js')
  const swarms = await RedisStore.open({ ...options, address, clock: nowGiven ? 'tracker' : 'server' })
  try {
    const catalogue = await RedisCatalogueStore.open(address)
    return { swarms, catalogue, close: () => swarms.close().finally(() => catalogue.close()) }
  } catch (error) {
    await swarms.close()
    throw error
  }
}

/** Throws OPTION_INVALID, and what the store itself throws: DATA_LOCKED, STORE_FAILED, ... */
export const openStore = async (name: string, options: StoreOptions): Promise<OpenStore> => {
  if (name === 'memory') {
    const swarms = new MemoryStore(options.settings, options.random)
    return { swarms, catalogue: new MemoryCatalogueStore(), close: () => swarms.close() }
  }
  if (name.startsWith(LEVEL) && name.length > LEVEL.length) return onDisk(name.slice(LEVEL.length), options)
  if (/^rediss?:/.test(name)) return onRedis(name, options)
  const said = `store is memory, level:DIR or redis://HOST:PORT[/NAME], and cannot be "${withoutPassword(name)}"`
  throw new TorrewindError('OPTION_INVALID', said)
}
