import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { liveTables } from '../../src/node/level-manifest.js'
import { copyLog } from '../../src/node/log-snapshot.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { openLogSnapshot } from '../../src/store/read-only.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { type LevelPlace, levelPlace } from '../contracts/level-place.js'
import { commitRecords, entryOf, errorOf, loggedFrom, readAll } from '../contracts/log-rig.js'
import { put } from '../contracts/log-tampering.js'
import { inPlace } from '../contracts/logs.js'
import { runChild } from '../store/children/child.js'

const test = suite('log snapshot')
const ONE = entryOf(1)

const claim = (what: string, run: (place: LevelPlace) => Promise<void>): void => {
  test(`log snapshot: ${what}`, async () => {
    const place = await levelPlace()
    await inPlace(
      async () => place,
      () => run(place),
    )()
  })
}

const filesOf = async (folder: string): Promise<Record<string, string>> => {
  const files: Record<string, string> = {}
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name))
    files[name] = `${mtimeMs} ${(await readFile(join(folder, name))).toString('base64')}`
  }
  return files
}

claim('it shows what is committed while this process has the log open, and goes away when closed', async (place) => {
  const store = await place.open()
  const log = await store.open(ONE)
  await commitRecords(log, 1_000)
  await log.saveCheckpoint(900, Uint8Array.of(9))
  const snapshot = await openLogSnapshot(await copyLog(place.folder))
  await commitRecords(log, 500)
  assert.equal(await snapshot.transfers(), [ONE])
  assert.equal(await snapshot.transfer(ONE.infoHash), ONE)
  const reader = await snapshot.reader(ONE.infoHash)
  if (reader === undefined) throw new Error('the transfer is there')
  assert.equal(await readAll(reader), loggedFrom(0, 1_000))
  assert.equal(await reader.loadCheckpoint(), { seq: 900, snapshot: Uint8Array.of(9) })
  await Promise.all([snapshot.close(), snapshot.close()])
  assert.equal(await readdir(dirname(place.folder)), [basename(place.folder)])
  await store.close()
})

claim('it changes nothing of a log that nobody has open', async (place) => {
  const store = await place.open()
  await commitRecords(await store.open(ONE), 40_000, 5)
  await store.close()
  const before = await filesOf(place.folder)
  const snapshot = await openLogSnapshot(await copyLog(place.folder))
  assert.is((await verifyLog(snapshot, ONE.infoHash)).events, 40_005)
  await snapshot.close()
  assert.equal(await filesOf(place.folder), before)
})

claim('it writes over no table that the owner is making', async (place) => {
  const store = await place.open()
  await commitRecords(await store.open(ONE), 500)
  // The owner's next tables, which its manifest does not name yet: opening the copy makes one of these numbers, too.
  const numbers = (await readdir(place.folder)).map((name) => Number.parseInt(name.replace('MANIFEST-', ''), 10) || 0)
  const made = Array.from({ length: 10 }, (_, above) => {
    const number = Math.max(...numbers) + 1 + above
    return join(place.folder, `${String(number).padStart(6, '0')}.ldb`)
  })
  for (const path of made) await writeFile(path, 'in the making')
  const snapshot = await openLogSnapshot(await copyLog(place.folder))
  assert.is((await verifyLog(snapshot, ONE.infoHash)).ok, true)
  await snapshot.close()
  for (const path of made) assert.is(await readFile(path, 'utf8'), 'in the making')
  await store.close()
})

claim('it is whole each time while another process writes as fast as it can', async (place) => {
  const child = await runChild('test/store/children/appending.ts', [place.folder])
  await child.line((line) => Number(line) > 1_000)
  let least = 0
  for (let round = 0; round < 12; round++) {
    // Until the writer has gone on: so its tables and journals are other ones, too.
    await child.line((line) => Number(line) > least + 50_000)
    const told = Math.max(...child.lines.map((line) => Number(line) || 0))
    const snapshot = await openLogSnapshot(await copyLog(place.folder))
    // Or the log would grow by as much as is read each time, and by twice that in the next round.
    child.process.kill('SIGSTOP')
    const { ok, events } = await verifyLog(snapshot, ONE.infoHash)
    child.process.kill('SIGCONT')
    assert.ok(ok, `in round ${round}`)
    assert.ok(events >= told, `${told} events were told of, ${events} are in the snapshot`)
    least = events
    await snapshot.close()
  }
  child.process.kill('SIGKILL')
  await child.gone
  const store = await place.open()
  const { ok, events } = await verifyLog(store, ONE.infoHash)
  assert.ok(ok && events >= least, 'and the log itself is as whole')
})

