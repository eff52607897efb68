/** What a tracker counts: what its fronts were asked, and what came of it. Numbers in arrays, for each announce counts. */
import type { RefusalCode } from './swarm.js'

export const FRONTS = ['http', 'udp', 'ws'] as const
export type FrontName = (typeof FRONTS)[number]

/** Where requests are held to a rate: the catalogue has its place on the HTTP front, and its own count. */
export const COUNTERS = [...FRONTS, 'catalogue'] as const
export type CounterName = (typeof COUNTERS)[number]

export const KINDS = ['announce', 'scrape'] as const
export type Kind = (typeof KINDS)[number]

export type Outcome = 'answered' | RefusalCode

/** In this order they are counted; each reason for which a request is refused stands here. */
const OUTCOME_NUMBERS: Readonly<Record<Outcome, number>> = {
  answered: 0,
  malformed: 1,
  not_connected: 2,
  not_served: 3,
  denied: 4,
  torrents_full: 5,
  peers_full: 6,
  busy: 7,
  store_failed: 8,
}
export const OUTCOMES = Object.keys(OUTCOME_NUMBERS) as readonly Outcome[]
const FRONT_NUMBERS: Readonly<Record<CounterName, number>> = { http: 0, udp: 1, ws: 2, catalogue: 3 }

export interface TrackerCounts {
  readonly announces: number
  readonly scrapes: number
  /** Announces and scrapes that were refused: malformed, not served, or more than there is room for. */
  readonly failures: number
  /** Requests that were not looked at, because their address asks too often. */
  readonly limited: number
}

export class Tally {
  readonly #announces = new Float64Array(FRONTS.length * OUTCOMES.length)
  readonly #scrapes = new Float64Array(FRONTS.length * OUTCOMES.length)
  readonly #limited = new Float64Array(COUNTERS.length)

  count(front: FrontName, kind: Kind, outcome: Outcome): void {
    const counts = kind === 'announce' ? this.#announces : this.#scrapes
    const at = FRONT_NUMBERS[front] * OUTCOMES.length + OUTCOME_NUMBERS[outcome]
    counts[at] = (counts[at] ?? 0) + 1
  }

  countLimited(counter: CounterName): void {
    const at = FRONT_NUMBERS[counter]
    this.#limited[at] = (this.#limited[at] ?? 0) + 1
  }

  of(front: FrontName, kind: Kind, outcome: Outcome): number {
    const counts = kind === 'announce' ? this.#announces : this.#scrapes
    return counts[FRONT_NUMBERS[front] * OUTCOMES.length + OUTCOME_NUMBERS[outcome]] ?? 0
  }

  limitedOf(counter: CounterName): number {
    return this.#limited[FRONT_NUMBERS[counter]] ?? 0
  }

  /** Of all fronts together. */
  refused(code: RefusalCode): number {
    let sum = 0
    for (const front of FRONTS) for (const kind of KINDS) sum += this.of(front, kind, code)
    return sum
  }

  totals(): TrackerCounts {
    const sumOf = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0)
    const [announces, scrapes] = [sumOf(this.#announces), sumOf(this.#scrapes)]
    let answered = 0
    for (const front of FRONTS) for (const kind of KINDS) answered += this.of(front, kind, 'answered')
    return { announces, scrapes, failures: announces + scrapes - answered, limited: sumOf(this.#limited) }
  }
}
