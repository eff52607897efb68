/** The content of a simulated torrent: one reference that all disks share, and the .torrent of it. */
import { createHash } from 'node:crypto'
import { mix } from '../src/random.js'
import { equalBytes } from '../src/values.js'
import { ContentHashes } from '../src/wire/contenthashes.js'
import { encodeTorrent, padded } from '../src/wire/createinfo.js'
import { type Metainfo, parseTorrent, type TorrentVersion } from '../src/wire/metainfo.js'

export interface ContentSettings {
  /** `content`, where it is left out. */
  readonly name?: string | undefined
  readonly bytes: number
  readonly pieceLength: number
  readonly trackers: readonly string[]
  readonly webSeeds?: readonly string[] | undefined
  /** Files of about equal size that do not end where pieces do; 1 for a torrent without a folder. */
  readonly files?: number
  readonly private?: boolean
  /** v1, where it is left out; in the others every file begins with a piece (BEP 52). */
  readonly format?: TorrentVersion
}

/** Bytes that look like noise, as every piece must have its own hash: four at a time (Marsaglia's xorshift). */
const noise = (seed: number, length: number): Uint8Array => {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = mix(seed, 0xc0) | 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

const fileLengths = (bytes: number, files: number): number[] => {
  const each = Math.floor(bytes / files)
  return Array.from({ length: files }, (_, file) => (file < files - 1 ? each : bytes - each * (files - 1)))
}

/** The files where each begins with a piece: what is between them is zeros. */
const spread = (bytes: Uint8Array, lengths: readonly number[], pieceLength: number): Uint8Array => {
  const pieces = lengths.reduce((count, length) => count + Math.ceil(length / pieceLength), 0)
  const last = lengths.at(-1) ?? 0
  const whole = new Uint8Array((pieces - Math.ceil(last / pieceLength)) * pieceLength + last)
  let [from, to] = [0, 0]
  for (const length of lengths) {
    whole.set(bytes.subarray(from, from + length), to)
    from += length
    to += Math.ceil(length / pieceLength) * pieceLength
  }
  return whole
}

export class Content {
  /** All files, one after the other, with what pads them. */
  readonly bytes: Uint8Array
  readonly torrent: Uint8Array
  readonly metainfo: Metainfo
  /** SHA-1 of each piece. */
  readonly #digests: readonly Uint8Array[]
  /** Pieces by their first four bytes. */
  readonly #byStart = new Map<number, number[]>()
  readonly #reference: Buffer

  constructor(seed: number, settings: ContentSettings) {
    const { name = 'content', pieceLength, trackers, files = 1, format = 'v1' } = settings
    const lengths = fileLengths(settings.bytes, files)
    const data = noise(seed, settings.bytes)
    this.bytes = format === 'v1' || files === 1 ? data : spread(data, lengths, pieceLength)
    this.#reference = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
    this.#digests = Array.from({ length: Math.ceil(this.bytes.length / pieceLength) }, (_, piece) =>
      createHash('sha1')
        .update(this.bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength))
        .digest(),
    )
    this.#digests.forEach((_, piece) => {
      const start = this.#startOf(this.bytes, piece * pieceLength)
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), piece])
    })
    const list = lengths.map((length, file) => ({ path: files === 1 ? [name] : [name, `part-${file}`], length }))
    const hashes = new ContentHashes(list, pieceLength, format)
    hashes.add(data)
    const hashed = hashes.finish()
    this.torrent = encodeTorrent({
      name,
      files: format === 'hybrid' ? padded(name, hashed.files, pieceLength) : hashed.files,
      multiFile: files > 1,
      pieceLength,
      pieceHashes: hashed.pieceHashes,
      version: format,
      private: settings.private,
      trackers: trackers.map((url) => [url]),
      webSeeds: settings.webSeeds,
    })
    this.metainfo = parseTorrent(this.torrent)
  }

  get pieces(): number {
    return this.#digests.length
  }

  #lengthOf(piece: number): number {
    const { pieceLength } = this.metainfo
    return Math.min(pieceLength, this.bytes.length - piece * pieceLength)
  }

  #startOf(bytes: Uint8Array, at: number): number {
    return (
      ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)) + (bytes[at + 3] ?? 0) * 2 ** 24
    )
  }

  /** True where these are the bytes at `offset`: all are looked at, but for a view of the content itself. */
  has(offset: number, bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    const end = offset + to - from
    if (bytes.buffer === this.bytes.buffer && bytes.byteOffset + from === offset) return true
    return end <= this.bytes.length && this.#reference.compare(bytes, from, to, offset, end) === 0
  }

  /** Nobody wrote to what all share, which would be right for everybody and wrong all the same. */
  isUntouched(): boolean {
    const { pieceLength } = this.metainfo
    return this.#digests.every((digest, piece) => {
      const start = piece * pieceLength
      const bytes = this.bytes.subarray(start, start + this.#lengthOf(piece))
      return equalBytes(createHash('sha1').update(bytes).digest(), digest)
    })
  }

  /** SHA-1 of bytes that are those of a piece, without hashing them again; undefined of all others. */
  digestOf(bytes: Uint8Array): Uint8Array | undefined {
    const { pieceLength } = this.metainfo
    const own = bytes.buffer === this.bytes.buffer ? bytes.byteOffset / pieceLength : undefined
    if (own !== undefined && bytes.length === this.#lengthOf(own)) return this.#digests[own]
    for (const piece of this.#byStart.get(this.#startOf(bytes, 0)) ?? []) {
      if (this.#lengthOf(piece) === bytes.length && this.has(piece * pieceLength, bytes)) return this.#digests[piece]
    }
    return undefined
  }
}