claim('what a reader left that was killed is removed by the next one', async (place) => {
  const store = await place.open()
  await store.close()
  const left = await runChild('test/store/children/appending.ts', [join(dirname(place.folder), 'other')])
  const { pid } = left.process
  left.process.kill('SIGKILL')
  await left.gone
  const stale = `${place.folder}.snapshot-${pid}-abcdef`
  const used = `${place.folder}.snapshot-${process.pid}-abcdef`
  for (const folder of [stale, used]) {
    await mkdir(folder)
    await writeFile(join(folder, 'file'), '')
  }
  await (await openLogSnapshot(await copyLog(place.folder))).close()
  assert.is(existsSync(stale), false)
  assert.is(existsSync(used), true)
})

claim('where there is no log it says so', async (place) => {
  await mkdir(place.folder, { recursive: true })
  for (const folder of [place.folder, join(place.folder, 'nowhere')]) {
    const { code, message } = await errorOf(() => copyLog(folder))
    assert.is(code, 'DATA_UNUSABLE')
    assert.ok(message.includes(folder), message)
  }
})

claim('the manifest names the tables that LevelDB keeps', async (place) => {
  await (await place.open()).close()
  const shelf = await LevelShelf.open(place.folder, false)
  // Written over and over, so that tables are merged and go.
  for (let round = 0; round < 12; round++) {
    for (let at = 0; at < 200; at++) {
      const value = Uint8Array.from({ length: 8_000 }, (_, index) => (index * 31 + at * 17 + round * index) % 251)
      await put(shelf, Uint8Array.of(0x70, at), value)
    }
  }
  await shelf.close()
  const names = await readdir(place.folder)
  const manifest = names.find((name) => name.startsWith('MANIFEST')) ?? ''
  const live = liveTables(await readFile(join(place.folder, manifest)))
  // Every table that it names is there, and without any other one the database is whole.
  const copy = `${place.folder}-copy`
  await mkdir(copy)
  for (const name of names) {
    if (!name.endsWith('.ldb')) await copyFile(join(place.folder, name), join(copy, name))
  }
  for (const number of live) {
    const name = `${String(number).padStart(6, '0')}.ldb`
    await copyFile(join(place.folder, name), join(copy, name))
  }
  assert.ok(live.size > 0)
  const copied = await LevelShelf.open(copy, false)
  for (let at = 0; at < 200; at++) assert.is((await copied.get(Uint8Array.of(0x70, at)))?.length, 8_000)
  await copied.close()
})

/** A fragment as LevelDB's journals have it; the checksum is of no interest here. */
const fragment = (type: number, bytes: Uint8Array): Uint8Array =>
  Uint8Array.of(0, 0, 0, 0, bytes.length % 256, Math.floor(bytes.length / 256), type, ...bytes)

test('log snapshot: edits of the manifest are followed over the blocks that they are cut into', () => {
  const comes = (number: number): number[] => [7, 1, number, 50, 1, 65, 2, 66, 67]
  const edit = Uint8Array.of(1, 3, 65, 66, 67, 2, 5, 3, 9, 4, 0x80, 1, 9, 0, 5, 1, 2, 65, 66, ...comes(6), ...comes(7))
  const filler = fragment(1, Uint8Array.of(1, 0xee, 0xff, 1, ...new Uint8Array(32_750)))
  assert.is(filler.length, 32_761, '7 bytes are left in the first block, which hold an empty fragment')
  const bytes = Buffer.concat([
    filler,
    fragment(2, new Uint8Array()),
    fragment(3, edit.subarray(0, 20)),
    fragment(4, edit.subarray(20)),
    fragment(1, Uint8Array.of(6, 1, 6, ...comes(8))),
  ])
  assert.equal([...liveTables(bytes)], [7, 8])
})

test.run()
