/** The handshake that opens a connection between peers (BEP 3), and its bits for the extensions that we speak. */
import { assert } from '../assert.js'
import { type InfoHash, infoHash, type PeerId, peerId } from '../values.js'
import { type Fault, fault } from './fault.js'

/** What the eight reserved bytes say of a peer. */
export interface Reserved {
  /** The extension protocol, BEP 10. */
  readonly extensions: boolean
  /** The fast extension, BEP 6. */
  readonly fast: boolean
  /** The distributed hash table, BEP 5. */
  readonly dht: boolean
}

export interface Handshake {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly reserved: Reserved
}

export type HandshakeProgress =
  /** `v2`: the peer speaks v2 too, whichever hash it names (BEP 52). `rest` is a view of what the chunk holds after the handshake: the first messages. */
  | ({ readonly type: 'handshake'; readonly v2: boolean; readonly rest: Uint8Array } & Handshake)
  | { readonly type: 'more' }
  | Fault

export const HANDSHAKE_BYTES = 68

const PROTOCOL = Uint8Array.from('\x13BitTorrent protocol', (letter) => letter.charCodeAt(0))
const RESERVED_AT = PROTOCOL.length
const INFO_HASH_AT = RESERVED_AT + 8
const PEER_ID_AT = INFO_HASH_AT + 20

/** The fourth bit of the last reserved byte, counted from the highest. */
const V2 = 0x10

const MORE: HandshakeProgress = { type: 'more' }

/** `v2`: we would speak v2 too, whichever hash is named (BEP 52). */
export const encodeHandshake = (handshake: Handshake & { readonly v2?: boolean }): Uint8Array => {
  const bytes = new Uint8Array(HANDSHAKE_BYTES)
  bytes.set(PROTOCOL)
  if (handshake.reserved.extensions) bytes[RESERVED_AT + 5] = 0x10
  bytes[RESERVED_AT + 7] =
    (handshake.reserved.fast ? 0x04 : 0) | (handshake.reserved.dht ? 0x01 : 0) | (handshake.v2 === true ? V2 : 0)
  bytes.set(handshake.infoHash, INFO_HASH_AT)
  bytes.set(handshake.peerId, PEER_ID_AT)
  return bytes
}

/** What the first bytes of a handshake say of how to answer it, if they reach to its hash's end. */
export const peekHandshake = (
  bytes: Uint8Array,
): { readonly infoHash: Uint8Array; readonly v2: boolean } | undefined =>
  bytes.length < PEER_ID_AT
    ? undefined
    : { infoHash: bytes.subarray(INFO_HASH_AT, PEER_ID_AT), v2: ((bytes[RESERVED_AT + 7] ?? 0) & V2) !== 0 }

/** Reads one handshake, cut anywhere. It is done with once it has given the handshake or a fault. */
export class HandshakeDecoder {
  readonly #bytes = new Uint8Array(HANDSHAKE_BYTES)
  #length = 0
  #fault: Fault | undefined
  #infoHash: InfoHash | undefined

  /** There as soon as its last byte is: some peers send their peer id only after they have seen our handshake. */
  get infoHash(): InfoHash | undefined {
    return this.#infoHash
  }

  push(chunk: Uint8Array): HandshakeProgress {
    if (this.#fault !== undefined) return this.#fault
    assert(this.#length < HANDSHAKE_BYTES, 'a handshake is read once; what follows it goes to the message decoder')
    const before = this.#length
    const taken = Math.min(HANDSHAKE_BYTES - before, chunk.length)
    this.#bytes.set(chunk.subarray(0, taken), before)
    this.#length += taken

    // At the first wrong byte, so that a stranger who speaks something else is not waited for.
    for (let at = before; at < Math.min(this.#length, PROTOCOL.length); at++) {
      if (this.#bytes[at] === PROTOCOL[at]) continue
      this.#fault = fault('protocol-wrong', `byte ${at} is not that of a BitTorrent handshake`)
      return this.#fault
    }
    if (this.#length >= PEER_ID_AT) this.#infoHash ??= infoHash(this.#bytes.slice(INFO_HASH_AT, PEER_ID_AT))
    if (this.#length < HANDSHAKE_BYTES || this.#infoHash === undefined) return MORE
    const flags = this.#bytes[RESERVED_AT + 7] ?? 0
    return {
      type: 'handshake',
      infoHash: this.#infoHash,
      peerId: peerId(this.#bytes.slice(PEER_ID_AT)),
      reserved: {
        extensions: ((this.#bytes[RESERVED_AT + 5] ?? 0) & 0x10) !== 0,
        fast: (flags & 0x04) !== 0,
        dht: (flags & 0x01) !== 0,
      },
      v2: (flags & V2) !== 0,
      rest: new Uint8Array(chunk.buffer, chunk.byteOffset + taken, chunk.length - taken),
    }
  }
}
