/** The peers that others announced to us (BEP 5), until they expire, and no more of them than there is room for. */
import { LIMITS } from '../limits.js'
import { type PeerAddress, showAddress, toHex } from '../values.js'
import { type Family, familyOfHost } from './contact.js'

interface Announced {
  readonly address: PeerAddress
  readonly at: number
}

export class PeerStore {
  /** By info-hash; that which was announced last comes last. */
  readonly #swarms = new Map<string, Map<string, Announced>>()
  #size = 0

  /** Peers of all torrents. */
  get size(): number {
    return this.#size
  }

  announce(infoHash: Uint8Array, address: PeerAddress, now: number): void {
    const name = toHex(infoHash)
    const swarm = this.#swarms.get(name) ?? new Map<string, Announced>()
    this.#swarms.delete(name)
    this.#swarms.set(name, swarm)
    const peer = showAddress(address)
    if (swarm.delete(peer)) this.#size--
    const [first] = swarm
    if (first !== undefined && (swarm.size >= LIMITS.dhtPeersPerTorrentMax || this.#isExpired(first[1], now))) {
      swarm.delete(first[0])
      this.#size--
    }
    swarm.set(peer, { address, at: now })
    this.#size++
    while (this.#size > LIMITS.dhtPeersMax || this.#swarms.size > LIMITS.dhtTorrentsMax) this.#forgetOldest()
  }

  /** So many of the peers, of one family, each as likely as any other: `chance` gives a whole number below another. */
  sample(
    infoHash: Uint8Array,
    family: Family,
    count: number,
    now: number,
    chance: (below: number) => number,
  ): readonly PeerAddress[] {
    const swarm = this.#swarms.get(toHex(infoHash))
    if (swarm === undefined) return []
    this.#expire(swarm, now)
    const peers = [...swarm.values()].flatMap(({ address }) => (familyOfHost(address.host) === family ? [address] : []))
    for (let at = 0; at < Math.min(count, peers.length - 1); at++) {
      const other = at + chance(peers.length - at)
      const [left, right] = [peers[at] as PeerAddress, peers[other] as PeerAddress] // both are within
      peers[at] = right
      peers[other] = left
    }
    return peers.slice(0, count)
  }

  /** Some info-hashes, and how many there are (BEP 51). */
  infoHashes(
    count: number,
    chance: (below: number) => number,
  ): { readonly names: readonly string[]; readonly all: number } {
    const names = [...this.#swarms.keys()]
    const from = names.length <= count ? 0 : chance(names.length - count + 1)
    return { names: names.slice(from, from + count), all: names.length }
  }

  /** Clears away what has expired, of a bounded number of torrents. */
  sweep(now: number): void {
    let left = LIMITS.dhtSweptPerCallMax
    for (const [name, swarm] of this.#swarms) {
      this.#expire(swarm, now)
      if (swarm.size === 0) this.#swarms.delete(name)
      if (--left === 0) return
    }
  }

  #isExpired({ at }: Announced, now: number): boolean {
    return now - at >= LIMITS.dhtPeerKeptMs
  }

  #expire(swarm: Map<string, Announced>, now: number): void {
    for (const [name, announced] of swarm) {
      if (!this.#isExpired(announced, now)) return
      swarm.delete(name)
      this.#size--
    }
  }

  #forgetOldest(): void {
    for (const [name, swarm] of this.#swarms) {
      this.#size -= swarm.size
      this.#swarms.delete(name)
      return
    }
  }
}
