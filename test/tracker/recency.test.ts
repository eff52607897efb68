/** The order in which numbers were last seen, against a plain list. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Recency } from '../../tracker/recency.js'

test('recency: nothing was seen at first', () => {
  const recency = new Recency()
  assert.is(recency.oldest, undefined)
  assert.is(recency.has(0), false)
  assert.throws(() => recency.forget(0))
  assert.throws(() => recency.seenMs(3))
})

test('recency: what is seen again is the newest', () => {
  const recency = new Recency()
  for (const item of [5, 0, 900]) recency.see(item, item)
  assert.is(recency.oldest, 5)
  recency.see(5, 1_000)
  assert.is(recency.oldest, 0)
  assert.is(recency.seenMs(5), 1_000)
  recency.forget(0)
  assert.is(recency.oldest, 900)
})

test('recency: any sightings and forgettings leave the order of a plain list', () => {
  const moves = fc.array(fc.record({ item: fc.nat(60), forget: fc.boolean(), laterMs: fc.nat(2) }), { maxLength: 600 })
  fc.assert(
    fc.property(moves, (all) => {
      const recency = new Recency()
      const seenMs = new Map<number, number>()
      let nowMs = 0
      const check = (): void => {
        const { oldest } = recency
        const oldestMs = seenMs.size === 0 ? undefined : Math.min(...seenMs.values())
        // Of those that were seen in the same moment it may be any.
        assert.is(oldest === undefined ? undefined : seenMs.get(oldest), oldestMs)
        assert.is(recency.hasSeenBy(nowMs - 3), oldestMs !== undefined && oldestMs <= nowMs - 3)
      }
      for (const { item, forget, laterMs } of all) {
        nowMs += laterMs
        assert.is(recency.has(item), seenMs.has(item))
        if (!forget) {
          recency.see(item, nowMs)
          seenMs.set(item, nowMs)
          assert.is(recency.seenMs(item), nowMs)
        } else if (seenMs.delete(item)) recency.forget(item)
        check()
      }
      for (const [item] of [...seenMs].sort(([, one], [, other]) => one - other)) {
        recency.forget(item)
        seenMs.delete(item)
        check()
      }
    }),
    { numRuns: 50 },
  )
})

test('recency: however often numbers are seen, each is held a few times at most', () => {
  const recency = new Recency()
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < 300_000; at++) recency.see(at % 1_000, at)
  assert.is(recency.oldest, 0)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000 * 64)
  // Those that are left need no more room than they would have taken alone.
  for (let item = 0; item < 1_000; item++) if (item !== 7) recency.forget(item)
  for (let at = 0; at < 10_000; at++) recency.see(7, 300_000 + at)
  assert.is(recency.oldest, 7)
  assert.is(recency.hasSeenBy(309_998), false)
  assert.is(recency.hasSeenBy(309_999), true)
})

test.run()
