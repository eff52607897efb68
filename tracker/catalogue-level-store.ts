/**
 * The catalogue on LevelDB, in a part of the tracker's database of its own.
 *
 * Keys are a letter and the info-hash: `e` for the entry as JSON, `t` for the .torrent, `h` for the health. So the start
 * reads entries and healths in two runs and no .torrent, of which there may be a gigabyte.
 */
import { messageOf, systemCode, TorrewindError } from '../src/errors.js'
import { fromHex, toHex } from '../src/values.js'
import type { CatalogueEntry } from './catalogue-entry.js'
import type { CatalogueStore, StoredEntry } from './catalogue-store.js'
import type { LevelDatabase, LevelPart } from './level-database.js'

/** The name of its part of the database. */
const PART = 'catalogue'

type Kind = 'e' | 't' | 'h'

const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { fatal: true })
const NONE = new Uint8Array(0)

const keyOf = (kind: Kind, infoHash: string): Uint8Array => {
  const key = new Uint8Array(21)
  key[0] = kind.charCodeAt(0)
  key.set(fromHex(infoHash), 1)
  return key
}

const rangeOf = (kind: Kind) => {
  const first = kind.charCodeAt(0)
  return { gte: Uint8Array.of(first), lt: Uint8Array.of(first + 1) }
}

const failure = (error: unknown): TorrewindError => {
  const damaged = ['LEVEL_CORRUPTION', 'LEVEL_IO_ERROR'].includes(systemCode(error) ?? '')
  const code = damaged ? 'STORE_DAMAGED' : 'STORE_FAILED'
  return new TorrewindError(code, `the catalogue's database: ${messageOf(error)}`, { cause: error })
}

const readEntry = (key: Uint8Array, value: Uint8Array): CatalogueEntry => {
  try {
    const entry = JSON.parse(text.decode(value)) as CatalogueEntry // of our own making, as far as its info-hash says
    if (entry.infoHash === toHex(key.subarray(1))) return entry
  } catch {
    // It is no JSON, or no UTF-8.
  }
  throw new TorrewindError('STORE_DAMAGED', 'a record of the catalogue is none of an entry, or was changed')
}

export class LevelCatalogueStore implements CatalogueStore {
  readonly #part: LevelPart

  /** The database stays its opener's, who closes it last. */
  constructor(database: LevelDatabase) {
    this.#part = database.part(PART)
  }

  async *entries(): AsyncIterable<StoredEntry> {
    try {
      const healths = new Map<string, Uint8Array>()
      for await (const [key, health] of this.#part.iterator(rangeOf('h'))) healths.set(toHex(key.subarray(1)), health)
      for await (const [key, value] of this.#part.iterator(rangeOf('e'))) {
        const entry = readEntry(key, value)
        yield { entry, health: healths.get(entry.infoHash) ?? NONE }
      }
    } catch (error) {
      throw error instanceof TorrewindError ? error : failure(error)
    }
  }

  async entry(infoHash: string): Promise<StoredEntry | undefined> {
    const [value, health] = [await this.#get('e', infoHash), await this.#get('h', infoHash)]
    return value && { entry: readEntry(keyOf('e', infoHash), value), health: health ?? NONE }
  }

  /** Brought to the medium: publishing is rare, and whoever was told that it is published relies on it. */
  put(entry: CatalogueEntry, torrent: Uint8Array): Promise<void> {
    return this.#batch(
      [
        { type: 'put', key: keyOf('e', entry.infoHash), value: utf8.encode(JSON.stringify(entry)) },
        { type: 'put', key: keyOf('t', entry.infoHash), value: torrent },
      ],
      true,
    )
  }

  async torrent(infoHash: string): Promise<Uint8Array | undefined> {
    return this.#get('t', infoHash)
  }

  async putHealth(healths: readonly (readonly [infoHash: string, bytes: Uint8Array])[]): Promise<void> {
    const operations: Operation[] = []
    for (const [infoHash, value] of healths) {
      const there = await this.#get('e', infoHash)
      if (there !== undefined) operations.push({ type: 'put', key: keyOf('h', infoHash), value })
    }
    await this.#batch(operations, false)
  }

  remove(infoHash: string): Promise<void> {
    const kinds: readonly Kind[] = ['e', 't', 'h']
    return this.#batch(
      kinds.map((kind) => ({ type: 'del', key: keyOf(kind, infoHash) })),
      true,
    )
  }

  async close(): Promise<void> {}

  async #get(kind: Kind, infoHash: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#part.get(keyOf(kind, infoHash))
    } catch (error) {
      throw failure(error)
    }
  }

  async #batch(operations: Operation[], sync: boolean): Promise<void> {
    try {
      // Types of a part leave out the options of LevelDB, which it hands on.
      await this.#part.batch(operations, { sync } as object)
    } catch (error) {
      throw failure(error)
    }
  }
}

type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }
