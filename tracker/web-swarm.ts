/** One swarm of peers over sockets: who is in it, which of them are chosen, and the offers that they have made. */
import { assert, present } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import type { ScrapeCounts } from '../src/wire/scrape.js'
import type { WebId } from '../src/wire/websocketrequest.js'
import type { Draw } from './sample.js'

/** A socket, as swarms know it. */
export interface WebLink {
  /** Takes a message to be sent, or loses it where too much waits already. */
  send(message: string): void
  /** Those that come by it. */
  readonly peers: Set<WebPeer>
}

interface Offered {
  readonly to: WebPeer
  readonly untilMs: number
}

export class WebPeer {
  readonly swarm: WebSwarm
  readonly link: WebLink
  readonly id: WebId
  seed = false
  /** Whether it may be passed offers. */
  takesOffers = false
  seenMs = 0
  /** Its place in the group that it stands in. */
  place = 0
  /** By the ids of its offers, the oldest first. Made where there are any: who is alone has none. */
  #offered: Map<WebId, Offered> | undefined

  constructor(swarm: WebSwarm, link: WebLink, id: WebId) {
    this.swarm = swarm
    this.link = link
    this.id = id
  }

  get group(): number {
    return (this.seed ? 1 : 0) + (this.takesOffers ? 0 : 2)
  }

  /** An offer of its own was passed to another peer. */
  offered(offerId: WebId, to: WebPeer, nowMs: number): void {
    this.#offered ??= new Map()
    for (const [id, { untilMs }] of this.#offered) {
      if (nowMs < untilMs && this.#offered.size < LIMITS.trackerWebOffersKept) break
      this.#offered.delete(id)
    }
    this.#offered.set(offerId, { to, untilMs: nowMs + LIMITS.trackerWebOfferMs })
  }

  /** Whether that peer may answer this offer; then it has, and may not do so again. */
  answered(offerId: WebId, by: WebPeer, nowMs: number): boolean {
    const offer = this.#offered?.get(offerId)
    if (offer === undefined || offer.to !== by || nowMs >= offer.untilMs) return false
    this.#offered?.delete(offerId)
    return true
  }
}

export class WebSwarm {
  /** The info-hash as latin1 text. */
  readonly key: string
  readonly peers = new Map<WebId, WebPeer>()
  /** How often it was completed. */
  downloaded = 0
  /** Leeches and seeds that take offers, and those that take none; in no order. */
  readonly #groups: readonly WebPeer[][] = [[], [], [], []]

  constructor(key: string) {
    this.key = key
  }

  counts(): ScrapeCounts {
    const [leeches = [], seeds = [], silentLeeches = [], silentSeeds = []] = this.#groups
    const [complete, incomplete] = [seeds.length + silentSeeds.length, leeches.length + silentLeeches.length]
    return { complete, incomplete, downloaded: this.downloaded }
  }

  add(peer: WebPeer): void {
    this.peers.set(peer.id, peer)
    this.#enter(peer)
  }

  change(peer: WebPeer, seed: boolean, takesOffers: boolean): void {
    if (peer.seed === seed && peer.takesOffers === takesOffers) return
    this.#exit(peer)
    peer.seed = seed
    peer.takesOffers = takesOffers
    this.#enter(peer)
  }

  remove(peer: WebPeer): void {
    this.#exit(peer)
    this.peers.delete(peer.id)
  }

  /** Up to `wanted` others that take offers, each as likely as any other; of seeds, none is drawn for a seed. */
  draw(asker: WebPeer, wanted: number, random: Draw): readonly WebPeer[] {
    const [leeches = [], seeds = []] = this.#groups
    const decks = asker.seed ? [leeches] : [leeches, seeds]
    const drawn = [0, 0]
    const chosen: WebPeer[] = []
    // The front of each group is what was drawn of it.
    for (let left = leeches.length + (asker.seed ? 0 : seeds.length); left > 0 && chosen.length < wanted; left--) {
      let at = random(left)
      const inFirst = leeches.length - (drawn[0] ?? 0)
      const number = at < inFirst ? 0 : 1
      if (number === 1) at -= inFirst
      const deck = present(decks[number], 'a group that is drawn from')
      const from = drawn[number] ?? 0
      const peer = present(deck[from + at], 'the peer that was drawn')
      swap(deck, from, from + at)
      drawn[number] = from + 1
      if (peer !== asker) chosen.push(peer)
    }
    return chosen
  }

  #groupOf(peer: WebPeer): WebPeer[] {
    return present(this.#groups[peer.group], 'a group of peers')
  }

  #enter(peer: WebPeer): void {
    peer.place = this.#groupOf(peer).push(peer) - 1
  }

  #exit(peer: WebPeer): void {
    const group = this.#groupOf(peer)
    swap(group, peer.place, group.length - 1)
    assert(group.pop() === peer, 'the last of a group is the one that leaves it')
  }
}

const swap = (group: WebPeer[], left: number, right: number): void => {
  const leftPeer = present(group[left], 'a peer of the group')
  const rightPeer = present(group[right], 'a peer of the group')
  group[left] = rightPeer
  group[right] = leftPeer
  rightPeer.place = left
  leftPeer.place = right
}
