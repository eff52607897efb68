/**
 * Handshakes of a hybrid, which has a hash of v1 and one of v2 (BEP 52): whoever names v1's and speaks v2 is answered with v2's,
 * which makes the connection one of v2.
 */
import { equalBytes, type InfoHash, type PeerKey } from './values.js'
import { peekHandshake } from './wire/handshake.js'

export class HybridHandshakes {
  readonly #v1: InfoHash | undefined
  readonly #v2: InfoHash | undefined
  /** Peers that dialed us, to which we say v2's hash. */
  readonly #onV2 = new Set<PeerKey>()
  /** Peers that dialed us. */
  readonly #incoming = new Set<PeerKey>()

  constructor([v1, v2]: readonly InfoHash[]) {
    this.#v1 = v1
    this.#v2 = v2
  }

  /** A peer dialed us with these bytes, which reach to the end of its hash at least. */
  arrived(peer: PeerKey, firstBytes: Uint8Array): void {
    this.#incoming.add(peer)
    const said = peekHandshake(firstBytes)
    if (said !== undefined && (said.v2 || this.#isV2(said.infoHash))) this.#onV2.add(peer)
  }

  /** The hash that we name to the peer. Whom we dial may know v1 only. */
  hashFor(peer: PeerKey): InfoHash | undefined {
    return this.#onV2.has(peer) ? this.#v2 : this.#v1
  }

  /** Whether the connection is one of v2, now that the peer has named its hash. */
  agrees(peer: PeerKey, infoHash: InfoHash): boolean {
    return this.#incoming.has(peer) ? this.#onV2.has(peer) : this.#isV2(infoHash)
  }

  forget(peer: PeerKey): void {
    this.#onV2.delete(peer)
    this.#incoming.delete(peer)
  }

  #isV2(infoHash: Uint8Array): boolean {
    return this.#v2 !== undefined && equalBytes(infoHash, this.#v2)
  }
}
