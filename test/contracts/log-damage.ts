/** The contract of a log that was damaged: it says so, says where, and gives what is left. */
import { createHash } from 'node:crypto'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { HASH_BYTES, RECORD_VERSION, RecordWriter, readRecord } from '../../src/events/codec.js'
import type { LogReader } from '../../src/ports.js'
import { recordKey, removalKey } from '../../src/store/log-keys.js'
import type { Shelf } from '../../src/store/shelf.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { instant } from '../../src/values.js'
import { commitRecords, entryOf, errorOf, FIRST_AT, type LogPlace, loggedFrom, readAll } from './log-rig.js'
import { del, put, recordAt } from './log-tampering.js'
import { inPlace } from './logs.js'

const ONE = entryOf(1)

/** The same content, said to be of the next version, with a checksum that fits. */
const newerVersionOf = (record: Uint8Array): Uint8Array => {
  const content = record.slice(0, -HASH_BYTES)
  content[0] = RECORD_VERSION + 1
  return Uint8Array.from([...content, ...createHash('sha256').update(content).digest()])
}

/** Records of the events 0-9, 10-19, ... 40-49. */
const filled = async (place: LogPlace): Promise<void> => {
  const store = await place.open()
  await commitRecords(await store.open(ONE), 10, 10, 10, 10, 10)
  await store.close()
}

