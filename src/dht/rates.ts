/** How often each host may ask: a bucket for each that leaks so many questions a second, and one for all of them. */
import { LIMITS } from '../limits.js'

export class Rates {
  /** When the bucket of each host is empty again; those that were seen last come last. */
  readonly #emptyAt = new Map<string, number>()
  #allEmptyAt = 0

  /** Whether the host may ask once more; if so, that counts. */
  takes(host: string, now: number): boolean {
    const all = Math.max(this.#allEmptyAt, now) + 1_000 / LIMITS.dhtQuestionsPerSecond
    if (all - now > LIMITS.dhtBurstMs) return false
    const emptyAt = Math.max(this.#emptyAt.get(host) ?? 0, now) + 1_000 / LIMITS.dhtQuestionsPerHostSecond
    if (emptyAt - now > LIMITS.dhtBurstMs) return false
    this.#allEmptyAt = all
    this.#emptyAt.delete(host)
    this.#emptyAt.set(host, emptyAt)
    const [oldest] = this.#emptyAt.keys()
    if (this.#emptyAt.size > LIMITS.dhtRatedHostsMax && oldest !== undefined) this.#emptyAt.delete(oldest)
    return true
  }
}
