/**
 * The read cache: stored bytes that peers ask for, read from disk a large chunk at a time.
 *
 * Peers ask for the blocks of a piece one after the other, so a chunk read once serves many requests. A chunk never goes
 * over the edge of its piece, because only that piece is known to be stored. The oldest chunk goes when the cache is
 * full. Chunks are lent out as views and never written to again, so a view stays right.
 */
import { type Geometry, lengthOfPiece } from '../events/geometry.js'
import type { Range } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../ports.js'
import type { PieceIndex } from '../values.js'
import type { PieceStorage } from './piece-storage.js'

type Waiter = (answer: Uint8Array | Failure) => void

export class ReadCache {
  readonly #chunks = new Map<number, Uint8Array>()
  readonly #waiting = new Map<number, Waiter[]>()
  readonly #chunkBytes: number
  readonly #chunksPerPiece: number
  #bytes = 0

  constructor(
    readonly storage: PieceStorage,
    readonly geometry: Geometry,
  ) {
    this.#chunkBytes = Math.min(LIMITS.readChunkBytes, geometry.pieceLength)
    this.#chunksPerPiece = Math.ceil(geometry.pieceLength / this.#chunkBytes)
  }

  /** Bytes of a stored piece: at once if they are cached, else after a read. */
  read({ piece, offset, length }: Range, done: Waiter): void {
    const chunk = Math.floor(offset / this.#chunkBytes)
    const within = offset - chunk * this.#chunkBytes
    if (within + length > this.#chunkBytes) {
      this.#readAcross(piece * this.geometry.pieceLength + offset, length, done)
      return
    }
    this.#chunk(piece, chunk, (answer) => {
      done(answer instanceof Uint8Array ? answer.subarray(within, within + length) : answer)
    })
  }

  /** What is on disk may be another thing from now on. */
  clear(): void {
    this.#chunks.clear()
    this.#bytes = 0
  }

  /** A range over the edge of a chunk, which only odd requests are, is read by itself. */
  #readAcross(start: number, length: number, done: Waiter): void {
    const bytes = new Uint8Array(length)
    this.storage.read(start, bytes, (answer) => done(answer.type === 'done' ? bytes : answer.failure))
  }

  #chunk(piece: PieceIndex, chunk: number, done: Waiter): void {
    const key = piece * this.#chunksPerPiece + chunk
    const known = this.#chunks.get(key)
    if (known !== undefined) {
      this.#chunks.delete(key)
      this.#chunks.set(key, known)
      done(known)
      return
    }
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    const waiters = [done]
    this.#waiting.set(key, waiters)
    const offset = chunk * this.#chunkBytes
    const bytes = new Uint8Array(Math.min(this.#chunkBytes, lengthOfPiece(this.geometry, piece) - offset))
    this.storage.read(piece * this.geometry.pieceLength + offset, bytes, (answer) => {
      this.#waiting.delete(key)
      if (answer.type === 'done') this.#keep(key, bytes)
      for (const waiter of waiters) waiter(answer.type === 'done' ? bytes : answer.failure)
    })
  }

  #keep(key: number, bytes: Uint8Array): void {
    this.#chunks.set(key, bytes)
    this.#bytes += bytes.length
    for (const [oldest, chunk] of this.#chunks) {
      if (this.#bytes <= LIMITS.readCacheBytesMax) break
      this.#chunks.delete(oldest)
      this.#bytes -= chunk.length
    }
  }
}
