/** The debugger in a real browser: everything a reader does with it, on a capsule and on a download that is running. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import { toHex } from '../../src/values.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { makeSample } from '../cli/rig.js'
import { capsuleOf, simulated } from '../replay/simulated.js'
import { type BrowserPage, chromium, startBrowser } from './chromium.js'
import { START_BOUND_MS } from './client.js'
import { interopSuite } from './harness.js'
import { textOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import type { Rig } from './rig.js'
import { startGet, startTorrewind, torrewind } from './torrewind.js'

const test = interopSuite('interop: the debugger in a browser')

const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

/** As a peer and a tracker would write it that want to be more than text. */
const spoil = ({ event, ...rest }: LoggedEvent): LoggedEvent => {
  if (event.type === 'extensions-received') return { ...rest, event: { ...event, client: HOSTILE } }
  return event.type === 'announce-answered' ? { ...rest, event: { ...event, warning: HOSTILE } } : { ...rest, event }
}

/** The capsule of a downloader, and how many events it has. */
const makeCapsule = async (rig: Rig) => {
  const world = await simulated('flash-crowd', 1, { peers: 3, contentBytes: 2_000_000, pieceLength: 32_768 })
  const history = (world.histories[1] ?? []).map(spoil)
  const file = path.join(await rig.folder('capsule'), 'history.car')
  await writeFile(file, await capsuleOf({ ...world, histories: [history] }, 0))
  return { file, history }
}

const startUi = async (rig: Rig, ...args: string[]) => {
  const child = startTorrewind(rig, LOOPBACK, 'ui', ...args)
  return { child, url: textOf(await waitForJson(child, 'listening', START_BOUND_MS), 'url') }
}

const SEEN_BOUND_MS = 12_000

/** What an expression comes to in the page, as soon as it is something. */
const seen = (browser: BrowserPage, expression: string): Promise<unknown> =>
  browser.evaluate(`new Promise((resolve, reject) => {
    const began = performance.now()
    const look = () => {
      const found = (() => { try { return ${expression} } catch { return undefined } })()
      if (found) resolve(found)
      else if (performance.now() - began > ${SEEN_BOUND_MS}) reject(new Error('not seen in time; the page is at ' + location.hash))
      else setTimeout(look, 15)
    }
    look()
  })`)

const SLIDER = 'Number(document.querySelector("[role=slider]").getAttribute("aria-valuenow"))'
/** The page stands there, and what it shows is of there. */
const standsAt = (browser: BrowserPage, seq: number): Promise<unknown> =>
  seen(browser, `${SLIDER} === ${seq} && document.querySelector(".row.current .row-seq")?.textContent === "${seq}"`)

const press = async (browser: BrowserPage, key: string, modifiers = 0): Promise<void> => {
  const text = key.length === 1 ? { text: key } : {}
  await browser.call('Input.dispatchKeyEvent', { type: 'keyDown', key, modifiers, ...text })
  await browser.call('Input.dispatchKeyEvent', { type: 'keyUp', key, modifiers })
}

const setScheme = (browser: BrowserPage, value: 'light' | 'dark'): Promise<unknown> =>
  browser.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })

const click = (browser: BrowserPage, selector: string): Promise<unknown> =>
  seen(
    browser,
    `(() => { const found = document.querySelector(${JSON.stringify(selector)}); found?.click(); return found !== null })()`,
  )

const openPage = async (rig: Rig, url: string): Promise<BrowserPage> => {
  const browser = await startBrowser(rig)
  await browser.call('Emulation.setDeviceMetricsOverride', {
    width: 1_400,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  })
  await setScheme(browser, 'light')
  await browser.open(url)
  await seen(browser, 'document.querySelectorAll(".row").length > 10 && document.querySelector(".cells")')
  return browser
}

/** Nothing went wrong in the page, and nothing was asked of anybody but its own server. */
const assertQuiet = (browser: BrowserPage, url: string): void => {
  const told = browser.events.filter(({ method }) =>
    ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'].includes(method),
  )
  assert.equal(told, [])
  for (const { method, params } of browser.events) {
    if (method !== 'Network.requestWillBeSent') continue
    const asked = (params.request as { url: string }).url // as the protocol has it
    assert.ok(asked.startsWith(url) || asked.startsWith('data:'), asked)
  }
}

