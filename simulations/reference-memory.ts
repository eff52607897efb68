/**
 * Reference memory: the `PieceMemory` port over the contents that all nodes share.
 *
 * A block that is the reference's costs a bit, and a piece of nothing but such blocks is a view of the reference: so many
 * nodes hold the same piece in flight for nothing. The first block that deviates gives its piece memory of its own. Which
 * content a piece is of, its first block that is of any says.
 */
import { present } from '../src/assert.js'
import type { PieceMemory } from '../src/ports.js'
import { BLOCK_BYTES, type PieceIndex } from '../src/values.js'
import { Bitfield } from '../src/wire/bitfield.js'
import type { Content } from './content.js'

/** What memory holds where nothing was kept, so that it is not right by chance. */
const NOTHING_KEPT = 0xa5

interface Held {
  readonly content: Content
  readonly start: number
  readonly length: number
  /** Blocks that were kept as they are in the reference. */
  readonly same: Bitfield
  own: Uint8Array | undefined
}

export class ReferenceMemory implements PieceMemory {
  readonly #contents: readonly Content[]
  /** What it turned out to be of. */
  #content: Content | undefined
  readonly #held = new Map<PieceIndex, Held>()

  /** Of one transfer, which is of one of these; all have pieces of the same sizes. */
  constructor(contents: readonly Content[]) {
    this.#contents = contents
  }

  keep(piece: PieceIndex, offset: number, bytes: Uint8Array): void {
    const held = this.#held.get(piece) ?? this.#begin(piece, offset, bytes)
    const whole = offset % BLOCK_BYTES === 0 && bytes.length === Math.min(BLOCK_BYTES, held.length - offset)
    if (held.own === undefined && whole && held.content.has(held.start + offset, bytes))
      held.same.set(offset / BLOCK_BYTES)
    else this.#own(held).set(bytes, offset)
  }

  held(piece: PieceIndex, length: number): Uint8Array {
    const held = present(this.#held.get(piece), `the memory of piece ${piece}`)
    const { content, start, same, own } = held
    if (own === undefined && same.full) return content.bytes.subarray(start, start + length)
    return this.#own(held).subarray(0, length)
  }

  takeBack(piece: PieceIndex): void {
    this.#held.delete(piece)
  }

  trim(): void {
    // What no piece uses is not kept.
  }

  #begin(piece: PieceIndex, offset: number, bytes: Uint8Array): Held {
    const any = present(this.#content ?? this.#contents[0], 'a content')
    const { pieceLength } = any.metainfo
    const start = piece * pieceLength
    // A block that somebody spoiled is of none, and its piece has memory of its own anyway.
    this.#content ??= this.#contents.find((each) => each.has(start + offset, bytes))
    const content = this.#content ?? any
    const length = Math.min(pieceLength, content.bytes.length - start)
    const same = new Bitfield(Math.ceil(length / BLOCK_BYTES))
    const held: Held = { content, start, length, same, own: undefined }
    this.#held.set(piece, held)
    return held
  }

  #own(held: Held): Uint8Array {
    if (held.own !== undefined) return held.own
    const { content, start, length, same } = held
    const own = new Uint8Array(length).fill(NOTHING_KEPT)
    for (const block of same.indices()) {
      const from = block * BLOCK_BYTES
      own.set(content.bytes.subarray(start + from, start + Math.min(from + BLOCK_BYTES, length)), from)
    }
    held.own = own
    return own
  }
}
