/**
 * The backlog of a connection: blocks handed to it and not flushed yet, and how many of them there may be.
 *
 * What was handed over can no longer be taken back, be it cancelled or its peer choked. So a connection is handed about
 * as much as it lets go of in a second, judged by how long the last ones took: a fast one as much as keeps it busy, a
 * slow one a block at a time.
 */
import { assert } from './assert.js'
import { LIMITS } from './limits.js'

export class Backlog {
  #blocks = 0
  /** Of a connection that nothing is known of yet. */
  #most = 1

  /** Blocks that may be handed over now. */
  get room(): number {
    return Math.max(0, this.#most - this.#blocks)
  }

  /** Blocks are handed over; returns how many there are with them, for `flushed`. */
  add(blocks: number): number {
    this.#blocks += blocks
    return this.#blocks
  }

  /** The last that were handed over at one time are flushed, with all before them: `depth` blocks within this time. */
  flushed(blocks: number, depth: number, tookMs: number): void {
    this.#blocks -= blocks
    assert(this.#blocks >= 0, 'a block is flushed once')
    const within = Math.ceil((depth * LIMITS.blocksInSocketMs) / Math.max(1, tookMs))
    this.#most = Math.min(LIMITS.blocksInSocketMax, within)
  }
}
