/** A store whose counts are those of its peers and of the peers over WebSocket, which no store has, together. */
import type { InfoHash } from '../src/values.js'
import type { ScrapeCounts, ScrapeFile } from '../src/wire/scrape.js'
import { type Soon, type StoreAnswer, type SwarmStore, soon } from './store.js'
import type { Refusal, SwarmRequest, SwarmStats } from './swarm.js'
import type { WebSwarms } from './web-swarms.js'

export class CountedStore implements SwarmStore {
  readonly #store: SwarmStore
  readonly #web: WebSwarms

  constructor(store: SwarmStore, web: WebSwarms) {
    this.#store = store
    this.#web = web
  }

  announce(request: SwarmRequest, nowMs: number): Soon<StoreAnswer | Refusal> {
    return soon(this.#store.announce(request, nowMs), (answer) =>
      answer.type === 'refusal' ? answer : this.#answered(request.infoHash, answer),
    )
  }

  scrape(infoHashes: readonly InfoHash[], nowMs: number): Soon<readonly ScrapeFile[]> {
    return soon(this.#store.scrape(infoHashes, nowMs), (files) =>
      files.map((file) => ({ infoHash: file.infoHash, ...this.#counted(file.infoHash, file) })),
    )
  }

  stats(nowMs: number): Soon<SwarmStats> {
    return soon(this.#store.stats(nowMs), (stats) => {
      const web = this.#web.stats()
      const { torrents, peers, seeds } = stats
      return {
        ...stats,
        ...{ torrents: torrents + web.torrents, peers: peers + web.peers, seeds: seeds + web.seeds, web },
      }
    })
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** What peers are told of stays that of the store. */
  #answered(infoHash: InfoHash, answer: StoreAnswer): StoreAnswer {
    return {
      type: 'answer',
      ...this.#counted(infoHash, answer),
      compactBytes: (family) => answer.compactBytes(family),
      writeCompact: (family, into, offset) => answer.writeCompact(family, into, offset),
      named: () => answer.named(),
    }
  }

  #counted(infoHash: InfoHash, { complete, incomplete, downloaded }: ScrapeCounts): ScrapeCounts {
    const web = this.#web.counts(infoHash)
    if (web === undefined) return { complete, incomplete, downloaded }
    return {
      complete: complete + web.complete,
      incomplete: incomplete + web.incomplete,
      downloaded: downloaded + web.downloaded,
    }
  }
}
