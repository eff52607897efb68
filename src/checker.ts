/** The checker: reads pieces from disk and hashes them, a few at a time, in order. */
import { type Geometry, lengthOfPiece } from './events/geometry.js'
import { LIMITS } from './limits.js'
import type { PieceVerifier } from './piece-verifier.js'
import type { PieceStorage } from './store/piece-storage.js'
import type { PieceIndex } from './values.js'

export interface CheckerOptions {
  readonly geometry: Geometry
  readonly storage: PieceStorage
  readonly verifier: PieceVerifier
  checked(piece: PieceIndex, good: boolean): void
  /** Nothing is being read any more. */
  rested(): void
}

export class Checker {
  readonly #options: CheckerOptions
  #pieces: readonly PieceIndex[] = []
  #next = 0
  #under = 0
  /** Raised by each new check, so that answers of an old one are known. */
  #round = 0
  #free: Uint8Array[] = []

  constructor(options: CheckerOptions) {
    this.#options = options
  }

  get busy(): boolean {
    return this.#under > 0
  }

  check(pieces: readonly PieceIndex[]): void {
    this.#round++
    this.#pieces = pieces
    this.#next = 0
    for (let lane = 0; lane < LIMITS.checksAtOnceMax; lane++) this.#step(this.#round)
  }

  stop(): void {
    this.#round++
    this.#pieces = []
    this.#free = []
  }

  #step(round: number): void {
    const piece = this.#pieces[this.#next]
    if (round !== this.#round) return
    if (piece === undefined) {
      if (this.#under === 0) this.#free = []
      return
    }
    this.#next++
    this.#under++
    const { geometry, storage, verifier, checked, rested } = this.#options
    const length = lengthOfPiece(geometry, piece)
    let buffer: Uint8Array | undefined
    const memory = (): Uint8Array => {
      buffer = this.#free.pop() ?? new Uint8Array(geometry.pieceLength)
      return buffer.subarray(0, length)
    }
    const finish = (good: boolean): void => {
      this.#under--
      if (round === this.#round) {
        if (buffer !== undefined) this.#free.push(buffer)
        checked(piece, good)
        this.#step(round)
      }
      if (this.#under === 0) rested()
    }
    // Whatever keeps the bytes from being read, they are not there: a file missing, too short, or failing.
    storage.fetch(piece * geometry.pieceLength, length, memory, (answer) => {
      if (answer.type === 'failed' || round !== this.#round) finish(false)
      else verifier.verify(piece, answer.value, (verdict) => finish(verdict === 'good'))
    })
  }
}