test(
  'a history is stepped through, dragged, filtered, linked to and explained, and text of strangers stays text',
  [torrewind, chromium],
  async (rig) => {
    const { file, history } = await makeCapsule(rig)
    const { child, url } = await startUi(rig, '--capsule', file)
    const browser = await openPage(rig, url)
    const last = history.length - 1
    await standsAt(browser, last)

    // Steps: by event, ten at a time, to the ends, by stored piece.
    await press(browser, 'ArrowLeft')
    await standsAt(browser, last - 1)
    await press(browser, 'ArrowRight')
    await standsAt(browser, last)
    await press(browser, 'ArrowLeft', 8)
    await standsAt(browser, last - 10)
    await press(browser, 'Home')
    await standsAt(browser, 0)
    await press(browser, 'p')
    const stored = history.findIndex(({ event }) => event.type === 'piece-stored')
    await standsAt(browser, stored)
    await seen(browser, `location.hash.includes("seq=${stored}")`)

    // A drag to the middle of the timeline.
    const [x, y, width] = (await browser.evaluate(`(() => {
      const { left, top, width, height } = document.querySelector('[role=slider]').getBoundingClientRect()
      return [left, top + height / 2, width]
    })()`)) as readonly [number, number, number] // as the expression says
    const mouse = (type: string, share: number) =>
      browser.call('Input.dispatchMouseEvent', {
        type,
        x: x + width * share,
        y,
        button: 'left',
        buttons: 1,
        clickCount: 1,
      })
    await mouse('mousePressed', 0.2)
    await mouse('mouseMoved', 0.35)
    await mouse('mouseMoved', 0.5)
    await mouse('mouseReleased', 0.5)
    const dragged = Number(await browser.evaluate(SLIDER))
    assert.ok(Math.abs(dragged - last / 2) < last / 50, `dragged to ${dragged} of ${last}`)
    await standsAt(browser, dragged)

    // A link, to an event and a piece, which is explained with events that lead to where they were.
    await browser.evaluate(`location.hash = '#seq=${last}&piece=3'`)
    await standsAt(browser, last)
    await seen(browser, 'document.querySelector(".subject b")?.textContent === "piece 3"')
    const cited = Number(await seen(browser, 'document.querySelector(".cited .row-seq")?.textContent'))
    await click(browser, '.cited')
    await standsAt(browser, cited)

    // Peers can be asked about, and what they call themselves is text.
    await browser.evaluate(`location.hash = '#seq=${dragged}'`)
    await standsAt(browser, dragged)
    await click(browser, '.lists td .link')
    await seen(browser, 'document.querySelector(".subject b")?.textContent.startsWith("peer ")')
    await seen(browser, `document.querySelector(".facts, .lists").ownerDocument.body.innerText.includes("<img src=x")`)
    assert.is(await browser.evaluate('document.querySelectorAll("#app img, #app script").length'), 0)
    assert.match(String(await browser.evaluate('document.title')), 'Torrewind')

    // Only events of one type; and a word that none has.
    await browser.evaluate(`(() => {
      const types = document.querySelector('.filters select')
      types.value = 'piece-stored'
      types.dispatchEvent(new Event('change', { bubbles: true }))
    })()`)
    const types = 'new Set([...document.querySelectorAll(".row-type")].map((type) => type.textContent))'
    await seen(browser, `${types}.size === 1 && ${types}.has("piece-stored")`)
    await press(browser, '/')
    await seen(browser, 'document.activeElement?.id === "search"')
    await browser.call('Input.insertText', { text: 'no such word' })
    await seen(browser, 'document.querySelector(".rows .empty")?.textContent === "No such event."')
    await press(browser, 'Escape')

    // What went between us and peers, what the event changed, and where the machines stand.
    await press(browser, '2')
    await seen(browser, 'document.querySelectorAll(".message line").length > 3')
    await press(browser, '3')
    await seen(
      browser,
      'document.querySelectorAll(".changes tr").length > 0 && document.querySelector(".tree .touched")',
    )
    await press(browser, '4')
    await seen(
      browser,
      'document.querySelectorAll(".statechart").length === 2 && document.querySelector(".box.active")',
    )

    // Light and dark, as the system has it and as one chooses.
    const page = 'getComputedStyle(document.body).backgroundColor'
    const light = await browser.evaluate(page)
    await setScheme(browser, 'dark')
    await seen(browser, `${page} !== ${JSON.stringify(light)}`)
    await press(browser, 't')
    await seen(browser, `${page} === ${JSON.stringify(light)}`)

    // A capsule that is dropped is opened beside.
    const bytes = (await readFile(file)).toString('base64')
    await browser.evaluate(`(() => {
      const bytes = Uint8Array.from(atob('${bytes}'), (character) => character.charCodeAt(0))
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([bytes], 'dropped.car'))
      dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
    })()`)
    await seen(browser, 'location.hash.includes("source=capsule-2") && document.querySelector("[role=slider]")')
    assertQuiet(browser, url)
    child.signal('SIGINT')
    assert.is((await child.end(START_BOUND_MS)).code, 130)
  },
)

test('a download that is running is followed', [torrewind, chromium], async (rig) => {
  const folder = await rig.folder('content')
  const sample = await makeSample(folder, { scale: 6 })
  const infoHash = toHex(parseTorrent(await readFile(sample.torrent)).infoHash)
  const job = { rig, sample: { ...sample, infoHash } }
  const { address } = await torrewind.seed({ ...job, dir: sample.dir, uploadLimit: 60_000 })
  const get = await startGet({ ...job, peers: [address] })
  await waitForJson(get.child, 'progress', START_BOUND_MS)
  const { url } = await startUi(rig, '--data', get.data)
  const browser = await openPage(rig, url)
  await press(browser, 'l')
  const first = Number(await browser.evaluate(SLIDER))
  await seen(browser, `${SLIDER} > ${first + 5}`)
  const second = Number(await browser.evaluate(SLIDER))
  await seen(browser, `Number(document.querySelector('.row.current .row-seq')?.textContent) > ${second}`)
  // Whoever goes back is left where he is.
  await press(browser, 'Home')
  await standsAt(browser, 0)
  const events = 'Number(document.querySelector("[role=slider]").getAttribute("aria-valuemax"))'
  const known = Number(await browser.evaluate(events))
  await seen(browser, `${events} > ${known}`)
  assert.is(await browser.evaluate(SLIDER), 0)
  assertQuiet(browser, url)
})

test.run()
