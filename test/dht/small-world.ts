/** A small world of nodes of the DHT, without the simulator: datagrams that take a while, get lost, come twice or late. */
import { DhtCore, type DhtEffect, type DhtSettings } from '../../src/dht/core.js'
import type { SearchPurpose, SearchResult } from '../../src/dht/search.js'
import { mix } from '../../src/random.js'
import { type PeerAddress, showAddress } from '../../src/values.js'

export interface Weather {
  readonly lossRate?: number
  readonly duplicateRate?: number
  readonly delayMs?: number
}

interface Delivery {
  readonly at: number
  readonly order: number
  act(): void
}

/** Bytes that are the same for the same seed. */
export const chanceOf = (seed: number): ((length: number) => Uint8Array) => {
  let draws = 0
  return (length) => Uint8Array.from({ length }, () => mix(mix(seed, 77), ++draws) & 0xff)
}

export interface Inhabitant {
  readonly core: DhtCore
  readonly address: PeerAddress
  readonly peers: Map<number, PeerAddress[]>
  readonly results: Map<number, SearchResult>
  readonly seenAt: PeerAddress[]
  up: boolean
}

/** Hosts of the internet, no two of one /24. */
export const hostOf = (number: number): string => `${20 + (number >> 14)}.${(number >> 6) & 255}.${(number & 63) * 4}.9`

export class SmallWorld {
  now = 1_700_000_000_000
  datagrams = 0
  readonly nodes = new Map<string, Inhabitant>()
  /** Whoever is at an address without a node. */
  readonly strangers = new Map<string, (bytes: Uint8Array, from: PeerAddress) => void>()
  #queue: Delivery[] = []
  #order = 0
  readonly #chance: (length: number) => Uint8Array

  constructor(
    readonly seed = 1,
    public weather: Weather = {},
  ) {
    this.#chance = chanceOf(seed)
  }

  add(address: PeerAddress, settings: Partial<DhtSettings> = {}): Inhabitant {
    const core = new DhtCore(
      { families: ['ipv4'], entropy: chanceOf(mix(this.seed, this.nodes.size + 1)), ...settings },
      this.now,
    )
    const node: Inhabitant = { core, address, peers: new Map(), results: new Map(), seenAt: [], up: true }
    this.nodes.set(showAddress(address), node)
    this.#tickLater(node)
    return node
  }

  remove(node: Inhabitant): void {
    node.up = false
    this.nodes.delete(showAddress(node.address))
  }

  perform(node: Inhabitant, effects: readonly DhtEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.send(effect.bytes, node.address, effect.to)
      else if (effect.type === 'found')
        node.peers.set(effect.search, [...(node.peers.get(effect.search) ?? []), ...effect.peers])
      else if (effect.type === 'ended') node.results.set(effect.search, effect.result)
      else node.seenAt.push(effect.address)
    }
  }

  send(bytes: Uint8Array, from: PeerAddress, to: PeerAddress): void {
    this.datagrams++
    const { lossRate = 0, duplicateRate = 0, delayMs = 50 } = this.weather
    const [first = 0, second = 0, third = 0] = this.#chance(3)
    if (first / 256 < lossRate) return
    const copies = second / 256 < duplicateRate ? 2 : 1
    for (let copy = 0; copy < copies; copy++)
      this.#at(this.now + 1 + Math.floor((delayMs * (third + copy * 64)) / 128), () => {
        const node = this.nodes.get(showAddress(to))
        if (node !== undefined) this.perform(node, node.core.receive(bytes, from, this.now))
        else this.strangers.get(showAddress(to))?.(bytes, from)
      })
  }

  /** Everybody asks the first one for others. */
  join(node: Inhabitant, entry: PeerAddress): void {
    node.core.enter([entry], false)
    this.perform(node, node.core.bootstrap(this.now))
  }

  search(node: Inhabitant, purpose: SearchPurpose): number {
    const { number, effects } = node.core.search(purpose, this.now)
    this.perform(node, effects)
    return number
  }

  /** Searches, and lets time pass until it has ended. */
  searched(
    node: Inhabitant,
    purpose: SearchPurpose,
  ): { readonly peers: readonly PeerAddress[]; readonly result: SearchResult } {
    const number = this.search(node, purpose)
    for (let seconds = 0; seconds < 300; seconds++) {
      this.run(1_000)
      const result = node.results.get(number)
      if (result !== undefined) return { peers: node.peers.get(number) ?? [], result }
    }
    throw new Error('the search did not end')
  }

  run(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const next = this.#queue[0]
      if (next === undefined || next.at > until) break
      this.#pop()
      this.now = next.at
      next.act()
    }
    this.now = until
  }

  #tickLater(node: Inhabitant): void {
    this.#at(node.core.wakeAt(this.now), () => {
      if (!node.up) return
      this.perform(node, node.core.tick(this.now))
      this.#tickLater(node)
    })
  }

  #at(at: number, act: () => void): void {
    const delivery = { at, order: this.#order++, act }
    const queue = this.#queue
    let place = queue.length
    queue.push(delivery)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = queue[parent] as Delivery
      if (!isBefore(delivery, above)) break
      queue[place] = above
      place = parent
    }
    queue[place] = delivery
  }

  #pop(): void {
    const queue = this.#queue
    const last = queue.pop()
    if (last === undefined || queue.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= queue.length) break
      if (child + 1 < queue.length && isBefore(queue[child + 1] as Delivery, queue[child] as Delivery)) child++
      if (!isBefore(queue[child] as Delivery, last)) break
      queue[place] = queue[child] as Delivery
      place = child
    }
    queue[place] = last
  }
}

const isBefore = (left: Delivery, right: Delivery): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order)
