/** The debugger in a real browser: everything a reader does with it, on a capsule and on a download that is running. */
import { readFile } from 'node:fs/promises'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/values.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { makeSample } from '../cli/rig.js'
import { chromium } from './chromium.js'
import { START_BOUND_MS } from './client.js'
import {
  assertQuiet,
  choose,
  click,
  drop,
  makeCapsule,
  openPage,
  press,
  SLIDER,
  seen,
  setScheme,
  standsAt,
  startUi,
} from './debugger-page.js'
import { interopSuite } from './harness.js'
import { waitForJson } from './json.js'
import { startGet, torrewind } from './torrewind.js'

const test = interopSuite('interop: the debugger in a browser')

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
    await choose(browser, '.filters select', 'piece-stored')
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
      'document.querySelectorAll(".statechart").length === 3 && document.querySelector(".box.active")',
    )
    const lit = (chart: number) =>
      `[...document.querySelectorAll(".statechart")[${chart}].querySelectorAll(".box.active > text")].at(-1)?.textContent`
    await press(browser, 'End')
    await seen(browser, `${lit(0)} === "stopped"`)
    const began = history.findIndex(({ event }) => event.type === 'download-began')
    await browser.evaluate(`location.hash = '#seq=${began}&tab=machines'`)
    await seen(browser, `${lit(0)} === "downloading"`)
    await seen(browser, 'document.querySelector(".statechart .step.taken")?.textContent.includes("download-began")')

    // Light and dark, as the system has it and as one chooses.
    const page = 'getComputedStyle(document.body).backgroundColor'
    const light = await browser.evaluate(page)
    await setScheme(browser, 'dark')
    await seen(browser, `${page} !== ${JSON.stringify(light)}`)
    await press(browser, 't')
    await seen(browser, `${page} === ${JSON.stringify(light)}`)

    // A capsule that is dropped is opened beside.
    await drop(browser, 'dropped.car', await readFile(file))
    await seen(browser, 'location.hash.includes("source=capsule-2") && document.querySelector("[role=slider]")')
    assertQuiet(browser, url)
    child.signal('SIGINT')
    assert.is((await child.end(START_BOUND_MS)).code, 130)
  },
)

test(
  'a history plays, as fast as one chooses, and steps go by piece and by time',
  [torrewind, chromium],
  async (rig) => {
    const { file, history } = await makeCapsule(rig)
    const { url } = await startUi(rig, '--capsule', file)
    const browser = await openPage(rig, url)
    const last = history.length - 1
    const steps = '[aria-label="Steps a second"]'
    const unit = '.controls label select'
    const isPlaying = 'document.getElementById("play").getAttribute("aria-pressed") === "true"'

    // By event, until it is stopped: it goes on, and then no more.
    await press(browser, 'Home')
    await standsAt(browser, 0)
    await choose(browser, steps, '30')
    await press(browser, ' ')
    await seen(browser, isPlaying)
    await seen(browser, `${SLIDER} >= 5`)
    await click(browser, '#play')
    await seen(browser, `!(${isPlaying})`)
    const stopped = Number(await browser.evaluate(SLIDER))
    assert.ok(stopped >= 5 && stopped < last, `${stopped} of ${last}`)
    await standsAt(browser, stopped)

    // At the highest speed, to the end, where it stops by itself.
    await choose(browser, steps, '10000')
    await click(browser, '#play')
    await standsAt(browser, last)
    await seen(browser, `!(${isPlaying})`)

    // By stored piece: it stands at nothing else.
    await press(browser, 'Home')
    await standsAt(browser, 0)
    await choose(browser, unit, 'piece')
    const stored = history.filter(({ event }) => ['piece-stored', 'piece-rejected'].includes(event.type))
    for (const { seq } of stored.slice(0, 3)) {
      await press(browser, 'ArrowRight')
      await standsAt(browser, seq)
    }
    await press(browser, 'ArrowLeft')
    await standsAt(browser, stored[1]?.seq ?? -1)
    await choose(browser, steps, '100')
    await press(browser, ' ')
    await standsAt(browser, stored.at(-1)?.seq ?? -1)
    await seen(browser, `!(${isPlaying})`)

    // By the second, there and back: the last event that is not later.
    await choose(browser, unit, 'second')
    const middle = history[Math.floor(last / 2)]
    const atSecond = (at: number): number => history.findLastIndex((logged) => logged.at <= at)
    await browser.evaluate(`location.hash = '#seq=${middle?.seq}'`)
    await standsAt(browser, middle?.seq ?? -1)
    const after = atSecond((middle?.at ?? 0) + 1_000)
    await press(browser, 'ArrowRight')
    await standsAt(browser, after)
    await press(browser, 'ArrowLeft')
    await standsAt(browser, atSecond((history[after]?.at ?? 0) - 1_000))

    // The same over time as its axis: a click in the middle is the middle of the time.
    await choose(browser, '.controls label[title] select', 'time')
    const [x, y] = (await seen(
      browser,
      `(() => {
      const { left, top, width, height } = document.querySelector('[role=slider]').getBoundingClientRect()
      return width > 0 && [left + width / 2, top + height / 2]
    })()`,
    )) as readonly [number, number] // as the expression says
    for (const type of ['mousePressed', 'mouseReleased'])
      await browser.call('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 })
    const half = ((history[0]?.at ?? 0) + (history[last]?.at ?? 0)) / 2
    const span = (history[last]?.at ?? 0) - (history[0]?.at ?? 0)
    const [low, high] = [atSecond(half - span / 50), atSecond(half + span / 50)]
    const dragged = Number(await seen(browser, `${SLIDER} >= ${low} && ${SLIDER} <= ${high} && String(${SLIDER})`))
    await standsAt(browser, dragged)
    assertQuiet(browser, url)
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
