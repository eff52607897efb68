/** Hashing content for a new torrent: pieces for v1 (BEP 3), blocks and their trees for v2 (BEP 52), from one stream of bytes. */
import { createHash, type Hash, hash } from 'node:crypto'
import { assert } from '../assert.js'
import { BLOCK_BYTES } from '../values.js'
import type { NewTorrentFile } from './createinfo.js'
import { MERKLE_HASH_BYTES, rootOver, shapeOf } from './merkle.js'
import type { TorrentVersion } from './metainfo.js'

const SHA1_BYTES = 20

/** Hashes what it is given in parts of one length, however it is cut into chunks. */
class Parts {
  readonly #algorithm: 'sha1' | 'sha256'
  readonly #length: number
  readonly #keep: (digest: Uint8Array) => void
  /** A part that began in an earlier chunk, and how many bytes it has. */
  #begun: Hash | undefined
  #begunBytes = 0

  constructor(algorithm: 'sha1' | 'sha256', length: number, keep: (digest: Uint8Array) => void) {
    this.#algorithm = algorithm
    this.#length = length
    this.#keep = keep
  }

  add(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#length - this.#begunBytes)
      rest = rest.subarray(part.length)
      // One call for a part that is here whole: less work than to begin, feed and end a hash.
      if (part.length === this.#length) this.#keep(hash(this.#algorithm, part, 'buffer'))
      else this.#addSome(part)
    }
  }

  /** Fills the part that was begun with zeros. */
  fill(): void {
    if (this.#begun !== undefined) this.add(new Uint8Array(this.#length - this.#begunBytes))
  }

  /** Ends the part that was begun where it is. */
  end(): void {
    if (this.#begun === undefined) return
    this.#keep(this.#begun.digest())
    this.#begun = undefined
    this.#begunBytes = 0
  }

  #addSome(part: Uint8Array): void {
    this.#begun ??= createHash(this.#algorithm)
    this.#begun.update(part)
    this.#begunBytes += part.length
    if (this.#begunBytes === this.#length) this.end()
  }
}

/** Hashes of one kind, one after another, whose number is known before. */
class Digests {
  readonly bytes: Uint8Array
  #at = 0

  constructor(count: number, bytesEach: number) {
    this.bytes = new Uint8Array(count * bytesEach)
  }

  readonly keep = (digest: Uint8Array): void => {
    this.bytes.set(digest, this.#at)
    this.#at += digest.length
  }
}

export class ContentHashes<File extends NewTorrentFile> {
  readonly #files: readonly File[]
  readonly #done: (File & NewTorrentFile)[] = []
  readonly #pieceLength: number
  readonly #version: TorrentVersion
  readonly #pieces: Digests
  readonly #pieceParts: Parts
  /** Of the file that is being read. */
  #blocks = new Digests(0, MERKLE_HASH_BYTES)
  #blockParts = new Parts('sha256', BLOCK_BYTES, this.#blocks.keep)
  /** Bytes of it that are yet to come. */
  #left = 0

  constructor(files: readonly File[], pieceLength: number, version: TorrentVersion) {
    this.#files = files
    this.#pieceLength = pieceLength
    this.#version = version
    const pieces =
      version === 'v1'
        ? Math.ceil(files.reduce((bytes, { length }) => bytes + length, 0) / pieceLength)
        : files.reduce((count, { length }) => count + Math.ceil(length / pieceLength), 0)
    this.#pieces = new Digests(version === 'v2' ? 0 : pieces, SHA1_BYTES)
    this.#pieceParts = new Parts('sha1', pieceLength, this.#pieces.keep)
    this.#begin()
  }

  /** Bytes of all files, one after the other. */
  add(chunk: Uint8Array): void {
    if (this.#version === 'v1') {
      this.#pieceParts.add(chunk)
      return
    }
    let rest = chunk
    while (rest.length > 0) {
      assert(this.#left > 0, 'there are no more bytes than the files have')
      const part = rest.subarray(0, this.#left)
      rest = rest.subarray(part.length)
      this.#left -= part.length
      this.#blockParts.add(part)
      if (this.#version === 'hybrid') this.#pieceParts.add(part)
      if (this.#left === 0) this.#end()
    }
  }

  finish(): { readonly files: readonly (File & NewTorrentFile)[]; readonly pieceHashes: Uint8Array } {
    this.#pieceParts.end()
    const files = this.#version === 'v1' ? this.#files : this.#done
    return { files, pieceHashes: this.#pieces.bytes }
  }

  /** Files without bytes are done with at once. */
  #begin(): void {
    if (this.#version === 'v1') return
    for (let file = this.#files[this.#done.length]; file !== undefined; file = this.#files[this.#done.length]) {
      this.#left = file.length
      this.#blocks = new Digests(Math.ceil(file.length / BLOCK_BYTES), MERKLE_HASH_BYTES)
      this.#blockParts = new Parts('sha256', BLOCK_BYTES, this.#blocks.keep)
      if (file.length > 0) return
      this.#done.push(file)
    }
  }

  #end(): void {
    const file = this.#files[this.#done.length]
    if (file === undefined) return
    this.#blockParts.end()
    // As `padded` has it.
    if (file.path.length > 1) this.#pieceParts.fill()
    const shape = shapeOf(file.length, this.#pieceLength)
    const layer = new Uint8Array(shape.pieces * MERKLE_HASH_BYTES)
    const perPiece = 2 ** shape.pieceHeight * MERKLE_HASH_BYTES
    for (let piece = 0; piece < shape.pieces; piece++) {
      const blocks = this.#blocks.bytes.subarray(piece * perPiece, (piece + 1) * perPiece)
      layer.set(rootOver(blocks, 0, shape.pieceHeight), piece * MERKLE_HASH_BYTES)
    }
    const piecesRoot = rootOver(layer, shape.pieceHeight, shape.height - shape.pieceHeight)
    this.#done.push({ ...file, piecesRoot, pieceLayer: shape.pieces > 1 ? layer : undefined })
    this.#begin()
  }
}
