/**
 * The census: how many leechers and seeds are there over time, and how long downloads take, within one stretch of time.
 *
 * Exact, as it counts at every coming, finishing and leaving, and means are over time. A download counts where it ends
 * within the stretch: of a process in a steady state those that end in it and those that begin in it are distributed
 * alike, and none is cut off. The first seeds are not counted.
 */
import { assert } from '../src/assert.js'

export class Census {
  readonly #from: number
  readonly #to: number
  #lastAt = 0
  #leechers = 0
  #seeds = 0
  /** Of numbers over seconds. */
  #leecherSeconds = 0
  #seedSeconds = 0
  #finishes = 0
  #aborts = 0
  #downloadSeconds = 0

  constructor(fromSeconds: number, toSeconds: number) {
    this.#from = fromSeconds
    this.#to = toSeconds
  }

  leecherComes(at: number): void {
    this.#count(at, 1, 0)
  }

  leecherLeaves(at: number, forGood: boolean): void {
    this.#count(at, -1, 0)
    if (forGood && this.#counts(at)) this.#aborts++
  }

  /** A leecher becomes a seed. */
  finishes(at: number, downloadSeconds: number): void {
    this.#count(at, -1, 1)
    if (!this.#counts(at)) return
    this.#finishes++
    this.#downloadSeconds += downloadSeconds
  }

  seedLeaves(at: number): void {
    this.#count(at, 0, -1)
  }

  /** What was measured until now. */
  measured(at: number): Readonly<Record<string, number>> {
    this.#count(at, 0, 0)
    const measuredSeconds = Math.max(0, Math.min(at, this.#to) - this.#from)
    const [finishes, aborts] = [this.#finishes, this.#aborts]
    if (measuredSeconds === 0) return { measuredSeconds, finishes, aborts }
    return {
      measuredSeconds,
      meanLeechers: this.#leecherSeconds / measuredSeconds,
      meanSeeds: this.#seedSeconds / measuredSeconds,
      finishes,
      aborts,
      // Of no downloads there is no mean.
      ...(finishes === 0 ? {} : { meanDownloadSeconds: this.#downloadSeconds / finishes }),
    }
  }

  #counts(at: number): boolean {
    return at >= this.#from && at <= this.#to
  }

  #count(at: number, leechers: number, seeds: number): void {
    const seconds = Math.max(0, Math.min(at, this.#to) - Math.max(this.#lastAt, this.#from))
    this.#leecherSeconds += this.#leechers * seconds
    this.#seedSeconds += this.#seeds * seconds
    this.#lastAt = at
    this.#leechers += leechers
    this.#seeds += seeds
    assert(this.#leechers >= 0 && this.#seeds >= 0, 'nobody leaves who is not there')
  }
}
