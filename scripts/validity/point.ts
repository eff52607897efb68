/** A point: one thing that the simulator must agree with, as rows of what was predicted and what was measured. */
import type { RunResult } from '../../simulations/index.js'
import { type Estimate, estimate } from '../../simulations/statistics.js'

export type Verdict = 'passed' | 'missed' | 'not run'

export interface Row {
  readonly what: string
  readonly predicted: string
  readonly measured: string
  readonly criterion: string
  readonly verdict: Verdict
}

export interface Sweep {
  /** The name of a scenario, or the path of a file. */
  readonly scenario: string
  readonly settings: Readonly<Record<string, string | number>>
  /** How many samples over time each run keeps. */
  readonly samples?: number
  /** In place of as many as every sweep has, where one run says less. */
  readonly seeds?: number
}

export interface Bench {
  /** Fewer seeds: for a first look, and not for the table. */
  readonly quick: boolean
  /** One run of a scenario for each seed, over all cores; throws where one has a violation. */
  sweep(sweep: Sweep): Promise<readonly RunResult[]>
}

export interface Point {
  readonly number: number
  readonly title: string
  run(bench: Bench): Promise<readonly Row[]>
}

export const show = (value: number): string => Number(value.toPrecision(4)).toString()

export const showEstimate = ({ mean, within = Number.NaN, count }: Estimate): string =>
  `${show(mean)} ± ${show(within)} (${count} runs)`

/** Throws where there are no values: a point that measured nothing has passed nothing. */
export const estimateOf = (values: readonly number[]): Estimate => {
  const found = estimate(values)
  if (found === undefined || !Number.isFinite(found.mean)) throw new Error('nothing was measured')
  return found
}

export const measuredOf = (results: readonly RunResult[], name: string): readonly number[] =>
  results.map(({ measured }) => measured[name] ?? Number.NaN)

export const row = (what: string, predicted: string, measured: Estimate, criterion: string, holds: boolean): Row => ({
  what,
  predicted,
  measured: showEstimate(measured),
  criterion,
  verdict: holds ? 'passed' : 'missed',
})

/** The mean is as predicted, within a share of it. */
export const rowWithin = (what: string, predicted: number, values: readonly number[], share: number): Row => {
  const measured = estimateOf(values)
  const holds = Math.abs(measured.mean - predicted) <= share * Math.abs(predicted)
  return row(what, show(predicted), measured, `mean within ${Math.round(share * 100)} %`, holds)
}
