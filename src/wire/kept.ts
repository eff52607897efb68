/** What is kept of a torrent beside its log: its .torrent, or the magnet URI that names it while its metadata are not known. */
import { toHex } from '../values.js'
import { infoHashOf, isMagnet, type Magnet, magnetOf, parseMagnet } from './magnet.js'
import { type Metainfo, parseTorrent } from './metainfo.js'

/** What names a torrent and says how it is cut; there is no piece while its metadata are not known. */
export type TorrentSubject = Pick<
  Metainfo,
  'version' | 'infoHash' | 'infoHashV2' | 'name' | 'pieceLength' | 'pieceCount' | 'totalBytes' | 'private'
>

export type Kept =
  | { readonly type: 'torrent'; readonly metainfo: Metainfo }
  | { readonly type: 'magnet'; readonly magnet: Magnet }

const utf8 = new TextEncoder()
const text = new TextDecoder()

export const keepMagnet = (magnet: Magnet): Uint8Array => utf8.encode(magnetOf(magnet))

/** A .torrent is a dictionary, which begins with another letter. */
const MAGNET_BEGINS = 'm'.charCodeAt(0)

/** Throws as `parseTorrent` and `parseMagnet` do. */
export const readKept = (bytes: Uint8Array): Kept => {
  const magnet = bytes[0] === MAGNET_BEGINS ? text.decode(bytes) : ''
  return isMagnet(magnet)
    ? { type: 'magnet', magnet: parseMagnet(magnet) }
    : { type: 'torrent', metainfo: parseTorrent(bytes) }
}

/** What a torrent is called until its metadata say it. */
export const nameOfMagnet = (magnet: Magnet): string => magnet.name ?? toHex(infoHashOf(magnet))

export const subjectOfMagnet = (magnet: Magnet): TorrentSubject => ({
  // As far as it is known.
  version: magnet.infoHash === undefined ? 'v2' : magnet.infoHashV2 === undefined ? 'v1' : 'hybrid',
  infoHash: infoHashOf(magnet),
  infoHashV2: magnet.infoHashV2,
  name: nameOfMagnet(magnet),
  pieceLength: 0,
  pieceCount: 0,
  totalBytes: 0,
  private: false,
})

/** Throws as `readKept` does. */
export const subjectOf = (bytes: Uint8Array): TorrentSubject => {
  const kept = readKept(bytes)
  return kept.type === 'torrent' ? kept.metainfo : subjectOfMagnet(kept.magnet)
}
