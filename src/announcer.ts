/** The announcer: announces under way, and farewells, which a closing transfer waits for a little. */
import type { Effect, Input } from './actors/vocabulary.js'
import type { Cancel, Discovery } from './ports.js'

export interface AnnouncerOptions {
  readonly discovery: Discovery
  readonly listenPort: number
  give(input: Input): void
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
    const { discovery, listenPort, give, rested } = this.#options
    const pending = request.event === 'stopped' ? this.#farewells : this.#announces
    const cancel = discovery.announce(tracker, { ...request, port: listenPort }, (answer) => {
      pending.delete(cancel)
      if (pending === this.#farewells) rested()
      else
        give({
          to: 'trackers',
          input:
            answer.type === 'done'
              ? { type: 'announce-answered', tracker, answer: answer.value }
              : { type: 'announce-failed', tracker, failure: answer.failure },
        })
    })
    pending.add(cancel)
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
