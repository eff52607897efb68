/** Where the catalogue is kept: a port, behind which it is in memory, on disk or on another machine. */
import type { CatalogueEntry } from './catalogue-entry.js'

export interface StoredEntry {
  readonly entry: CatalogueEntry
  /** As `Health.toBytes` gave it; empty where none was kept. */
  readonly health: Uint8Array
}

/** Hears which entry others have changed; undefined where it may have been any of them. */
export type CatalogueListener = (infoHash: string | undefined) => void

/** Rejects with STORE_FAILED where what it stands on is gone; whoever asked is told, and may ask again. */
export interface CatalogueStore {
  /** All entries, in any order. */
  entries(): AsyncIterable<StoredEntry>
  entry(infoHash: string): Promise<StoredEntry | undefined>
  /**
   * Entry and .torrent are there together or not at all; resolves when the death of this process does not lose them.
   * Where others share the store, it rejects with PUBLISHED_ALREADY if one of another publisher has come meanwhile.
   */
  put(entry: CatalogueEntry, torrent: Uint8Array): Promise<void>
  /** The bytes of a .torrent; undefined where there is none. */
  torrent(infoHash: string): Promise<Uint8Array | undefined>
  /** The health of entries that are there; that of others is passed over. */
  putHealth(health: readonly (readonly [infoHash: string, bytes: Uint8Array])[]): Promise<void>
  remove(infoHash: string): Promise<void>
  /** Tells of changes by others, where the store is shared. */
  watch?(listener: CatalogueListener): void
  close(): Promise<void>
}
