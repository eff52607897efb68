/** The catalogue in memory, which ends with this process. */
import type { CatalogueEntry } from './catalogue-entry.js'
import type { CatalogueStore, StoredEntry } from './catalogue-store.js'

interface Kept extends StoredEntry {
  readonly torrent: Uint8Array
}

const NONE = new Uint8Array(0)

export class MemoryCatalogueStore implements CatalogueStore {
  readonly #kept = new Map<string, Kept>()

  async *entries(): AsyncIterable<StoredEntry> {
    for (const { entry, health } of this.#kept.values()) yield { entry, health }
  }

  async entry(infoHash: string): Promise<StoredEntry | undefined> {
    const kept = this.#kept.get(infoHash)
    return kept && { entry: kept.entry, health: kept.health }
  }

  async put(entry: CatalogueEntry, torrent: Uint8Array): Promise<void> {
    const health = this.#kept.get(entry.infoHash)?.health ?? NONE
    // A copy: what was handed in may be a view of something larger.
    this.#kept.set(entry.infoHash, { entry, torrent: new Uint8Array(torrent), health })
  }

  async torrent(infoHash: string): Promise<Uint8Array | undefined> {
    return this.#kept.get(infoHash)?.torrent
  }

  async putHealth(healths: readonly (readonly [infoHash: string, bytes: Uint8Array])[]): Promise<void> {
    for (const [infoHash, health] of healths) {
      const kept = this.#kept.get(infoHash)
      if (kept !== undefined) this.#kept.set(infoHash, { ...kept, health })
    }
  }

  async remove(infoHash: string): Promise<void> {
    this.#kept.delete(infoHash)
  }

  async close(): Promise<void> {}
}
