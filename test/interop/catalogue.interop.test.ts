/** The catalogue as its users have it: one command starts it, one terminal publishes, another finds and fetches. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { torrentOf } from '../tracker/catalogue-world.js'
import { setOf, tokenMaker } from '../tracker/token-maker.js'
import { type BrowserEvent, type BrowserPage, chromium, startBrowser } from './chromium.js'
import { START_BOUND_MS } from './client.js'
import { interopSuite } from './harness.js'
import { type JsonLine, numberOf, textOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import { type Rig, until } from './rig.js'
import { create, startTorrewind, torrewind } from './torrewind.js'
import { compareTrees } from './tree.js'

const test = interopSuite('interop: the catalogue')

const startTracker = async (rig: Rig, ...flags: string[]): Promise<string> => {
  const child = startTorrewind(rig, LOOPBACK, 'tracker', '--host', LOOPBACK.host, '--http', '0', ...flags)
  return `http://${LOOPBACK.host}:${numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'http')}`
}

/** Runs a command to its end, and returns its last line of this type. */
const run = async (rig: Rig, type: string, command: string, ...args: string[]): Promise<JsonLine> => {
  const child = startTorrewind(rig, LOOPBACK, command, ...args)
  const line = await waitForJson(child, type, START_BOUND_MS)
  await child.end(START_BOUND_MS)
  return line
}

/** A folder with names that pages and terminals could trip over. */
const makeContent = async (rig: Rig): Promise<string> => {
  const root = path.join(await rig.folder('content'), 'holiday <b>2024')
  await mkdir(path.join(root, 'ünder'), { recursive: true })
  await writeFile(path.join(root, '<script>alert(1).txt'), 'hello')
  await writeFile(path.join(root, 'ünder', 'one.bin'), Buffer.alloc(1_500_000, 'some bytes'))
  await writeFile(path.join(root, 'two.bin'), Buffer.alloc(300_001, 7))
  return root
}

const seed = async (rig: Rig, torrent: string, root: string, ...flags: string[]): Promise<void> => {
  const data = await rig.folder('seed-data')
  const child = startTorrewind(rig, LOOPBACK, 'seed', torrent, '--path', path.dirname(root), '--data', data, ...flags)
  await waitForJson(child, 'seeding', START_BOUND_MS)
}

