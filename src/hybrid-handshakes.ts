/**
 * Handshakes of a torrent that may have two hashes, one of v1 and one of v2 (BEP 52): whoever names v1's and speaks v2 is
 * answered with v2's, which makes the connection one of v2. Metadata may tell a hash that nobody knew of.
 */
import { equalBytes, type InfoHash, type PeerKey } from './values.js'
import { peekHandshake } from './wire/handshake.js'
import { infoHashV1Of, type TorrentIdentity, wireHashesOf } from './wire/identity.js'

export class HybridHandshakes {
  #identity: TorrentIdentity
  #names: readonly InfoHash[]
  /** Peers that dialed us, to which we say v2's hash. */
  readonly #onV2 = new Set<PeerKey>()
  /** Peers that dialed us. */
  readonly #incoming = new Set<PeerKey>()

  constructor(identity: TorrentIdentity) {
    this.#identity = identity
    this.#names = wireHashesOf(identity)
  }

  /** By which peers and trackers know the torrent, as far as is known now. */
  get names(): readonly InfoHash[] {
    return this.#names
  }

  /** We speak v2 of this torrent. */
  get speaksV2(): boolean {
    return this.#v2 !== undefined
  }

  learn(identity: TorrentIdentity): void {
    this.#identity = identity
    this.#names = wireHashesOf(identity)
  }

  /** A peer dialed us with these bytes, which reach to the end of its hash at least. */
  arrived(peer: PeerKey, firstBytes: Uint8Array): void {
    if (this.#v2 === undefined) return
    this.#incoming.add(peer)
    const said = peekHandshake(firstBytes)
    if (said !== undefined && (said.v2 || this.#isV2(said.infoHash))) this.#onV2.add(peer)
  }

  /** The hash that we name to the peer. Whom we dial may know v1 only. */
  hashFor(peer: PeerKey): InfoHash {
    const v2 = this.#onV2.has(peer) ? this.#v2 : undefined
    return v2 ?? this.#identity.infoHash
  }

  /** Whether the connection is one of v2, now that the peer has named its hash. */
  agrees(peer: PeerKey, infoHash: InfoHash): boolean {
    return this.#incoming.has(peer) ? this.#onV2.has(peer) : this.#isV2(infoHash)
  }

  forget(peer: PeerKey): void {
    this.#onV2.delete(peer)
    this.#incoming.delete(peer)
  }

  /** The last of the names, where it is not that of v1. */
  get #v2(): InfoHash | undefined {
    const last = this.#names.at(-1)
    return last === infoHashV1Of(this.#identity) ? undefined : last
  }

  #isV2(infoHash: Uint8Array): boolean {
    const v2 = this.#v2
    return v2 !== undefined && equalBytes(infoHash, v2)
  }
}
