/**
 * A run of a web seed: bytes that follow each other in the torrent, asked of a web server file after file, and cut into
 * blocks as they come. What lies in padding files is zeros, and asked of nobody (BEP 47).
 */
import type { BlockMessage } from './actors/vocabulary.js'
import { type Geometry, lengthOfBlock } from './events/geometry.js'
import { LIMITS } from './limits.js'
import type { HttpRanges, RangeEnd, RangeReading } from './ports.js'
import type { Layout } from './store/layout.js'
import { BLOCK_BYTES, type PieceIndex } from './values.js'
import { urlOfFile } from './wire/web-seed.js'

export interface RunSurroundings {
  readonly httpRanges: HttpRanges
  readonly layout: Layout
  readonly geometry: Geometry
  readonly url: string
  readonly trusted: boolean
  received(bytes: number): void
  blocks(blocks: readonly BlockMessage[]): void
  /** A file did not come as it was asked for. */
  stumbled(file: number, end: Extract<RangeEnd, { type: 'failed' }>): void
  ended(): void
}

const zeros = new Uint8Array(BLOCK_BYTES)

export class WebSeedRun {
  readonly #surroundings: RunSurroundings
  readonly #end: number
  #at: number
  /** The block that is not whole yet. */
  #block: Uint8Array | undefined
  #filled = 0
  #whole: BlockMessage[] = []
  #reading: RangeReading | undefined
  #paused = false
  #closed = false

  /** From the beginning of a block to the end of one, in bytes of the torrent. */
  constructor(surroundings: RunSurroundings, start: number, end: number) {
    this.#surroundings = surroundings
    this.#at = start
    this.#end = end
  }

  /** Asks for what comes next. */
  next(): void {
    const { httpRanges, layout, url, trusted } = this.#surroundings
    for (;;) {
      if (this.#closed) return
      const from = this.#at + this.#filled
      const [span] = layout.spans(from, this.#end - from)
      if (span === undefined) {
        this.#closed = true
        this.#surroundings.ended()
        return
      }
      const { file, offset, length } = span
      const entry = file === undefined ? undefined : layout.metainfo.files[file]
      if (file === undefined || entry === undefined) {
        for (let left = length; left > 0; left -= BLOCK_BYTES)
          this.#take(zeros.subarray(0, Math.min(left, BLOCK_BYTES)))
        this.#deliver()
        continue
      }
      const request = {
        url: urlOfFile(url, entry.path, layout.metainfo.multiFile),
        offset,
        length,
        fileLength: entry.length,
        trusted,
      }
      this.#reading = httpRanges.get(request, {
        received: (chunk) => this.#receive(chunk),
        ended: (end) => this.#ended(file, end),
      })
      if (this.#paused) this.#reading.pause()
      return
    }
  }

  pause(): void {
    this.#paused = true
    this.#reading?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#reading?.resume()
  }

  close(): void {
    this.#closed = true
    this.#whole = []
    this.#reading?.close()
    this.#reading = undefined
  }

  #ended(file: number, end: RangeEnd): void {
    this.#reading = undefined
    if (this.#closed) return
    if (end.type === 'done') this.next()
    else this.#surroundings.stumbled(file, end)
  }

  #receive(chunk: Uint8Array): void {
    if (this.#closed) return
    this.#surroundings.received(chunk.length)
    this.#take(chunk)
    this.#deliver()
  }

  /** Whole blocks are passed on where they lie; only what is left of a chunk is copied. */
  #take(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length && !this.#closed; ) {
      const { piece, offset, length } = this.#blockAt()
      const left = chunk.length - from
      if (this.#filled === 0 && left >= length) {
        this.#pass(piece, offset, chunk.subarray(from, from + length))
        from += length
        continue
      }
      // What was passed on from the same memory must be gone before it is written to again.
      if (this.#filled === 0) this.#deliver()
      if (this.#closed) return
      this.#block ??= new Uint8Array(BLOCK_BYTES)
      const part = Math.min(left, length - this.#filled)
      this.#block.set(chunk.subarray(from, from + part), this.#filled)
      this.#filled += part
      from += part
      if (this.#filled < length) return
      this.#filled = 0
      this.#pass(piece, offset, this.#block.subarray(0, length))
    }
  }

  #pass(piece: PieceIndex, offset: number, block: Uint8Array): void {
    this.#at += block.length
    this.#whole.push({ type: 'piece', piece, offset, block })
    if (this.#whole.length >= LIMITS.blocksInTurnMax) this.#deliver()
  }

  #deliver(): void {
    if (this.#whole.length === 0) return
    const blocks = this.#whole
    this.#whole = []
    this.#surroundings.blocks(blocks)
  }

  #blockAt(): { readonly piece: PieceIndex; readonly offset: number; readonly length: number } {
    const { geometry } = this.#surroundings
    const piece = Math.floor(this.#at / geometry.pieceLength) as PieceIndex // within the torrent
    const offset = this.#at - piece * geometry.pieceLength
    return { piece, offset, length: lengthOfBlock(geometry, piece, offset / BLOCK_BYTES) }
  }
}
