/**
 * The read cache: stored bytes that peers ask for, read from disk a large chunk at a time.
 *
 * Peers ask for the blocks of a piece one after the other, so a chunk read once serves many requests. A chunk never goes
 * over the edge of its piece, because only that piece is known to be stored. The oldest chunk goes when the cache is
 * full. Chunks are lent out as views, and their memory is read into again only when all of these were given back:
 * fresh memory for each would be zeroed for nothing and collected at great cost.
 */
import { storageErrorCode, TorrewindError } from '../errors.js'
import { type Geometry, servedLengthOf } from '../events/geometry.js'
import type { Range } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../ports.js'
import type { PieceIndex } from '../values.js'
import type { PieceStorage } from './piece-storage.js'

/** A chunk of a piece. Its memory, if it is ours, is used again once it is neither cached nor lent. */
interface Chunk {
  readonly bytes: Uint8Array
  readonly memory: Uint8Array | undefined
  lent: number
  cached: boolean
}

/** Bytes that must not be kept beyond `release`, which is called once. */
export interface Loan {
  readonly bytes: Uint8Array
  release(): void
}

const NOTHING: Uint8Array = new Uint8Array(0)

type Waiter = (answer: Chunk | Failure) => void

export const isLoan = (answer: Loan | Failure): answer is Loan => 'bytes' in answer

export class ReadCache {
  readonly #chunks = new Map<number, Chunk>()
  readonly #waiting = new Map<number, Waiter[]>()
  /** Memory of whole chunks, to be read into. */
  readonly #free: Uint8Array[] = []
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
  read({ piece, offset, length }: Range, done: (answer: Loan | Failure) => void): void {
    const index = Math.floor(offset / this.#chunkBytes)
    const within = offset - index * this.#chunkBytes
    if (within + length > this.#chunkBytes) {
      this.#readAcross(piece * this.geometry.pieceLength + offset, length, done)
      return
    }
    this.#chunk(piece, index, (answer) => {
      if (!('bytes' in answer)) {
        done(answer)
        return
      }
      answer.lent++
      done({ bytes: answer.bytes.subarray(within, within + length), release: () => this.#giveBack(answer) })
    })
  }

  /** As `read`, for who keeps them. Rejects with a code of the disk. */
  copy(range: Range): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.read(range, (answer) => {
        if (isLoan(answer)) {
          const bytes = new Uint8Array(answer.bytes)
          answer.release()
          resolve(bytes)
        } else reject(new TorrewindError(storageErrorCode(answer.code), `${answer.code}: ${answer.message}`))
      })
    })
  }

  /** What is on disk may be another thing from now on. */
  clear(): void {
    this.#waiting.clear()
    for (const key of this.#chunks.keys()) this.#forget(key)
    this.#free.length = 0
  }

  /** A range over the edge of a chunk, which only odd requests are, is read by itself. */
  #readAcross(start: number, length: number, done: (answer: Loan | Failure) => void): void {
    const bytes = new Uint8Array(length)
    this.storage.read(start, bytes, (answer) =>
      done(answer.type === 'done' ? { bytes, release: () => undefined } : answer.failure),
    )
  }

  #chunk(piece: PieceIndex, index: number, done: Waiter): void {
    const key = piece * this.#chunksPerPiece + index
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
    const offset = index * this.#chunkBytes
    const length = Math.min(this.#chunkBytes, servedLengthOf(this.geometry, piece) - offset)
    let memory: Uint8Array | undefined
    const take = (): Uint8Array => {
      memory = (length === this.#chunkBytes ? this.#free.pop() : undefined) ?? new Uint8Array(length)
      return memory
    }
    this.storage.fetch(piece * this.geometry.pieceLength + offset, length, take, (answer) => {
      // Asked for before the cache was cleared: good for those who asked then, and nobody else.
      const isCurrent = this.#waiting.get(key) === waiters
      if (isCurrent) this.#waiting.delete(key)
      // Lent to this turn too, so that who gives it back at once does not free it under the others.
      const bytes = answer.type === 'done' ? answer.value : NOTHING
      const chunk: Chunk = { bytes, memory, lent: 1, cached: false }
      if (answer.type === 'done' && isCurrent) this.#keep(key, chunk)
      for (const waiter of waiters) waiter(answer.type === 'done' ? chunk : answer.failure)
      this.#giveBack(chunk)
    })
  }

  #keep(key: number, chunk: Chunk): void {
    chunk.cached = true
    this.#chunks.set(key, chunk)
    this.#bytes += chunk.bytes.length
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes <= LIMITS.readCacheBytesMax) break
      this.#forget(oldest)
    }
  }

  #forget(key: number): void {
    const chunk = this.#chunks.get(key)
    if (chunk === undefined) return
    this.#chunks.delete(key)
    this.#bytes -= chunk.bytes.length
    chunk.cached = false
    this.#recycle(chunk)
  }

  #giveBack(chunk: Chunk): void {
    chunk.lent--
    this.#recycle(chunk)
  }

  #recycle({ memory, lent, cached }: Chunk): void {
    const spare = this.#free.length * this.#chunkBytes < LIMITS.readSpareBytesMax
    if (lent === 0 && !cached && spare && memory?.length === this.#chunkBytes) this.#free.push(memory)
  }
}
