/** Filling the swarms of a tracker with what was kept of them, in any order. */
import type { PeerRecord, SwarmRecord } from './swarm-records.js'
import {
  addPeer,
  addSwarm,
  advance,
  findSwarm,
  leechesIn,
  type Swarm,
  type SwarmState,
  seedsIn,
  setPeerId,
} from './swarm-state.js'

const oldestFirst = (times: readonly number[]): Uint32Array =>
  Uint32Array.from(times.keys()).sort((left, right) => (times[left] ?? 0) - (times[right] ?? 0))

/**
 * All that was kept comes back, also where limits were lowered meanwhile: those refuse newcomers, and put nobody out.
 * Times that lie ahead (a clock may have been set back) become now.
 */
export class SwarmRestore {
  readonly #state: SwarmState
  readonly #nowMs: number
  /** By slot, and slots of an empty table are given out in order. */
  readonly #seenMs: number[] = []
  readonly #leftMs = new Map<Swarm, number>()

  constructor(state: SwarmState, nowMs: number) {
    this.#state = state
    this.#nowMs = nowMs
  }

  /** False for a peer whose time is over, which is not taken. */
  addPeer({ infoHash, host, port, peerId, seed, seenMs }: PeerRecord): boolean {
    const state = this.#state
    if (this.#nowMs - seenMs >= state.expiryMs) return false
    const swarm = findSwarm(state, infoHash) ?? addSwarm(state, infoHash)
    const slot = addPeer(state, swarm, host, port, seed)
    setPeerId(state, swarm, slot, peerId)
    this.#seenMs[slot] = Math.min(seenMs, this.#nowMs)
    return true
  }

  addSwarm({ infoHash, downloaded, leftMs }: SwarmRecord): void {
    const swarm = findSwarm(this.#state, infoHash) ?? addSwarm(this.#state, infoHash)
    swarm.downloaded = downloaded
    this.#leftMs.set(swarm, leftMs === 0 ? this.#nowMs : Math.min(leftMs, this.#nowMs))
  }

  /** To be called once, when everything was added. */
  finish(): void {
    const state = this.#state
    for (const slot of oldestFirst(this.#seenMs)) state.peersSeen.see(slot, this.#seenMs[slot] ?? 0)
    const empty: { swarm: Swarm; leftMs: number }[] = []
    for (const [swarm, leftMs] of this.#leftMs) {
      if (seedsIn(state, swarm) + leechesIn(state, swarm) === 0) empty.push({ swarm, leftMs })
    }
    empty.sort((left, right) => left.leftMs - right.leftMs)
    for (const { swarm, leftMs } of empty) state.swarmsLeft.see(swarm.number, leftMs)
    advance(state, this.#nowMs)
  }
}
