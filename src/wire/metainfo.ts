/**
 * Metainfo: what a .torrent file says (BEP 3, 12, 19, 27, 47, 52), checked so that nobody after this has to doubt a
 * length, a count or a name.
 */
import { hash } from 'node:crypto'
import { assert } from '../assert.js'
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES, type InfoHash, infoHash } from '../values.js'
import { type BencodeDictionary, decode } from './bencode.js'
import { asBytes, asDictionary, asInteger, invalid } from './fields.js'
import { joinLists, readFileTree, readPieceLayers, readShortPieces } from './filetree.js'
import { readFiles, type TorrentFile, type TorrentFiles } from './torrentfiles.js'
import { NO_SOURCES, readSources, type TorrentSources } from './torrentsources.js'

export type { TorrentFile } from './torrentfiles.js'
export type { TorrentSources } from './torrentsources.js'

export interface Metainfo extends TorrentSources {
  readonly version: TorrentVersion
  /**
   * What names the torrent to peers, to trackers and in the log: SHA-1 of the raw bytes of `info`, or for torrents of v2
   * alone the first 20 bytes of `infoHashV2`.
   */
  readonly infoHash: InfoHash
  /** SHA-256 of the same bytes, for torrents of v2 and hybrids (BEP 52). */
  readonly infoHashV2: Uint8Array | undefined
  /** The raw bytes of `info`, in memory of their own. */
  readonly infoBytes: Uint8Array
  readonly name: string
  readonly pieceLength: number
  readonly pieceCount: number
  /** All files together, padding included: in v2 every file begins with a piece. */
  readonly totalBytes: number
  /** All files together, without padding. */
  readonly contentBytes: number
  /** 20 bytes of SHA-1 for each piece, one after another, in memory of their own; none in torrents of v2 alone. */
  readonly pieceHashes: Uint8Array
  /** In v2 and hybrids how many bytes are in a piece that a file ends in, if they are fewer than in others. */
  readonly shortPieces: ReadonlyMap<number, number>
  /** In v2 and hybrids the hashes of pieces, by the position of their file: not of files of one piece, and where known. */
  readonly pieceLayers: ReadonlyMap<number, Uint8Array>
  readonly files: readonly TorrentFile[]
  /** Whether there is a folder, however many files are in it. */
  readonly multiFile: boolean
  /** Peers come from the trackers only (BEP 27). */
  readonly private: boolean
}

const HASH_BYTES = 20
const NO_PIECES: ReadonlyMap<number, number> = new Map()
const NO_LAYERS: ReadonlyMap<number, Uint8Array> = new Map()
const NOTHING: BencodeDictionary = new Map()

const digest = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array =>
  new Uint8Array(hash(algorithm, bytes, 'buffer'))

export type TorrentVersion = 'v1' | 'v2' | 'hybrid'

/** Looked at before all else: what a later version has may look like anything (BEP 52). */
const readVersion = (info: BencodeDictionary): TorrentVersion => {
  const version = info.get('meta version')
  if (version !== undefined && version !== 1 && version !== 2) {
    throw new TorrewindError('TORRENT_UNSUPPORTED', 'the torrent is of a version of BitTorrent later than 2')
  }
  if (version !== 2) return 'v1'
  return info.has('pieces') ? 'hybrid' : 'v2'
}

const readPieceLength = (info: BencodeDictionary, version: TorrentVersion): number => {
  const pieceLength = asInteger(info.get('piece length'))
  if (pieceLength === undefined) throw invalid('info.piece length', 'is missing, no integer or out of all bounds')
  if (pieceLength < LIMITS.pieceLengthMin || pieceLength > LIMITS.pieceLengthMax) {
    const bounds = `${LIMITS.pieceLengthMin} to ${LIMITS.pieceLengthMax}`
    throw invalid('info.piece length', `is ${pieceLength}, which is not within ${bounds} bytes`)
  }
  const isPowerOfTwo = (pieceLength & (pieceLength - 1)) === 0
  if (version !== 'v1' && (!isPowerOfTwo || pieceLength < BLOCK_BYTES)) {
    throw invalid('info.piece length', `is ${pieceLength}, which is no power of two from ${BLOCK_BYTES}`)
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

const listFiles = (info: BencodeDictionary, version: TorrentVersion, pieceLength: number): TorrentFiles => {
  if (version === 'v1') return readFiles(info)
  if (version === 'v2') return readFileTree(info, pieceLength)
  const listed = readFiles(info)
  return joinLists(listed, readFileTree(info, pieceLength, listed.multiFile), pieceLength)
}

const readInfo = (
  info: BencodeDictionary,
  infoBytes: Uint8Array,
  sources: TorrentSources,
  torrent: BencodeDictionary,
): Metainfo => {
  const version = readVersion(info)
  const pieceLength = readPieceLength(info, version)
  const { name, files, multiFile, totalBytes } = listFiles(info, version, pieceLength)
  if (totalBytes === 0) throw invalid(multiFile ? 'info.files' : 'info.length', 'hold no byte')
  const pieceHashes = version === 'v2' ? new Uint8Array() : readPieceHashes(info, totalBytes, pieceLength)
  const pieceCount = Math.ceil(totalBytes / pieceLength)
  if (pieceCount > LIMITS.piecesMax) throw invalid('info.piece length', `makes more than ${LIMITS.piecesMax} pieces`)
  const isPrivate = info.get('private')
  const infoHashV2 = version === 'v1' ? undefined : digest('sha256', infoBytes)
  return {
    ...sources,
    version,
    infoHash: infoHash(version === 'v2' ? digest('sha256', infoBytes).slice(0, HASH_BYTES) : digest('sha1', infoBytes)),
    infoHashV2,
    infoBytes: new Uint8Array(infoBytes),
    name,
    pieceLength,
    pieceCount,
    totalBytes,
    contentBytes: files.reduce((bytes, { padding, length }) => bytes + (padding ? 0 : length), 0),
    pieceHashes,
    shortPieces: version === 'v1' ? NO_PIECES : readShortPieces(files, pieceLength),
    pieceLayers: version === 'v1' ? NO_LAYERS : readPieceLayers(torrent, files, pieceLength),
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
  return readInfo(info, bytes.subarray(...span), readSources(torrent), torrent)
}

/** Reads the bytes of an `info` alone, as peers hand it over (BEP 9); throws as `parseTorrent` does. */
export const parseInfo = (infoBytes: Uint8Array, sources: Partial<TorrentSources> = {}): Metainfo => {
  const info = asDictionary(decodeFile(infoBytes).value)
  if (info === undefined) throw invalid('info', 'is no dictionary')
  return readInfo(info, infoBytes, { ...NO_SOURCES, ...sources }, NOTHING)
}

/** Every piece has the same length but the last, which has what is left, and in v2 the last of each file. */
export const pieceLengthOf = (
  metainfo: Pick<Metainfo, 'pieceCount' | 'pieceLength' | 'totalBytes' | 'shortPieces'>,
  piece: number,
): number => {
  const { pieceCount, pieceLength, totalBytes, shortPieces } = metainfo
  assert(Number.isInteger(piece) && piece >= 0 && piece < pieceCount, `there is no piece ${piece} of ${pieceCount}`)
  return shortPieces.get(piece) ?? (piece < pieceCount - 1 ? pieceLength : totalBytes - piece * pieceLength)
}
