/** Messages that exchange the metadata of a torrent, its bencoded `info` (`ut_metadata`, BEP 9). */

import { decodePrefix } from './bencode.js'
import { encode } from './bencoder.js'
import { type Fault, fault } from './fault.js'
import { asDictionary, asInteger } from './fields.js'

/** The name by which an extension handshake offers them (BEP 10). */
export const UT_METADATA = 'ut_metadata'

/** All pieces of metadata but the last have so many bytes. */
export const METADATA_PIECE_BYTES = 16_384

export type MetadataMessage =
  | { readonly type: 'metadata-request'; readonly piece: number }
  /** `bytes` of a received one is a view of the payload. */
  | {
      readonly type: 'metadata-data'
      readonly piece: number
      /** Of all pieces together. */
      readonly totalBytes: number
      readonly bytes: Uint8Array
    }
  /** The peer has not got the metadata, or will not hand it over now. */
  | { readonly type: 'metadata-reject'; readonly piece: number }

const REQUEST = 0
const DATA = 1
const REJECT = 2

/** Dictionaries of these messages have three values, and clients that say more say little. */
const TOKENS_MAX = 64
const DEPTH_MAX = 4

export const metadataPieces = (totalBytes: number): number => Math.ceil(totalBytes / METADATA_PIECE_BYTES)

/** Only the last piece may be shorter. */
export const metadataPieceLength = (totalBytes: number, piece: number): number =>
  Math.min(METADATA_PIECE_BYTES, totalBytes - piece * METADATA_PIECE_BYTES)

/** The payload of the extended message. */
export const encodeMetadataMessage = (message: MetadataMessage): Uint8Array => {
  if (message.type !== 'metadata-data')
    return encode({ msg_type: message.type === 'metadata-request' ? REQUEST : REJECT, piece: message.piece })
  const head = encode({ msg_type: DATA, piece: message.piece, total_size: message.totalBytes })
  const payload = new Uint8Array(head.length + message.bytes.length)
  payload.set(head)
  payload.set(message.bytes, head.length)
  return payload
}

/** Undefined for a message of a kind that is not known, which is to be passed over (BEP 9). */
export const readMetadataMessage = (payload: Uint8Array): MetadataMessage | Fault | undefined => {
  const invalid = (reason: string): Fault => fault('metadata-message-invalid', reason)
  const decoded = decodePrefix(payload, { canonical: false, depthMax: DEPTH_MAX, tokensMax: TOKENS_MAX })
  if (decoded.type === 'fault') return invalid(decoded.reason)
  const fields = asDictionary(decoded.value)
  if (fields === undefined) return invalid('it is no dictionary')
  const kind = asInteger(fields.get('msg_type'))
  if (kind === undefined) return invalid('it does not say of which type it is')
  if (kind !== REQUEST && kind !== DATA && kind !== REJECT) return undefined
  const piece = asInteger(fields.get('piece'))
  if (piece === undefined || piece < 0) return invalid('it is about no piece')
  if (kind === REQUEST) return { type: 'metadata-request', piece }
  if (kind === REJECT) return { type: 'metadata-reject', piece }
  const totalBytes = asInteger(fields.get('total_size'))
  if (totalBytes === undefined || totalBytes <= 0) return invalid('it does not say how long the metadata are')
  const bytes = new Uint8Array(
    payload.buffer,
    payload.byteOffset + decoded.byteLength,
    payload.length - decoded.byteLength,
  )
  // The sender's own numbers must fit each other, so that nobody after this has to doubt them.
  if (piece >= metadataPieces(totalBytes)) return invalid(`piece ${piece} of ${totalBytes} bytes`)
  const length = metadataPieceLength(totalBytes, piece)
  if (bytes.length !== length) return invalid(`piece ${piece} has ${bytes.length} bytes where it should have ${length}`)
  return { type: 'metadata-data', piece, totalBytes, bytes }
}
