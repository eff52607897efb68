/** The store in memory: swarms of this process, which end with it. */

import type { AnnouncedPeer } from '../src/wire/announceanswer.js'
import type { Family } from '../src/wire/datagram.js'
import type { Chosen } from './chosen.js'
import type { StoreAnswer, SwarmStore } from './store.js'
import {
  announce,
  announcedPeers,
  compactBytes,
  createSwarmState,
  type Draw,
  type Refusal,
  type SwarmAnswer,
  type SwarmRequest,
  type SwarmSettings,
  type SwarmState,
  type SwarmStats,
  scrape,
  swarmStats,
  writeCompact,
} from './swarm.js'

/** A class, since one is made for each announce: its methods are made once. */
class MemoryAnswer implements StoreAnswer {
  readonly type = 'answer'
  readonly complete: number
  readonly incomplete: number
  readonly downloaded: number
  readonly #state: SwarmState
  readonly #chosen: Chosen

  constructor(state: SwarmState, { complete, incomplete, downloaded, chosen }: SwarmAnswer) {
    this.complete = complete
    this.incomplete = incomplete
    this.downloaded = downloaded
    this.#state = state
    this.#chosen = chosen
  }

  compactBytes(family: Family): number {
    return compactBytes(this.#chosen, family)
  }

  writeCompact(family: Family, into: Uint8Array, offset: number): void {
    writeCompact(this.#state, this.#chosen, family, into, offset)
  }

  named(): readonly AnnouncedPeer[] {
    return announcedPeers(this.#state, this.#chosen)
  }
}

export class MemoryStore implements SwarmStore {
  readonly state: SwarmState
  readonly #random: Draw

  constructor(settings: SwarmSettings, random: Draw) {
    this.state = createSwarmState(settings)
    this.#random = random
  }

  announce(request: SwarmRequest, nowMs: number): StoreAnswer | Refusal {
    const { state } = this
    const answer = announce(state, request, nowMs, this.#random)
    if (answer.type === 'refusal') return answer
    return new MemoryAnswer(state, answer)
  }

  scrape(infoHashes: Parameters<SwarmStore['scrape']>[0], nowMs: number): ReturnType<typeof scrape> {
    return scrape(this.state, infoHashes, nowMs)
  }

  stats(nowMs: number): SwarmStats {
    return swarmStats(this.state, nowMs)
  }

  async close(): Promise<void> {}
}
