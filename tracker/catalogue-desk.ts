/**
 * The desk of the catalogue: where entries are handed in, changed and taken back, and who may do that.
 *
 * Whoever publishes is known by the subject of a token or, where everybody may publish, by a key that is made for the
 * entry and given once; of it only a hash is kept. Changes are made one after another, the store first and then the
 * index, so that nothing is found that a restart would lose.
 */
import { createHash } from 'node:crypto'
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Access, Admission } from './access.js'
import { Catalogue, type Listed } from './catalogue.js'
import { CatalogueRefusal, isCatalogueCode } from './catalogue-codes.js'
import type { CatalogueEntry } from './catalogue-entry.js'
import { Health } from './catalogue-health.js'
import { type Publication, readTags } from './catalogue-reading.js'
import type { CatalogueStore, StoredEntry } from './catalogue-store.js'
import type { Soon } from './store.js'

/** Who may publish: everybody, whoever has a token with the scope `publish`, or nobody, and why. */
export type Publishing =
  | { readonly type: 'open' }
  | { readonly type: 'tokens'; readonly access: Access }
  | { readonly type: 'closed'; readonly reason: string }

export interface CatalogueBounds {
  readonly entriesMax: number
  /** Of one .torrent, and of all together. */
  readonly torrentBytesMax: number
  readonly storedBytesMax: number
  /** Of browsers that are told what is new. */
  readonly watchersMax: number
}

export const CATALOGUE_BOUNDS: CatalogueBounds = {
  entriesMax: LIMITS.catalogueEntriesMax,
  torrentBytesMax: LIMITS.catalogueTorrentBytesMax,
  storedBytesMax: LIMITS.catalogueStoredBytesMax,
  watchersMax: LIMITS.catalogueWatchersMax,
}

export interface DeskParts {
  readonly store: CatalogueStore
  readonly publishing: Publishing
  readonly bounds: CatalogueBounds
  /** Whether the tracker serves this torrent. */
  isServed(infoHash: string): boolean
  /** Milliseconds since the epoch. */
  now(): number
  /** A text that nobody can guess. */
  makeKey(): string
  /** Reads a .torrent, or refuses with BUSY where too much of that was done lately. */
  read(torrent: Uint8Array, published: Publication): Soon<CatalogueEntry>
}

export interface Handed {
  readonly torrent: Uint8Array
  readonly tags: readonly string[]
  /** What the .torrent is said to be, where anything is said. */
  readonly infoHash?: string | undefined
  /** What stands in the request as `Authorization: Bearer`. */
  readonly bearer?: string | undefined
}

export interface Published {
  readonly listed: Listed
  /** Whether it was not there before. */
  readonly created: boolean
  /** By which it is changed and removed, where it was made now. */
  readonly key: string | undefined
}

export type CatalogueChange =
  | { readonly type: 'published'; readonly listed: Listed }
  | { readonly type: 'removed'; readonly infoHash: string }

export interface CatalogueStats {
  readonly entries: number
  readonly entriesMax: number
  readonly torrentBytes: number
  readonly torrentBytesMax: number
  readonly storedBytesMax: number
  readonly watchersMax: number
  readonly publishing: Publishing['type']
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')
const ofKey = (key: string): string => `key:${hashOf(key)}`
const ofSubject = ({ subject }: Admission): string => `sub:${subject ?? ''}`

const refusalOf = (error: unknown): unknown => {
  if (!(error instanceof TorrewindError)) return error
  if (error.code === 'TORRENT_TOO_LARGE') return new CatalogueRefusal('BODY_TOO_LARGE', error.message, { cause: error })
  return isCatalogueCode(error.code) ? new CatalogueRefusal(error.code, error.message, { cause: error }) : error
}

export class CatalogueDesk {
  readonly catalogue = new Catalogue()
  readonly publishing: Publishing
  readonly bounds: CatalogueBounds
  readonly #parts: DeskParts
  readonly #listeners = new Set<(change: CatalogueChange) => void>()
  #turn: Promise<unknown> = Promise.resolve()

