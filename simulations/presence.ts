/**
 * Presence: when each leecher of a swarm is there, from its arrival until it leaves for good.
 *
 * A leecher arrives, stays for a session, and leaves; unfinished, it may come back after an absence, with what it has
 * stored, and stay for another one. Once it finished it stays as long as seeds do, and does not come back. The first seeds
 * may leave, too, when the leechers can do without them.
 */
import { assert } from '../src/assert.js'
import { Census } from './census.js'
import { drawArrivals } from './churn/arrivals.js'
import { type Duration, drawDuration } from './churn/durations.js'
import type { Content } from './content.js'
import type { SimulatedNode } from './node.js'
import type { Chance } from './random.js'
import type { RunSettings } from './settings.js'
import type { Swarm } from './swarm.js'
import { US_PER_SECOND } from './world.js'

/** How often it is looked whether the first seeds may leave. */
const LOOK_SECONDS = 1

export class Presence {
  readonly finished = new Set<SimulatedNode>()
  /** Those that left unfinished, for good. */
  readonly aborted = new Set<SimulatedNode>()
  /** Leechers that are there now, finished or not. */
  readonly there = new Set<SimulatedNode>()
  /** When the last leecher arrives. */
  readonly lastArrivalSeconds: number
  /** When the first seeds left. */
  seedsLeftSeconds: number | undefined
  onFinished: (node: SimulatedNode) => void = () => undefined
  readonly #swarm: Swarm
  readonly #settings: RunSettings
  readonly #seeds: readonly SimulatedNode[]
  readonly #leechers: readonly SimulatedNode[]
  readonly #chances: ReadonlyMap<SimulatedNode, Chance>
  readonly #census: Census
  /** Leechers that came so far. */
  arrivals = 0
  #sessions = 0
  /** Leechers before this one are decided: they finished, or left for good. */
  #undecided = 0

