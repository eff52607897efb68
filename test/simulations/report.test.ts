/** Reports: what many runs say together, as lines with bands, measures and tables. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunResult, type Samples, simulate } from '../../simulations/index.js'
import { countUpTo, horizonOf, lineOf, shareUpTo } from '../../simulations/report/bands.js'
import { groupMeasures, measuresOf, scenarioMeasures } from '../../simulations/report/measures.js'
import type { LinesPlot, Plot } from '../../simulations/report/plot.js'
import { plotsOf } from '../../simulations/report/plots.js'
import { seedsText } from '../../simulations/report/study.js'
import { runsTable, samplesTable } from '../../simulations/report/tables.js'

const SAMPLES: Samples = {
  seconds: [0, 10, 20, 30],
  leechers: [0, 4, 2, 0],
  missingOne: [0, 0, 1, 0],
  seeds: [1, 1, 3, 5],
  finished: [0, 0, 2, 4],
  copiesMin: [0, 1, 2, 5],
  copiesMean: [0, 1.5, 2.5, 5],
  copiesMax: [1, 2, 3, 5],
  uploadBytesPerSecond: [0, 1_000, 2_000, 500],
  uploadShare: [null, 0.5, 1, 0.25],
}

const RUN: RunResult = {
  seed: 1,
  hash: '0123456789abcdef',
  simulatedSeconds: 30,
  wallSeconds: 1,
  events: 10,
  deliveries: 20,
  blocks: 30,
  completed: 4,
  peers: 4,
  downloadSeconds: [16, 18, 28, 30],
  measured: { arrivals: 4, meanLeechers: 2.5 },
  violations: [],
  faults: [],
  groups: [],
  samples: SAMPLES,
}

const linesPlot = (plots: readonly Plot[], id: string): LinesPlot => {
  const found = plots.find((plot) => plot.id === id)
  if (found === undefined || found.form === 'rows') throw new Error(`no plot ${id}`)
  return found
}

test('bands: one curve is a line, and many are their median and the range of 90 %, where half of them have values', () => {
  assert.equal(lineOf('a', [[1, null, 3]]), { label: 'a', middle: [1, null, 3] })
  const curves = Array.from({ length: 21 }, (_, value) => [value, value < 11 ? 7 : null, value < 10 ? 7 : null])
  assert.equal(lineOf('b', curves), { label: 'b', middle: [10, 7, null], low: [1, 7, null], high: [19, 7, null] })
})

test('bands: an axis goes to the last value, but not for a few that are far out', () => {
  assert.is(horizonOf([1, 2, 3]), 3)
  assert.is(horizonOf([...Array.from({ length: 19 }, () => 10), 86_400]), 40)
  assert.is(horizonOf([5]), 5)
})

test('bands: the share up to a value is that of the values that the quantiles are of', () => {
  const values = [1, 2, 2, 2, 3, 10]
  assert.equal(
    [0, 1, 2, 5, 10].map((value) => countUpTo(values, value)),
    [0, 1, 4, 5, 6],
  )
  const quantiles = Array.from({ length: 101 }, (_, percent) => percent * 2)
  assert.equal(
    [-1, 0, 3, 100, 200, 201].map((value) => shareUpTo(quantiles, value)),
    [0, 0, 0.015, 0.5, 1, 1],
  )
  assert.is(
    shareUpTo(
      Array.from({ length: 101 }, () => 4),
      3.9,
    ),
    0,
  )
})

test('report: of one run each sample is shown as it is', () => {
  const plots = plotsOf([RUN])
  const swarm = linesPlot(plots, 'swarm')
  assert.equal(swarm.at, SAMPLES.seconds)
  assert.is(swarm.x.label, 'simulated time (s)')
  assert.equal(
    swarm.lines.map(({ middle }) => middle),
    [SAMPLES.leechers, SAMPLES.seeds, SAMPLES.finished],
  )
  const { lines } = linesPlot(plots, 'upload')
  assert.equal(lines[0]?.middle, [50, 50, 100, 25])
})

test('report: a club shows where there is one', () => {
  const labels = (missingOne: readonly number[]) =>
    linesPlot(plotsOf([{ ...RUN, samples: { ...SAMPLES, missingOne } }]), 'swarm').lines.map(({ label }) => label)
  assert.equal(labels([0, 3, 2, 0]), ['leechers', 'leechers that miss one piece', 'seeds', 'finished so far'])
  assert.equal(labels([0, 0, 1, 0]), ['leechers', 'seeds', 'finished so far'])
})

test('report: a run that is over counts with what it came to, and uploads nothing more', () => {
  const samples = { ...SAMPLES, seconds: [0, 20, 40, 60] }
  const runs = [RUN, { ...RUN, seed: 2, simulatedSeconds: 60, samples }]
  const plots = plotsOf(runs)
  const swarm = linesPlot(plots, 'swarm')
  const at = swarm.at.length - 1
  assert.is(swarm.at[at], 60)
  assert.equal(
    swarm.lines.map(({ middle }) => middle[at]),
    [0, 5, 4],
  )
  const upload = linesPlot(plots, 'upload').lines[0]
  const later = upload?.middle.findIndex((_, place) => (swarm.at[place] ?? 0) > 45) ?? 0
  assert.equal([upload?.low?.[later], upload?.middle[later], upload?.high?.[later]], [25, 25, 25])
})

test('report: long runs are shown in minutes or hours, and violations where they were found', () => {
  const violation = { checker: 'a', kind: 'safety', node: 1, atSeconds: 600, text: 'b' } as const
  const samples = { ...SAMPLES, seconds: [0, 600, 1_200, 1_800] }
  const [plot] = plotsOf([{ ...RUN, simulatedSeconds: 1_800, samples, violations: [violation] }])
  assert.is(plot?.x.unit, 'min')
  assert.equal(plot?.at, [0, 10, 20, 30])
  assert.equal(plot?.marks, [10])
})

test('report: without samples, finishes or faults there are only the plots that there is something of', () => {
  const ids = (run: RunResult): readonly string[] => plotsOf([run]).map(({ id }) => id)
  const { samples: _, ...bare } = RUN
  assert.equal(ids({ ...bare, downloadSeconds: [] }), [])
  assert.equal(ids(bare), ['completion'])
  assert.equal(ids({ ...RUN, downloadSeconds: [] }), ['swarm', 'diversity', 'upload'])
  const faults = [{ kind: 'crash', atSeconds: 1, forSeconds: 2, node: 1, how: 'power' }] as const
  const rows = plotsOf([{ ...bare, faults }]).at(-1)
  assert.equal(rows?.form === 'rows' && rows.rows, [{ label: 'crash', spans: [[1, 3]] }])
})

test('report: the lines of a real run end where its peers did, group by group', async () => {
  const settings = { peers: 6, contentBytes: 1_048_576, freeRiderShare: 0.5 }
  const runs = [await simulate('flash-crowd', { settings, seed: 1 })]
  runs.push(await simulate('flash-crowd', { settings, seed: 2 }))
  const { lines } = linesPlot(plotsOf(runs), 'completion')
  assert.equal(lines.map(({ label }) => label).sort(), ['free riders', 'leechers'])
  for (const { middle } of lines) {
    assert.is(middle[0], 0)
    assert.is(middle.at(-1), 100)
    middle.forEach((share, at) => {
      assert.ok((share ?? 0) >= (middle[at - 1] ?? 0))
    })
  }
  const riders = groupMeasures(runs).find(({ name }) => name === 'free riders')
  assert.is(riders?.shareRatio?.mean, 0)
  assert.is(riders?.finished?.mean, 100)
  assert.is(riders?.peers?.mean, 3)
})

test('measures: means over time are over the time in which there were leechers', () => {
  const measure = (label: string) => measuresOf([RUN]).find((each) => each.label === label)?.estimate.mean
  assert.is(measure('upload capacity in use'), (100 * (0.5 + 1 + 0.25)) / 3)
  assert.is(measure('copies of the rarest piece, on average'), (0.5 + 1.5 + 3.5) / 3)
  assert.is(measure('download time, median'), 23)
  assert.is(measure('leechers that came'), 4)
  assert.is(measure('faults'), undefined)
  assert.equal(
    scenarioMeasures([RUN]).map(({ label, estimate }) => [label, estimate.mean]),
    [
      ['arrivals', 4],
      ['meanLeechers', 2.5],
    ],
  )
})

test('tables: a row for each run and for each sample, with the columns of all runs, and quotes where they are needed', () => {
  const other = { ...RUN, seed: 2, measured: { arrivals: 4, clubSlope: 0.5 }, downloadSeconds: [] }
  const [head = '', first = '', second = '', ...none] = runsTable('a "b", c', [RUN, other])
  assert.equal(none, [])
  const columns = head.trimEnd().split(',')
  const cells = (row: string): readonly string[] => row.trimEnd().replace('"a ""b"", c"', 'abc').split(',')
  for (const row of [first, second]) {
    assert.match(row, /^"a ""b"", c",/)
    assert.ok(row.endsWith('\r\n'))
    assert.is(cells(row).length, columns.length)
  }
  const cell = (row: string, column: string) => cells(row)[columns.indexOf(column)]
  assert.is(cell(first, 'downloadSecondsP50'), '23')
  assert.is(cell(second, 'downloadSecondsP50'), '')
  assert.is(cell(first, 'meanLeechers'), '2.5')
  assert.is(cell(first, 'clubSlope'), '')
  assert.is(cell(second, 'clubSlope'), '0.5')
  const rows = [...samplesTable('s', [RUN, other])].join('').trimEnd().split('\r\n')
  assert.is(rows.length, 9)
  assert.is(rows[1], 's,1,0,0,0,1,0,0,0,1,0,')
  assert.is(rows[8], 's,2,30,0,0,5,4,5,5,5,500,0.25')
})

test('study: seeds are told as ranges', () => {
  const text = (...seeds: readonly number[]): string => seedsText(seeds.map((seed) => ({ ...RUN, seed })))
  assert.is(text(1, 2, 3), '1..3')
  assert.is(text(4), '4')
  assert.is(text(1, 2, 5, 7, 8), '1..2, 5, 7..8')
  assert.is(text(...Array.from({ length: 20 }, (_, at) => at * 2)), '0..38, with gaps')
})

test.run()
