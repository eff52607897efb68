import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeClock } from '../../src/node/clock.js'
import { openLevelLogStore } from '../../src/store/level-log.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { FORMAT_KEY } from '../../src/store/log-keys.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { type LevelPlace, levelPlace } from '../contracts/level-place.js'
import { checkpointContract } from '../contracts/log-checkpoints.js'
import { compactionContract } from '../contracts/log-compaction.js'
import { damageContract } from '../contracts/log-damage.js'
import { inputsContract } from '../contracts/log-inputs.js'
import { append, commitRecords, committed, entryOf, errorOf, loggedFrom, readAll } from '../contracts/log-rig.js'
import { put } from '../contracts/log-tampering.js'
import { inPlace, logContract } from '../contracts/logs.js'
import { runChild } from './children/child.js'

const test = suite('level log')
const ONE = entryOf(1)

logContract(test, 'level log', levelPlace)
checkpointContract(test, 'level log', levelPlace)
damageContract(test, 'level log', levelPlace)
inputsContract(test, 'level log', levelPlace)
compactionContract(test, 'level log', levelPlace)
logContract(test, 'level log, synced', () => levelPlace(true))

const claim = (what: string, run: (place: LevelPlace) => Promise<void>): void => {
  test(`level log: ${what}`, async () => {
    const place = await levelPlace()
    await inPlace(
      async () => place,
      () => run(place),
    )()
  })
}

claim('a folder that this process has open already is locked', async (place) => {
  await place.open()
  const { code, message } = await errorOf(() => openLevelLogStore(place.folder, nodeClock()))
  assert.is(code, 'DATA_LOCKED')
  assert.ok(message.includes(place.folder))
})

claim('a folder that another process has open is locked until that is gone', async (place) => {
  const child = await runChild('test/store/children/appending.ts', [place.folder])
  await child.line((line) => line.startsWith('opened'))
  assert.is((await errorOf(() => openLevelLogStore(place.folder, nodeClock()))).code, 'DATA_LOCKED')
  child.process.kill('SIGKILL')
  await child.gone
  const store = await place.open()
  await store.close()
})

claim('a folder that cannot be made is unusable', async (place) => {
  await mkdir(dirname(place.folder), { recursive: true })
  await writeFile(place.folder, 'a file')
  for (const folder of [place.folder, join(place.folder, 'below')]) {
    const { code, message } = await errorOf(() => openLevelLogStore(folder, nodeClock()))
    assert.is(code, 'DATA_UNUSABLE')
    assert.ok(message.startsWith(`${folder} cannot be used: `), message)
  }
})

claim('a database of a newer format is refused, and let go', async (place) => {
  await place.open()
  await place.tamper((shelf) => put(shelf, FORMAT_KEY, Uint8Array.of(2)))
  assert.is((await errorOf(() => openLevelLogStore(place.folder, nodeClock()))).code, 'LOG_VERSION')
  const shelf = await LevelShelf.open(place.folder, false)
  await shelf.close()
})

claim('a database that LevelDB cannot open is damaged', async (place) => {
  const store = await place.open()
  await store.close()
  const manifest = (await readdir(place.folder)).find((name) => name.startsWith('MANIFEST'))
  await writeFile(join(place.folder, manifest ?? ''), 'nonsense')
  assert.is((await errorOf(() => openLevelLogStore(place.folder, nodeClock()))).code, 'LOG_DAMAGED')
})

claim('reading a log whose store was closed meanwhile says so', async (place) => {
  const store = await place.open()
  const log = await store.open(ONE)
  await commitRecords(log, 2_000)
  const reading = log.read(0)
  await store.close()
  assert.is(
    (
      await errorOf(async () => {
        for await (const _ of reading);
      })
    ).code,
    'TRANSFER_CLOSED',
  )
})

/** Flips a byte in the middle of the newest file of this kind. */
const flipByte = async (folder: string, ending: string): Promise<void> => {
  const name = (await readdir(folder))
    .filter((each) => each.endsWith(ending))
    .sort()
    .at(-1)
  const path = join(folder, name ?? `no file ends in ${ending}`)
  const bytes = await readFile(path)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  await writeFile(path, bytes)
}

claim('what LevelDB drops silently from the middle of its journal is noticed at the opening', async (place) => {
  const store = await place.open()
  const log = await store.open(ONE)
  // Small commits: LevelDB takes up again at the next block of 32 KiB.
  for (let count = 0; count < 1_000; count++) await commitRecords(log, 3)
  await store.close()
  await flipByte(place.folder, '.log')
  const again = await place.open()
  const { code, message } = await errorOf(() => again.open(ONE))
  assert.is(code, 'LOG_DAMAGED')
  assert.match(message, /events \d+ to \d+ are missing/)
  const { ok, events, damage } = await verifyLog(again, ONE.infoHash)
  assert.is(ok, false)
  assert.ok(events > 0 && events < 3_000)
  const reader = await again.reader(ONE.infoHash)
  if (reader === undefined || damage?.nextSeq === undefined) throw new Error('there is a rest to be read')
  assert.equal(await readAll(reader, 0, events), loggedFrom(0, events))
  assert.equal(await readAll(reader, damage.nextSeq), loggedFrom(damage.nextSeq, 3_000))
})

