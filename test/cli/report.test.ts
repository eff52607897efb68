/** The files that `sim` writes: its report as a page, and its tables. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, type RunResult } from '../../simulations/index.js'
import { prepareJob } from '../../src/cli/sim/job.js'
import { jobOf, type SimFlags } from '../../src/cli/sim/options.js'
import { SweepOutputs } from '../../src/cli/sim/outputs.js'
import { html } from '../../src/cli/sim/report/html.js'
import { pageOf } from '../../src/cli/sim/report/page.js'
import { readParts } from '../../src/cli/sim/report/parts.js'
import { TorrewindError } from '../../src/errors.js'
import { Cli, cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('report')

let folder = ''
test.before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'torrewind-report-'))
})
test.after(() => rm(folder, { recursive: true, force: true }))

const at = (name: string): string => path.join(folder, name)
const SMALL = ['--peers', '3', '--set', 'contentBytes=200000', '--set', 'pieceLength=32768', '--workers', '0']

test('html: whatever is put into it is text, and only HTML is HTML', () => {
  const nasty = `<script>alert("1")</script> & 'x'`
  const { text } = html`<p title="${nasty}">${html`<b>${7}</b>`}${[nasty, html`<i></i>`]}</p>`
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;'
  assert.is(text, `<p title="${escaped}"><b>7</b>${escaped}<i></i></p>`)
})

test('report: no text of a scenario, a setting or a violation gets out of its place in the page', async () => {
  const { defaults, run } = findScenario('flash-crowd')
  const settings = { ...defaults, peers: 2, contentBytes: 100_000, pieceLength: 32_768 }
  const nasty = `</script><script>alert(1)</script>"'&`
  const result = await run({ seed: 1, samples: 16, settings })
  const violations: RunResult['violations'] = [{ checker: nasty, kind: 'safety', node: 1, atSeconds: 1, text: nasty }]
  const groups = result.groups.map((group) => ({ ...group, name: nasty }))
  const measured = { [nasty]: 1 }
  const study = {
    scenario: nasty,
    summary: nasty,
    settings: { ...settings, faults: nasty },
    defaults,
    runs: [{ ...result, violations, groups, measured }],
  }
  const parts = await readParts()
  const page = pageOf(study, { study: nasty, run: () => nasty }, parts)
  assert.not.match(page, nasty)
  assert.not.match(page, '<script>alert')
  const own = Object.values(parts).reduce((rest, part) => rest.replace(part, ''), page)
  assert.is([...own.matchAll(/<\/?script/g)].length, 6, 'the page has three scripts, its data among them')
  assert.match(own, '1 violation in 1 of 1 run')
  assert.not.match(own, /https?:|src=|href=|@import|url\(/)
})

test('report: sim writes the page and the tables, and the same runs make the same files', async () => {
  const write = async (name: string) => {
    const files = ['--report', 'study.html', '--csv', `${name}.csv`, '--samples', `${name}-samples.csv`]
    const args = files.map((word) => (word.startsWith('--') ? word : at(word)))
    const ended = await cli('sim', 'flash-crowd', '--seeds', '1..3', ...SMALL, ...args, '--json')
    assert.is(ended.code, 0, ended.stderr)
    assert.is(lastLine(ended).type, 'swept')
    const written = jsonLines(ended.stdout).filter(({ type }) => type === 'written')
    assert.equal(
      written.map(({ kind, runs }) => [kind, runs]),
      [
        ['report', 3],
        ['csv', 3],
        ['samples', 3],
      ],
    )
    const [page, runs, samples] = await Promise.all(written.map(({ path: file }) => readFile(String(file), 'utf8')))
    return { page, runs, samples }
  }
  const [first, second] = [await write('first'), await write('second')]
  assert.is(first.page, second.page)
  assert.is(first.samples, second.samples)
  assert.is(first.runs?.trimEnd().split('\r\n').length, 4)
  assert.match(first.page ?? '', 'torrewind sim flash-crowd --seeds 1..3 --set contentBytes=200000')
  assert.match(first.page ?? '', '3 runs, seeds 1..3')
  assert.equal((await readdir(folder)).sort(), [
    'first-samples.csv',
    'first.csv',
    'second-samples.csv',
    'second.csv',
    'study.html',
  ])
})

test('report: runs that were kept make the same report later, without being run again', async () => {
  const [runs, page] = [at('kept.jsonl'), at('kept.html')]
  const args = ['sim', 'flash-crowd', '--seeds', '1..2', ...SMALL, '--out', runs, '--json']
  assert.is((await cli(...args)).code, 0)
  const ended = await cli(...args, '--report', page)
  assert.is(ended.code, 0, ended.stderr)
  assert.is(lastLine(ended).resumed, 2)
  assert.match(await readFile(page, 'utf8'), 'id="plot-swarm"')
})

test('report: a sweep that is stopped reports the runs that had ended', async () => {
  const page = at('stopped.html')
  const sweep = new Cli(['sim', 'flash-crowd', '--seeds', '1..1000', ...SMALL, '--report', page, '--json'])
  await sweep.until((stdout) => (jsonLines(stdout).length >= 3 ? true : undefined))
  sweep.signal('SIGINT')
  const ended = await sweep.ended
  assert.is(ended.code, 130, ended.stderr)
  const { asked, runs } = lastLine(ended)
  assert.is(asked, 1_000)
  assert.match(await readFile(page, 'utf8'), `${String(runs)} runs, seeds 1..${String(runs)}`)
})

test('report: files that cannot be written are told of before the first run', async () => {
  const job = jobOf('flash-crowd', {})
  const prepared = await prepareJob(job)
  const open = (flags: SimFlags, to = 2) => SweepOutputs.open(job, prepared, [1, to], flags)
  await open({ report: at('a.html'), csv: at('a.csv'), samples: at('b.csv'), out: at('c.jsonl') })
  for (const [flags, code, text, to] of [
    [{ report: folder }, 'OPTION_INVALID', /is a folder/],
    [{ csv: at('no-folder/a.csv') }, 'DISK_FAILED', /cannot be written/],
    [{ csv: at('same'), samples: at('same') }, 'OPTION_INVALID', /two files at once/],
    [{ csv: at('same'), out: at('same') }, 'OPTION_INVALID', /two files at once/],
    [{ samples: at('many') }, 'OPTION_INVALID', /--samples takes 10,000 runs at most/, 10_001],
  ] as const) {
    const error: unknown = await open(flags, to).catch((refused: unknown) => refused)
    if (!(error instanceof TorrewindError)) throw new Error(`${JSON.stringify(flags)} was taken`)
    assert.is(error.code, code)
    assert.match(error.message, text)
  }
  const ended = await cli('sim', 'flash-crowd', ...SMALL, '--report', folder, '--json')
  assert.is(ended.code, 2)
  assert.equal(
    jsonLines(ended.stdout).map(({ type }) => type),
    ['error'],
  )
})

test.run()
