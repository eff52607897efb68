/** The debugger in a real browser, and what is damaged: it says so, says where, and shows what can be read all the same. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { allOf, readRecordKey } from '../../src/store/log-keys.js'
import { toHex } from '../../src/values.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { makeSample } from '../cli/rig.js'
import { chromium } from './chromium.js'
import { START_BOUND_MS } from './client.js'
import {
  assertCalm,
  click,
  drop,
  HOSTILE,
  makeCapsule,
  openPage,
  press,
  SLIDER,
  seen,
  standsAt,
  startUi,
} from './debugger-page.js'
import { interopSuite } from './harness.js'
import { startGet, torrewind } from './torrewind.js'

const test = interopSuite('interop: the debugger and damage')

test('a log that is damaged says where, what can be read of it, and shows that', [torrewind, chromium], async (rig) => {
  const folder = await rig.folder('content')
  const sample = await makeSample(folder, { scale: 6 })
  const { infoHash } = parseTorrent(await readFile(sample.torrent))
  const job = { rig, sample: { ...sample, infoHash: toHex(infoHash) } }
  const { address } = await torrewind.seed({ ...job, dir: sample.dir })
  const get = await startGet({ ...job, peers: [address] })
  await get.done()
  const damage = async (of: (records: number) => number) => {
    const shelf = await LevelShelf.open(path.join(get.data, 'log'), false)
    const records: (readonly [Uint8Array, Uint8Array])[] = []
    for await (const some of shelf.entries(allOf('record', infoHash))) records.push(...some)
    const [key = new Uint8Array(), value = new Uint8Array()] = records[of(records.length)] ?? []
    const changed = value.slice()
    changed[50] = (changed[50] ?? 0) ^ 4
    await new Promise((done) => shelf.writeDurably([{ type: 'put', key, value: changed }], done))
    await shelf.close()
    const { firstSeq = 0, count = 0 } = readRecordKey(key) ?? {}
    return { seq: firstSeq, next: firstSeq + count }
  }
  const note = 'document.querySelector(".damage")?.textContent'

  // In the middle: the end is known from its checkpoint, and before the damage everything is.
  const { seq, next } = await damage((records) => records >> 1)
  const { child, url } = await startUi(rig, '--data', get.data)
  const browser = await openPage(rig, url)
  await seen(browser, `${note}?.includes("LOG_DAMAGED")`)
  const said = String(await browser.evaluate(note))
  assert.match(said, `Events ${seq.toLocaleString('en')} to ${(next - 1).toLocaleString('en')} cannot be read`)
  await browser.evaluate(`location.hash = '#seq=${seq + 1}'`)
  await seen(browser, 'document.querySelector(".unreadable")?.textContent.includes("LOG_DAMAGED")')
  await seen(browser, 'document.querySelector(".kind-unreadable .row-seq")?.textContent')
  await click(browser, '.damage .link')
  await standsAt(browser, seq - 1)
  await seen(browser, 'document.querySelector(".cells") && document.querySelector(".why .verdict")')
  await press(browser, 'ArrowLeft')
  await standsAt(browser, seq - 2)
  assertCalm(browser)
  child.signal('SIGINT')
  await child.end(START_BOUND_MS)

  // At the end: one begins with the last event that can be read.
  const end = await damage((records) => records - 1)
  const again = await startUi(rig, '--data', get.data)
  await browser.open(again.url)
  await seen(browser, `${note}?.includes("from ${end.seq.toLocaleString('en')} on")`)
  await seen(browser, `${SLIDER} === ${end.seq - 1}`)
  assertCalm(browser)
})

test('what is dropped and is no capsule, or not all of one, is said to be so', [torrewind, chromium], async (rig) => {
  // Of several blocks, so that some are left where the end is missing.
  const { file, history } = await makeCapsule(rig, 12_000_000)
  const { url } = await startUi(rig, '--capsule', file)
  const browser = await openPage(rig, url)
  const bytes = await readFile(file)
  const alert = 'document.querySelector(".alert[role=alert]:not(.damage)")?.textContent'
  const note = 'document.querySelector(".damage")?.textContent'
  // Another file; one that was cut within what says what it is of; one that was changed there.
  const changed = Uint8Array.from(bytes)
  changed[200] = (changed[200] ?? 0) ^ 1
  const wrong: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'holiday.jpg': [Buffer.from(HOSTILE.repeat(100)), 'CAPSULE_INVALID'],
    'nothing.car': [new Uint8Array(0), 'CAPSULE_INVALID'],
    'short.car': [bytes.subarray(0, 300), 'CAPSULE_DAMAGED'],
    'changed.car': [changed, 'CAPSULE_DAMAGED'],
  }
  for (const [name, [content, code]] of Object.entries(wrong)) {
    await drop(browser, name, content)
    await seen(browser, `${alert}?.includes("${name} was not opened") && ${alert}.includes("${code}")`)
  }
  await standsAt(browser, history.length - 1)
  // The rest of it is missing: what is there can be gone through.
  await drop(browser, 'cut.car', bytes.subarray(0, bytes.length * 0.6))
  await seen(browser, `${note}?.includes("CAPSULE_DAMAGED") && document.querySelector("[role=slider]")`)
  assert.is(await browser.evaluate(alert), undefined, 'what was said of others is gone')
  const last = Number(await browser.evaluate(SLIDER))
  assert.ok(last > 0 && last < history.length - 1, `it stands at ${last} of ${history.length}`)
  await standsAt(browser, last)
  await press(browser, 'ArrowLeft')
  await standsAt(browser, last - 1)
  assert.is(await browser.evaluate('document.querySelectorAll("#app img, #app script").length'), 0)
  assertCalm(browser)
})

test.run()
