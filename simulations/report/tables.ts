/** Tables of a study for other programs, as CSV (RFC 4180): a row for each run, and a row for each sample over time. */
import type { Samples } from '../sampler.js'
import type { RunResult } from '../scenario.js'
import { meanOf, quantile } from '../statistics.js'
import { meanRarest, meanUploadShare } from './measures.js'

type Cell = string | number | null | undefined
type Row = Readonly<Record<string, Cell>>

const cellText = (cell: Cell): string => {
  if (cell === undefined || cell === null || Number.isNaN(cell)) return ''
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const END = '\r\n'
const rowText = (cells: readonly Cell[]): string => cells.map(cellText).join(',') + END

const PERCENTILES = [0, 5, 25, 50, 75, 95, 100] as const
const DIGITS = 6
const rounded = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Number(value.toPrecision(DIGITS))

const runRow = (scenario: string, run: RunResult): Row => {
  const { downloadSeconds, violations, groups, measured } = run
  return {
    scenario,
    seed: run.seed,
    hash: run.hash,
    simulatedSeconds: run.simulatedSeconds,
    wallSeconds: run.wallSeconds,
    events: run.events,
    deliveries: run.deliveries,
    blocks: run.blocks,
    peers: run.peers,
    completed: run.completed,
    faults: run.faults.length,
    violations: violations.length,
    checkers: [...new Set(violations.map(({ checker }) => checker))].join(' '),
    downloadSecondsMean: rounded(downloadSeconds.length === 0 ? undefined : meanOf(downloadSeconds)),
    ...Object.fromEntries(
      PERCENTILES.map((percent) => [`downloadSecondsP${percent}`, rounded(quantile(downloadSeconds, percent / 100))]),
    ),
    meanRarest: rounded(meanRarest(run)),
    meanUploadShare: rounded(meanUploadShare(run)),
    ...Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, rounded(value)])),
    ...Object.fromEntries(
      groups.flatMap(({ name, ...group }) => [
        [`${name}: peers`, group.peers],
        [`${name}: completed`, group.completed],
        [`${name}: uploadedBytes`, group.uploadedBytes],
        [`${name}: downloadedBytes`, group.downloadedBytes],
        [`${name}: downloadSecondsP50`, group.downloadSeconds[50]],
        [`${name}: shareRatioP50`, group.shareRatios[50]],
      ]),
    ),
  }
}

/** A row for each run; columns of groups that a run does not have are empty in it. */
export const runsTable = (scenario: string, runs: readonly RunResult[]): readonly string[] => {
  const rows = runs.map((run) => runRow(scenario, run))
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return [rowText(columns), ...rows.map((row) => rowText(columns.map((column) => row[column])))]
}

const COLUMNS = [
  'seconds',
  'leechers',
  'missingOne',
  'seeds',
  'finished',
  'copiesMin',
  'copiesMean',
  'copiesMax',
  'uploadBytesPerSecond',
  'uploadShare',
] as const satisfies readonly (keyof Samples)[]

/** A row for each sample of each run. */
export function* samplesTable(scenario: string, runs: readonly RunResult[]): Generator<string, void, undefined> {
  yield rowText(['scenario', 'seed', ...COLUMNS])
  for (const { seed, samples } of runs) {
    if (samples === undefined) continue
    yield samples.seconds
      .map((_, at) => rowText([scenario, seed, ...COLUMNS.map((column) => samples[column][at])]))
      .join('')
  }
}
