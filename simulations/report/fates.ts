/** Plots of how peers fared: how long they took, and what they gave for what they got. */
import type { GroupResult } from '../groups.js'
import type { RunResult } from '../scenario.js'
import { quantile } from '../statistics.js'
import { gridTo, horizonOf, lineOf, shareUpTo } from './bands.js'
import type { Axis, Curve, Line, LinesPlot } from './plot.js'
import { groupNames } from './study.js'
import { inUnit, PLACES, timeAxis, unitFor } from './timeline.js'

const PERCENT = 100
const SHARE_AXIS: Axis = { label: 'share of peers (%)', unit: '%' }

/** A line for each group of which somebody downloaded, from the results of all runs. */
const linesOf = (runs: readonly RunResult[], curveOf: (group: GroupResult) => Curve | undefined): readonly Line[] =>
  groupNames(runs)
    .map((name) => runs.flatMap(({ groups }) => groups.filter((group) => group.name === name)))
    .filter((results) => results.some(({ downloadedBytes }) => downloadedBytes > 0))
    .map((results) =>
      lineOf(
        results[0]?.name ?? '',
        results.map(curveOf).flatMap((curve) => (curve ? [curve] : [])),
      ),
    )

export const completion = (runs: readonly RunResult[]): LinesPlot => {
  const horizon = horizonOf(runs.flatMap(({ downloadSeconds }) => downloadSeconds))
  const unit = unitFor(horizon)
  const grid = gridTo(horizon, PLACES)
  return {
    id: 'completion',
    title: 'Completion times',
    about: 'The share of those who came that had finished so long after they came.',
    form: 'lines',
    x: timeAxis('from arrival to finish', unit),
    y: SHARE_AXIS,
    top: PERCENT,
    at: grid.map((seconds) => inUnit(seconds, unit)),
    lines: linesOf(runs, ({ downloadSeconds, completed, peers }) =>
      grid.map((seconds) => (PERCENT * completed * shareUpTo(downloadSeconds, seconds)) / peers),
    ),
  }
}

export const fairness = (runs: readonly RunResult[]): LinesPlot => {
  const grid = gridTo(horizonOf(runs.flatMap(({ groups }) => groups.flatMap(({ shareRatios }) => shareRatios))), PLACES)
  return {
    id: 'fairness',
    title: 'Fairness',
    about:
      'The share of peers that gave at most so many bytes for each that they got; seeds, who get none, are left out.',
    form: 'lines',
    x: { label: 'uploaded / downloaded', unit: '' },
    y: SHARE_AXIS,
    top: PERCENT,
    at: grid,
    lines: linesOf(runs, ({ shareRatios }) =>
      shareRatios.length === 0 ? undefined : grid.map((ratio) => PERCENT * shareUpTo(shareRatios, ratio)),
    ),
  }
}

/** Each run of a sweep, so that one that differs shows. */
export const runByRun = (runs: readonly RunResult[]): LinesPlot => {
  const unit = unitFor(horizonOf(runs.flatMap(({ downloadSeconds }) => downloadSeconds)))
  const isWrong = ({ violations }: RunResult): boolean => violations.length > 0
  const line = (label: string, wrong: boolean): Line => {
    const curve = (share: number): Curve =>
      runs.map((run) => {
        const { downloadSeconds } = run
        return isWrong(run) === wrong && downloadSeconds.length > 0
          ? inUnit(quantile(downloadSeconds, share), unit)
          : null
      })
    return { label, low: curve(0.05), middle: curve(0.5), high: curve(0.95) }
  }
  return {
    id: 'runs',
    wide: true,
    title: 'Run by run',
    about: 'The median download time of each run, and the range of 90 % of its peers.',
    form: 'points',
    x: { label: 'seed', unit: '' },
    y: timeAxis('download time', unit),
    at: runs.map(({ seed }) => seed),
    lines: [line('median', false), ...(runs.some(isWrong) ? [line('with violations', true)] : [])],
  }
}
