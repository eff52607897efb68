/** Finding a torrent: what a source names, with what the data folder has of it. */
import { TorrewindError } from './errors.js'
import type { EventOf } from './events/vocabulary.js'
import type { TransferEntry } from './ports.js'
import { equalBytes } from './values.js'
import { keepMagnet, nameOfMagnet, readKept, subjectOf } from './wire/kept.js'
import { infoHashOf, joinMagnets, type Magnet } from './wire/magnet.js'
import { type Metainfo, parseTorrent } from './wire/metainfo.js'
import type { TorrentHashes } from './wire/multihash.js'
import { readTorrentName } from './wire/source.js'

export interface FoundTorrent {
  readonly entry: TransferEntry
  /** Undefined where peers must be asked for it. */
  readonly metainfo: Metainfo | undefined
  /** Where it was named by one, or by a CID or info-hash as by one that says nothing else. */
  readonly magnet: Magnet | undefined
  /** How the DHT named it, where a magnet of a key did. */
  readonly followed?: EventOf<'dht-key-followed'> | undefined
}

export interface Library {
  /** Throws `SOURCE_UNREADABLE` or `TORRENT_TOO_LARGE`. */
  readTorrentFile(path: string): Promise<Uint8Array>
  /** What the data folder has. */
  known(): Promise<readonly TransferEntry[]>
}

const fits = (entry: TransferEntry, { infoHash: v1, infoHashV2: v2 }: TorrentHashes): boolean => {
  const { infoHash, infoHashV2 } = subjectOf(entry.torrent)
  return (
    (v1 !== undefined && equalBytes(infoHash, v1)) ||
    (v2 !== undefined && infoHashV2 !== undefined && equalBytes(infoHashV2, v2))
  )
}

/** A hybrid may be known by its hash of v2, by which a magnet named it first. */
const ofTorrent = async (torrent: Uint8Array, known: Library['known']): Promise<FoundTorrent> => {
  const metainfo = parseTorrent(torrent)
  const before = metainfo.version === 'hybrid' ? (await known()).find((entry) => fits(entry, metainfo)) : undefined
  return { entry: { infoHash: before?.infoHash ?? metainfo.infoHash, torrent }, metainfo, magnet: undefined }
}

/** What was said before of where to look for it still counts. */
const ofKnown = ({ infoHash, torrent }: TransferEntry, magnet: Magnet): FoundTorrent => {
  const kept = readKept(torrent)
  if (kept.type === 'torrent') return { entry: { infoHash, torrent }, metainfo: kept.metainfo, magnet }
  const joined = joinMagnets(kept.magnet, magnet)
  return { entry: { infoHash, torrent: keepMagnet(joined) }, metainfo: undefined, magnet: joined }
}

/**
 * Throws what reading it does: `SOURCE_INVALID`, `SOURCE_UNREADABLE`, `TORRENT_INVALID`, ...; and `METADATA_UNKNOWN` where
 * only its hash is known and peers are not to be asked.
 */
export const findTorrent = async (
  source: string | Uint8Array,
  { readTorrentFile, known }: Library,
  fetchMetadata: boolean,
): Promise<FoundTorrent> => {
  if (typeof source !== 'string') return ofTorrent(new Uint8Array(source), known) // `slice` of a Buffer would not copy
  const magnet = readTorrentName(source)
  if (magnet === undefined) return ofTorrent(await readTorrentFile(source), known)
  const entry = (await known()).find((each) => fits(each, magnet))
  const found =
    entry === undefined
      ? { entry: { infoHash: infoHashOf(magnet), torrent: keepMagnet(magnet) }, metainfo: undefined, magnet }
      : ofKnown(entry, magnet)
  if (found.metainfo !== undefined || fetchMetadata) return found
  throw new TorrewindError(
    'METADATA_UNKNOWN',
    `the data folder has no metadata of ${nameOfMagnet(magnet)}, and peers are not to be asked`,
  )
}