  /** Reads what the store has. Rejects as the store does. */
  static async open(parts: DeskParts): Promise<CatalogueDesk> {
    const desk = new CatalogueDesk(parts)
    // Heard from now on: what others change while this is read is read again.
    parts.store.watch?.((infoHash) => void desk.#refresh(infoHash))
    for await (const stored of parts.store.entries()) desk.#take(stored)
    return desk
  }

  private constructor(parts: DeskParts) {
    this.#parts = parts
    this.publishing = parts.publishing
    this.bounds = parts.bounds
  }

  stats(): CatalogueStats {
    const { size: entries, torrentBytes } = this.catalogue
    return { entries, torrentBytes, ...this.bounds, publishing: this.publishing.type }
  }

  /** Tells of changes until the answer is called. */
  listen(listener: (change: CatalogueChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Whether anybody at all, or this bearer, may hand anything in: to be asked before a body is read. Rejects with the
   * refusal.
   */
  async admit(bearer: string | undefined, infoHash?: string): Promise<Admission | undefined> {
    const { publishing } = this
    if (publishing.type === 'closed') throw new CatalogueRefusal('PUBLISHING_CLOSED', publishing.reason)
    if (publishing.type === 'open') return undefined
    const answer = await publishing.access.admit(bearer, 'publish', infoHash)
    if (answer.type === 'denial') throw new CatalogueRefusal(answer.code, answer.reason)
    return answer
  }

  async publish({ torrent, tags: texts, infoHash, bearer }: Handed): Promise<Published> {
    await this.admit(bearer)
    const tags = readTags(texts)
    const entry = await this.#read(torrent, tags)
    if (infoHash !== undefined && infoHash !== entry.infoHash) {
      throw new CatalogueRefusal('INFO_HASH_DIFFERS', `this is the .torrent of ${entry.infoHash}, not of ${infoHash}`)
    }
    if (!this.#parts.isServed(entry.infoHash)) {
      throw new CatalogueRefusal('NOT_ALLOWED', 'this tracker does not serve this torrent')
    }
    const admission = await this.admit(bearer, entry.infoHash)
    return this.#inTurn(async () => {
      const before = this.catalogue.get(entry.infoHash)
      if (before !== undefined) return this.#replace(before, entry, torrent, this.#bearerOf(admission, bearer))
      this.#checkRoom(entry)
      const key = admission === undefined ? this.#parts.makeKey() : undefined
      const publisher = admission === undefined ? ofKey(key ?? '') : ofSubject(admission)
      return { listed: await this.#keep({ ...entry, publisher }, torrent), created: true, key }
    })
  }

  async remove(infoHash: string, bearer: string | undefined): Promise<void> {
    const admission = await this.admit(bearer, infoHash)
    await this.#inTurn(async () => {
      const listed = this.catalogue.get(infoHash)
      if (listed === undefined) throw new CatalogueRefusal('NOT_FOUND', 'there is no such entry')
      if (listed.entry.publisher !== this.#bearerOf(admission, bearer)) {
        throw new CatalogueRefusal('NOT_PUBLISHER', 'only who published an entry may remove it')
      }
      await this.#parts.store.remove(infoHash)
      this.catalogue.remove(infoHash)
      this.#tell({ type: 'removed', infoHash })
    })
  }

  torrent(infoHash: string): Promise<Uint8Array | undefined> {
    return this.catalogue.get(infoHash) === undefined ? Promise.resolve(undefined) : this.#parts.store.torrent(infoHash)
  }

  /** Keeps the health of these entries. */
  async keepHealth(infoHashes: Iterable<string>): Promise<void> {
    const healths: (readonly [string, Uint8Array])[] = []
    for (const infoHash of infoHashes) {
      const listed = this.catalogue.get(infoHash)
      if (listed !== undefined) healths.push([infoHash, listed.health.toBytes()])
    }
    await this.#inTurn(() => this.#parts.store.putHealth(healths))
  }

