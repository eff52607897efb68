/** What a user may name a torrent by instead of its .torrent: a magnet URI, a CID, or an info-hash in hexadecimal. */
import { fromHex, infoHash } from '../values.js'
import { readCid } from './identity.js'
import { isMagnet, type Magnet, parseMagnet } from './magnet.js'
import type { TorrentHashes } from './multihash.js'

const nothingBut = (hashes: TorrentHashes): Magnet => ({
  ...hashes,
  name: undefined,
  trackers: [],
  webSeeds: [],
  peers: [],
  selectOnly: undefined,
})

/** As a magnet says it; undefined where the text is none of them. Throws `SOURCE_INVALID` at a broken magnet URI. */
export const readTorrentName = (text: string): Magnet | undefined => {
  const trimmed = text.trim()
  if (isMagnet(trimmed)) return parseMagnet(trimmed)
  if (/^[0-9a-f]{40}$/i.test(trimmed))
    return nothingBut({ infoHash: infoHash(fromHex(trimmed)), infoHashV2: undefined })
  const hashes = readCid(trimmed)
  return hashes && nothingBut(hashes)
}
