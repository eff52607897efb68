/** The announcer: announces and scrapes under way, and farewells, which a closing transfer waits for a little. */
import type { Effect, Input, TrackersInput } from './actors/vocabulary.js'
import type { Answer, Cancel, Discovery, LookUp, PeerSearch } from './ports.js'
import { type InfoHash, showAddress } from './values.js'
import type { AnnounceAnswer } from './wire/tracker.js'

export interface AnnouncerOptions {
  readonly discovery: Discovery
  /** By which trackers and the DHT know the torrent, as far as is known now. */
  infoHashes(): readonly InfoHash[]
  /** The user named this tracker. */
  trusts(tracker: string): boolean
  /** The port that others reach us at, as far as is known now. */
  publicPort(): number
  give(input: Input): void
  readonly lookUp: LookUp
  /** No farewell is under way any more. */
  rested(): void
}

/** What one tracker answered of each hash; a refusal counts where there is nothing else. */
const joined = (tracker: string, answers: readonly Answer<AnnounceAnswer>[], port: number): TrackersInput => {
  const [first, ...more] = answers.flatMap((answer) => (answer.type === 'done' ? [answer.value] : []))
  if (first === undefined) {
    const failed = answers.find((answer) => answer.type === 'failed')
    const failure = failed?.type === 'failed' ? failed.failure : { code: 'GARBAGE', message: 'no answer' }
    return { type: 'announce-failed', tracker, failure }
  }
  if (more.length === 0) return { type: 'announce-answered', tracker, answer: first, port }
  const peers = new Map([first, ...more].flatMap((each) => each.peers.map((peer) => [showAddress(peer), peer])))
  return { type: 'announce-answered', tracker, answer: { ...first, peers: [...peers.values()] }, port }
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

  /** A hybrid is told of by each of its hashes, and what their swarms have counts as one (BEP 52). */
  announce({ tracker, request }: Extract<Effect, { type: 'announce' }>): void {
    const { discovery, trusts, publicPort, give, rested } = this.#options
    const infoHashes = this.#options.infoHashes()
    const port = publicPort()
    const pending = request.event === 'stopped' ? this.#farewells : this.#announces
    const answers: Answer<AnnounceAnswer>[] = []
    for (const infoHash of infoHashes) {
      const cancel = discovery.announce(
        tracker,
        { ...request, infoHash, port },
        (answer) => {
          pending.delete(cancel)
          answers.push(answer)
          if (pending === this.#farewells) rested()
          else if (answers.length === infoHashes.length) give({ to: 'trackers', input: joined(tracker, answers, port) })
        },
        trusts(tracker),
      )
      pending.add(cancel)
    }
  }

  scrape({ tracker, infoHash }: Extract<Effect, { type: 'scrape' }>): void {
    const cancel = this.#options.discovery.scrape(
      tracker,
      infoHash,
      (answer) => {
        this.#announces.delete(cancel)
        this.#options.give({
          to: 'trackers',
          input:
            answer.type === 'done'
              ? { type: 'scrape-answered', tracker, answer: answer.value }
              : { type: 'scrape-failed', tracker, failure: answer.failure },
        })
      },
      this.#options.trusts(tracker),
    )
    this.#announces.add(cancel)
  }

  /** By all hashes that the torrent has; the answer is that of all of them together. */
  lookUp(): void {
    const { give } = this.#options
    const infoHashes = this.#options.infoHashes()
    const sum = { asked: 0, answered: 0, peers: 0, announced: 0 }
    let left = infoHashes.length
    for (const infoHash of infoHashes) {
      const search: PeerSearch = {
        found: (addresses) => give({ to: 'transfer', input: { type: 'peers-found', source: 'dht', addresses } }),
        ended: ({ asked, answered, peers, stored }) => {
          this.#announces.delete(cancel)
          sum.asked += asked
          sum.answered += answered
          sum.peers += peers
          sum.announced += stored
          if (--left === 0) give({ to: 'trackers', input: { type: 'dht-answered', ...sum } })
        },
      }
      const cancel = this.#options.lookUp(infoHash, search)
      this.#announces.add(cancel)
    }
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
