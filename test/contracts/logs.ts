/** The contract of the event log: what every log store does, on disk and in memory. */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { LogStore, TransferLog } from '../../src/ports.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { instant } from '../../src/values.js'
import {
  append,
  commitRecords,
  committed,
  entryOf,
  errorOf,
  eventOf,
  FIRST_AT,
  type LogPlace,
  loggedFrom,
  readAll,
} from './log-rig.js'

const ONE = entryOf(1)
const TWO = entryOf(2)

type Case = (place: LogPlace) => Promise<void>

/** Runs the case with a place of its own, which is disposed of however it ends. */
export const inPlace = (make: () => Promise<LogPlace>, run: Case) => async (): Promise<void> => {
  const place = await make()
  try {
    await run(place)
  } finally {
    await place.dispose()
  }
}

const opened = async (place: LogPlace): Promise<{ store: LogStore; log: TransferLog }> => {
  const store = await place.open()
  return { store, log: await store.open(ONE) }
}

export const logContract = (test: Test, name: string, make: () => Promise<LogPlace>): void => {
  const claim = (what: string, run: Case): void => test(`${name}: ${what}`, inPlace(make, run))

  claim('a new log is empty', async (place) => {
    const { store, log } = await opened(place)
    assert.is(log.nextSeq, 0)
    assert.is(log.committedSeq, 0)
    assert.is(log.pendingEvents, 0)
    assert.equal(await readAll(log), [])
    assert.is(await log.loadCheckpoint(), undefined)
    assert.equal(await verifyLog(store, ONE.infoHash), {
      events: 0,
      firstSeq: undefined,
      lastSeq: undefined,
      ok: true,
    })
    await store.close()
  })

  claim('events are numbered without a gap and come back with their times', async (place) => {
    const { store, log } = await opened(place)
    append(log, 700)
    assert.is(log.nextSeq, 700)
    log.flush()
    await committed(log, 700)
    assert.equal(await readAll(log), loggedFrom(0, 700))
    await store.close()
  })

  claim('nothing is committed within the call that appends', async (place) => {
    const { store, log } = await opened(place)
    let calls = 0
    log.onCommitted = () => calls++
    append(log, 1_000)
    log.flush()
    assert.is(calls, 0)
    assert.is(log.committedSeq, 0)
    assert.is(log.pendingEvents, 1_000)
    assert.equal(await readAll(log), [], 'and what is not committed is not read')
    await committed(log, 1_000)
    assert.is(log.pendingEvents, 0)
    await store.close()
  })

  claim('a record that is not full is committed a moment after its first event', async (place) => {
    const { store, log } = await opened(place)
    append(log, 3)
    await committed(log, 3)
    assert.equal(await readAll(log), loggedFrom(0, 3))
    await store.close()
  })

  claim('events that come while a commit is under way are committed together', async (place) => {
    const { store, log } = await opened(place)
    const commits: number[] = []
    log.onCommitted = (committedSeq) => commits.push(committedSeq)
    append(log, 1)
    log.flush()
    for (let turn = 0; turn < 500; turn++) {
      append(log, 2)
      log.flush()
    }
    await committed(log, 1_001)
    assert.equal(commits, [1, 1_001])
    await store.close()
  })

  claim('records hold as many events as they may, and no more', async (place) => {
    const { store, log } = await opened(place)
    append(log, 2 * LIMITS.logRecordEventsMax + 10)
    log.flush()
    await committed(log, log.nextSeq)
    const counts: number[] = []
    for await (const events of log.read(0)) counts.push(events.length)
    assert.equal(counts, [LIMITS.logRecordEventsMax, LIMITS.logRecordEventsMax, 10])
    await store.close()
  })

  claim('a record of long events is closed before it is full', async (place) => {
    const { store, log } = await opened(place)
    const bits = new Uint8Array(LIMITS.logRecordBytesMax / 2)
    for (let seq = 0; seq < 4; seq++)
      log.append(instant(FIRST_AT), { ...eventOf(0), bits } as ReturnType<typeof eventOf>)
    await committed(log, 4)
    const counts: number[] = []
    for await (const events of log.read(0)) counts.push(events.length)
    assert.equal(counts, [2, 2])
    await store.close()
  })

  claim('an append or a flush from within the callback of a commit is like any other', async (place) => {
    const { store, log } = await opened(place)
    log.onCommitted = (committedSeq) => {
      if (committedSeq > 2_000) return
      append(log, 300)
      log.flush()
    }
    append(log, 1)
    log.flush()
    await committed(log, 2_001)
    await log.close()
    assert.is(log.pendingEvents, 0)
    assert.equal(await readAll(log), loggedFrom(0, log.nextSeq))
    await store.close()
  })

  claim('more pending events than the engine lets come are our own fault', async (place) => {
    const { store, log } = await opened(place)
    for (let seq = 0; seq < LIMITS.logPendingEventsMax; seq++) log.append(instant(FIRST_AT), { type: 'paused' })
    assert.throws(() => log.append(instant(FIRST_AT), { type: 'paused' }), /pauses before/)
    await store.close()
    assert.is(log.committedSeq, LIMITS.logPendingEventsMax)
  })

  claim('reading starts at any event and stops before any other', async (place) => {
    const { store, log } = await opened(place)
    await commitRecords(log, 1, 2, 300, 7, 90)
    for (let from = 0; from <= 405; from += 7) {
      for (const to of [0, 1, 3, 200, 256, 303, 310, 399, 400, 500]) {
        assert.equal(await readAll(log, from, to), loggedFrom(from, Math.min(400, to)), `from ${from} to ${to}`)
      }
      assert.equal(await readAll(log, from), loggedFrom(from, 400))
    }
    await store.close()
  })

  claim('reading goes on undisturbed while events are appended', async (place) => {
    const { store, log } = await opened(place)
    await commitRecords(log, 2_000)
    const seen: unknown[] = []
    for await (const events of log.read(5)) {
      seen.push(...events)
      append(log, 300)
    }
    assert.equal(seen, loggedFrom(5, 2_000), 'up to what was committed when it began')
    log.flush()
    await committed(log, log.nextSeq)
    assert.equal(await readAll(log, 2_000), loggedFrom(2_000, log.nextSeq), 'and the next reading has the rest')
    await store.close()
  })

  claim('a reading that is given up does not hinder anything', async (place) => {
    const { store, log } = await opened(place)
    await commitRecords(log, 600)
    for await (const events of log.read(0)) {
      assert.is(events[0]?.seq, 0)
      break
    }
    log.read(0)
    await store.close()
  })

  claim('numbers and the chain of hashes go on over every reopening', async (place) => {
    let expected = 0
    for (const count of [1, 256, 0, 300, 5]) {
      const { store, log } = await opened(place)
      assert.is(log.nextSeq, expected)
      assert.is(log.committedSeq, expected)
      append(log, count)
      expected += count
      await store.close()
    }
    const { store, log } = await opened(place)
    assert.equal(await readAll(log), loggedFrom(0, expected))
    const { ok, events, firstSeq, lastSeq } = await verifyLog(store, ONE.infoHash)
    assert.equal({ ok, events, firstSeq, lastSeq }, { ok: true, events: 562, firstSeq: 0, lastSeq: 561 })
    await store.close()
  })

  claim('closing commits everything, and is safe twice and while a commit is under way', async (place) => {
    const { store, log } = await opened(place)
    const commits: number[] = []
    log.onCommitted = (committedSeq) => commits.push(committedSeq)
    append(log, 300)
    const closing = Promise.all([log.close(), log.close()])
    assert.throws(() => append(log, 1), /closed/)
    await closing
    await log.close()
    log.flush()
    assert.is(log.committedSeq, 300)
    assert.is(commits.at(-1), 300)
    await Promise.all([store.close(), store.close()])
    await store.close()
  })

  claim('closing the store closes its logs', async (place) => {
    const { store, log } = await opened(place)
    const other = await store.open(TWO)
    append(log, 10)
    append(other, 20)
    await store.close()
    assert.is(log.committedSeq, 10)
    assert.is(other.committedSeq, 20)
    assert.throws(() => append(log, 1), /closed/)
  })

  claim('a log has one writer, until that closes', async (place) => {
    const { store, log } = await opened(place)
    assert.match((await errorOf(() => store.open(ONE))).message, /open already/)
    assert.match((await errorOf(() => store.remove(ONE.infoHash))).message, /closed before/)
    await commitRecords(log, 4)
    await log.close()
    const again = await store.open(ONE)
    assert.is(again.nextSeq, 4)
    await store.close()
  })

  claim('two transfers have logs of their own', async (place) => {
    const { store, log } = await opened(place)
    const other = await store.open(TWO)
    await commitRecords(log, 300)
    await commitRecords(other, 2)
    await commitRecords(log, 1)
    assert.equal(await readAll(log), loggedFrom(0, 301))
    assert.equal(await readAll(other), loggedFrom(0, 2))
    await other.saveCheckpoint(1, Uint8Array.of(2))
    assert.is(await log.loadCheckpoint(), undefined)
    await store.close()
  })

  claim('transfers are listed with their torrents, and the newest torrent counts', async (place) => {
    const { store } = await opened(place)
    await store.open(TWO)
    assert.equal(await store.transfers(), [ONE, TWO])
    await store.close()
    const again = await place.open()
    assert.equal(await again.transfers(), [ONE, TWO])
    await again.open({ ...TWO, torrent: Uint8Array.of(9) })
    assert.equal(await again.transfer(TWO.infoHash), { ...TWO, torrent: Uint8Array.of(9) })
    assert.is(await again.transfer(entryOf(3).infoHash), undefined)
    assert.is(await again.reader(entryOf(3).infoHash), undefined)
    await again.close()
  })

  claim('a removed transfer is gone, and begins anew', async (place) => {
    const { store, log } = await opened(place)
    const other = await store.open(TWO)
    await commitRecords(log, 600)
    await commitRecords(other, 9)
    await log.saveCheckpoint(500, Uint8Array.of(1))
    await log.close()
    await store.remove(ONE.infoHash)
    assert.equal(await store.transfers(), [TWO])
    await store.close()
    const { store: later, log: anew } = await opened(place)
    assert.is(anew.nextSeq, 0)
    assert.is(await anew.loadCheckpoint(), undefined)
    assert.equal(await readAll(await later.open(TWO)), loggedFrom(0, 9))
    await later.close()
  })

  claim('a reader shows what is committed, be the log open or not', async (place) => {
    const { store, log } = await opened(place)
    await commitRecords(log, 300)
    append(log, 1)
    const reader = await store.reader(ONE.infoHash)
    assert.is(reader?.committedSeq, 300)
    assert.equal(reader && (await readAll(reader, 290)), loggedFrom(290, 300))
    await log.close()
    assert.is((await store.reader(ONE.infoHash))?.committedSeq, 301)
    await store.close()
  })
}
