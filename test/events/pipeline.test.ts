import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { blockCame, newPipeline, PIPELINE, type Pipeline } from '../../src/events/pipeline.js'
import { LIMITS } from '../../src/limits.js'
import { BLOCK_BYTES, instant } from '../../src/values.js'

const MOST = LIMITS.requestsOutstandingMax
const KIB = 1_024

interface Run {
  readonly pipeline: Pipeline
  /** Bytes a second that came in the last half. */
  readonly rate: number
  /** The largest and the least target of the last half. */
  readonly most: number
  readonly least: number
}

/** Fetches over a link of this bandwidth (bytes a second, as a function of the time) and round trip, in order. */
const fetch = (bandwidth: (ms: number) => number, roundTripMs: number, lastsMs: number, most: number = MOST): Run => {
  const pipeline = newPipeline()
  const began = 1_000_000
  // Blocks on order, oldest first: when they were asked for.
  const asked: number[] = []
  let sentUntil = began
  let now = began
  let bytes = 0
  const targets: number[] = []
  while (now < began + lastsMs) {
    while (asked.length < pipeline.target) asked.push(now)
    const requestedAt = asked.shift() ?? now
    // The peer sends when the request is there and the block before is out.
    const from = Math.max(sentUntil, requestedAt + roundTripMs / 2)
    sentUntil = from + (BLOCK_BYTES * 1_000) / bandwidth(from - began)
    now = Math.max(now, Math.round(sentUntil + roundTripMs / 2))
    blockCame(pipeline, instant(now), requestedAt, BLOCK_BYTES, most)
    assert.ok(pipeline.target >= 1 && pipeline.target <= most)
    assert.ok(Number.isInteger(pipeline.target))
    if (now < began + lastsMs / 2) continue
    bytes += BLOCK_BYTES
    targets.push(pipeline.target)
  }
  const rate = (bytes * 1_000) / (lastsMs / 2)
  return { pipeline, rate, most: Math.max(...targets), least: Math.min(...targets) }
}

const links: [kibPerSecond: number, roundTripMs: number][] = [
  [4, 50],
  [20, 50],
  [200, 10],
  [1_000, 0],
  [1_000, 100],
  [2_000, 300],
  [10_000, 20],
]
for (const [kib, roundTripMs] of links)
  test(`pipeline: ${kib} KiB/s at ${roundTripMs} ms are used, and not many more blocks are ordered than that takes`, () => {
    const bandwidth = kib * KIB
    const { rate, most } = fetch(() => bandwidth, roundTripMs, 120_000)
    assert.ok(rate > bandwidth * 0.95, `${rate} of ${bandwidth} bytes a second`)
    const delayMs = roundTripMs + (BLOCK_BYTES * 1_000) / bandwidth
    const needed = (bandwidth * (delayMs + PIPELINE.slackMs)) / 1_000 / BLOCK_BYTES
    assert.ok(most <= Math.max(needed * 1.5, PIPELINE.least) + 2, `${most} blocks where ${needed} are needed`)
  })

test('pipeline: of a slow peer no more is ordered than what comes and what waits', () => {
  const { rate, most } = fetch(() => 4 * KIB, 50, 600_000)
  assert.ok(rate > 4 * KIB * 0.95, `${rate} bytes a second`)
  assert.ok(most <= 3, `${most} blocks`)
})

test('pipeline: of a fast peer the slack is bounded in bytes', () => {
  const bandwidth = 400 * KIB * KIB
  const { rate, most } = fetch(() => bandwidth, 0, 2_000)
  assert.ok(rate > bandwidth * 0.9)
  assert.ok(most <= PIPELINE.slackBytesMax / BLOCK_BYTES + 30, `${most} blocks`)
})

test('pipeline: it grows fast in the beginning', () => {
  const early = fetch(() => 5_000 * KIB, 100, 1_500)
  assert.ok(early.rate > 5_000 * KIB * 0.9, `${early.rate} bytes a second after less than a second`)
})

test('pipeline: a link that becomes slow gets fewer orders, and more again when it recovers', () => {
  const slow = fetch((ms) => (ms < 10_000 ? 4_000 : 200) * KIB, 50, 30_000)
  assert.ok(slow.least <= 12, `${slow.least} blocks`)
  const again = fetch((ms) => (ms < 10_000 ? 200 : 4_000) * KIB, 50, 40_000)
  assert.ok(again.rate > 4_000 * KIB * 0.9, `${again.rate} bytes a second`)
})

test('pipeline: never more are ordered than the peer lets wait', () => {
  const { most } = fetch(() => 50_000 * KIB, 100, 3_000, 17)
  assert.is(most, 17)
})

test('pipeline: whatever comes and whenever, the target stays within its bounds', () => {
  const block = fc.tuple(fc.nat(100_000), fc.nat(200_000), fc.integer({ min: 1, max: BLOCK_BYTES }))
  fc.assert(
    fc.property(fc.array(block, { maxLength: 60 }), fc.integer({ min: PIPELINE.least, max: MOST }), (blocks, most) => {
      const pipeline = newPipeline()
      let now = 1_000_000
      for (const [later, ago, bytes] of blocks) {
        now += later
        blockCame(pipeline, instant(now), Math.max(1, now - ago), bytes, most)
        assert.ok(pipeline.target >= 1 && pipeline.target <= most)
        assert.ok(Number.isFinite(pipeline.rate) && pipeline.rate >= 0)
      }
    }),
  )
})

test('pipeline: a new one begins small', () => {
  assert.is(newPipeline().target, PIPELINE.initial)
})

test.run()
