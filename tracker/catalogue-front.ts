/** The front of the catalogue: its desk on a store, its routes on the HTTP front, and the clock that makes it live. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { type CatalogueCode, CatalogueRefusal } from './catalogue-codes.js'
import { type CatalogueBounds, type CatalogueChange, CatalogueDesk, type Publishing } from './catalogue-desk.js'
import { Health } from './catalogue-health.js'
import { CatalogueRoutes } from './catalogue-http.js'
import { readCataloguePage } from './catalogue-page.js'
import { CatalogueReader } from './catalogue-reader.js'
import { showListed } from './catalogue-show.js'
import type { CatalogueStore } from './catalogue-store.js'
import { CatalogueSweep } from './catalogue-sweep.js'
import { Watchers } from './catalogue-watch.js'
import type { TrackerCore } from './core.js'
import { hostOf } from './http.js'
import { machineWallClock } from './machine.js'

export interface CatalogueFrontParts {
  readonly core: TrackerCore
  readonly store: CatalogueStore
  readonly publishing: Publishing
  readonly bounds: CatalogueBounds
  readonly corsOrigin: string | undefined
  readonly loopbackOnly: boolean
}

export interface CatalogueFront {
  readonly desk: CatalogueDesk
  /** How many browsers are told what is live. */
  readonly watchers: number
  /** How often requests were refused, by code. */
  readonly refusals: ReadonlyMap<CatalogueCode, number>
  routes(request: IncomingMessage, response: ServerResponse): boolean
  /** Lets go of those who watch, and keeps what is to be kept; the store stays its opener's. */
  close(): Promise<void>
}

/** Turns between two signs of life to those who watch: under the time after which a connection counts as idle. */
const KEEP_ALIVE_TURNS = 5
const SAMPLE_TURNS = LIMITS.catalogueSampleMs / LIMITS.catalogueLiveMs

const makeKey = (): string => randomBytes(16).toString('hex')

/** A store that fails costs the health of a few minutes, and is no reason to stop, or not to. */
const unlessOfStore = (error: unknown): void => {
  if (!(error instanceof TorrewindError || error instanceof CatalogueRefusal)) throw error
}

/** Reads what the store has. Rejects as the store does. */
export const openCatalogue = async (parts: CatalogueFrontParts): Promise<CatalogueFront> => {
  const { core, corsOrigin, loopbackOnly } = parts
  const reader = new CatalogueReader()
  const desk = await CatalogueDesk.open({
    ...parts,
    isServed: (hash) => core.isServedHex(hash),
    now: machineWallClock,
    makeKey,
    read: (torrent, published) => reader.read(torrent, published),
  })
  const watchers = new Watchers(parts.bounds.watchersMax)
  const sweep = new CatalogueSweep({ desk, scrape: (hashes) => core.look(hashes), now: machineWallClock })
  const health = new Health(LIMITS.catalogueSamplesMax)
  let page: ReturnType<typeof readCataloguePage> | undefined

  const totals = async () => {
    const { torrents, peers, seeds, announces } = await core.stats()
    return { torrents, peers, seeds, announces, ...desk.stats(), watchers: watchers.count }
  }
  const routes = new CatalogueRoutes({
    desk,
    watchers,
    page: () => {
      page ??= readCataloguePage()
      return page
    },
    stats: async () => ({ ...(await totals()), health: health.columns() }),
    takes: ({ socket }) => {
      const from = hostOf(socket)
      return from !== undefined && core.takes('catalogue', from)
    },
    corsOrigin,
    loopbackOnly,
  })

  const tell = (change: CatalogueChange): void => {
    if (change.type === 'published') watchers.tell('published', showListed(change.listed))
    else watchers.tell('removed', { infoHash: change.infoHash })
  }
  const unlisten = desk.listen(tell)

  let turn = 0
  let told = ''
  const look = async (): Promise<void> => {
    const changed = await sweep.look(watchers.count > 0)
    if (changed.length > 0) {
      const rows = changed.map(({ entry, counts }) => [entry.infoHash, counts.seeds, counts.leeches, counts.completed])
      watchers.tell('swarms', rows)
    }
    const stats = await totals()
    if (turn % SAMPLE_TURNS === 0) {
      const { peers, seeds } = stats
      health.add(machineWallClock() / 1_000, { seeds, leeches: peers - seeds, completed: desk.catalogue.completed })
    }
    const text = JSON.stringify(stats)
    if (text !== told) watchers.tell('stats', stats)
    told = text
    if (turn % KEEP_ALIVE_TURNS === 0) watchers.keepAlive()
    turn++
  }

  let looking: Promise<void> | undefined
  const timer = setInterval(() => {
    // A store that takes longer than a turn is not asked twice at once; one that failed is asked again in the next.
    looking ??= look()
      .catch(unlessOfStore)
      .finally(() => {
        looking = undefined
      })
  }, LIMITS.catalogueLiveMs)

  return {
    desk,
    get watchers() {
      return watchers.count
    },
    refusals: routes.refusals,
    routes: (request, response) => routes.take(request, response),
    close: async () => {
      clearInterval(timer)
      unlisten()
      watchers.close()
      await looking
      await reader.close()
      await desk.close().catch(unlessOfStore)
    },
  }
}
