/** The plots of a study, of one run or of many: the swarm over time, how its peers fared, and the faults. */
import type { Fault } from '../faults.js'
import type { RunResult } from '../scenario.js'
import { completion, fairness, runByRun } from './fates.js'
import type { LinesPlot, Plot, Row, RowsPlot } from './plot.js'
import { Timeline } from './timeline.js'

const PERCENT = 100
const MIB = 1_048_576

const overTime = (timeline: Timeline, plot: Omit<LinesPlot, 'x' | 'at' | 'together' | 'marks'>): LinesPlot => ({
  ...plot,
  x: timeline.axis,
  at: timeline.at,
  together: 'time',
  marks: timeline.marks,
})

/** Of all swarms the last piece takes a while; in a club most wait for it most of the time. */
const CLUB_SHARE_MIN = 0.2

const hasClub = ({ sampled }: Timeline): boolean => {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
  return sampled.some(({ leechers, missingOne }) => sum(missingOne) > CLUB_SHARE_MIN * sum(leechers))
}

const swarmSize = (timeline: Timeline): LinesPlot =>
  overTime(timeline, {
    id: 'swarm',
    wide: true,
    title: 'Swarm size',
    about: 'Peers that are there. A leecher that has everything is a seed for as long as it stays.',
    form: 'steps',
    y: { label: 'peers', unit: '' },
    lines: [
      timeline.counts('leechers', 'leechers'),
      ...(hasClub(timeline) ? [timeline.counts('leechers that miss one piece', 'missingOne')] : []),
      timeline.counts('seeds', 'seeds'),
      timeline.counts('finished so far', 'finished'),
    ],
  })

const diversity = (timeline: Timeline): LinesPlot =>
  overTime(timeline, {
    id: 'diversity',
    title: 'Piece diversity',
    about: 'How many of the peers that are there have a piece. One that nobody has cannot be fetched.',
    form: 'lines',
    y: { label: 'copies of a piece', unit: '' },
    lines: [
      timeline.counts('rarest', 'copiesMin'),
      timeline.counts('mean', 'copiesMean'),
      timeline.counts('commonest', 'copiesMax'),
    ],
  })

/** As a part of the capacity; where nobody's is limited, as it is. */
const upload = (timeline: Timeline): LinesPlot => {
  const limited = timeline.sampled.some(({ uploadShare }) => uploadShare.some((share) => share !== null))
  return overTime(timeline, {
    id: 'upload',
    form: 'lines',
    ...(limited
      ? {
          title: 'Upload capacity in use',
          about:
            'What the peers that were there sent, of what their lines could have taken, while there were leechers.',
          y: { label: 'of their capacity (%)', unit: '%' },
          top: PERCENT,
          lines: [timeline.rates('in use', 'uploadShare', PERCENT)],
        }
      : {
          title: 'Upload',
          about: 'What all peers sent together. No line has a limit, so there is no capacity to compare it with.',
          y: { label: 'sent (MiB/s)', unit: 'MiB/s' },
          lines: [timeline.rates('sent', 'uploadBytesPerSecond', 1 / MIB)],
        }),
  })
}

/** What a schedule of faults has in common, wherever it came from. */
type AnyFault = Partial<Pick<Fault, 'kind' | 'atSeconds' | 'forSeconds'>>

const faultRows = (runs: readonly RunResult[], timeline: Timeline): RowsPlot => {
  const rows = new Map<string, [number, number][]>()
  for (const fault of runs.flatMap(({ faults }) => faults)) {
    const { kind = 'fault', atSeconds = 0, forSeconds = 0 } = fault as AnyFault // each is read with care
    const spans = rows.get(kind) ?? []
    spans.push([timeline.of(atSeconds), timeline.of(atSeconds + forSeconds)])
    rows.set(kind, spans)
  }
  return {
    id: 'faults',
    wide: true,
    title: 'Faults',
    about: `When there were faults of each kind; the stronger, the more ${runs.length === 1 ? 'at once' : 'in all runs'}.`,
    form: 'rows',
    x: timeline.axis,
    at: timeline.at,
    together: 'time',
    marks: timeline.marks,
    rows: [...rows].map(([label, spans]): Row => ({ label, spans })).sort((a, b) => (a.label < b.label ? -1 : 1)),
    runs: runs.length,
  }
}

/** Those of which there is anything to see. */
export const plotsOf = (runs: readonly RunResult[]): readonly Plot[] => {
  const timeline = new Timeline(runs)
  const sampled = timeline.sampled.length > 0
  const finished = runs.some(({ downloadSeconds }) => downloadSeconds.length > 0)
  const downloaded = runs.some(({ groups }) => groups.some(({ downloadedBytes }) => downloadedBytes > 0))
  return [
    ...(sampled ? [swarmSize(timeline)] : []),
    ...(finished ? [completion(runs)] : []),
    ...(sampled ? [diversity(timeline), upload(timeline)] : []),
    ...(downloaded ? [fairness(runs)] : []),
    ...(runs.length > 1 && finished ? [runByRun(runs)] : []),
    ...(runs.some(({ faults }) => faults.length > 0) ? [faultRows(runs, timeline)] : []),
  ]
}