  constructor(
    swarm: Swarm,
    settings: RunSettings,
    seeds: readonly SimulatedNode[],
    leechers: readonly SimulatedNode[],
  ) {
    this.#swarm = swarm
    this.#settings = settings
    this.#seeds = seeds
    this.#leechers = leechers
    this.#chances = new Map(leechers.map((node) => [node, swarm.world.chance('presence', node.number)]))
    const { clubPeers, peers, trace, limitSeconds, warmupSeconds } = settings
    const others = drawArrivals({ ...settings, peers: peers - clubPeers }, swarm.world.chance('arrivals'))
    const arrivals = [...Array.from({ length: clubPeers }, () => 0), ...others]
    this.lastArrivalSeconds = arrivals.at(-1) ?? 0
    // A steady state is over when nobody comes any more; whatever else is measured is measured to its end.
    const isSteady = warmupSeconds > 0 && this.lastArrivalSeconds > warmupSeconds
    this.#census = new Census(warmupSeconds, isSteady ? this.lastArrivalSeconds : Number.POSITIVE_INFINITY)
    for (const [number, node] of leechers.entries()) {
      node.away = true
      const at = arrivals[number] ?? 0
      if (at > limitSeconds) continue
      const traced = trace[number - clubPeers]?.sessionSeconds
      swarm.at(at, () => this.#arrive(node, traced), node.number)
    }
    const isLeecher = new Set(leechers)
    swarm.onCompleted = (node) => {
      if (isLeecher.has(node) && !this.finished.has(node)) this.#finish(node)
    }
    if (settings.seedsLeaveAtShare > 0) this.#lookAtSeeds()
  }

  /** Nobody will finish any more who did not. */
  over(): boolean {
    for (;;) {
      const node = this.#leechers[this.#undecided]
      if (node === undefined) return true
      if (!this.finished.has(node) && !node.retired) return false
      this.#undecided++
    }
  }

  /** How many pieces of all torrents somebody stored who did not leave for good. */
  held(nodes: readonly SimulatedNode[]): number {
    const held = new Map<Content, Set<number>>(this.#swarm.contents.map((content) => [content, new Set()]))
    for (const node of nodes)
      for (const { content, watch } of node.retired ? [] : node.holdings)
        for (const piece of watch.durable) held.get(content)?.add(piece)
    return [...held.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** The first seeds left, and nobody has a piece that anybody still misses. */
  stuck(): boolean {
    if (this.seedsLeftSeconds === undefined || this.arrivals < this.#leechers.length) return false
    const held = this.held(this.#swarm.nodes)
    const has = ({ holdings }: SimulatedNode): number =>
      holdings.reduce((sum, { watch }) => sum + watch.durable.size, 0)
    return this.#leechers.every((node) => node.retired || has(node) === held)
  }

  measured(): Readonly<Record<string, number>> {
    const pieces = this.#swarm.pieces
    const held = this.seedsLeftSeconds === undefined ? pieces : this.held(this.#swarm.nodes)
    return {
      ...this.#census.measured(this.#swarm.seconds),
      arrivals: this.arrivals,
      lastArrivalSeconds: this.lastArrivalSeconds,
      sessions: this.#sessions,
      bans: this.#leechers.reduce((sum, node) => sum + node.sum(({ banned }) => banned), 0),
      ...(this.seedsLeftSeconds === undefined ? {} : { seedsLeftSeconds: this.seedsLeftSeconds }),
      lostPieces: pieces - held,
    }
  }

  #arrive(node: SimulatedNode, sessionSeconds: number | undefined): void {
    this.arrivals++
    this.#come(node, sessionSeconds)
  }

  #come(node: SimulatedNode, given: number | undefined): void {
    if (node.retired) return
    const { seconds } = this.#swarm
    this.#sessions++
    node.come()
    this.there.add(node)
    this.#census.leecherComes(seconds)
    const session = given ?? this.#draw(this.#settings.sessions, node)
    if (session < Number.POSITIVE_INFINITY) this.#swarm.at(seconds + session, () => this.#endSession(node), node.number)
  }

  #endSession(node: SimulatedNode): void {
    if (!this.there.has(node)) return
    if (!this.finished.has(node)) this.#leave(node)
    else if (this.#settings.seedStay.type === 'session') this.#leaveAsSeed(node)
  }

  #leave(node: SimulatedNode): void {
    const { seconds } = this.#swarm
    const absence = this.#draw(this.#settings.absences, node)
    const forGood = absence === Number.POSITIVE_INFINITY
    this.there.delete(node)
    this.#census.leecherLeaves(seconds, forGood)
    if (forGood) {
      this.aborted.add(node)
      node.retired = true
    } else this.#swarm.at(seconds + absence, () => this.#comeBack(node), node.number)
    node.leave()
  }

  #comeBack(node: SimulatedNode): void {
    if (!this.finished.has(node)) this.#come(node, undefined)
  }

  #finish(node: SimulatedNode): void {
    const { seconds, world } = this.#swarm
    const { seedStay } = this.#settings
    // Its last piece may be stored while it is leaving.
    const wasThere = this.there.has(node)
    this.finished.add(node)
    this.aborted.delete(node)
    if (!wasThere) this.#census.leecherComes(seconds)
    this.#census.finishes(seconds, (world.now - (node.startedAt ?? 0)) / US_PER_SECOND)
    if (!wasThere) this.#census.seedLeaves(seconds)
    else if (seedStay.type !== 'session') {
      const stay = this.#draw(seedStay, node)
      if (stay < Number.POSITIVE_INFINITY) this.#swarm.at(seconds + stay, () => this.#leaveAsSeed(node), node.number)
    }
    this.onFinished(node)
  }

  #leaveAsSeed(node: SimulatedNode): void {
    this.there.delete(node)
    this.#census.seedLeaves(this.#swarm.seconds)
    node.retired = true
    node.leave()
  }

  #draw(length: Duration, node: SimulatedNode): number {
    const chance = this.#chances.get(node)
    assert(chance !== undefined, 'each leecher has its own')
    return drawDuration(length, chance)
  }

  #lookAtSeeds(): void {
    this.#swarm.at(this.#swarm.seconds + LOOK_SECONDS, () => {
      const least = this.#settings.seedsLeaveAtShare * this.#swarm.pieces
      if (this.held(this.#leechers) < least) {
        this.#lookAtSeeds()
        return
      }
      this.seedsLeftSeconds = this.#swarm.seconds
      for (const seed of this.#seeds) {
        seed.retired = true
        seed.leave()
      }
    })
  }
}
