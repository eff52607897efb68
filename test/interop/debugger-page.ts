/** The debugger's page as a test sees it: opened in Chromium, with what a reader does to it, and what it then shows. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import { capsuleOf, simulated } from '../replay/simulated.js'
import { type BrowserPage, startBrowser } from './chromium.js'
import { START_BOUND_MS } from './client.js'
import { textOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import type { Rig } from './rig.js'
import { startTorrewind } from './torrewind.js'

export const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

/** As a peer and a tracker would write it that want to be more than text. */
const spoil = ({ event, ...rest }: LoggedEvent): LoggedEvent => {
  if (event.type === 'extensions-received') return { ...rest, event: { ...event, client: HOSTILE } }
  return event.type === 'announce-answered' ? { ...rest, event: { ...event, warning: HOSTILE } } : { ...rest, event }
}

/** The capsule of a downloader, and how many events it has. */
export const makeCapsule = async (rig: Rig, contentBytes = 2_000_000) => {
  const world = await simulated('flash-crowd', 1, { peers: 3, contentBytes, pieceLength: 32_768 })
  const history = (world.histories[1] ?? []).map(spoil)
  const file = path.join(await rig.folder('capsule'), 'history.car')
  await writeFile(file, await capsuleOf({ ...world, histories: [history] }, 0))
  return { file, history }
}

export const startUi = async (rig: Rig, ...args: string[]) => {
  const child = startTorrewind(rig, LOOPBACK, 'ui', ...args)
  return { child, url: textOf(await waitForJson(child, 'listening', START_BOUND_MS), 'url') }
}

const SEEN_BOUND_MS = 12_000

/** What an expression comes to in the page, as soon as it is something. */
export const seen = (browser: BrowserPage, expression: string): Promise<unknown> =>
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

export const SLIDER = 'Number(document.querySelector("[role=slider]").getAttribute("aria-valuenow"))'
/** The page stands there, and what it shows is of there. */
export const standsAt = (browser: BrowserPage, seq: number): Promise<unknown> =>
  seen(browser, `${SLIDER} === ${seq} && document.querySelector(".row.current .row-seq")?.textContent === "${seq}"`)

export const press = async (browser: BrowserPage, key: string, modifiers = 0): Promise<void> => {
  const text = key.length === 1 ? { text: key } : {}
  await browser.call('Input.dispatchKeyEvent', { type: 'keyDown', key, modifiers, ...text })
  await browser.call('Input.dispatchKeyEvent', { type: 'keyUp', key, modifiers })
}

export const setScheme = (browser: BrowserPage, value: 'light' | 'dark'): Promise<unknown> =>
  browser.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })

export const click = (browser: BrowserPage, selector: string): Promise<unknown> =>
  seen(
    browser,
    `(() => { const found = document.querySelector(${JSON.stringify(selector)}); found?.click(); return found !== null })()`,
  )

/** Drops a file onto the page. */
export const drop = (browser: BrowserPage, name: string, bytes: Uint8Array): Promise<unknown> =>
  browser.evaluate(`(() => {
    const bytes = Uint8Array.from(atob('${Buffer.from(bytes).toString('base64')}'), (character) => character.charCodeAt(0))
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([bytes], '${name}'))
    dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
  })()`)

export const choose = (browser: BrowserPage, selector: string, value: string): Promise<unknown> =>
  browser.evaluate(`(() => {
    const field = document.querySelector(${JSON.stringify(selector)})
    field.value = ${JSON.stringify(value)}
    field.dispatchEvent(new Event('change', { bubbles: true }))
  })()`)

export const openPage = async (rig: Rig, url: string): Promise<BrowserPage> => {
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
export const assertQuiet = (browser: BrowserPage, url: string): void => {
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

/** What the page was told is not there, or cannot be read, Chromium notes as well. */
export const assertCalm = (browser: BrowserPage): void =>
  assert.equal(
    browser.events.filter(({ method }) => ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled'].includes(method)),
    [],
  )
