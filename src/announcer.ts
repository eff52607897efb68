/** The announcer: announces and scrapes under way, and farewells, which a closing transfer waits for a little. */
import type { Effect, Input } from './actors/vocabulary.js'
import type { Cancel, Discovery, LookUp, PeerSearch } from './ports.js'

export interface AnnouncerOptions {
  readonly discovery: Discovery
  /** The port that others reach us at, as far as is known now. */
  publicPort(): number
  give(input: Input): void
  readonly lookUp: LookUp
  /** No farewell is under way any more. */
  rested(): void
}

export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #announces = new Set<Cancel>()
  readonly #farewells = new Set<Cancel>()

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  get sayingFarewell(): boolean {
    return this.#farewells.size > 0
  }

  announce({ tracker, request }: Extract<Effect, { type: 'announce' }>): void {
    const { discovery, publicPort, give, rested } = this.#options
    const port = publicPort()
    const pending = request.event === 'stopped' ? this.#farewells : this.#announces
    const cancel = discovery.announce(tracker, { ...request, port }, (answer) => {
      pending.delete(cancel)
      if (pending === this.#farewells) rested()
      else
        give({
          to: 'trackers',
          input:
            answer.type === 'done'
              ? { type: 'announce-answered', tracker, answer: answer.value, port }
              : { type: 'announce-failed', tracker, failure: answer.failure },
        })
    })
    pending.add(cancel)
  }

  scrape({ tracker, infoHash }: Extract<Effect, { type: 'scrape' }>): void {
    const cancel = this.#options.discovery.scrape(tracker, infoHash, (answer) => {
      this.#announces.delete(cancel)
      this.#options.give({
        to: 'trackers',
        input:
          answer.type === 'done'
            ? { type: 'scrape-answered', tracker, answer: answer.value }
            : { type: 'scrape-failed', tracker, failure: answer.failure },
      })
    })
    this.#announces.add(cancel)
  }

  lookUp({ infoHash }: Extract<Effect, { type: 'look-up' }>): void {
    const { give } = this.#options
    const search: PeerSearch = {
      found: (addresses) => give({ to: 'transfer', input: { type: 'peers-found', source: 'dht', addresses } }),
      ended: ({ asked, answered, peers, stored: announced }) => {
        this.#announces.delete(cancel)
        give({ to: 'trackers', input: { type: 'dht-answered', asked, answered, peers, announced } })
      },
    }
    const cancel = this.#options.lookUp(infoHash, search)
    this.#announces.add(cancel)
  }

  cutFarewells(): void {
    for (const cancel of this.#farewells) cancel()
    this.#farewells.clear()
    this.#options.rested()
  }

  stop(): void {
    for (const cancel of this.#announces) cancel()
    this.#announces.clear()
    this.cutFarewells()
  }
}
