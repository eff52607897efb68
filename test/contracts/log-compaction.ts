/** The contract of compaction: a snapshot stands for the oldest events, and nobody who reads the rest is worse off. */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LogReader, LogStore } from '../../src/ports.js'
import { baseKey, recordKey } from '../../src/store/log-keys.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { commitRecords, entryOf, errorOf, type LogPlace, loggedFrom, readAll } from './log-rig.js'
import { del, put } from './log-tampering.js'
import { inPlace } from './logs.js'

const ONE = entryOf(1)
const OTHER = entryOf(2)
const snapshotOf = (seq: number): Uint8Array => new Uint8Array(500).fill(seq % 256)
const snapshotBefore = async (_: LogReader, seq: number): Promise<Uint8Array> => snapshotOf(seq)

/** Records of 10 events each. */
const filled = async (place: LogPlace, records: number): Promise<LogStore> => {
  const store = await place.open()
  const log = await store.open(ONE)
  await commitRecords(log, ...Array.from({ length: records }, () => 10))
  await log.close()
  return store
}

const readerOf = async (store: LogStore): Promise<LogReader> => {
  const reader = await store.reader(ONE.infoHash)
  if (reader === undefined) throw new Error('the transfer is there')
  return reader
}

export const compactionContract = (test: Test, name: string, make: () => Promise<LogPlace>): void => {
  const claim = (what: string, run: (place: LogPlace) => Promise<void>): void =>
    test(`${name}: ${what}`, inPlace(make, run))

  claim('a log that was compacted begins with a record and its snapshot, now and after reopening', async (place) => {
    const store = await filled(place, 10)
    assert.equal(await store.compact(ONE.infoHash, 57, snapshotBefore), { firstSeq: 50, removed: 50 })
    const check = async (reader: LogReader): Promise<void> => {
      assert.is(reader.firstSeq, 50)
      assert.is(reader.committedSeq, 100)
      assert.equal(await readAll(reader), loggedFrom(50, 100))
      assert.equal(await readAll(reader, 63, 81), loggedFrom(63, 81))
      assert.equal(await readAll(reader, 0, 50), [])
      assert.equal(await reader.loadCheckpoint(), { seq: 50, snapshot: snapshotOf(50) })
      assert.is(await reader.loadCheckpoint(49), undefined)
    }
    await check(await readerOf(store))
    assert.equal(await verifyLog(store, ONE.infoHash), { events: 50, firstSeq: 50, lastSeq: 99, ok: true })
    await store.close()
    const again = await place.open()
    const log = await again.open(ONE)
    await check(log)
    await commitRecords(log, 7)
    assert.equal(await readAll(log, 95), loggedFrom(95, 107))
    await again.close()
  })

  claim('it is compacted again, further, and never back', async (place) => {
    const store = await filled(place, 10)
    await store.compact(ONE.infoHash, 30, snapshotBefore)
    assert.equal(await store.compact(ONE.infoHash, 20, snapshotBefore), { firstSeq: 30, removed: 0 })
    assert.equal(await store.compact(ONE.infoHash, 39, snapshotBefore), { firstSeq: 30, removed: 0 })
    assert.equal(await store.compact(ONE.infoHash, 1_000, snapshotBefore), { firstSeq: 90, removed: 60 })
    assert.equal(await readAll(await readerOf(store)), loggedFrom(90, 100))
    await store.close()
  })

  claim('checkpoints below go, and those above stay and come first', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 10, 10, 10, 10)
    for (const seq of [5, 20, 33]) await log.saveCheckpoint(seq, snapshotOf(seq + 100))
    await log.close()
    await store.compact(ONE.infoHash, 30, snapshotBefore)
    const reader = await readerOf(store)
    assert.equal(await reader.loadCheckpoint(), { seq: 33, snapshot: snapshotOf(133) })
    assert.equal(await reader.loadCheckpoint(32), { seq: 30, snapshot: snapshotOf(30) })
    await store.close()
  })

  claim('a log is compacted while it is written, and goes on as one that is closed', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, ...Array.from({ length: 10 }, () => 10))
    for (const seq of [5, 20, 95]) await log.saveCheckpoint(seq, snapshotOf(seq + 100))
    const written = log.writtenBytes
    assert.ok(written > 800)
    const compacting = log.compact(57, snapshotBefore)
    await commitRecords(log, 10, 3)
    assert.equal(await compacting, { firstSeq: 50, removed: 50 })
    assert.ok(log.writtenBytes > written + 80)
    const check = async (reader: LogReader): Promise<void> => {
      assert.is(reader.firstSeq, 50)
      assert.equal(await readAll(reader), loggedFrom(50, 113))
      assert.equal(await reader.loadCheckpoint(94), { seq: 50, snapshot: snapshotOf(50) })
      assert.equal(await reader.loadCheckpoint(), { seq: 95, snapshot: snapshotOf(195) })
    }
    await check(log)
    await check(await readerOf(store))
    const twice = [log.compact(70, snapshotBefore), log.compact(90, snapshotBefore)]
    assert.equal(await Promise.all(twice), [
      { firstSeq: 70, removed: 20 },
      { firstSeq: 90, removed: 20 },
    ])
    await log.saveCheckpoint(100, snapshotOf(1))
    void log.compact(1_000, snapshotBefore)
    await log.close() // which waits for it
    await store.close()
    const again = await place.open()
    assert.equal(await readAll(await again.open(ONE)), loggedFrom(110, 113))
    assert.is((await verifyLog(again, ONE.infoHash)).ok, true)
    await again.close()
  })

  claim('a reader that compaction overtakes is told so, and one that is ahead of it is not', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, ...Array.from({ length: 10 }, () => 10))
    // Begun, and not read: what it is to read goes.
    const behind = log.read(10)
    const ahead = log.read(60)
    await log.compact(50, snapshotBefore)
    const rest: unknown[] = []
    for await (const events of ahead) rest.push(...events)
    assert.equal(rest, loggedFrom(60, 100))
    const { code, message } = await errorOf(async () => {
      for await (const events of behind) assert.unreachable(JSON.stringify(events))
    })
    assert.is(code, 'EVENTS_COMPACTED')
    assert.match(message, 'the log begins with event 50')
    await store.close()
  })

  claim('a snapshot that cannot be made leaves the log as it was', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 10, 10, 10)
    const { message } = await errorOf(() => log.compact(20, () => Promise.reject(new Error('no state'))))
    assert.is(message, 'no state')
    assert.is(log.firstSeq, 0)
    assert.equal(await log.compact(20, snapshotBefore), { firstSeq: 20, removed: 20 })
    assert.equal(await readAll(log), loggedFrom(20, 30))
    await store.close()
  })

  claim('other transfers are left alone, and a removal takes the snapshot too', async (place) => {
    const store = await filled(place, 5)
    const other = await store.open(OTHER)
    await commitRecords(other, 10, 10)
    await other.close()
    await store.compact(ONE.infoHash, 50, snapshotBefore)
    assert.is((await readAll((await store.reader(OTHER.infoHash)) as LogReader)).length, 20)
    await store.remove(ONE.infoHash)
    const fresh = await store.open(ONE)
    assert.is(fresh.nextSeq, 0)
    assert.is(fresh.firstSeq, 0)
    await store.close()
  })

  claim('who dies once the snapshot is there leaves old records, which the next opening deletes', async (place) => {
    const before = await filled(place, 6)
    let old: Uint8Array | undefined
    await before.close()
    await place.tamper(async (shelf) => {
      old = await shelf.get(recordKey(ONE.infoHash, 20, 10))
    })
    const store = await place.open()
    await store.compact(ONE.infoHash, 40, snapshotBefore)
    await store.close()
    // As if it had not been deleted yet.
    await place.tamper(async (shelf) => put(shelf, recordKey(ONE.infoHash, 20, 10), old ?? new Uint8Array(0)))
    const again = await place.open()
    assert.equal(await readAll(await readerOf(again)), loggedFrom(40, 60), 'nobody reads it')
    await (await again.open(ONE)).close()
    await again.close()
    await place.tamper(async (shelf) => {
      assert.is(await shelf.get(recordKey(ONE.infoHash, 20, 10)), undefined)
    })
  })

  claim('a snapshot that is damaged, or a record missing behind it, is damage', async (place) => {
    const store = await filled(place, 6)
    await store.compact(ONE.infoHash, 40, snapshotBefore)
    await store.close()
    await place.tamper(async (shelf) => {
      const bytes = (await shelf.get(baseKey(ONE.infoHash))) ?? new Uint8Array(0)
      const flipped = bytes.slice()
      flipped[100] = (flipped[100] ?? 0) ^ 1
      await put(shelf, baseKey(ONE.infoHash), flipped)
    })
    const damaged = await place.open()
    assert.is((await errorOf(() => damaged.open(ONE))).code, 'LOG_DAMAGED')
    assert.is((await errorOf(() => readerOf(damaged))).code, 'LOG_DAMAGED')
    await damaged.close()
    await place.tamper(async (shelf) => del(shelf, baseKey(ONE.infoHash)))
    const headless = await place.open()
    assert.is((await errorOf(async () => readAll(await readerOf(headless)))).code, 'LOG_DAMAGED')
    await headless.close()
  })

  claim('what a log takes is measured part by part', async (place) => {
    const store = await filled(place, 4)
    const parts = await store.measure(ONE.infoHash)
    assert.equal(
      parts.map(({ firstSeq }) => firstSeq),
      [0, 10, 20, 30],
    )
    assert.ok(parts.every(({ bytes }) => bytes > 80 && bytes < 2_000))
    const [first, second] = await store.measure(ONE.infoHash, (parts[0]?.bytes ?? 0) + 1)
    assert.equal([first?.firstSeq, second?.firstSeq], [0, 20])
    assert.is(first?.bytes, (parts[0]?.bytes ?? 0) + (parts[1]?.bytes ?? 0))
    await store.close()
  })
}
