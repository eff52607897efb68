/** The timeline of a study: the time that its plots share, and what was sampled of its runs as lines over it. */
import type { Samples } from '../sampler.js'
import type { RunResult } from '../scenario.js'
import { countUpTo, gridTo, horizonOf, lineOf } from './bands.js'
import type { Axis, Curve, Line } from './plot.js'

/** More places than a plot is wide in most pages show nothing more. */
export const PLACES = 320
/** Of a place on an axis. */
const DIGITS = 6

/** A unit in which an axis has readable numbers. */
export interface TimeUnit {
  readonly name: string
  readonly seconds: number
}

export const unitFor = (seconds: number): TimeUnit => {
  if (seconds <= 300) return { name: 's', seconds: 1 }
  if (seconds <= 3 * 3_600) return { name: 'min', seconds: 60 }
  return seconds <= 72 * 3_600 ? { name: 'h', seconds: 3_600 } : { name: 'd', seconds: 86_400 }
}

export const timeAxis = (label: string, { name }: TimeUnit): Axis => ({ label: `${label} (${name})`, unit: name })

export const inUnit = (seconds: number, unit: TimeUnit): number => Number((seconds / unit.seconds).toPrecision(DIGITS))

/** Columns whose numbers stay as they are until they change. */
export type Counts = 'leechers' | 'missingOne' | 'seeds' | 'finished' | 'copiesMin' | 'copiesMean' | 'copiesMax'
/** Columns of what went on since the sample before. */
export type Rates = 'uploadShare' | 'uploadBytesPerSecond'

export class Timeline {
  readonly unit: TimeUnit
  readonly axis: Axis
  readonly at: readonly number[]
  /** When violations were found. */
  readonly marks: readonly number[]
  readonly sampled: readonly Samples[]
  readonly #seconds: readonly number[]

  constructor(runs: readonly RunResult[]) {
    this.sampled = runs.flatMap(({ samples }) => samples ?? [])
    const end = horizonOf(runs.map(({ simulatedSeconds }) => simulatedSeconds))
    const [only] = this.sampled
    this.#seconds = only !== undefined && this.sampled.length === 1 ? only.seconds : gridTo(end, PLACES)
    this.unit = unitFor(end)
    this.axis = timeAxis('simulated time', this.unit)
    this.at = this.#seconds.map((seconds) => this.of(seconds))
    this.marks = runs.flatMap(({ violations }) => violations.map(({ atSeconds }) => this.of(atSeconds)))
  }

  of(seconds: number): number {
    return inUnit(seconds, this.unit)
  }

  /** Once a run is over, what was counted last stays. */
  counts(label: string, column: Counts): Line {
    const valueAt = (samples: Samples, seconds: number): number | undefined =>
      samples[column][Math.max(0, countUpTo(samples.seconds, seconds) - 1)]
    return lineOf(label, this.#curves(valueAt))
  }

  /** While there are no leechers, and once a run is over, it has no say. */
  rates(label: string, column: Rates, factor: number): Line {
    const valueAt = (samples: Samples, seconds: number): number | undefined => {
      const before = countUpTo(samples.seconds, seconds) - 1
      const at = Math.max(1, samples.seconds[before] === seconds ? before : before + 1)
      const rate = samples[column][at]
      const idle = samples.leechers[at - 1] === 0 && samples.leechers[at] === 0
      return idle || typeof rate !== 'number' ? undefined : rate * factor
    }
    return lineOf(label, this.#curves(valueAt))
  }

  #curves(valueAt: (samples: Samples, seconds: number) => number | undefined): readonly Curve[] {
    return this.sampled.map((samples) => this.#seconds.map((seconds) => valueAt(samples, seconds) ?? null))
  }
}
