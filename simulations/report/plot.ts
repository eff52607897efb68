/** A plot of a report, as data: what the page draws, in the units of its axes. */

export interface Axis {
  /** With its unit. */
  readonly label: string
  /** What a value is called where it is shown alone, as `12 s`. */
  readonly unit: string
}

/** A value at each place of the plot; null where there is none. */
export type Curve = readonly (number | null)[]

export interface Line {
  readonly label: string
  readonly middle: Curve
  /** The band around it, over runs. */
  readonly low?: Curve
  readonly high?: Curve
}

/** Something that happened for a while, in one run each. */
export interface Row {
  readonly label: string
  readonly spans: readonly (readonly [from: number, to: number])[]
}

interface Common {
  readonly id: string
  readonly title: string
  /** A sentence that says how to read it. */
  readonly about: string
  readonly x: Axis
  /** Places on the horizontal axis, ascending. */
  readonly at: readonly number[]
  /** Wants all the width that there is. */
  readonly wide?: true
  /** Horizontal axes of the same name move their cursors together. */
  readonly together?: string
  /** Moments to be seen in any plot over time: violations. */
  readonly marks?: readonly number[]
}

export interface LinesPlot extends Common {
  /** `steps` for numbers that stay until they change; `points` with the band of each as a bar. */
  readonly form: 'lines' | 'steps' | 'points'
  readonly y: Axis
  /** The vertical axis goes to there at least. */
  readonly top?: number
  readonly lines: readonly Line[]
}

export interface RowsPlot extends Common {
  readonly form: 'rows'
  readonly rows: readonly Row[]
  readonly runs: number
}

export type Plot = LinesPlot | RowsPlot
