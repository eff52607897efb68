/** What a program sets of the catalogue: who may publish, and its bounds. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Access } from './access.js'
import { CATALOGUE_BOUNDS, type CatalogueBounds, type Publishing } from './catalogue-desk.js'
import { whole } from './whole.js'

export interface CatalogueOptions {
  /** 20,000, where it is left out. */
  readonly entriesMax?: number | undefined
  /** Of one .torrent, 2 MiB where it is left out, and of all together, 1 GiB. */
  readonly torrentBytesMax?: number | undefined
  readonly storedBytesMax?: number | undefined
  /** Browsers that may watch at one time: 500, where it is left out. */
  readonly watchersMax?: number | undefined
}

const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host)

/** Open by default only where nobody outside this machine reaches the tracker. Throws OPTION_INVALID. */
export const publishingOf = (
  host: string | undefined,
  open: boolean | undefined,
  access: Access | undefined,
): Publishing => {
  if (access !== undefined) {
    if (open === true) throw new TorrewindError('OPTION_INVALID', 'open and tokens exclude each other')
    return { type: 'tokens', access }
  }
  if (open ?? isLoopback(host)) return { type: 'open' }
  const reason = 'publishing is off: others reach this tracker, and it was started neither with tokens nor as open'
  return { type: 'closed', reason }
}

/** Throws OPTION_INVALID. */
export const catalogueBounds = (options: CatalogueOptions = {}): CatalogueBounds => {
  const { entriesMax, torrentBytesMax, storedBytesMax, watchersMax } = { ...CATALOGUE_BOUNDS, ...given(options) }
  return {
    entriesMax: whole(entriesMax, 'entriesMax', 0, LIMITS.catalogueEntriesCeiling),
    torrentBytesMax: whole(torrentBytesMax, 'torrentBytesMax', 1, LIMITS.torrentBytesMax),
    storedBytesMax: whole(storedBytesMax, 'storedBytesMax', 0, Number.MAX_SAFE_INTEGER),
    watchersMax: whole(watchersMax, 'watchersMax', 0, LIMITS.trackerConnectionsMax),
  }
}

/** An option that is there and undefined is as one that is not there. */
const given = (options: CatalogueOptions): Partial<CatalogueBounds> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