const textIn = async (browser: BrowserPage, selector: string): Promise<string> =>
  String(await browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`))

/** Waits until the page shows it. */
const shows = (browser: BrowserPage, selector: string, pattern: RegExp): Promise<true> =>
  until(
    `${selector} showing ${pattern}`,
    async () => (pattern.test((await textIn(browser, selector)).replace(/\s+/g, ' ')) ? true : undefined),
    15_000,
  )

/** A browser notes down what a server refuses, as a search for nothing. */
const isRefusal = ({ entry }: BrowserEvent['params']): boolean =>
  /the server responded with a status of 400/.test(JSON.stringify(entry ?? ''))

/** Nothing was asked of anybody else, and nothing went wrong. */
const assertQuiet = (browser: BrowserPage, base: string): void => {
  const told = browser.events.filter(({ method }) =>
    ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded', 'Page.javascriptDialogOpening'].includes(
      method,
    ),
  )
  const wrong = told.filter(({ params }) => !isRefusal(params))
  assert.equal(wrong, [])
  for (const { method, params } of browser.events) {
    if (method !== 'Network.requestWillBeSent') continue
    const { url } = params.request as { url: string }
    assert.ok(url.startsWith(`${base}/`) || url.startsWith('data:'), url)
  }
}

test(
  'a folder is published in one terminal, seen live on the page, and found and fetched in another, byte for byte',
  [torrewind, chromium],
  async (rig) => {
    const base = await startTracker(rig)
    const browser = await startBrowser(rig)
    await browser.open(`${base}/`)
    await shows(browser, '#empty', /Nothing is published yet/)

    const root = await makeContent(rig)
    const { torrent, infoHash } = await create(rig, root, '--tracker', `${base}/announce`)
    const published = await run(rig, 'published', 'publish', torrent, '--tracker', base, '--tag', 'Pictures')
    assert.equal([published.infoHash, published.created, published.tags], [infoHash, true, ['pictures']])
    await shows(browser, '#list', /holiday <b>2024/)
    await seed(rig, torrent, root)
    await shows(browser, '#list .seeds', /^1 seeds$/)

    const found = await run(
      rig,
      'entry',
      'search',
      'holi',
      '2024',
      '--tag',
      'pictures',
      '--tracker',
      `${base}/announce`,
    )
    assert.equal([found.infoHash, found.name, found.seeds], [infoHash, 'holiday <b>2024', 1])
    const dir = await rig.folder('got')
    const data = await rig.folder('get-data')
    const cid = textOf(found, 'cid')
    const done = await run(rig, 'done', 'get', cid, '--tracker', base, '-d', dir, '--data', data)
    assert.is(done.verified, true)
    const { files } = await compareTrees(root, path.join(dir, path.basename(root)))
    assert.is(files, 3)
    await shows(browser, '#list .completed', /^1 completed$/)

    await browser.evaluate(`document.querySelector('#list .open').click()`)
    await shows(browser, '.facts', new RegExp(`torrewind get ${cid} --tracker ${base}`))
    await browser.evaluate(`document.querySelector('.more details').open = true`)
    await shows(browser, '.files', /<script>alert\(1\)\.txt/)
    await until(
      'three plots',
      async () => ((await browser.evaluate(`document.querySelectorAll('canvas').length`)) === 3 ? true : undefined),
      15_000,
    )
    await run(rig, 'removed', 'publish', torrent, '--tracker', base, '--remove', '--token', textOf(published, 'key'))
    await shows(browser, '#empty', /Nothing is published yet/)
    assertQuiet(browser, base)
  },
)

const publishAll = async (base: string, names: readonly string[]): Promise<void> => {
  const headers = { 'content-type': 'application/x-bittorrent' }
  for (const [at, name] of names.entries()) {
    const options = { method: 'POST', headers, body: torrentOf(name) }
    const { status } = await fetch(`${base}/catalogue?tag=t${at % 2}`, options)
    assert.is(status, 201, name)
  }
}

/** The names on the page, in their order. */
const NAMES = `[...document.querySelectorAll('.open')].map((open) => open.innerText)`
const names = async (browser: BrowserPage, expected: readonly string[]): Promise<void> => {
  const wanted = JSON.stringify(expected)
  await until(
    `the page showing ${wanted}`,
    async () => (JSON.stringify(await browser.evaluate(NAMES)) === wanted ? true : undefined),
    15_000,
  )
}

const type = (browser: BrowserPage, text: string): Promise<unknown> =>
  browser.evaluate(`(() => {
    const field = document.querySelector('#q')
    field.value = ${JSON.stringify(text)}
    field.dispatchEvent(new Event('input'))
  })()`)

const COLOURS = `(() => {
  // Chromium would warn of a canvas that is read more than once, so that a copy is.
  const canvas = document.querySelector('#whole canvas')
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
  copy.drawImage(canvas, 0, 0)
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
  const seen = new Set()
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) seen.add(data.slice(at, at + 3).join())
  return [...seen].sort().join(' ')
})()`

test(
  'hostile names are text on the page; it searches, narrows by tags, and follows width and colours',
  [torrewind, chromium],
  async (rig) => {
    const base = await startTracker(rig)
    const hostile = ['<script>alert(1)<∕script>', '<img src=x onerror=alert(2)>', '"><svg onload=alert(3)>', '漢字 ünï']
    await publishAll(base, hostile)
    const browser = await startBrowser(rig)
    const scheme = (value: string) =>
      browser.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })
    const width = (pixels: number) =>
      browser.call('Emulation.setDeviceMetricsOverride', {
        width: pixels,
        height: 800,
        deviceScaleFactor: 1,
        mobile: false,
      })
    await scheme('light')
    await width(1_200)
    await browser.open(`${base}/`)
    const [script = '', img = '', svg = '', kanji = ''] = hostile
    await names(browser, [kanji, svg, img, script])
    assert.is(await browser.evaluate(`document.querySelectorAll('#list script, #list img, #list svg').length`), 0)

    await type(browser, 'uni')
    await names(browser, [kanji])
    await type(browser, '...')
    await shows(browser, '#found.wrong', /neither a letter nor a digit/)
    await type(browser, '')
    await names(browser, [kanji, svg, img, script])
    await browser.evaluate(`document.querySelector('#list .tag').click()`)
    await names(browser, [kanji, img])
    await browser.evaluate(`document.querySelector('#chosen .tag').click()`)
    await names(browser, [kanji, svg, img, script])

    await until('a plot', async () => (await textIn(browser, '#whole .u-legend')) || undefined, 15_000)
    const light = await browser.evaluate(COLOURS)
    await scheme('dark')
    const dark = await until(
      'other colours',
      async () => {
        const colours = await browser.evaluate(COLOURS)
        return colours === light ? undefined : colours
      },
      15_000,
    )
    assert.ok(dark)
    await width(360)
    const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`
    await until('room for all', async () => ((await browser.evaluate(overflow)) === 0 ? true : undefined), 15_000)
    // The plot is drawn anew when the page has told it of its width.
    const drawn = `document.querySelector('#whole canvas').getBoundingClientRect().width`
    const fits = (canvas: number): boolean => canvas > 200 && canvas < 360
    await until('a plot that fits', async () => fits(Number(await browser.evaluate(drawn))) || undefined, 15_000)
    assertQuiet(browser, base)
  },
)

