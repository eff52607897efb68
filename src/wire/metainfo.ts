/**
 * Metainfo: what a .torrent file says (BEP 3, 12, 19, 27, 47, and the v1 half of the hybrids of BEP 52), checked so
 * that nobody after this has to doubt a length, a count or a name.
 */
import { createHash } from 'node:crypto'
import { assert } from '../assert.js'
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash } from '../values.js'
import { type BencodeDictionary, decode } from './bencode.js'
import { asBytes, asDictionary, asInteger, invalid } from './fields.js'
import { readFiles, type TorrentFile } from './torrentfiles.js'
import { NO_SOURCES, readSources, type TorrentSources } from './torrentsources.js'

export type { TorrentFile } from './torrentfiles.js'
export type { TorrentSources } from './torrentsources.js'

export interface Metainfo extends TorrentSources {
  /** SHA-1 of the raw bytes of `info`. */
  readonly infoHash: InfoHash
  /** SHA-256 of the same bytes, for hybrid torrents (BEP 52). */
  readonly infoHashV2: Uint8Array | undefined
  /** The raw bytes of `info`, in memory of their own. */
  readonly infoBytes: Uint8Array
  readonly name: string
  readonly pieceLength: number
  readonly pieceCount: number
  /** All files together, padding included. */
  readonly totalBytes: number
  /** 20 bytes of SHA-1 for each piece, one after another, in memory of their own. */
  readonly pieceHashes: Uint8Array
  readonly files: readonly TorrentFile[]
  /** Whether there is a folder, however many files are in it. */
  readonly multiFile: boolean
  /** Peers come from the trackers only (BEP 27). */
  readonly private: boolean
}

const HASH_BYTES = 20

/** Whether this is a hybrid of v1 and v2; torrents without a v1 half throw. */
const readVersion = (info: BencodeDictionary): boolean => {
  const version = info.get('meta version')
  if (version !== undefined && version !== 1 && version !== 2) {
    throw new TorrewindError('TORRENT_UNSUPPORTED', 'the torrent is of a version of BitTorrent later than 2')
  }
  const isV2 = version === 2
  if (isV2 && !info.has('pieces')) {
    throw new TorrewindError('TORRENT_UNSUPPORTED', 'the torrent is for BitTorrent v2 only, which is not supported yet')
  }
  return isV2
}

const readPieceLength = (info: BencodeDictionary): number => {
  const pieceLength = asInteger(info.get('piece length'))
  if (pieceLength === undefined) throw invalid('info.piece length', 'is missing, no integer or out of all bounds')
  if (pieceLength < LIMITS.pieceLengthMin || pieceLength > LIMITS.pieceLengthMax) {
    const bounds = `${LIMITS.pieceLengthMin} to ${LIMITS.pieceLengthMax}`
    throw invalid('info.piece length', `is ${pieceLength}, which is not within ${bounds} bytes`)
  }
  return pieceLength
}

const readPieceHashes = (info: BencodeDictionary, totalBytes: number, pieceLength: number): Uint8Array => {
  const hashes = asBytes(info.get('pieces'))
  if (hashes === undefined) throw invalid('info.pieces', 'is missing or no byte string')
  if (hashes.length % HASH_BYTES !== 0) throw invalid('info.pieces', 'is not made of hashes of 20 bytes')
  const count = hashes.length / HASH_BYTES
  if (count > LIMITS.piecesMax) throw invalid('info.pieces', `has more than ${LIMITS.piecesMax} hashes`)
  const needed = Math.ceil(totalBytes / pieceLength)
  if (count !== needed) {
    const sizes = `${totalBytes} bytes in pieces of ${pieceLength}`
    throw invalid('info.pieces', `has ${count} hashes, but ${sizes} take ${needed}`)
  }
  return new Uint8Array(hashes)
}

const readInfo = (info: BencodeDictionary, infoBytes: Uint8Array, sources: TorrentSources): Metainfo => {
  const hybrid = readVersion(info)
  const pieceLength = readPieceLength(info)
  const { name, files, multiFile, totalBytes } = readFiles(info)
  if (totalBytes === 0) throw invalid(multiFile ? 'info.files' : 'info.length', 'hold no byte')
  const pieceHashes = readPieceHashes(info, totalBytes, pieceLength)
  const isPrivate = info.get('private')
  return {
    ...sources,
    infoHash: infoHash(new Uint8Array(createHash('sha1').update(infoBytes).digest())),
    infoHashV2: hybrid ? new Uint8Array(createHash('sha256').update(infoBytes).digest()) : undefined,
    infoBytes: new Uint8Array(infoBytes),
    name,
    pieceLength,
    pieceCount: pieceHashes.length / HASH_BYTES,
    totalBytes,
    pieceHashes,
    files,
    multiFile,
    // Any number but 0 is a wish for privacy; taking a strange one for "public" could not be undone.
    private: typeof isPrivate === 'bigint' || (typeof isPrivate === 'number' && isPrivate !== 0),
  }
}

const decodeFile = (bytes: Uint8Array) => {
  if (bytes.length > LIMITS.torrentBytesMax) {
    const sizes = `${bytes.length} bytes, which is more than ${LIMITS.torrentBytesMax}`
    throw new TorrewindError('TORRENT_TOO_LARGE', `the torrent has ${sizes}`)
  }
  const decoded = decode(bytes)
  if (decoded.type === 'value') return decoded
  throw new TorrewindError('BENCODE_INVALID', `the torrent is not bencoded: ${decoded.reason}, at byte ${decoded.at}`)
}

/** Reads a .torrent file; throws a `TorrewindError` that says what is wrong with it. */
export const parseTorrent = (bytes: Uint8Array): Metainfo => {
  const { value, spans } = decodeFile(bytes)
  const torrent = asDictionary(value)
  if (torrent === undefined) throw invalid('outermost value', 'is no dictionary')
  const info = asDictionary(torrent.get('info'))
  const span = spans.get('info')
  if (info === undefined || span === undefined) throw invalid('info', 'is missing or no dictionary')
  return readInfo(info, bytes.subarray(...span), readSources(torrent))
}

/** Reads the bytes of an `info` alone, as peers hand it over (BEP 9); throws as `parseTorrent` does. */
export const parseInfo = (infoBytes: Uint8Array, sources: Partial<TorrentSources> = {}): Metainfo => {
  const info = asDictionary(decodeFile(infoBytes).value)
  if (info === undefined) throw invalid('info', 'is no dictionary')
  return readInfo(info, infoBytes, { ...NO_SOURCES, ...sources })
}

/** Every piece has the same length but the last, which has what is left. */
export const pieceLengthOf = (
  { pieceCount, pieceLength, totalBytes }: Pick<Metainfo, 'pieceCount' | 'pieceLength' | 'totalBytes'>,
  piece: number,
): number => {
  assert(Number.isInteger(piece) && piece >= 0 && piece < pieceCount, `there is no piece ${piece} of ${pieceCount}`)
  return piece < pieceCount - 1 ? pieceLength : totalBytes - piece * pieceLength
}