interface Expected {
  readonly code?: string
  /** The first event that cannot be read, and where reading can start again. */
  readonly seq: number
  readonly nextSeq: number
  readonly reason: RegExp
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

const seqsFrom = async (reader: LogReader, from: number, to?: number): Promise<number[]> =>
  (await readAll(reader, from, to)).map(({ seq }) => seq)

/** What is before the damage is read, the damage is told by number, and what is behind it is read from there. */
const expectDamage = async (reader: LogReader, { code = 'LOG_DAMAGED', seq, nextSeq, reason }: Expected) => {
  assert.equal(await seqsFrom(reader, 0, seq), range(0, seq))
  const error = await errorOf(() => readAll(reader))
  assert.is(error.code, code)
  assert.match(error.message, reason)
  assert.ok(error.message.startsWith(`event ${seq} of the log cannot be read: `), error.message)
  const before = seq === 0 ? 'no event' : `events 0 to ${seq - 1}`
  assert.ok(error.message.endsWith(`; ${before} before it can be`), error.message)
  assert.equal(await seqsFrom(reader, nextSeq), range(nextSeq, 50))
}

export const damageContract = (test: Test, name: string, make: () => Promise<LogPlace>): void => {
  const claim = (what: string, change: (shelf: Shelf) => Promise<void>, expected: Expected, opens: boolean): void =>
    test(
      `${name}: ${what}`,
      inPlace(make, async (place) => {
        await filled(place)
        await place.tamper(change)
        const store = await place.open()
        const reader = await store.reader(ONE.infoHash)
        if (reader === undefined) throw new Error('the transfer is there')
        await expectDamage(reader, expected)
        const { code = 'LOG_DAMAGED', seq, nextSeq, reason } = expected
        const verdict = await verifyLog(store, ONE.infoHash)
        assert.is(verdict.ok, false)
        assert.is(verdict.events, seq)
        assert.is(verdict.damage?.code, code)
        assert.is(verdict.damage?.seq, seq)
        assert.is(verdict.damage?.nextSeq, nextSeq)
        assert.match(verdict.damage?.reason ?? '', reason)
        if (opens) assert.is((await store.open(ONE)).nextSeq, 50)
        else assert.is((await errorOf(() => store.open(ONE))).code, code)
        await store.close()
      }),
    )

  const flipped = (firstSeq: number) => async (shelf: Shelf) => {
    const [key, value] = await recordAt(shelf, ONE.infoHash, firstSeq)
    await put(shelf, key, value.with(60, (value[60] ?? 0) ^ 4))
  }
  const gone = (firstSeq: number) => async (shelf: Shelf) =>
    del(shelf, (await recordAt(shelf, ONE.infoHash, firstSeq))[0])

  const mismatch = /does not match its checksum/
  claim('a flipped bit in the first record', flipped(0), { seq: 0, nextSeq: 10, reason: mismatch }, true)
  claim('a flipped bit in the middle', flipped(20), { seq: 20, nextSeq: 30, reason: mismatch }, true)
  claim('a flipped bit in the last record', flipped(40), { seq: 40, nextSeq: 50, reason: mismatch }, false)
  claim('a missing first record', gone(0), { seq: 0, nextSeq: 10, reason: /events 0 to 9 are missing/ }, false)
  claim('a missing record', gone(20), { seq: 20, nextSeq: 30, reason: /events 20 to 29 are missing/ }, false)

  claim(
    'a record that was cut off',
    async (shelf) => {
      const [key, value] = await recordAt(shelf, ONE.infoHash, 30)
      await put(shelf, key, value.slice(0, -1))
    },
    { seq: 30, nextSeq: 40, reason: mismatch },
    true,
  )

  claim(
    'a record of other events, with a checksum that fits',
    async (shelf) => {
      const [key, value] = await recordAt(shelf, ONE.infoHash, 20)
      const forged = new RecordWriter()
      for (let count = 0; count < 10; count++) forged.add(instant(FIRST_AT), { type: 'paused' })
      await put(shelf, key, forged.finish(20, readRecord(value).previousHash).bytes)
    },
    // The forged one fits in itself: it is the next one that does not follow from it.
    { seq: 30, nextSeq: 40, reason: /does not follow from the record before/ },
    true,
  )

  claim(
    'a record under another one’s key',
    async (shelf) => {
      const [key] = await recordAt(shelf, ONE.infoHash, 20)
      await put(shelf, key, (await recordAt(shelf, ONE.infoHash, 30))[1])
    },
    { seq: 20, nextSeq: 30, reason: /in another one’s place/ },
    true,
  )

  claim(
    'a record that is there twice',
    async (shelf) => {
      const [, value] = await recordAt(shelf, ONE.infoHash, 20)
      await put(shelf, recordKey(ONE.infoHash, 25, 10), value)
    },
    { seq: 30, nextSeq: 30, reason: /event 25 is there twice/ },
    false,
  )

  claim(
    'a record of a newer version',
    async (shelf) => {
      const [key, value] = await recordAt(shelf, ONE.infoHash, 40)
      await put(shelf, key, newerVersionOf(value))
    },
    { code: 'LOG_VERSION', seq: 40, nextSeq: 50, reason: /version 2/ },
    false,
  )

  test(
    `${name}: an end that is missing is noticed where a checkpoint tells of it`,
    inPlace(make, async (place) => {
      await filled(place)
      const store = await place.open()
      await (await store.open(ONE)).saveCheckpoint(45, Uint8Array.of(1))
      await store.close()
      await place.tamper(gone(40))
      const again = await place.open()
      const { code, message } = await errorOf(() => again.open(ONE))
      assert.is(code, 'LOG_DAMAGED')
      assert.match(message, /events 40 to 44 are missing/)
      const { ok, events, damage } = await verifyLog(again, ONE.infoHash)
      assert.equal([ok, events, damage?.seq], [false, 40, 40])
      await again.close()
    }),
  )

  test(
    `${name}: a gap before the last checkpoint does not keep a transfer from going on`,
    inPlace(make, async (place) => {
      await filled(place)
      const store = await place.open()
      await (await store.open(ONE)).saveCheckpoint(45, Uint8Array.of(1))
      await store.close()
      await place.tamper(gone(10))
      const again = await place.open()
      const log = await again.open(ONE)
      assert.equal(await readAll(log, 20), loggedFrom(20, 50))
      assert.match((await errorOf(() => readAll(log, 15))).message, /events 10 to 19 are missing/)
      assert.is((await verifyLog(again, ONE.infoHash)).ok, false)
      await again.close()
    }),
  )

  test(
    `${name}: a removal that was interrupted is finished`,
    inPlace(make, async (place) => {
      await filled(place)
      await place.tamper((shelf) => put(shelf, removalKey(ONE.infoHash), new Uint8Array()))
      const store = await place.open()
      assert.is((await store.open(ONE)).nextSeq, 0)
      await store.close()
    }),
  )
}
