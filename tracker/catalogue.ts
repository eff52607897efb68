/** The catalogue: entries by their info-hash, found by words and tags, a page at a time, with the health of their swarms. */
import MiniSearch from 'minisearch'
import { LIMITS } from '../src/limits.js'
import { toHex } from '../src/values.js'
import { readCid } from '../src/wire/identity.js'
import type { CatalogueEntry } from './catalogue-entry.js'
import { Health, type SwarmCounts } from './catalogue-health.js'
import { type CatalogueQuery, comesAfter, type Place, showCursor } from './catalogue-query.js'
import { wordsOf } from './catalogue-words.js'

export interface Listed {
  readonly entry: CatalogueEntry
  readonly health: Health
  /** As they were when the swarm was last looked at. */
  counts: SwarmCounts
}

export interface CataloguePage {
  readonly entries: readonly Listed[]
  /** How many there are on all pages. */
  readonly total: number
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined
}

interface Document {
  readonly infoHash: string
  readonly name: string
  readonly tags: string
  readonly files: string
}

export const NOBODY: SwarmCounts = { seeds: 0, leeches: 0, completed: 0 }

/** Words of fewer letters begin too many others. */
const PREFIX_MIN = 2
/** In words as long as this a letter may be wrong. */
const FUZZY_MIN = 6

const documentOf = ({ infoHash, name, tags, files }: CatalogueEntry): Document => ({
  infoHash,
  name,
  tags: tags.join(' '),
  files: files.map(({ path }) => path.slice(name.length)).join(' '),
})

interface Ranked extends Place {
  readonly listed: Listed
}

interface Ranking {
  readonly order: CatalogueQuery['order']
  readonly found: readonly Ranked[]
}

/** Answers that are remembered: 160 KiB each with 20,000 entries. */
const RANKINGS_KEPT = 32

export class Catalogue {
  readonly #listed = new Map<string, Listed>()
  readonly #search = new MiniSearch<Document>({
    idField: 'infoHash',
    fields: ['name', 'tags', 'files'],
    tokenize: wordsOf,
    processTerm: (word) => word,
    autoVacuum: false,
    searchOptions: {
      boost: { name: 4, tags: 3 },
      combineWith: 'AND',
      prefix: (word) => word.length >= PREFIX_MIN,
      fuzzy: (word) => word.length >= FUZZY_MIN && 1,
    },
  })
  readonly #byV2 = new Map<string, string>()
  /** By what was asked; none, where an entry has come, changed or gone since. */
  readonly #rankings = new Map<string, Ranking>()
  #torrentBytes = 0

  get size(): number {
    return this.#listed.size
  }

  /** Of all .torrents together. */
  get torrentBytes(): number {
    return this.#torrentBytes
  }

  get(infoHash: string): Listed | undefined {
    return this.#listed.get(infoHash)
  }

  /** How often entries were fetched to the end, all together. */
  get completed(): number {
    let completed = 0
    for (const { counts } of this.#listed.values()) completed += counts.completed
    return completed
  }

  /** By info-hash or CID, of v1 or v2. */
  find(text: string): Listed | undefined {
    const hashes = readCid(text)
    if (hashes?.infoHashV2 !== undefined) return this.get(this.#byV2.get(toHex(hashes.infoHashV2)) ?? '')
    return this.get(hashes?.infoHash === undefined ? text.toLowerCase() : toHex(hashes.infoHash))
  }

  /** In the order in which they came. */
  infoHashes(): IterableIterator<string> {
    return this.#listed.keys()
  }

  /** Takes the place of an entry with the same info-hash, and keeps its health. */
  put(entry: CatalogueEntry, health?: Health): Listed {
    this.#rankings.clear()
    const before = this.#listed.get(entry.infoHash)
    if (before !== undefined) this.#forget(before)
    this.#search.add(documentOf(entry))
    if (entry.infoHashV2 !== null) this.#byV2.set(entry.infoHashV2, entry.infoHash)
    this.#torrentBytes += entry.torrentBytes
    const listed = {
      entry,
      health: before?.health ?? health ?? new Health(LIMITS.catalogueSamplesMax),
      counts: before?.counts ?? NOBODY,
    }
    this.#listed.set(entry.infoHash, listed)
    return listed
  }

  remove(infoHash: string): void {
    const listed = this.#listed.get(infoHash)
    if (listed === undefined) return
    this.#rankings.clear()
    this.#forget(listed)
    this.#listed.delete(infoHash)
  }

  #forget({ entry }: Listed): void {
    this.#search.remove(documentOf(entry))
    if (entry.infoHashV2 !== null) this.#byV2.delete(entry.infoHashV2)
    this.#torrentBytes -= entry.torrentBytes
  }

  /** Notes how a swarm is now. */
  setCounts(listed: Listed, counts: SwarmCounts): void {
    listed.counts = counts
    for (const [key, { order }] of this.#rankings) if (order === 'seeds') this.#rankings.delete(key)
  }

  page(query: CatalogueQuery): CataloguePage {
    const { limit, after } = query
    const { found } = this.#rank(query)
    const start = after === undefined ? 0 : firstAfter(found, after)
    const page = found.slice(start, start + limit)
    const last = page.at(-1)
    return {
      entries: page.map(({ listed }) => listed),
      total: found.length,
      next: last !== undefined && start + limit < found.length ? showCursor(last) : undefined,
    }
  }

  /** All that is found, in its order. It is remembered while nothing changes: most who ask want the same, or its next page. */
  #rank({ words, tags, order }: CatalogueQuery): Ranking {
    const key = JSON.stringify([words, tags, order])
    const known = this.#rankings.get(key)
    if (known !== undefined) return known
    const found: Ranked[] = []
    const add = (listed: Listed, rank: number): void => {
      if (tags.every((tag) => listed.entry.tags.includes(tag))) found.push({ rank, id: listed.entry.infoHash, listed })
    }
    if (words === '') {
      for (const listed of this.#listed.values()) add(listed, rankOf(listed, order))
    } else {
      for (const { id, score } of this.#search.search(words)) {
        const listed = this.#listed.get(id)
        if (listed !== undefined) add(listed, order === 'relevance' ? score : rankOf(listed, order))
      }
    }
    found.sort((left, right) => (comesAfter(left, right) ? 1 : -1))
    const ranking = { order, found }
    const [oldest] = this.#rankings.keys()
    if (this.#rankings.size >= RANKINGS_KEPT && oldest !== undefined) this.#rankings.delete(oldest)
    this.#rankings.set(key, ranking)
    return ranking
  }
}

/** Where that begins which comes after a place that may be there no more. */
const firstAfter = (found: readonly Ranked[], place: Place): number => {
  let [low, high] = [0, found.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = found[middle]
    if (at !== undefined && comesAfter(at, place)) high = middle
    else low = middle + 1
  }
  return low
}

const rankOf = ({ entry, counts }: Listed, order: CatalogueQuery['order']): number => {
  switch (order) {
    case 'seeds':
      return counts.seeds
    case 'size':
      return entry.bytes
    case 'relevance':
    case 'newest':
      return entry.publishedAt
  }
}