claim('a flipped byte in a table of LevelDB is noticed by reading', async (place) => {
  const store = await place.open()
  await commitRecords(await store.open(ONE), 30_000)
  await store.close()
  // Opening writes the journal into a table.
  await (await place.open()).close()
  await flipByte(place.folder, '.ldb')
  const again = await place.open()
  const { ok, events, damage } = await verifyLog(again, ONE.infoHash)
  assert.is(ok, false)
  assert.ok(events > 0 && events < 30_000, `${events} could be read`)
  assert.is(damage?.code, 'LOG_DAMAGED')
})

claim('a log that is killed at any moment has every event whose commit it told of', async (place) => {
  let expected = 0
  for (const commits of [1, 2, 9, 60]) {
    const child = await runChild('test/store/children/appending.ts', [place.folder])
    let heard = 0
    assert.is(await child.line((line) => line.startsWith('opened')), `opened ${expected}`)
    // The number of commits varies, and where in the next one the signal hits is up to chance.
    await child.line((line) => !line.startsWith('opened') && ++heard >= commits)
    child.process.kill('SIGKILL')
    await child.gone
    const told = Number(child.lines.at(-1))
    const store = await place.open()
    const log = await store.open(ONE)
    assert.ok(log.nextSeq >= told, `${told} events were told of, ${log.nextSeq} are there`)
    assert.equal(await readAll(log), loggedFrom(0, log.nextSeq))
    assert.is((await verifyLog(store, ONE.infoHash)).ok, true)
    expected = log.nextSeq
    await store.close()
  }
})

claim('a file that cannot grow fails the log once, and what was committed stays', async (place) => {
  // Like a full disk: files end at 256 KiB, in the middle of some commit.
  const child = await runChild('test/store/children/appending.ts', [place.folder], 256)
  assert.is(await child.line((line) => line.startsWith('failed')), 'failed EFBIG')
  const closed = await child.line((line) => line.startsWith('closed'))
  await child.gone
  assert.is(child.lines.filter((line) => line.startsWith('failed')).length, 1)
  const told = Number(closed.slice('closed '.length))
  assert.is(child.lines.at(-3), String(told), 'no commit came after the failure')
  const store = await place.open()
  const log = await store.open(ONE)
  assert.ok(told > 0 && log.nextSeq >= told, `${told} events were told of, ${log.nextSeq} are there`)
  assert.equal(await readAll(log), loggedFrom(0, log.nextSeq))
  append(log, 10)
  log.flush()
  await committed(log, log.nextSeq)
  assert.is((await verifyLog(store, ONE.infoHash)).ok, true)
})

claim('a process that is killed while it compacts leaves a log that is whole from some event on', async (place) => {
  const store = await place.open()
  const log = await store.open(ONE)
  await commitRecords(log, ...Array.from({ length: 120 }, () => 100))
  await store.close()
  let compacted = 0
  for (let round = 0; round < 4; round++) {
    const child = await runChild('test/store/children/compacting.ts', [place.folder])
    const places = new Set<string>()
    await child.line((line) => places.add(line).size > 1 + (round % 3))
    child.process.kill('SIGKILL')
    await child.gone
    const again = await place.open()
    const { ok, firstSeq = 0, lastSeq } = await verifyLog(again, ONE.infoHash)
    assert.ok(ok && lastSeq === 11_999, `round ${round}`)
    assert.ok(firstSeq >= compacted, 'what was compacted stays so')
    compacted = firstSeq
    const opened = await again.open(ONE)
    assert.equal(await readAll(opened), loggedFrom(firstSeq, 12_000))
    if (firstSeq > 0)
      assert.equal(await opened.loadCheckpoint(), {
        seq: firstSeq,
        snapshot: new Uint8Array(50_000).fill(firstSeq % 256),
      })
    await again.close()
  }
  assert.ok(compacted > 0)
})

claim(
  'a process that is killed while it compacts the log that it writes leaves it whole from some event on',
  async (place) => {
    let [compacted, told] = [0, 0]
    for (const rounds of [1, 2, 5, 12]) {
      const child = await runChild('test/store/children/retaining.ts', [place.folder])
      let heard = 0
      await child.line((line) => line.startsWith('-') && ++heard >= rounds)
      child.process.kill('SIGKILL')
      await child.gone
      const last = (sign: string): number => Number(child.lines.findLast((line) => line.startsWith(sign))?.slice(1))
      const store = await place.open()
      const { ok, firstSeq = 0 } = await verifyLog(store, ONE.infoHash)
      assert.ok(ok, `${rounds} rounds`)
      assert.ok(firstSeq >= last('-') && firstSeq > compacted, 'what was compacted stays so')
      const log = await store.open(ONE)
      assert.ok(log.nextSeq >= last('+') && log.nextSeq > told, 'what was committed is there')
      assert.equal(await readAll(log), loggedFrom(firstSeq, log.nextSeq))
      const snapshot = new Uint8Array(50_000).fill(firstSeq % 256)
      assert.equal(await log.loadCheckpoint(), { seq: firstSeq, snapshot })
      ;[compacted, told] = [firstSeq, log.nextSeq]
      await store.close()
    }
  },
)

test.run()
