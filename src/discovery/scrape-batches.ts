/**
 * Scrapes in batches: transfers that share a tracker ask for their counts in one request (BEP 48, BEP 15).
 *
 * What is asked within a moment goes together, as many torrents as a UDP tracker takes. Trackers that know one torrent at a
 * time exist: what an answer to many leaves out, or all of it where that failed, is asked for alone once more.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock } from '../ports.js'
import { type InfoHash, type Instant, toHex } from '../values.js'
import type { TrackerCounts } from '../wire/scrape.js'

/** Counts in the order of the torrents; undefined for one that the tracker does not count. */
export type ManyCounts = readonly (TrackerCounts | undefined)[]
export type AskMany = (
  tracker: string,
  infoHashes: readonly InfoHash[],
  done: (answer: Answer<ManyCounts>) => void,
) => Cancel

interface Asker {
  readonly infoHash: InfoHash
  done(answer: Answer<TrackerCounts>): void
}

const NOT_COUNTED: Answer<never> = {
  type: 'failed',
  failure: { code: 'FAILURE', message: 'the tracker does not count this torrent' },
}

class Batch {
  readonly #tracker: string
  readonly #ask: AskMany
  readonly #askers = new Set<Asker>()
  readonly #hashes = new Set<string>()
  #cancel: Cancel | undefined

  constructor(tracker: string, ask: AskMany) {
    this.#tracker = tracker
    this.#ask = ask
  }

  takes(infoHash: InfoHash): boolean {
    return this.#hashes.has(toHex(infoHash)) || this.#hashes.size < LIMITS.trackerScrapeHashesMax
  }

  add(asker: Asker): void {
    this.#askers.add(asker)
    this.#hashes.add(toHex(asker.infoHash))
  }

  /** Whoever leaves last takes the question back. */
  leave(asker: Asker): void {
    if (!this.#askers.delete(asker) || this.#askers.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  begin(): void {
    const hashes = [...new Map([...this.#askers].map(({ infoHash }) => [toHex(infoHash), infoHash])).values()]
    if (hashes.length > 0) this.#askFor(hashes)
  }

  #askFor(hashes: readonly InfoHash[]): void {
    this.#cancel = this.#ask(this.#tracker, hashes, (answer) => {
      const alone: InfoHash[] = []
      hashes.forEach((hash, place) => {
        const counts = answer.type === 'done' ? answer.value[place] : undefined
        if (counts !== undefined) this.#tell(hash, { type: 'done', value: counts })
        else if (hashes.length > 1) alone.push(hash)
        else this.#tell(hash, answer.type === 'failed' ? answer : NOT_COUNTED)
      })
      this.#askAlone(alone)
    })
  }

  /** One after the other, so that a tracker is asked no more at a time than it was. */
  #askAlone([first, ...others]: readonly InfoHash[]): void {
    if (first === undefined || this.#askers.size === 0) return
    this.#cancel = this.#ask(this.#tracker, [first], (answer) => {
      const counts = answer.type === 'done' ? answer.value[0] : undefined
      if (counts !== undefined) this.#tell(first, { type: 'done', value: counts })
      else this.#tell(first, answer.type === 'failed' ? answer : NOT_COUNTED)
      // One that is gone is not asked for each of the others.
      if (answer.type === 'failed' && answer.failure.code !== 'FAILURE')
        for (const hash of others) this.#tell(hash, answer)
      else this.#askAlone(others)
    })
  }

  #tell(hash: InfoHash, answer: Answer<TrackerCounts>): void {
    const name = toHex(hash)
    for (const asker of this.#askers)
      if (toHex(asker.infoHash) === name) {
        this.#askers.delete(asker)
        asker.done(answer)
      }
  }
}

export class ScrapeBatches {
  readonly #clock: Clock
  readonly #ask: AskMany
  /** Those that still take askers, by their trackers. */
  readonly #open = new Map<string, Batch>()

  constructor(clock: Clock, ask: AskMany) {
    this.#clock = clock
    this.#ask = ask
  }

  /** `done` is called once, later, unless cancelled. */
  scrape(tracker: string, infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void): Cancel {
    const asker: Asker = { infoHash, done }
    const batch = this.#batchFor(tracker, infoHash)
    batch.add(asker)
    return () => batch.leave(asker)
  }

  #batchFor(tracker: string, infoHash: InfoHash): Batch {
    const known = this.#open.get(tracker)
    if (known?.takes(infoHash) === true) return known
    const batch = new Batch(tracker, this.#ask)
    this.#open.set(tracker, batch)
    this.#clock.wakeAt((this.#clock.now() + LIMITS.scrapeGatherMs) as Instant, () => {
      if (this.#open.get(tracker) === batch) this.#open.delete(tracker)
      batch.begin()
    })
    return batch
  }
}
