/**
 * Rarity: which pieces are worth fetching, rarest first.
 *
 * Pieces that may be picked stand in one array, ordered by how many peers have them; `starts` says where each
 * availability begins. A piece that becomes more or less available moves to the edge of its bucket and the edge moves
 * past it, so an update costs a swap. Seeds are counted once, not in every piece. The order within a bucket begins as
 * a shuffle by the session's seed, so that peers of one swarm do not all pick the same piece.
 * (libtorrent sorts the same way, but lazily; sorting anew for each `have` was never in question.)
 */
import { assert } from '../assert.js'
import { mix } from '../random.js'
import type { PieceIndex } from '../values.js'

const ABSENT = 0xffff_ffff

export class Rarity {
  /** Peers that have each piece, seeds left out. */
  readonly #availability: Uint16Array
  readonly #order: Uint32Array
  readonly #position: Uint32Array
  /** Where the pieces of each availability begin in `#order`. */
  readonly #starts: number[] = [0]
  #length = 0

  /** Nothing may be picked yet. `seed` decides between pieces that are equally rare. */
  constructor(
    readonly pieceCount: number,
    readonly seed: number,
  ) {
    this.#availability = new Uint16Array(pieceCount)
    this.#order = new Uint32Array(pieceCount)
    this.#position = new Uint32Array(pieceCount).fill(ABSENT)
  }

  /** Pieces that may be picked. */
  get length(): number {
    return this.#length
  }

  availability(piece: PieceIndex): number {
    return this.#availability[piece] ?? 0
  }

  offers(piece: PieceIndex): boolean {
    return this.#position[piece] !== ABSENT
  }

  /** Pieces that may be picked, rarest first. Not to be changed meanwhile. */
  *rarestFirst(): IterableIterator<PieceIndex> {
    for (let at = 0; at < this.#length; at++) yield this.at(at)
  }

  /** The piece at a position of that order: a plain loop over it is quicker than the iterator. */
  at(position: number): PieceIndex {
    return this.#order[position] as PieceIndex // only indices of pieces are ever put in
  }

  /** Lets these pieces be picked, in an order that the seed decides. */
  offerAll(pieces: readonly PieceIndex[]): void {
    const shuffled = pieces.slice()
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = mix(this.seed, last) % (last + 1)
      const [a, b] = [shuffled[last], shuffled[other]]
      if (a !== undefined && b !== undefined) {
        shuffled[last] = b
        shuffled[other] = a
      }
    }
    for (const piece of shuffled) this.offer(piece)
  }

  offer(piece: PieceIndex): void {
    assert(!this.offers(piece), 'a piece is offered once')
    const availability = this.availability(piece)
    this.#reach(availability)
    // Make room at the end, then hand it down: each bucket gives its first place to its own end.
    let hole = this.#length++
    for (let bucket = this.#starts.length - 1; bucket > availability; bucket--) {
      const start = this.#start(bucket)
      if (start !== hole) this.#place(this.at(start), hole)
      hole = start
      this.#starts[bucket] = start + 1
    }
    this.#place(piece, hole)
  }

  withdraw(piece: PieceIndex): void {
    let hole = this.#position[piece] ?? ABSENT
    assert(hole !== ABSENT, 'a piece that is not offered cannot be withdrawn')
    const availability = this.availability(piece)
    this.#position[piece] = ABSENT
    for (let bucket = availability; bucket < this.#starts.length; bucket++) {
      const end = this.#end(bucket)
      if (end - 1 !== hole) this.#place(this.at(end - 1), hole)
      hole = end - 1
      if (bucket + 1 < this.#starts.length) this.#starts[bucket + 1] = end - 1
    }
    this.#length--
  }

  /** One more peer has the piece. */
  more(piece: PieceIndex): void {
    const availability = this.availability(piece)
    this.#availability[piece] = availability + 1
    const position = this.#position[piece] ?? ABSENT
    if (position === ABSENT) return
    this.#reach(availability + 1)
    const last = this.#end(availability) - 1
    this.#swap(position, last)
    this.#starts[availability + 1] = last
  }

  /** One peer that had the piece is gone. */
  less(piece: PieceIndex): void {
    const availability = this.availability(piece)
    assert(availability > 0, 'a piece that nobody has cannot become rarer')
    this.#availability[piece] = availability - 1
    const position = this.#position[piece] ?? ABSENT
    if (position === ABSENT) return
    const first = this.#start(availability)
    this.#swap(position, first)
    this.#starts[availability] = first + 1
  }

  /** What a checkpoint keeps; `restore` gives the same order back. */
  save(): { availability: Uint8Array; order: Uint8Array; starts: number[] } {
    const view = ({ buffer, byteOffset, byteLength }: Uint16Array | Uint32Array) =>
      new Uint8Array(buffer, byteOffset, byteLength)
    return {
      availability: view(this.#availability),
      order: view(this.#order.subarray(0, this.#length)),
      starts: this.#starts.slice(),
    }
  }

  static restore(pieceCount: number, seed: number, saved: ReturnType<Rarity['save']>): Rarity {
    const rarity = new Rarity(pieceCount, seed)
    rarity.#availability.set(new Uint16Array(saved.availability.slice().buffer))
    const order = new Uint32Array(saved.order.slice().buffer)
    rarity.#order.set(order)
    for (let at = 0; at < order.length; at++) rarity.#position[order[at] ?? 0] = at
    rarity.#length = order.length
    rarity.#starts.splice(0, rarity.#starts.length, ...saved.starts)
    return rarity
  }

  #start(bucket: number): number {
    return this.#starts[bucket] ?? this.#length
  }

  #end(bucket: number): number {
    return this.#starts[bucket + 1] ?? this.#length
  }

  #reach(availability: number): void {
    while (this.#starts.length <= availability) this.#starts.push(this.#length)
  }

  #place(piece: PieceIndex, position: number): void {
    this.#order[position] = piece
    this.#position[piece] = position
  }

  #swap(left: number, right: number): void {
    if (left === right) return
    const [a, b] = [this.at(left), this.at(right)]
    this.#place(b, left)
    this.#place(a, right)
  }
}
