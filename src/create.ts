/** Creating a torrent of a file or folder: finds the files, hashes their pieces, and encodes the .torrent. */
import { TorrewindError } from './errors.js'
import { LIMITS } from './limits.js'
import { nodeClock } from './node/clock.js'
import { type Content, findContent, type LeftOut } from './node/content.js'
import { readContent } from './node/content-reader.js'
import { VERSION } from './version.js'
import { ContentHashes } from './wire/contenthashes.js'
import { choosePieceLength, encodeTorrent, padded } from './wire/createinfo.js'
import { hasControlCharacter } from './wire/filenames.js'
import { type Metainfo, parseTorrent, type TorrentVersion } from './wire/metainfo.js'

export interface CreateProgress {
  readonly hashedBytes: number
  readonly totalBytes: number
}

export interface CreateOptions {
  /** The file or folder to be shared. */
  readonly path: string
  /** Each in a tier of its own (BEP 12): the first that answers is used. */
  readonly trackers?: readonly string[] | undefined
  /** URLs of the same content (BEP 19). */
  readonly webSeeds?: readonly string[] | undefined
  /** A power of two from 16 KiB; chosen by the size of the content where it is left out. */
  readonly pieceLength?: number | undefined
  /** `v1` where it is left out; a hybrid is for peers of both versions (BEP 52). */
  readonly format?: TorrentVersion | undefined
  /** Peers come from the trackers only (BEP 27). */
  readonly private?: boolean | undefined
  readonly comment?: string | undefined
  /** Called after each chunk that was hashed. */
  readonly onProgress?: ((progress: CreateProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CreatedTorrent {
  /** The bytes of the .torrent. */
  readonly torrent: Uint8Array
  readonly metainfo: Metainfo
  /** What is in the folder and not shared: links out of it, devices, sockets. */
  readonly leftOut: readonly LeftOut[]
}

const MS_PER_SECOND = 1_000

const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

const TRACKER_PROTOCOLS: readonly string[] = ['http:', 'https:', 'udp:', 'ws:', 'wss:']
const WEB_SEED_PROTOCOLS: readonly string[] = ['http:', 'https:', 'ftp:']

const checkUrls = (urls: readonly string[], what: string, protocols: readonly string[], countMax: number): void => {
  if (urls.length > countMax) throw invalid(`there are more than ${countMax} ${what}s`)
  for (const url of urls) {
    const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
    if (protocol === undefined || url.length > LIMITS.trackerUrlBytesMax || hasControlCharacter(url)) {
      throw invalid(`"${url}" is no URL of a ${what}`)
    }
    if (!protocols.includes(protocol)) {
      throw invalid(`"${url}" cannot be a ${what}: its URL begins with one of ${protocols.join(', ')}`)
    }
  }
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && (value & (value - 1)) === 0

const FORMATS: readonly TorrentVersion[] = ['v1', 'v2', 'hybrid']

const checkOptions = ({ trackers = [], webSeeds = [], pieceLength, format = 'v1' }: CreateOptions): void => {
  if (!FORMATS.includes(format)) throw invalid(`a torrent is of format ${FORMATS.join(', ')}, not ${String(format)}`)
  checkUrls(trackers, 'tracker', TRACKER_PROTOCOLS, LIMITS.trackersMax)
  checkUrls(webSeeds, 'web seed', WEB_SEED_PROTOCOLS, LIMITS.webSeedsMax)
  if (pieceLength === undefined) return
  const { newPieceLengthMin: min, pieceLengthMax: max } = LIMITS
  if (pieceLength < min || pieceLength > max || !isPowerOfTwo(pieceLength)) {
    throw invalid(`pieces cannot have ${pieceLength} bytes, but a power of two from ${min} to ${max}`)
  }
}

/** Where every file begins with a piece, each may take one more. */
const piecesOf = ({ files, totalBytes }: Content, pieceLength: number, format: TorrentVersion): number =>
  format === 'v1'
    ? Math.ceil(totalBytes / pieceLength)
    : files.reduce((pieces, { length }) => pieces + Math.ceil(length / pieceLength), 0)

const choose = (content: Content, asked: number | undefined, format: TorrentVersion): number => {
  let pieceLength = asked ?? choosePieceLength(content.totalBytes)
  const fits = () => piecesOf(content, pieceLength, format) <= LIMITS.piecesMax
  if (asked !== undefined && !fits()) {
    throw invalid(`pieces of ${asked} bytes would be more than ${LIMITS.piecesMax}, which is the most there may be`)
  }
  while (!fits() && pieceLength < LIMITS.pieceLengthMax) pieceLength *= 2
  if (fits()) return pieceLength
  throw new TorrewindError('TORRENT_TOO_LARGE', `${content.totalBytes} bytes are more than one torrent can have`)
}

/**
 * Makes a .torrent. Throws `CONTENT_UNREADABLE`, `CONTENT_EMPTY`, `CONTENT_CHANGED`, `PATH_UNSAFE`,
 * `TORRENT_TOO_LARGE`, `OPTION_INVALID`, and what `signal` was aborted with.
 */
export const createTorrent = async (options: CreateOptions): Promise<CreatedTorrent> => {
  checkOptions(options)
  const { signal, onProgress, format = 'v1' } = options
  const content = await findContent(options.path, signal)
  const { name, multiFile, totalBytes, leftOut } = content
  if (totalBytes === 0) throw new TorrewindError('CONTENT_EMPTY', `there is no byte to be shared in ${content.root}`)
  const pieceLength = choose(content, options.pieceLength, format)
  const hashes = new ContentHashes(content.files, pieceLength, format)
  let hashedBytes = 0
  for await (const chunk of readContent(content, signal)) {
    hashes.add(chunk)
    hashedBytes += chunk.length
    onProgress?.({ hashedBytes, totalBytes })
  }
  const { files, pieceHashes } = hashes.finish()
  const torrent = encodeTorrent({
    name,
    files: format === 'hybrid' ? padded(name, files, pieceLength) : files,
    multiFile,
    pieceLength,
    pieceHashes,
    version: format,
    private: options.private,
    trackers: options.trackers?.map((url) => [url]),
    webSeeds: options.webSeeds,
    comment: options.comment,
    createdBy: `Torrewind ${VERSION}`,
    creationDate: Math.floor(nodeClock().now() / MS_PER_SECOND),
  })
  return { torrent, metainfo: parseTorrent(torrent), leftOut }
}
