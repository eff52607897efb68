import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addBytes, emptyMeter, type Meter, rateOf } from '../../src/events/meter.js'
import { instant } from '../../src/values.js'

const BEGAN = 1_000_000

/** Bytes come regularly, from the beginning. */
const steady = (bytes: number, everyMs: number, lastsMs: number): Meter => {
  const meter = emptyMeter()
  for (let at = 0; at <= lastsMs; at += everyMs) addBytes(meter, instant(BEGAN + at), bytes)
  return meter
}

test('meter: nothing has no rate', () => {
  assert.is(rateOf(emptyMeter(), BEGAN), 0)
})

test('meter: a steady stream has its rate, from its first second on', () => {
  for (const lastsMs of [1_000, 3_000, 3_990, 4_000, 4_010, 7_999, 8_000, 12_345, 60_000]) {
    const rate = rateOf(steady(1_000, 10, lastsMs), BEGAN + lastsMs)
    assert.ok(Math.abs(rate - 100_000) < 5_000, `${rate} after ${lastsMs} ms`)
  }
})

test('meter: the first block does not make the rate jump', () => {
  const meter = emptyMeter()
  addBytes(meter, instant(BEGAN), 16_384)
  assert.is(rateOf(meter, BEGAN), 32_768)
})

test('meter: when nothing comes any more the rate falls to nothing within two windows', () => {
  const meter = steady(1_000, 10, 20_000)
  let before = Number.POSITIVE_INFINITY
  for (let later = 0; later <= 8_000; later += 100) {
    const rate = rateOf(meter, BEGAN + 20_000 + later)
    assert.ok(rate <= before + 1, `${rate} after ${before}, ${later} ms later`)
    before = rate
  }
  assert.is(before, 0)
})

test('meter: what was long ago does not count', () => {
  const meter = steady(1_000_000, 10, 4_000)
  addBytes(meter, instant(BEGAN + 100_000), 16_384)
  assert.ok(rateOf(meter, BEGAN + 100_000) <= 32_768)
})

test('meter: it counts every byte, and its rate is a number that is never more than all that came in half a second', () => {
  const step = fc.tuple(fc.nat(6_000), fc.nat(100_000))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.nat(10_000), (steps, later) => {
      const meter = emptyMeter()
      let at = BEGAN
      let total = 0
      for (const [wait, bytes] of steps) {
        at += wait
        total += bytes
        addBytes(meter, instant(at), bytes)
        const rate = rateOf(meter, at)
        assert.ok(rate >= 0 && rate <= total * 2, `${rate} of ${total}`)
      }
      assert.is(meter.total, total)
      const rate = rateOf(meter, at + later)
      assert.ok(Number.isFinite(rate) && rate >= 0 && rate <= total * 2)
    }),
  )
})

test.run()