test('a private tracker publishes, seeds and fetches with tokens, and not without', [torrewind], async (rig) => {
  const maker = await tokenMaker('one')
  const keys = path.join(await rig.folder('keys'), 'jwks.json')
  await writeFile(keys, setOf(maker))
  const base = await startTracker(rig, '--jwks', keys)
  const announce = await maker.make({ scope: 'announce' })
  const root = await makeContent(rig)
  const { torrent, infoHash } = await create(rig, root, '--tracker', `${base}/announce`)

  const refused = await run(rig, 'error', 'publish', torrent, '--tracker', base)
  assert.is(refused.code, 'CATALOGUE_REFUSED')
  assert.match(textOf(refused, 'message'), 'TOKEN_MISSING')
  const publish = await maker.make({ scope: 'publish', sub: 'ada' })
  const published = await run(rig, 'published', 'publish', torrent, '--tracker', base, '--token', publish)
  assert.equal([published.infoHash, published.key], [infoHash, null])

  await seed(rig, torrent, root, '--tracker', `${base}/announce?token=${announce}`)
  const dir = await rig.folder('got')
  const data = await rig.folder('get-data')
  // The token in the path: `get` finds the catalogue beside it, and announces with it.
  const tracker = `${base}/${announce}/announce`
  await run(rig, 'done', 'get', infoHash, '--tracker', tracker, '-d', dir, '--data', data)
  await compareTrees(root, path.join(dir, path.basename(root)))
})

test('what was said to be published is there after the tracker was killed', [torrewind], async (rig) => {
  const store = ['--store', `level:${path.join(await rig.folder('store'), 'db')}`]
  const child = startTorrewind(rig, LOOPBACK, 'tracker', '--host', LOOPBACK.host, '--http', '0', ...store)
  const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'http')
  const { torrent, infoHash } = await create(rig, await makeContent(rig))
  const before = `http://${LOOPBACK.host}:${port}`
  const { key } = await run(rig, 'published', 'publish', torrent, '--tracker', before, '--tag', 'kept')
  child.signal('SIGKILL')
  await child.ended
  const base = await startTracker(rig, ...store)
  const found = await run(rig, 'entry', 'search', 'holiday', '--tag', 'kept', '--tracker', base)
  assert.is(found.infoHash, infoHash)
  await run(rig, 'removed', 'publish', torrent, '--tracker', base, '--remove', '--token', String(key))
})

test('a tracker that others reach says that publishing is off, and why', [torrewind], async (rig) => {
  const child = startTorrewind(rig, LOOPBACK, 'tracker', '--host', '0.0.0.0', '--http', '0')
  const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'http')
  await child.waitFor(
    'said that it is closed',
    ({ text }) => /publishing is off.*--open.*--jwks/.test(text),
    START_BOUND_MS,
  )
  const { torrent } = await create(rig, await makeContent(rig))
  const refused = await run(rig, 'error', 'publish', torrent, '--tracker', `http://127.0.0.1:${port}`)
  assert.match(textOf(refused, 'message'), 'PUBLISHING_CLOSED')
})

test.run()
