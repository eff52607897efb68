/** The store in memory: swarms of this process, which end with it. */

import type { StoreAnswer, SwarmStore } from './store.js'
import {
  announce,
  announcedPeers,
  compactBytes,
  createSwarmState,
  type Draw,
  type Refusal,
  type SwarmRequest,
  type SwarmSettings,
  type SwarmState,
  type SwarmStats,
  scrape,
  swarmStats,
  writeCompact,
} from './swarm.js'

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
    const { complete, incomplete, downloaded, chosen } = answer
    return {
      type: 'answer',
      complete,
      incomplete,
      downloaded,
      compactBytes: (family) => compactBytes(chosen, family),
      writeCompact: (family, into, offset) => writeCompact(state, chosen, family, into, offset),
      named: () => announcedPeers(state, chosen),
    }
  }

  scrape(infoHashes: Parameters<SwarmStore['scrape']>[0], nowMs: number): ReturnType<typeof scrape> {
    return scrape(this.state, infoHashes, nowMs)
  }

  stats(nowMs: number): SwarmStats {
    return swarmStats(this.state, nowMs)
  }

  async close(): Promise<void> {}
}
