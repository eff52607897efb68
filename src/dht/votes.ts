/** Where we are seen from outside, by the word of many (BEP 42): one liar, or one network of them, decides nothing. */
import { LIMITS } from '../limits.js'
import { mayName } from '../wire/hostscope.js'
import { networkOf } from './contact.js'

export class Votes {
  /** The last word of each network, the newest last. */
  readonly #votes = new Map<string, string>()

  /** One whom we asked says where it sees us. */
  cast(voter: string, host: string): void {
    if (!mayName(voter, host)) return
    const name = networkOf(voter) ?? voter
    this.#votes.delete(name)
    this.#votes.set(name, host)
    const [oldest] = this.#votes.keys()
    if (this.#votes.size > LIMITS.dhtVotesKept && oldest !== undefined) this.#votes.delete(oldest)
  }

  /** The host that more than half of them name, where enough have said something. */
  winner(): string | undefined {
    if (this.#votes.size < LIMITS.dhtVotesNeeded) return undefined
    const counts = new Map<string, number>()
    for (const host of this.#votes.values()) counts.set(host, (counts.get(host) ?? 0) + 1)
    for (const [host, count] of counts) if (count > this.#votes.size / 2) return host
    return undefined
  }
}
