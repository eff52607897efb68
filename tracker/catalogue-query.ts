/** What is asked of the catalogue: words, tags, an order, and where the page begins. */
import { LIMITS } from '../src/limits.js'
import { CatalogueRefusal } from './catalogue-codes.js'
import { readTags } from './catalogue-reading.js'
import { wordsOf } from './catalogue-words.js'

/** A place in an order: higher ranks come first, and equals in the order of their info-hashes. */
export interface Place {
  readonly rank: number
  readonly id: string
}

export const ORDERS = ['relevance', 'newest', 'seeds', 'size'] as const
export type Order = (typeof ORDERS)[number]

export interface CatalogueQuery {
  readonly words: string
  /** An entry has all of them. */
  readonly tags: readonly string[]
  /** By relevance, where there are no words, is by age. */
  readonly order: Order
  readonly limit: number
  readonly after: Place | undefined
}

export const comesAfter = (place: Place, other: Place): boolean =>
  place.rank === other.rank ? place.id > other.id : place.rank < other.rank

export const showCursor = ({ rank, id }: Place): string => btoa(`${rank} ${id}`).replace(/=+$/, '')

const wrong = (message: string): CatalogueRefusal => new CatalogueRefusal('QUERY_INVALID', message)

const readCursor = (text: string): Place => {
  const [, rank, id] = /^(-?[\d.e+-]{1,30}) ([0-9a-f]{40})$/.exec(decoded(text)) ?? []
  if (id === undefined || !Number.isFinite(Number(rank))) {
    throw new CatalogueRefusal('CURSOR_INVALID', 'cursor is none that this catalogue gave')
  }
  return { rank: Number(rank), id }
}

const decoded = (text: string): string => {
  try {
    return text.length > LIMITS.catalogueCursorCharactersMax ? '' : atob(text)
  } catch {
    return '' // The text is no base64.
  }
}

const readLimit = (text: string): number => {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > LIMITS.cataloguePageMax) {
    throw wrong(`limit is a whole number from 1 to ${LIMITS.cataloguePageMax}`)
  }
  return limit
}

const readWords = (text: string): string => {
  if (text.length > LIMITS.catalogueQueryCharactersMax) {
    throw wrong(`q has at most ${LIMITS.catalogueQueryCharactersMax} characters`)
  }
  const words = wordsOf(text)
  if (words.length > LIMITS.catalogueWordsMax) throw wrong(`q has at most ${LIMITS.catalogueWordsMax} words`)
  // What has no word in it cannot be found; it is not the same as asking for everything.
  if (words.length === 0 && text.trim() !== '') throw wrong('q has neither a letter nor a digit in it')
  return [...new Set(words)].join(' ')
}

const KNOWN: ReadonlySet<string> = new Set(['q', 'tag', 'order', 'limit', 'cursor'])

/** Throws QUERY_INVALID, CURSOR_INVALID and TAG_INVALID. */
export const readCatalogueQuery = (parameters: URLSearchParams): CatalogueQuery => {
  for (const name of new Set(parameters.keys())) {
    if (!KNOWN.has(name)) throw wrong(`a query has q, tag, order, limit and cursor, and nothing else`)
    if (name !== 'tag' && parameters.getAll(name).length > 1) throw wrong(`${name} is there twice`)
  }
  const words = readWords(parameters.get('q') ?? '')
  const asked = parameters.get('order') ?? 'relevance'
  const order = ORDERS.find((one) => one === asked)
  if (order === undefined) throw wrong(`order is ${ORDERS.join(', ')}`)
  const cursor = parameters.get('cursor')
  const limit = parameters.get('limit')
  return {
    words,
    tags: readTags(parameters.getAll('tag')),
    order,
    limit: limit === null ? LIMITS.cataloguePageDefault : readLimit(limit),
    after: cursor === null ? undefined : readCursor(cursor),
  }
}
