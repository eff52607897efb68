/** Sections of a report's page: its tiles, and its tables of numbers and settings. */
import { type GroupMeasures, groupMeasures, type Measure, measuresOf } from '../../../../simulations/report/measures.js'
import type { Study } from '../../../../simulations/report/study.js'
import type { RunResult } from '../../../../simulations/scenario.js'
import type { Estimate } from '../../../../simulations/statistics.js'
import { showBytes } from '../../format.js'
import { type Html, html } from './html.js'

const DIGITS = 4

export const showNumber = (value: number): string =>
  Math.abs(value) >= 1_000
    ? value.toLocaleString('en', { maximumFractionDigits: 0 })
    : value.toLocaleString('en', { maximumSignificantDigits: DIGITS })

/** A unit for all numbers of one line. */
interface Scale {
  readonly unit: string
  readonly by: number
}

const NO_UNIT: Scale = { unit: '', by: 1 }
const PERCENT: Scale = { unit: ' %', by: 1 }

const secondsScale = ({ median }: Estimate): Scale => {
  if (median < 600) return { unit: ' s', by: 1 }
  return median < 3 * 3_600 ? { unit: ' min', by: 60 } : { unit: ' h', by: 3_600 }
}

/** One for all times of downloads, which are compared with each other. */
const downloadScale = (runs: readonly RunResult[]): Scale => {
  const measure = measuresOf(runs).find(({ label }) => label === 'download time, median')
  return measure === undefined ? NO_UNIT : secondsScale(measure.estimate)
}

const scaleOf = ({ label, unit, estimate }: Measure, ofDownloads: Scale): Scale => {
  if (unit === '') return NO_UNIT
  if (unit === '%') return PERCENT
  return label.startsWith('download time') ? ofDownloads : secondsScale(estimate)
}

const show = (value: number, { unit, by }: Scale): string => showNumber(value / by) + unit

/** `12.3 ± 0.4 s`, as far as more than one run says so. */
const meanText = ({ mean, within = 0 }: Estimate, scale: Scale): string => {
  const [value, off] = [mean / scale.by, within / scale.by]
  if (off === 0) return show(mean, scale)
  // How unsure a number is needs two digits, and the number no more places than that.
  const places = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(off))))
  const fixed = (number: number): string =>
    number.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })
  return `${fixed(value)} ± ${fixed(off)}${scale.unit}`
}

const tile = (label: string, value: string, kind = ''): Html =>
  html`<div class="tile ${kind}"><b>${value}</b><span class="quiet">${label}</span></div>
`

/** What matters most, at a glance. */
export const tiles = (runs: readonly RunResult[]): Html => {
  const measures = new Map(measuresOf(runs).map((measure) => [measure.label, measure]))
  const ofDownloads = downloadScale(runs)
  const wrong = runs.filter(({ violations }) => violations.length > 0).length
  const shown = (label: string): Html => {
    const measure = measures.get(label)
    return measure === undefined ? html`` : tile(label, meanText(measure.estimate, scaleOf(measure, ofDownloads)))
  }
  const [came, finished] = [measures.get('leechers that came'), measures.get('leechers that finished')]
  const share = came && finished && came.estimate.mean > 0 ? finished.estimate.mean / came.estimate.mean : undefined
  return html`<section class="tiles">
${tile('runs with violations', `${wrong} of ${runs.length}`, wrong > 0 ? 'wrong' : 'right')}${
  share === undefined ? '' : tile('of leechers finished', `${showNumber(share * 100)} %`)
}${shown('download time, median')}${shown('download time, 95 % of peers')}${shown('upload capacity in use')}</section>
`
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): Html =>
  html`<div class="card table"><table class="numbers">
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([first = '', ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>
`

export const measureTable = (runs: readonly RunResult[], measures: readonly Measure[]): Html => {
  const ofDownloads = downloadScale(runs)
  if (runs.length === 1)
    return table(
      ['', 'this run'],
      measures.map((measure) => [measure.label, meanText(measure.estimate, scaleOf(measure, ofDownloads))]),
    )
  return table(
    ['over runs', 'mean, ± 95 % confidence', 'least', 'median', 'most', 'runs'],
    measures.map((measure) => {
      const { estimate, label } = measure
      const scale = scaleOf(measure, ofDownloads)
      const { least, median, most, count } = estimate
      return [label, meanText(estimate, scale), show(least, scale), show(median, scale), show(most, scale), `${count}`]
    }),
  )
}

const bytesText = (estimate: Estimate | undefined): string =>
  estimate === undefined ? '' : showBytes(Math.round(estimate.mean))
const maybe = (estimate: Estimate | undefined, scale: Scale): string =>
  estimate === undefined ? '–' : meanText(estimate, scale)

const groupRow = (group: GroupMeasures, ofDownloads: Scale): readonly string[] => [
  group.name,
  maybe(group.peers, NO_UNIT),
  maybe(group.finished, PERCENT),
  maybe(group.downloadSeconds, ofDownloads),
  bytesText(group.downloadedBytes),
  bytesText(group.uploadedBytes),
  maybe(group.shareRatio, NO_UNIT),
]

export const groupTable = (
  runs: readonly RunResult[],
): Html => html`<h3 class="between">Groups of peers${runs.length === 1 ? '' : ', in a run on average'}</h3>
${table(
  ['group', 'peers', 'finished', 'median download time', 'downloaded', 'uploaded', 'uploaded / downloaded'],
  groupMeasures(runs).map((group) => groupRow(group, downloadScale(runs))),
)}`

const ENTRIES_SHOWN = 8

/** As `--set` takes it, where it is not a long list. */
const settingText = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) {
    if (value.length > ENTRIES_SHOWN) return `${value.length} entries`
    return value.map((entry) => (typeof entry === 'object' ? Object.values(entry).join(':') : entry)).join('+')
  }
  const [type, ...rest] = Object.values(value).map(settingText)
  return type === 'fixed' ? rest.join(',') : [type, ...(rest.length > 0 ? [rest.join(',')] : [])].join(':')
}

const inWords = (key: string, value: unknown): string => {
  if (typeof value !== 'number' || value < 1_024) return ''
  if (/Rate$/.test(key)) return `${showBytes(value)}/s`
  return /(Bytes|Length)$/.test(key) ? showBytes(value) : ''
}

export const settingsTable = ({ settings, defaults }: Study): Html => {
  const own = new Map<string, unknown>(Object.entries(defaults))
  const rows = Object.entries(settings).map(([key, value]) => {
    const [text, before] = [settingText(value), settingText(own.get(key))]
    return { key, text, words: inWords(key, value), before: text === before ? '' : before }
  })
  return html`<details class="card"><summary>All settings; those in bold are not the scenario's own</summary>
<div class="table"><table class="numbers">
<thead><tr><th scope="col">setting</th><th scope="col">value</th><th scope="col"></th><th scope="col">the scenario's own</th></tr></thead>
<tbody>
${rows.map(
  ({ key, text, words, before }) =>
    html`<tr class="${before === '' ? '' : 'changed'}"><th scope="row">${key}</th><td>${text}</td><td>${words}</td><td>${before}</td></tr>
`,
)}</tbody>
</table></div></details>
`
}