  /** Waits for what is under way. The store stays its opener's. */
  async close(): Promise<void> {
    await this.keepHealth(this.catalogue.infoHashes())
  }

  #take({ entry, health }: StoredEntry): Listed {
    return this.catalogue.put(entry, Health.fromBytes(health, LIMITS.catalogueSamplesMax))
  }

  /** Takes over what others have changed in the store. Where it fails just then, it is heard again when it is back. */
  #refresh(infoHash: string | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const { store } = this.#parts
      if (infoHash !== undefined) return this.#takeOver(infoHash, await store.entry(infoHash))
      const gone = new Set(this.catalogue.infoHashes())
      for await (const stored of store.entries()) {
        gone.delete(stored.entry.infoHash)
        this.#takeOver(stored.entry.infoHash, stored)
      }
      for (const name of gone) this.#takeOver(name, undefined)
    }).catch((error: unknown) => {
      if (!(error instanceof TorrewindError) && !(error instanceof CatalogueRefusal)) throw error
    })
  }

  #takeOver(infoHash: string, stored: StoredEntry | undefined): void {
    const before = this.catalogue.get(infoHash)?.entry
    if (stored === undefined) {
      if (before === undefined) return
      this.catalogue.remove(infoHash)
      this.#tell({ type: 'removed', infoHash })
    } else if (JSON.stringify(stored.entry) !== JSON.stringify(before)) {
      this.#tell({ type: 'published', listed: this.#take(stored) })
    }
  }

  async #read(torrent: Uint8Array, tags: readonly string[]): Promise<CatalogueEntry> {
    try {
      return await this.#parts.read(torrent, { tags, publishedAt: this.#parts.now(), publisher: '' })
    } catch (error) {
      throw refusalOf(error)
    }
  }

  #bearerOf(admission: Admission | undefined, bearer: string | undefined): string {
    return admission === undefined ? ofKey(bearer ?? '') : ofSubject(admission)
  }

  /** Somebody else may publish again what changes nothing: it is there, as was wanted. */
  async #replace(before: Listed, entry: CatalogueEntry, torrent: Uint8Array, bearer: string): Promise<Published> {
    const { publisher, publishedAt, tags } = before.entry
    if (publisher !== bearer) {
      if (entry.tags.every((tag) => tags.includes(tag))) return { listed: before, created: false, key: undefined }
      throw new CatalogueRefusal(
        'PUBLISHED_ALREADY',
        'somebody else has published this, and only they may change its tags',
      )
    }
    this.#checkBytes(entry.torrentBytes - before.entry.torrentBytes)
    return { listed: await this.#keep({ ...entry, publisher, publishedAt }, torrent), created: false, key: undefined }
  }

  #checkRoom({ torrentBytes }: CatalogueEntry): void {
    const { entriesMax } = this.bounds
    if (this.catalogue.size >= entriesMax) throw full(`it holds ${entriesMax} entries`)
    this.#checkBytes(torrentBytes)
  }

  #checkBytes(more: number): void {
    const { storedBytesMax } = this.bounds
    if (this.catalogue.torrentBytes + more > storedBytesMax) throw full(`its .torrents have ${storedBytesMax} bytes`)
  }

  async #keep(entry: CatalogueEntry, torrent: Uint8Array): Promise<Listed> {
    await this.#parts.store.put(entry, torrent)
    const listed = this.catalogue.put(entry)
    this.#tell({ type: 'published', listed })
    return listed
  }

  #tell(change: CatalogueChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  /** One change after another; one that fails does not stop those that come after it. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work).catch((error: unknown) => {
      throw refusalOf(error)
    })
    this.#turn = done.catch(() => {})
    return done
  }
}

const full = (why: string): CatalogueRefusal =>
  new CatalogueRefusal('CATALOGUE_FULL', `the catalogue takes no more: ${why}`)
