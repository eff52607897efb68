/** The multihashes that name torrents: SHA-1 for v1, SHA2-256 for v2. */
import * as digest from 'multiformats/hashes/digest'
import type { MultihashDigest } from 'multiformats/hashes/interface'
import { type InfoHash, infoHash } from '../values.js'

/** In the multicodec table. */
export const SHA1 = 0x11
export const SHA2_256 = 0x12
const SHA1_BYTES = 20
const SHA2_256_BYTES = 32

/** What names a torrent: a hash of v1, of v2, or both. */
export interface TorrentHashes {
  readonly infoHash: InfoHash | undefined
  readonly infoHashV2: Uint8Array | undefined
}

/** Undefined for a hash of another kind. */
export const hashesOf = ({ code, digest: bytes }: MultihashDigest): TorrentHashes | undefined => {
  if (code === SHA1 && bytes.length === SHA1_BYTES) {
    return { infoHash: infoHash(new Uint8Array(bytes)), infoHashV2: undefined }
  }
  if (code === SHA2_256 && bytes.length === SHA2_256_BYTES) {
    return { infoHash: undefined, infoHashV2: new Uint8Array(bytes) }
  }
  return undefined
}

/** The hash in the bytes of a multihash; undefined for any other bytes. */
export const readMultihash = (bytes: Uint8Array): TorrentHashes | undefined => {
  try {
    return hashesOf(digest.decode(bytes))
  } catch {
    return undefined // The library throws on bytes that are no multihash.
  }
}
