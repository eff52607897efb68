/**
 * Items that the DHT keeps (BEP 44): where they are kept, what is signed of them, and whether a signature is right.
 *
 * Ed25519 has no randomness in it: signing and verifying are functions of bytes, as hashing is, and stand here for that
 * reason.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { assert } from '../assert.js'
import { joinedBytes, utf8Bytes } from '../values.js'
import { encode } from './bencode.js'
import type { Signed } from './krpc.js'

/** A mutable item has a public key and a signature, an immutable one neither. */
export interface StoredItem {
  /** Bencoded. */
  readonly value: Uint8Array
  readonly signed?: Signed | undefined
  readonly salt?: Uint8Array | undefined
}

const SEED_BYTES = 32
/** What RFC 8410 has before the 32 bytes of a private key, and of a public one. */
const PRIVATE_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)
const PUBLIC_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0)

const sha1 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(bytes).digest())

/** Where an immutable item is kept. */
export const immutableTarget = (value: Uint8Array): Uint8Array => sha1(value)

/** Where the mutable items of a key are kept, one for each salt. */
export const mutableTarget = (publicKey: Uint8Array, salt: Uint8Array = new Uint8Array()): Uint8Array =>
  sha1(joinedBytes(publicKey, salt))

/** What is signed: as BEP 44 has it, put together of values that were encoded one by one. */
export const signedBytes = (seq: number, value: Uint8Array, salt: Uint8Array = new Uint8Array()): Uint8Array =>
  joinedBytes(
    salt.length === 0 ? salt : joinedBytes(utf8Bytes('4:salt'), encode(salt)),
    utf8Bytes(`3:seqi${seq}e1:v`),
    value,
  )

const privateKeyOf = (seed: Uint8Array): KeyObject => {
  assert(seed.length === SEED_BYTES, `a private key is made of ${SEED_BYTES} bytes`)
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** The public key of the 32 bytes that a private one is made of (RFC 8032). */
export const publicKeyOf = (seed: Uint8Array): Uint8Array => {
  const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(PUBLIC_PREFIX.length))
}

export const signItem = (seed: Uint8Array, value: Uint8Array, seq: number, salt?: Uint8Array): StoredItem => ({
  value,
  signed: {
    publicKey: publicKeyOf(seed),
    seq,
    signature: new Uint8Array(sign(null, signedBytes(seq, value, salt), privateKeyOf(seed))),
  },
  salt,
})

const isSignatureRight = ({ value, salt }: StoredItem, { publicKey, seq, signature }: Signed): boolean => {
  try {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' })
    return verify(null, signedBytes(seq, value, salt), key, signature)
  } catch {
    return false // bytes that are no key
  }
}

/** Where the item would be kept, whether it is signed rightly or not. */
export const claimedTarget = ({ value, signed, salt }: StoredItem): Uint8Array =>
  signed === undefined ? immutableTarget(value) : mutableTarget(signed.publicKey, salt)

/** An immutable item, or one whose signature is right. */
export const isItemRight = (item: StoredItem): boolean =>
  item.signed === undefined || isSignatureRight(item, item.signed)
