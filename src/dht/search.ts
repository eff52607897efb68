/** A search: what is looked for in the DHT of one family or of both, and what has come of it so far. */

import { LIMITS } from '../limits.js'
import type { PeerAddress } from '../values.js'
import { compareBytes, equalBytes, showAddress } from '../values.js'
import type { KrpcAnswer } from '../wire/krpc.js'
import { immutableTarget, isItemRight, mutableTarget, type StoredItem } from '../wire/storeditem.js'
import type { Family } from './contact.js'
import type { Lookup } from './lookup.js'

/** Where others are told that we have a torrent; the port that they see is taken where `port` is undefined. */
export interface Announcement {
  readonly port: number | undefined
}

export type SearchPurpose =
  /** Nodes around an id, to know them. */
  | { readonly type: 'nodes'; readonly target: Uint8Array }
  | { readonly type: 'peers'; readonly target: Uint8Array; readonly announce?: Announcement | undefined }
  /** An item, which is of this key where it is mutable. */
  | {
      readonly type: 'get'
      readonly target: Uint8Array
      readonly publicKey?: Uint8Array | undefined
      readonly salt?: Uint8Array | undefined
    }
  | { readonly type: 'put'; readonly target: Uint8Array; readonly item: StoredItem; readonly cas?: number | undefined }

export interface SearchResult {
  /** Nodes that were asked, those that answered, and those that took what was to be stored. */
  readonly asked: number
  readonly answered: number
  readonly stored: number
  /** Peers that were found. */
  readonly peers: number
  readonly item: StoredItem | undefined
  /** Why nodes would not store it, as the last one said. */
  readonly refusal: string | undefined
}

export class Search {
  readonly lookups = new Map<Family, Lookup>()
  readonly #peers = new Set<string>()
  item: StoredItem | undefined
  stored = 0
  refusal: string | undefined
  /** Families whose nodes were asked to store it. */
  readonly storing = new Set<Family>()
  /** Questions of those that wait. */
  storesLeft = 0

  constructor(
    readonly number: number,
    readonly purpose: SearchPurpose,
  ) {}

  get result(): SearchResult {
    const lookups = [...this.lookups.values()]
    return {
      asked: lookups.reduce((sum, { asked }) => sum + asked, 0),
      answered: lookups.reduce((sum, { answered }) => sum + answered, 0),
      stored: this.stored,
      peers: this.#peers.size,
      item: this.item,
      refusal: this.refusal,
    }
  }

  /** Those of the peers that are new. */
  found(peers: readonly PeerAddress[]): readonly PeerAddress[] {
    return peers.filter((peer) => {
      const name = showAddress(peer)
      if (this.#peers.size >= LIMITS.dhtPeersPerSearchMax || this.#peers.has(name)) return false
      this.#peers.add(name)
      return true
    })
  }

  /** Takes an item of an answer if it is what was looked for, and is newer than what is known; false where it is a lie. */
  take({ value, signed }: KrpcAnswer): boolean {
    const { purpose } = this
    if (purpose.type !== 'get' || value === undefined) return true
    const { target, publicKey, salt } = purpose
    if (signed === undefined) {
      if (!equalBytes(immutableTarget(value), target)) return false
      this.item ??= { value }
      return true
    }
    if (publicKey !== undefined && !equalBytes(publicKey, signed.publicKey)) return false
    if (!equalBytes(mutableTarget(signed.publicKey, salt), target)) return false
    const known = this.item?.signed
    if (
      known !== undefined &&
      (known.seq > signed.seq || (known.seq === signed.seq && compareBytes(known.signature, signed.signature) === 0))
    )
      return true
    const item = { value, signed, salt }
    if (!isItemRight(item)) return false
    this.item = item
    return true
  }

  /** An immutable item is the same wherever it is found. */
  get satisfied(): boolean {
    return this.item !== undefined && this.item.signed === undefined
  }
}
