/**
 * Swarms of peers that nobody can dial, as they are in browsers: they are reached over the socket that they came by, for
 * as long as it is open, and are passed each other's offers and answers.
 *
 * They stand apart from peers with addresses: who has an address can do nothing with them, nor they with it. What a peer
 * may answer is what was passed to it, so each offer is remembered while it can be answered.
 */
import { present } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import type { InfoHash } from '../src/values.js'
import { latin1Text } from '../src/wire/bencode.js'
import type { ScrapeCounts } from '../src/wire/scrape.js'
import type { WebAnnounce, WebId, WebOffer, WebReply } from '../src/wire/websocketrequest.js'
import type { Draw } from './sample.js'
import { PEERS_FULL, type Refusal, TORRENTS_FULL, type WebStats } from './swarm.js'
import { type WebLink, WebPeer, WebSwarm } from './web-swarm.js'

export interface WebSettings {
  /** The tracker's; a longer one is shortened. */
  readonly intervalSeconds: number
  readonly peersMax: number
  readonly swarmsMax: number
}

export interface WebAnswered {
  readonly type: 'answered'
  readonly swarm: ScrapeCounts
  /** Which offer is for whom. */
  readonly relays: readonly { readonly to: WebPeer; readonly offer: WebOffer }[]
}

const NOBODY: ScrapeCounts = { complete: 0, incomplete: 0, downloaded: 0 }
const NONE: WebAnswered['relays'] = []

/** Two sockets cannot be one peer: what is for it would go to the wrong one. */
const TAKEN: Refusal = { type: 'refusal', code: 'denied', reason: 'another connection has this peer_id' }
const SOCKET_FULL: Refusal = {
  type: 'refusal',
  code: 'peers_full',
  reason: `a connection shares at most ${LIMITS.trackerWebPeersPerSocketMax} torrents`,
}

export class WebSwarms {
  readonly intervalSeconds: number
  readonly #settings: WebSettings
  readonly #peersMax: number
  readonly #expiryMs: number
  readonly #random: Draw
  /** By info-hash, as latin1 text. */
  readonly #swarms = new Map<string, WebSwarm>()
  /** When the last peer left swarms that were completed, whose count is kept a while; the first that did comes first. */
  readonly #emptied = new Map<WebSwarm, number>()
  /** Whoever was not heard of for longest comes first. */
  readonly #seen = new Set<WebPeer>()
  #seeds = 0

  constructor(settings: WebSettings, random: Draw) {
    this.#settings = settings
    this.intervalSeconds = Math.min(settings.intervalSeconds, LIMITS.trackerWebIntervalSeconds)
    this.#expiryMs = this.intervalSeconds * 1_000 * LIMITS.trackerExpiryIntervals
    this.#random = random
    this.#peersMax = Math.min(settings.peersMax, LIMITS.trackerWebPeersMax)
  }

  announce(request: WebAnnounce, link: WebLink, nowMs: number): WebAnswered | Refusal {
    const key = latin1Text(request.infoHash)
    const swarm = this.#swarms.get(key)
    const known = swarm?.peers.get(request.peerId)
    if (known !== undefined && known.link !== link) return TAKEN
    if (request.event === 'stopped') {
      if (known !== undefined) this.#remove(known, nowMs)
      return { type: 'answered', swarm: swarm?.counts() ?? NOBODY, relays: NONE }
    }
    if (known === undefined) {
      if (link.peers.size >= LIMITS.trackerWebPeersPerSocketMax) return SOCKET_FULL
      if (this.#seen.size >= this.#peersMax) return PEERS_FULL
      if (swarm === undefined && this.#swarms.size >= this.#settings.swarmsMax) return TORRENTS_FULL
    }
    const peer = known ?? this.#add(swarm ?? this.#open(key), request.peerId, link)
    this.#see(peer, request, nowMs)
    const chosen = peer.swarm.draw(peer, request.numwant, this.#random)
    const relays = chosen.map((to, at) => {
      const offer = present(request.offers[at], 'an offer for each peer that is wanted')
      peer.offered(offer.offerId, to, nowMs)
      return { to, offer }
    })
    return { type: 'answered', swarm: peer.swarm.counts(), relays }
  }

  /** Whom an answer is for; undefined where it answers no offer that was passed to this peer, or did so before. */
  answer({ infoHash, peerId, toPeerId, offerId }: WebReply, link: WebLink, nowMs: number): WebPeer | undefined {
    const swarm = this.#swarms.get(latin1Text(infoHash))
    const from = swarm?.peers.get(peerId)
    const to = swarm?.peers.get(toPeerId)
    if (from === undefined || to === undefined || from.link !== link) return undefined
    return to.answered(offerId, from, nowMs) ? to : undefined
  }

  /** The socket is closed. */
  leave(link: WebLink, nowMs: number): void {
    for (const peer of [...link.peers]) this.#remove(peer, nowMs)
  }

  /** Forgets who has not announced for two intervals over a socket that is still there, and counts that are too old. */
  expire(nowMs: number): void {
    let left = LIMITS.trackerExpiredPerCallMax
    for (const peer of this.#seen) {
      if (nowMs - peer.seenMs < this.#expiryMs || left-- === 0) break
      this.#remove(peer, nowMs)
    }
    for (const [swarm, emptiedMs] of this.#emptied) {
      if (nowMs - emptiedMs < LIMITS.trackerSwarmKeptMs || left-- <= 0) break
      this.#emptied.delete(swarm)
      this.#swarms.delete(swarm.key)
    }
  }

  /** Undefined where nobody is, and none was. */
  counts(infoHash: InfoHash): ScrapeCounts | undefined {
    return this.#swarms.size === 0 ? undefined : this.#swarms.get(latin1Text(infoHash))?.counts()
  }

  stats(): WebStats {
    return { torrents: this.#swarms.size, peers: this.#seen.size, seeds: this.#seeds }
  }

  #open(key: string): WebSwarm {
    const swarm = new WebSwarm(key)
    this.#swarms.set(key, swarm)
    return swarm
  }

  #add(swarm: WebSwarm, id: WebId, link: WebLink): WebPeer {
    const peer = new WebPeer(swarm, link, id)
    swarm.add(peer)
    link.peers.add(peer)
    this.#emptied.delete(swarm)
    return peer
  }

  #see(peer: WebPeer, { leftBytes, takesOffers, event }: WebAnnounce, nowMs: number): void {
    const seed = leftBytes === 0
    // Once only, however often it is said.
    if (event === 'completed' && seed && !peer.seed) peer.swarm.downloaded++
    this.#seeds += Number(seed) - Number(peer.seed)
    peer.swarm.change(peer, seed, takesOffers)
    peer.seenMs = nowMs
    this.#seen.delete(peer)
    this.#seen.add(peer)
  }

  #remove(peer: WebPeer, nowMs: number): void {
    const { swarm, link, seed } = peer
    swarm.remove(peer)
    link.peers.delete(peer)
    this.#seen.delete(peer)
    if (seed) this.#seeds--
    if (swarm.peers.size > 0) return
    if (swarm.downloaded > 0) this.#emptied.set(swarm, nowMs)
    else this.#swarms.delete(swarm.key)
  }
}
