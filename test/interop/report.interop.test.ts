/** Reports in a real browser: every plot is drawn, nothing is asked of a network, and nothing goes wrong. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import * as assert from 'uvu/assert'
import { findScenario, type RunResult, type RunSettings, readSettings } from '../../simulations/index.js'
import { pageOf } from '../../src/cli/sim/report/page.js'
import { readParts } from '../../src/cli/sim/report/parts.js'
import { type BrowserPage, chromium, startBrowser } from './chromium.js'
import { interopSuite } from './harness.js'
import type { Rig } from './rig.js'

const test = interopSuite('interop: reports in a browser')

const runsOf = async (name: string, seeds: number, words: Record<string, string>): Promise<readonly RunResult[]> => {
  const { defaults, run } = findScenario(name)
  const runs: RunResult[] = []
  for (let seed = 1; seed <= seeds; seed++)
    runs.push(await run({ seed, samples: 32, settings: readSettings(defaults, words) }))
  return runs
}

/** Opens the report of these runs. */
const openReport = async (rig: Rig, browser: BrowserPage, scenario: string, runs: readonly RunResult[]) => {
  const { defaults, summary } = findScenario(scenario)
  const settings: RunSettings = { ...defaults, peers: 7 }
  const commands = { study: 'torrewind sim', run: (seed: number) => `--seed ${seed}` }
  const page = pageOf({ scenario, summary, settings, defaults, runs }, commands, await readParts())
  const file = path.join(await rig.folder('report'), 'report.html')
  await writeFile(file, page)
  await browser.open(pathToFileURL(file).href)
  return pathToFileURL(file).href
}

const setScheme = (browser: BrowserPage, value: 'light' | 'dark'): Promise<unknown> =>
  browser.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })

const setWidth = (browser: BrowserPage, width: number): Promise<unknown> =>
  browser.call('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: false })

/** For each plot: its title, its width beside that of its place, and how many colours were drawn that are not grey. */
const LOOK = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() =>
  [...document.querySelectorAll('figure')].map((figure) => {
    const canvas = figure.querySelector('canvas')
    // Chromium would warn of a canvas that is read more than once, so that a copy is.
    const { width, height } = canvas
    const copy = new OffscreenCanvas(width, height).getContext('2d')
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, width, height)
    const colours = new Set()
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = data.subarray(at, at + 4)
      if (alpha > 40 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) colours.add([red, green, blue].join())
    }
    return {
      id: figure.id.replace('plot-', ''),
      drawn: canvas.getBoundingClientRect().width,
      place: figure.querySelector('.plot').clientWidth,
      colours: [...colours],
    }
  }))`

interface Look {
  readonly id: string
  readonly drawn: number
  readonly place: number
  readonly colours: readonly string[]
}

const look = async (browser: BrowserPage): Promise<readonly Look[]> => {
  const looks = (await browser.evaluate(LOOK)) as readonly Look[] // as LOOK says
  for (const { id, drawn, place, colours } of looks) {
    assert.ok(colours.length > 0, `nothing is drawn of ${id}`)
    assert.ok(Math.abs(drawn - place) <= 1, `${id} is ${drawn} wide in ${place}`)
  }
  return looks
}

const assertQuiet = (browser: BrowserPage, urls: readonly string[]): void => {
  const told = browser.events.filter(({ method }) =>
    ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'].includes(method),
  )
  assert.equal(told, [])
  const requests = browser.events
    .filter(({ method }) => method === 'Network.requestWillBeSent')
    .map(({ params }) => (params.request as { url: string }).url)
  assert.equal(requests, urls)
}

test(
  'one run, and many with faults and a violation, are drawn without an error or a request',
  [chromium],
  async (rig) => {
    const small = { peers: '4', contentBytes: '300000', pieceLength: '32768' }
    const one = await runsOf('flash-crowd', 1, small)
    const many = [...(await runsOf('everything-at-once', 2, { ...small, faultSeconds: '20' }))]
    const [first] = many
    assert.ok(first)
    const violation = { checker: 'announcedIsDurable', kind: 'safety', node: 3, atSeconds: 4, text: 'made up' } as const
    many[0] = { ...first, violations: [violation] }

    const browser = await startBrowser(rig)
    await setWidth(browser, 1_300)
    const urls = [await openReport(rig, browser, 'flash-crowd', one)]
    assert.equal(
      (await look(browser)).map(({ id }) => id),
      ['swarm', 'completion', 'diversity', 'upload', 'fairness'],
    )
    urls.push(await openReport(rig, browser, 'everything-at-once', many))
    const looks = await look(browser)
    assert.equal(
      looks.map(({ id }) => id),
      ['swarm', 'completion', 'diversity', 'upload', 'fairness', 'runs', 'faults'],
    )
    assert.match(String(await browser.evaluate('document.querySelector(".wrongs").innerText')), 'announcedIsDurable')
    assertQuiet(browser, urls)
  },
)

test(
  'a report follows the width of its window and the colours of its reader, and tells values',
  [chromium],
  async (rig) => {
    const browser = await startBrowser(rig)
    await setScheme(browser, 'light')
    await setWidth(browser, 1_300)
    const runs = await runsOf('flash-crowd', 2, { peers: '4', contentBytes: '300000', pieceLength: '32768' })
    const url = await openReport(rig, browser, 'flash-crowd', runs)
    const light = await look(browser)
    await setScheme(browser, 'dark')
    const dark = await look(browser)
    assert.not.equal(dark[0]?.colours, light[0]?.colours)
    await setWidth(browser, 400)
    const narrow = await look(browser)
    assert.ok((narrow[0]?.drawn ?? 0) < 400)
    const widthOf = (name: string): Promise<unknown> => browser.evaluate(`document.documentElement.${name}`)
    assert.is(await widthOf('scrollWidth'), await widthOf('clientWidth'))

    await setWidth(browser, 1_300)
    await look(browser)
    const [x, y] = (await browser.evaluate(`(() => {
    const over = document.querySelector('#plot-swarm .u-over')
    over.scrollIntoView()
    const { left, top, width, height } = over.getBoundingClientRect()
    return [left + width / 2, top + height / 2]
  })()`)) as readonly [number, number] // as the expression says
    for (const more of [0, 2]) await browser.call('Input.dispatchMouseEvent', { type: 'mouseMoved', x: x + more, y })
    await look(browser)
    const legend = (plot: string) =>
      browser.evaluate(`document.querySelector('#plot-${plot} .u-legend').innerText.replace(/\\s+/g, ' ')`)
    assert.match(String(await legend('swarm')), /leechers ?4/)
    assert.match(String(await legend('swarm')), /simulated time \(s\) ?[\d.]+ s/)
    // The cursor of all plots over time is at the same moment.
    assert.match(String(await legend('upload')), /in use ?[\d.]+ %/)
    assertQuiet(browser, [url])
  },
)

test.run()
