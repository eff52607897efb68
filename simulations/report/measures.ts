/** Measures: what runs came to, one number a run, and what all of them say of it together. */
import type { Samples } from '../sampler.js'
import type { RunResult } from '../scenario.js'
import { type Estimate, estimate, meanOf, quantile } from '../statistics.js'
import { groupNames } from './study.js'

export interface Measure {
  readonly label: string
  readonly unit: 's' | '%' | ''
  /** Over the runs that have such a number. */
  readonly estimate: Estimate
}

const PERCENT = 100

/** A mean over the time in which there were leechers, of what is known of each interval; undefined where there is none. */
const meanOverTime = (
  { seconds, leechers }: Samples,
  measure: (at: number) => number | null | undefined,
): number | undefined => {
  let [sum, length] = [0, 0]
  for (let at = 1; at < seconds.length; at++) {
    const value = measure(at)
    if (value === null || value === undefined) continue
    if ((leechers[at - 1] ?? 0) === 0 && (leechers[at] ?? 0) === 0) continue
    const interval = (seconds[at] ?? 0) - (seconds[at - 1] ?? 0)
    sum += value * interval
    length += interval
  }
  return length === 0 ? undefined : sum / length
}

/** What is counted at both ends of an interval is taken to change evenly in it. */
const meanCount = (samples: Samples, column: readonly number[]): number | undefined =>
  meanOverTime(samples, (at) => ((column[at - 1] ?? 0) + (column[at] ?? 0)) / 2)

/** The mean part of their upload capacity that the peers used while there were leechers. */
export const meanUploadShare = ({ samples }: RunResult): number | undefined =>
  samples && meanOverTime(samples, (at) => samples.uploadShare[at])

export const meanRarest = ({ samples }: RunResult): number | undefined =>
  samples && meanCount(samples, samples.copiesMin)

const downloadTime =
  (of: (sorted: readonly number[]) => number) =>
  ({ downloadSeconds }: RunResult): number | undefined =>
    downloadSeconds.length === 0 ? undefined : of(downloadSeconds)

const MEASURES: readonly (readonly [
  label: string,
  unit: Measure['unit'],
  of: (run: RunResult) => number | undefined,
])[] = [
  ['simulated time', 's', ({ simulatedSeconds }) => simulatedSeconds],
  ['leechers that came', '', ({ measured }) => measured.arrivals],
  ['leechers that finished', '', ({ completed }) => completed],
  ['download time, mean', 's', downloadTime(meanOf)],
  ['download time, median', 's', downloadTime((sorted) => quantile(sorted, 0.5))],
  ['download time, 95 % of peers', 's', downloadTime((sorted) => quantile(sorted, 0.95))],
  ['upload capacity in use', '%', (run) => percentOf(meanUploadShare(run))],
  ['copies of the rarest piece, on average', '', meanRarest],
  ['faults', '', ({ faults }) => (faults.length === 0 ? undefined : faults.length)],
]

const percentOf = (share: number | undefined): number | undefined => (share === undefined ? undefined : share * PERCENT)

const estimateOver = <Of>(items: readonly Of[], measure: (item: Of) => number | undefined): Estimate | undefined =>
  estimate(items.flatMap((item) => measure(item) ?? []))

const estimated = (
  runs: readonly RunResult[],
  label: string,
  unit: Measure['unit'],
  of: (run: RunResult) => number | undefined,
): readonly Measure[] => {
  const over = estimateOver(runs, of)
  return over === undefined ? [] : [{ label, unit, estimate: over }]
}

/** What every study has. */
export const measuresOf = (runs: readonly RunResult[]): readonly Measure[] =>
  MEASURES.flatMap(([label, unit, of]) => estimated(runs, label, unit, of))

/** What the scenario measured, by the names that it has for it. */
export const scenarioMeasures = (runs: readonly RunResult[]): readonly Measure[] =>
  [...new Set(runs.flatMap(({ measured }) => Object.keys(measured)))].flatMap((name) =>
    estimated(runs, name, name.endsWith('Seconds') ? 's' : '', ({ measured }) => measured[name]),
  )

/** How one group of peers fared. */
export interface GroupMeasures {
  readonly name: string
  readonly peers: Estimate | undefined
  /** In percent of those who came. */
  readonly finished: Estimate | undefined
  /** The median of its peers. */
  readonly downloadSeconds: Estimate | undefined
  readonly uploadedBytes: Estimate | undefined
  readonly downloadedBytes: Estimate | undefined
  /** All that it gave over all that it got. */
  readonly shareRatio: Estimate | undefined
}

export const groupMeasures = (runs: readonly RunResult[]): readonly GroupMeasures[] =>
  groupNames(runs).map((name) => {
    const results = runs.flatMap(({ groups }) => groups.filter((group) => group.name === name))
    const downloaders = results.filter(({ downloadedBytes }) => downloadedBytes > 0)
    return {
      name,
      peers: estimateOver(results, ({ peers }) => peers),
      finished: estimateOver(downloaders, ({ completed, peers }) => (PERCENT * completed) / peers),
      downloadSeconds: estimateOver(downloaders, ({ downloadSeconds }) => downloadSeconds[50]),
      uploadedBytes: estimateOver(results, ({ uploadedBytes }) => uploadedBytes),
      downloadedBytes: estimateOver(results, ({ downloadedBytes }) => downloadedBytes),
      shareRatio: estimateOver(downloaders, ({ uploadedBytes, downloadedBytes }) => uploadedBytes / downloadedBytes),
    }
  })
