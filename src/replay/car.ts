/** CAR v1: blocks one after the other, each with its CID before it, behind a header that names the root. */
import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { Writer } from '../events/fields.js'
import { encodeIpld } from './dag-cbor.js'

/** In the multicodec table. */
const SHA2_256 = 0x12
export const CODECS = { raw: 0x55, 'dag-cbor': 0x71 } as const
export type Codec = keyof typeof CODECS

/** Version, codec, and the hash with its kind and length. */
export const CID_BYTES = 36
/** The length of a header with one root, and the header. */
export const HEADER_BYTES = 59

export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

export const cidOf = (codec: Codec, bytes: Uint8Array): CID =>
  CID.createV1(CODECS[codec], digest.create(SHA2_256, sha256(bytes)))

export const blockOf = (codec: Codec, bytes: Uint8Array): Block => ({ cid: cidOf(codec, bytes), bytes })

/** The CID is one of those that are written here: version 1, of this codec, with SHA2-256. */
export const isCidOf = (codec: Codec, cid: CID): boolean =>
  cid.version === 1 && cid.code === CODECS[codec] && cid.multihash.code === SHA2_256 && cid.bytes.length === CID_BYTES

/** What a length takes as a varint. */
const varintBytes = (value: number): number => (value < 0x80 ? 1 : 1 + varintBytes(Math.floor(value / 0x80)))

/** A varint is LEB128, as in the records of the log. */
const withLength = (length: number, bytes: Uint8Array): Uint8Array => {
  const writer = new Writer()
  writer.whole(length)
  writer.raw(bytes)
  return writer.take()
}

export const carHeader = (root: CID): Uint8Array => {
  const header = encodeIpld({ roots: [root], version: 1 })
  return withLength(header.length, header)
}

/** What stands before a block of so many bytes: their number with that of the CID, and the CID. */
export const sectionHead = (cid: CID, length: number): Uint8Array => withLength(CID_BYTES + length, cid.bytes)

export const sectionBytes = (length: number): number => varintBytes(CID_BYTES + length) + CID_BYTES + length
