/**
 * What one side of a simulated connection sends: bytes that it took, of which some have departed, and some have arrived.
 *
 * Strategy: bytes stay where the sender has them until the segment that carries them arrives, and the receiver reads them
 * there: a block is not copied on its way, and short messages are put together in one buffer that the whole network
 * shares.
 */
import { assert } from '../src/assert.js'
import { Line } from './line.js'

/** Parts of a segment below this are handed over together with those behind them. */
const SHORT_BYTES = 1_024

export class Outgoing {
  /** What has not arrived whole. */
  readonly #chunks = new Line<Uint8Array>()
  /** Bytes of the first chunk that have arrived. */
  #chunkArrived = 0
  /** The first chunk, of those here, that has not departed whole, and its bytes that have. */
  #departing = 0
  #chunkDeparted = 0
  /** Bytes since the connection was opened. */
  #taken = 0
  #departed = 0
  #arrived = 0
  /** Who is told when what was taken until then has arrived. */
  #awaited: Line<{ readonly end: number; readonly flushed: () => void }> | undefined

  get taken(): number {
    return this.#taken
  }
  get departed(): number {
    return this.#departed
  }
  get arrived(): number {
    return this.#arrived
  }
  /** Bytes that have not departed. */
  get waiting(): number {
    return this.#taken - this.#departed
  }
  /** Bytes of chunks that have not arrived whole: one that has arrived in part is not flushed. */
  get unflushed(): number {
    return this.#taken - this.#arrived + this.#chunkArrived
  }

  take(chunk: Uint8Array): void {
    this.#chunks.add(chunk)
    this.#taken += chunk.length
  }

  /** Calls it by `flush`, once all that was taken so far has arrived. */
  whenArrived(flushed: () => void): void {
    this.#awaited ??= new Line()
    this.#awaited.add({ end: this.#taken, flushed })
  }

  flush(): void {
    for (
      let next = this.#awaited?.first;
      next !== undefined && next.end <= this.#arrived;
      next = this.#awaited?.first
    ) {
      this.#awaited?.shift()
      next.flushed()
    }
  }

  /** Nothing departs but what has, and so many bytes that have not arrived, and nobody is told of them. */
  cutOff(keptBytes: number): void {
    this.#awaited = undefined
    this.#taken = Math.min(this.#taken, Math.max(this.#departed, this.#arrived + keptBytes))
  }

  /** So many bytes or fewer, up to the end of a chunk: a block that is not cut need not be put together again. */
  wholeChunks(most: number): number {
    let bytes = -this.#chunkDeparted
    for (let at = this.#departing; ; at++) {
      const next = bytes + (this.#chunks.at(at)?.length ?? 0)
      if (next > most || next === bytes) break
      bytes = next
    }
    return 2 * bytes > most ? bytes : most
  }

  depart(bytes: number): void {
    this.#departed += bytes
    this.#chunkDeparted += bytes
    for (let chunk = this.#chunks.at(this.#departing); chunk !== undefined; chunk = this.#chunks.at(this.#departing)) {
      if (this.#chunkDeparted < chunk.length) break
      this.#chunkDeparted -= chunk.length
      this.#departing++
    }
  }

  /** So many bytes, or those up to the end of their chunk, have arrived. */
  arrive(most: number): Uint8Array {
    const chunk = this.#chunks.first
    assert(chunk !== undefined, 'what was sent is there until it has arrived')
    const from = this.#chunkArrived
    const length = Math.min(chunk.length - from, most)
    this.#arrived += length
    this.#chunkArrived += length
    if (this.#chunkArrived === chunk.length) {
      this.#chunks.shift()
      this.#departing--
      this.#chunkArrived = 0
    }
    return from === 0 && length === chunk.length ? chunk : chunk.subarray(from, from + length)
  }

  /** As `arrive`: a large part where it lies, or several short ones put together in `scratch`. */
  arriveTogether(most: number, scratch: Uint8Array): Uint8Array {
    const first = this.arrive(most)
    if (first.length >= SHORT_BYTES || first.length === most || !this.#isShort(most - first.length)) return first
    scratch.set(first)
    let bytes = first.length
    while (bytes < most && this.#isShort(most - bytes)) {
      const part = this.arrive(most - bytes)
      scratch.set(part, bytes)
      bytes += part.length
    }
    return scratch.subarray(0, bytes)
  }

  #isShort(most: number): boolean {
    const chunk = this.#chunks.first
    return chunk !== undefined && Math.min(chunk.length - this.#chunkArrived, most) < SHORT_BYTES
  }
}
