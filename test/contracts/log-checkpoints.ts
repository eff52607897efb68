/** The contract of the log's checkpoints. */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { checkpointKey } from '../../src/store/log-keys.js'
import { commitRecords, entryOf, errorOf, type LogPlace } from './log-rig.js'
import { put } from './log-tampering.js'
import { inPlace } from './logs.js'

const ONE = entryOf(1)
const snapshotOf = (seq: number): Uint8Array => new Uint8Array(1_000).fill(seq % 256)

export const checkpointContract = (test: Test, name: string, make: () => Promise<LogPlace>): void => {
  const claim = (what: string, run: (place: LogPlace) => Promise<void>): void =>
    test(`${name}: ${what}`, inPlace(make, run))

  claim('the newest checkpoint at or below a number is loaded, now and after reopening', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 500)
    for (const seq of [0, 100, 400]) await log.saveCheckpoint(seq, snapshotOf(seq))
    const check = async (from: Pick<typeof log, 'loadCheckpoint'>): Promise<void> => {
      assert.equal(await from.loadCheckpoint(), { seq: 400, snapshot: snapshotOf(400) })
      assert.equal(await from.loadCheckpoint(400), { seq: 400, snapshot: snapshotOf(400) })
      assert.equal(await from.loadCheckpoint(399), { seq: 100, snapshot: snapshotOf(100) })
      assert.equal(await from.loadCheckpoint(99), { seq: 0, snapshot: snapshotOf(0) })
    }
    await check(log)
    await store.close()
    const again = await place.open()
    const reader = await again.reader(ONE.infoHash)
    if (reader === undefined) throw new Error('the transfer is there')
    await check(reader)
    await check(await again.open(ONE))
    await again.close()
  })

  claim('a checkpoint of the same number takes the place of the one before', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 5)
    await log.saveCheckpoint(5, Uint8Array.of(1))
    await log.saveCheckpoint(5, Uint8Array.of(2))
    assert.equal(await log.loadCheckpoint(), { seq: 5, snapshot: Uint8Array.of(2) })
    await store.close()
  })

  claim('a checkpoint of events that are not committed is our own fault', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    assert.match((await errorOf(() => log.saveCheckpoint(1, Uint8Array.of(1)))).message, /committed events only/)
    await store.close()
  })

  claim('a log is closed when its checkpoint is written, so that none comes back after a removal', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 5)
    const order: string[] = []
    const saved = log.saveCheckpoint(5, snapshotOf(5)).then(() => order.push('saved'))
    await log.close().then(() => order.push('closed'))
    await saved
    assert.equal(order, ['saved', 'closed'])
    await store.remove(ONE.infoHash)
    const again = await store.open(ONE)
    assert.is(await again.loadCheckpoint(5), undefined)
    await store.close()
  })

  claim('a damaged checkpoint is passed over for the one before', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 30)
    for (const seq of [10, 20, 25, 30]) await log.saveCheckpoint(seq, snapshotOf(seq))
    await store.close()
    await place.tamper(async (shelf) => {
      const bytes = await shelf.get(checkpointKey(ONE.infoHash, 30))
      await put(shelf, checkpointKey(ONE.infoHash, 30), bytes?.with(500, 7) ?? new Uint8Array())
      await put(
        shelf,
        checkpointKey(ONE.infoHash, 25),
        (await shelf.get(checkpointKey(ONE.infoHash, 20))) ?? new Uint8Array(),
      )
    })
    const again = await place.open()
    const reopened = await again.open(ONE)
    assert.equal(await reopened.loadCheckpoint(), { seq: 20, snapshot: snapshotOf(20) })
    await again.close()
  })

  claim('a bounded number of checkpoints is kept: the newest, and others spread over the log', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    const many = 4 * LIMITS.checkpointsKept
    await commitRecords(log, many * 10)
    for (let seq = 10; seq <= many * 10; seq += 10) await log.saveCheckpoint(seq, snapshotOf(seq))
    await store.close()
    const again = await place.open()
    const reopened = await again.open(ONE)
    const seqs: number[] = []
    for (let seq: number | undefined = many * 10; seq !== undefined; ) {
      const found: number | undefined = (await reopened.loadCheckpoint(seq))?.seq
      if (found !== undefined) seqs.unshift(found)
      seq = found === undefined || found === 0 ? undefined : found - 1
    }
    assert.is(seqs.length, LIMITS.checkpointsKept)
    assert.is(seqs[0], 10)
    const newest = Array.from({ length: LIMITS.checkpointsNewestKept }, (_, back) => (many - back) * 10).reverse()
    assert.equal(seqs.slice(-LIMITS.checkpointsNewestKept), newest)
    const gaps = seqs.slice(1).map((seq, at) => seq - (seqs[at] ?? 0))
    assert.ok(Math.max(...gaps) <= (many * 10 * 2) / LIMITS.checkpointsKept + 10, `gaps up to ${Math.max(...gaps)}`)
    await again.close()
  })
}
