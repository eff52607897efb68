/** Keyframes: snapshots that folds left behind, so that the next fold near them is short. Bounded in bytes. */

/** A fold leaves one behind after so many events: going from one to the next takes some ten milliseconds. */
export const KEYFRAME_EVENTS = 16_384
/** A state of 100,000 pieces and 50 peers takes 2 MiB. */
const BYTES_MAX = 48 * 1_048_576

export interface Keyframe {
  /** The state is that before this event. */
  readonly seq: number
  readonly snapshot: Uint8Array
}

export class Keyframes {
  /** Those used last come last. */
  readonly #kept = new Map<number, Keyframe>()
  #bytes = 0

  keep(seq: number, snapshot: Uint8Array): void {
    if (this.#kept.has(seq) || snapshot.length > BYTES_MAX) return
    this.#kept.set(seq, { seq, snapshot })
    this.#bytes += snapshot.length
    for (const [oldest, keyframe] of this.#kept) {
      if (this.#bytes <= BYTES_MAX) return
      this.#kept.delete(oldest)
      this.#bytes -= keyframe.snapshot.length
    }
  }

  /** The last one at or before a number. */
  nearest(seq: number): Keyframe | undefined {
    let nearest: Keyframe | undefined
    for (const keyframe of this.#kept.values())
      if (keyframe.seq <= seq && (nearest === undefined || keyframe.seq > nearest.seq)) nearest = keyframe
    if (nearest !== undefined) {
      this.#kept.delete(nearest.seq)
      this.#kept.set(nearest.seq, nearest)
    }
    return nearest
  }
}
