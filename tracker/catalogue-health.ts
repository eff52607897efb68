/**
 * The health of a swarm over time: samples of its counts, as many as there is room for.
 *
 * Strategy: where it is full, that sample is left out which is missed least, by how far apart its neighbours are beside
 * its age. So the last hour is kept to the minute, the last day to a few minutes, and a year to about a month, in 2 KiB;
 * the first sample and the newest are always there.
 */
import { assert } from '../src/assert.js'

export interface SwarmCounts {
  readonly seeds: number
  readonly leeches: number
  /** How often it was fetched to the end, as far as the tracker heard. */
  readonly completed: number
}

/** Columns of the same length; `at` in seconds since the epoch. */
export interface HealthColumns {
  readonly at: readonly number[]
  readonly seeds: readonly number[]
  readonly leeches: readonly number[]
  readonly completed: readonly number[]
}

const COLUMNS = 4
const MOST = 0xffff_ffff

export class Health {
  readonly #samplesMax: number
  /** `at, seeds, leeches, completed`, one sample after another. */
  #samples: Uint32Array
  #count = 0

  constructor(samplesMax: number) {
    assert(samplesMax >= 3, 'there is room for a first sample, a newest, and one between')
    this.#samplesMax = samplesMax
    this.#samples = new Uint32Array(4 * COLUMNS)
  }

  get count(): number {
    return this.#count
  }

  /** Seconds since the epoch; undefined where there is no sample. */
  get newestAt(): number | undefined {
    return this.#count === 0 ? undefined : this.#at(this.#count - 1)
  }

  /** What comes at the same second as the last, or before it by a clock that was put back, is passed over. */
  add(atSeconds: number, { seeds, leeches, completed }: SwarmCounts): void {
    const at = Math.floor(atSeconds)
    if (this.#count > 0 && at <= this.#at(this.#count - 1)) return
    if (this.#count === this.#samplesMax) this.#leaveOut(at)
    if (this.#count * COLUMNS === this.#samples.length) this.#grow()
    this.#samples.set(
      [at, seeds, leeches, completed].map((value) => Math.min(value, MOST)),
      this.#count * COLUMNS,
    )
    this.#count++
  }

  columns(): HealthColumns {
    const column = (offset: number): number[] =>
      Array.from({ length: this.#count }, (_, sample) => this.#samples[sample * COLUMNS + offset] ?? 0)
    return { at: column(0), seeds: column(1), leeches: column(2), completed: column(3) }
  }

  /** Four whole numbers of 32 bits a sample, little-endian. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#count * COLUMNS * 4)
    const view = new DataView(bytes.buffer)
    for (let at = 0; at < this.#count * COLUMNS; at++) view.setUint32(at * 4, this.#samples[at] ?? 0, true)
    return bytes
  }

  /** Takes what `toBytes` gave, which may have been kept by a version with room for more or fewer. */
  static fromBytes(bytes: Uint8Array, samplesMax: number): Health {
    const health = new Health(samplesMax)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const number = (sample: number, column: number) => view.getUint32((sample * COLUMNS + column) * 4, true)
    for (let sample = 0; (sample + 1) * COLUMNS * 4 <= bytes.length; sample++) {
      const [seeds, leeches, completed] = [number(sample, 1), number(sample, 2), number(sample, 3)]
      health.add(number(sample, 0), { seeds, leeches, completed })
    }
    return health
  }

  #at(sample: number): number {
    return this.#samples[sample * COLUMNS] ?? 0
  }

  #leaveOut(now: number): void {
    let least = Number.POSITIVE_INFINITY
    let chosen = 1
    for (let sample = 1; sample < this.#count - 1; sample++) {
      const missed = (this.#at(sample + 1) - this.#at(sample - 1)) / (now - this.#at(sample))
      if (missed > least) continue
      least = missed
      chosen = sample
    }
    this.#samples.copyWithin(chosen * COLUMNS, (chosen + 1) * COLUMNS, this.#count * COLUMNS)
    this.#count--
  }

  #grow(): void {
    const samples = new Uint32Array(Math.min(this.#samples.length * 2, this.#samplesMax * COLUMNS))
    samples.set(this.#samples)
    this.#samples = samples
  }
}
