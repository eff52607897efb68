/** Copies: how many of the nodes that are there have each piece. */

const BITS = 8

export class Copies {
  readonly #counts: Uint32Array
  /** What each node had when it was last seen. */
  readonly #had = new Map<number, Uint8Array>()

  constructor(readonly pieces: number) {
    this.#counts = new Uint32Array(pieces)
  }

  /** What a node has now, as a bitfield; undefined where it is not there. Costs what changed since it was last seen. */
  see(node: number, bits: Uint8Array | undefined): void {
    const had = this.#had.get(node)
    if (bits === undefined) {
      if (had === undefined) return
      for (let at = 0; at < had.length; at++) this.#change(at, had[at] ?? 0, 0)
      this.#had.delete(node)
      return
    }
    const known = had ?? new Uint8Array(bits.length)
    if (had === undefined) this.#had.set(node, known)
    for (let at = 0; at < bits.length; at++) {
      const [before, after] = [known[at] ?? 0, bits[at] ?? 0]
      if (before === after) continue
      this.#change(at, before, after)
      known[at] = after
    }
  }

  /** Of the rarest piece, of all on average, and of the commonest. */
  spread(): { readonly min: number; readonly mean: number; readonly max: number } {
    let [min, max, sum] = [Number.POSITIVE_INFINITY, 0, 0]
    for (const count of this.#counts) {
      min = Math.min(min, count)
      max = Math.max(max, count)
      sum += count
    }
    return { min, mean: sum / this.pieces, max }
  }

  #change(byte: number, before: number, after: number): void {
    for (let bit = 0; bit < BITS; bit++) {
      const mask = 0x80 >>> bit
      const piece = byte * BITS + bit
      const change = Number((after & mask) !== 0) - Number((before & mask) !== 0)
      if (change !== 0) this.#counts[piece] = (this.#counts[piece] ?? 0) + change
    }
  }
}
