/** Naming torrents by CID: CIDv1, codec `torrent-info`, over the multihash of the bencoded `info`. */
import { base2 } from 'multiformats/bases/base2'
import { base8 } from 'multiformats/bases/base8'
import { base10 } from 'multiformats/bases/base10'
import { base16, base16upper } from 'multiformats/bases/base16'
import * as base32 from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc, base58flickr } from 'multiformats/bases/base58'
import { base64, base64pad, base64url, base64urlpad } from 'multiformats/bases/base64'
import { base256emoji } from 'multiformats/bases/base256emoji'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash } from '../values.js'
import { hashesOf, SHA1, SHA2_256, type TorrentHashes } from './multihash.js'

export { type Magnet, magnetOf, parseMagnet } from './magnet.js'
export type { TorrentHashes } from './multihash.js'

/** In the multicodec table. */
const TORRENT_INFO = 0x7b

interface Base {
  readonly prefix: string
  decode(text: string): Uint8Array
}

const BASES: ReadonlyMap<string, Base> = new Map(
  [
    base2,
    base8,
    base10,
    base16,
    base16upper,
    base32.base32,
    base32.base32upper,
    base32.base32pad,
    base32.base32padupper,
    base32.base32hex,
    base32.base32hexupper,
    base32.base32hexpad,
    base32.base32hexpadupper,
    base32.base32z,
    base36,
    base36upper,
    base58btc,
    base58flickr,
    base64,
    base64pad,
    base64url,
    base64urlpad,
    base256emoji,
  ].map((base: Base) => [base.prefix, base]),
)

/** What names a torrent: by v1's hash wherever it has one. */
export interface TorrentIdentity {
  readonly version?: 'v1' | 'v2' | 'hybrid'
  readonly infoHash: InfoHash
  readonly infoHashV2?: Uint8Array | undefined
}

/** The hash of v1; torrents of v2 alone have none. */
export const infoHashV1Of = ({ version, infoHash }: TorrentIdentity): InfoHash | undefined =>
  version === 'v2' ? undefined : infoHash

/** The hashes, of 20 bytes, that name it to peers and trackers: a hybrid has two, v1's first (BEP 52). */
export const wireHashesOf = ({ version, infoHash: first, infoHashV2 }: TorrentIdentity): readonly InfoHash[] =>
  version === 'hybrid' && infoHashV2 !== undefined ? [first, infoHash(infoHashV2.slice(0, first.length))] : [first]

/** The CID over the v1 hash, or over the v2 hash where there is none. */
export const cidOf = (torrent: TorrentIdentity): CID =>
  (torrent.version === 'v2' ? cidV2Of(torrent) : undefined) ??
  CID.createV1(TORRENT_INFO, digest.create(SHA1, torrent.infoHash))

/** The CID over the v2 hash; undefined for torrents of v1 alone. */
export const cidV2Of = ({ infoHashV2 }: { readonly infoHashV2?: Uint8Array | undefined }): CID | undefined =>
  infoHashV2 && CID.createV1(TORRENT_INFO, digest.create(SHA2_256, infoHashV2))

/** In base 32, as CIDs of version 1 are written. */
export const cidText = (torrent: TorrentIdentity): string => cidOf(torrent).toString()

/** The hash in a CID in any multibase; undefined for anything but a CID of a torrent. */
export const readCid = (text: string): TorrentHashes | undefined => {
  if (text.length > LIMITS.cidTextMax) return undefined
  const base = BASES.get(String.fromCodePoint(text.codePointAt(0) ?? 0))
  if (base === undefined) return undefined
  try {
    const cid = CID.decode(base.decode(text))
    return cid.version === 1 && cid.code === TORRENT_INFO ? hashesOf(cid.multihash) : undefined
  } catch {
    return undefined // The library throws on texts that are no CID.
  }
}
