/** The sweep: looks at the swarms of the catalogue's entries in turn, and notes how they are. */
import { LIMITS } from '../src/limits.js'
import { fromHex, type InfoHash, infoHash } from '../src/values.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import type { Listed } from './catalogue.js'
import type { CatalogueDesk } from './catalogue-desk.js'
import type { Soon } from './store.js'

export interface SweepParts {
  readonly desk: CatalogueDesk
  scrape(infoHashes: readonly InfoHash[]): Soon<readonly ScrapeFile[]>
  /** Milliseconds since the epoch. */
  now(): number
}

/** Samples of one swarm between two times that its health is kept: after a kill the last ten minutes are missing. */
const KEEP_EVERY = 10

export class CatalogueSweep {
  readonly #parts: SweepParts
  /** What is left of this round. */
  #round: Iterator<string> | undefined

  constructor(parts: SweepParts) {
    this.#parts = parts
  }

  /**
   * Looks at so many that each has its turn within the time of a sample, and at more where somebody watches. Returns
   * those whose counts have changed.
   */
  async look(watched: boolean): Promise<readonly Listed[]> {
    const { desk, scrape, now } = this.#parts
    const { size } = desk.catalogue
    const turns = LIMITS.catalogueSampleMs / LIMITS.catalogueLiveMs
    const count = Math.max(Math.ceil(size / turns), watched ? Math.min(size, LIMITS.catalogueSweepMax) : 0)
    const names = this.#take(count)
    if (names.length === 0) return []
    const files = await scrape(names.map((name) => infoHash(fromHex(name))))
    const nowMs = now()
    const changed: Listed[] = []
    const kept: string[] = []
    for (const [at, name] of names.entries()) {
      const file = files[at]
      const listed = desk.catalogue.get(name)
      if (file === undefined || listed === undefined) continue // It was removed meanwhile.
      const counts = { seeds: file.complete, leeches: file.incomplete, completed: file.downloaded }
      const before = listed.counts
      if (before.seeds !== counts.seeds || before.leeches !== counts.leeches || before.completed !== counts.completed) {
        desk.catalogue.setCounts(listed, counts)
        changed.push(listed)
      }
      if (!isDue(listed, nowMs)) continue
      listed.health.add(nowMs / 1_000, counts)
      const sample = Math.floor(nowMs / LIMITS.catalogueSampleMs)
      // Each in a minute of its own, so that not all are written at once.
      if ((sample + Number.parseInt(name.slice(0, 4), 16)) % KEEP_EVERY === 0) kept.push(name)
    }
    if (kept.length > 0) await desk.keepHealth(kept)
    return changed
  }

  #take(count: number): readonly string[] {
    const names: string[] = []
    let begun = 0
    while (names.length < count) {
      if (this.#round === undefined) {
        // All there are were taken, and some may have gone.
        if (begun++ > 0) break
        this.#round = this.#parts.desk.catalogue.infoHashes()
      }
      const next = this.#round.next()
      if (next.done === true) this.#round = undefined
      else names.push(next.value)
    }
    return names
  }
}

/** A turn early counts too: else every other sample would come a turn late. */
const isDue = ({ health }: Listed, nowMs: number): boolean =>
  health.newestAt === undefined ||
  nowMs - health.newestAt * 1_000 >= LIMITS.catalogueSampleMs - LIMITS.catalogueLiveMs / 2
