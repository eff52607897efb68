/** Creating a torrent of a file or folder: finds the files, hashes their pieces, and encodes the .torrent. */
import { createHash, type Hash, hash } from 'node:crypto'
import { TorrewindError } from './errors.js'
import { LIMITS } from './limits.js'
import { nodeClock } from './node/clock.js'
import { type Content, findContent, type LeftOut } from './node/content.js'
import { readContent } from './node/content-reader.js'
import { VERSION } from './version.js'
import { choosePieceLength, encodeTorrent } from './wire/createinfo.js'
import { hasControlCharacter } from './wire/filenames.js'
import { type Metainfo, parseTorrent } from './wire/metainfo.js'

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

const HASH_BYTES = 20
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

const checkOptions = ({ trackers = [], webSeeds = [], pieceLength }: CreateOptions): void => {
  checkUrls(trackers, 'tracker', TRACKER_PROTOCOLS, LIMITS.trackersMax)
  checkUrls(webSeeds, 'web seed', WEB_SEED_PROTOCOLS, LIMITS.webSeedsMax)
  if (pieceLength === undefined) return
  const { newPieceLengthMin: min, pieceLengthMax: max } = LIMITS
  if (pieceLength < min || pieceLength > max || !isPowerOfTwo(pieceLength)) {
    throw invalid(`pieces cannot have ${pieceLength} bytes, but a power of two from ${min} to ${max}`)
  }
}

const choose = ({ totalBytes }: Content, asked: number | undefined): number => {
  let pieceLength = asked ?? choosePieceLength(totalBytes)
  const fits = () => totalBytes / pieceLength <= LIMITS.piecesMax
  if (asked !== undefined && !fits()) {
    throw invalid(`pieces of ${asked} bytes would be more than ${LIMITS.piecesMax}, which is the most there may be`)
  }
  while (!fits() && pieceLength < LIMITS.pieceLengthMax) pieceLength *= 2
  if (fits()) return pieceLength
  throw new TorrewindError('TORRENT_TOO_LARGE', `${totalBytes} bytes are more than one torrent can have`)
}

/** Hashes a stream of bytes piece by piece, however it is cut into chunks. */
class PieceHashes {
  readonly bytes: Uint8Array
  readonly #pieceLength: number
  #pieces = 0
  /** A piece that began in an earlier chunk, and how many bytes it has. */
  #begun: Hash | undefined
  #begunBytes = 0

  constructor(totalBytes: number, pieceLength: number) {
    this.bytes = new Uint8Array(Math.ceil(totalBytes / pieceLength) * HASH_BYTES)
    this.#pieceLength = pieceLength
  }

  add(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#pieceLength - this.#begunBytes)
      rest = rest.subarray(part.length)
      // One call for a piece that is here whole: less work than to begin, feed and end a hash.
      if (part.length === this.#pieceLength) this.#keep(hash('sha1', part, 'buffer'))
      else this.#addPart(part)
    }
  }

  finish(): void {
    if (this.#begun !== undefined) this.#keep(this.#begun.digest())
  }

  #addPart(part: Uint8Array): void {
    this.#begun ??= createHash('sha1')
    this.#begun.update(part)
    this.#begunBytes += part.length
    if (this.#begunBytes < this.#pieceLength) return
    this.#keep(this.#begun.digest())
    this.#begun = undefined
    this.#begunBytes = 0
  }

  #keep(digest: Uint8Array): void {
    this.bytes.set(digest, this.#pieces++ * HASH_BYTES)
  }
}

/**
 * Makes a .torrent (BitTorrent v1). Throws `CONTENT_UNREADABLE`, `CONTENT_EMPTY`, `CONTENT_CHANGED`, `PATH_UNSAFE`,
 * `TORRENT_TOO_LARGE`, `OPTION_INVALID`, and what `signal` was aborted with.
 */
export const createTorrent = async (options: CreateOptions): Promise<CreatedTorrent> => {
  checkOptions(options)
  const { signal, onProgress } = options
  const content = await findContent(options.path, signal)
  const { name, files, multiFile, totalBytes, leftOut } = content
  if (totalBytes === 0) throw new TorrewindError('CONTENT_EMPTY', `there is no byte to be shared in ${content.root}`)
  const pieceLength = choose(content, options.pieceLength)
  const hashes = new PieceHashes(totalBytes, pieceLength)
  let hashedBytes = 0
  for await (const chunk of readContent(content, signal)) {
    hashes.add(chunk)
    hashedBytes += chunk.length
    onProgress?.({ hashedBytes, totalBytes })
  }
  hashes.finish()
  const torrent = encodeTorrent({
    name,
    files,
    multiFile,
    pieceLength,
    pieceHashes: hashes.bytes,
    private: options.private,
    trackers: options.trackers?.map((url) => [url]),
    webSeeds: options.webSeeds,
    comment: options.comment,
    createdBy: `Torrewind ${VERSION}`,
    creationDate: Math.floor(nodeClock().now() / MS_PER_SECOND),
  })
  return { torrent, metainfo: parseTorrent(torrent), leftOut }
}
