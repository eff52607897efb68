/** How often an address may ask, and what a flood of others does to that. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { Rates } from '../../tracker/rates.js'
import { host, seeded } from './swarm-world.js'

const RATE = 10
const BURST = RATE * LIMITS.trackerRateBurstSeconds
const rates = (addressesMax?: number, perSecond = RATE): Rates => new Rates({ perSecond, addressesMax, seed: 12 })

/** How many of so many requests at one moment are taken. */
const takenOf = (some: Rates, count: number, from: Uint8Array, nowMs: number, isProven = true): number => {
  let taken = 0
  for (let asked = 0; asked < count; asked++) if (some.take(from, nowMs, isProven)) taken++
  return taken
}

const ME = host('192.0.2.1')

test('rates: an address may ask as often at once as in twenty seconds, and then as often as each second says', () => {
  const some = rates()
  assert.is(takenOf(some, BURST + 100, ME, 5_000), BURST)
  assert.is(takenOf(some, 100, ME, 5_099), 0)
  assert.is(takenOf(some, 100, ME, 5_100), 1)
  assert.is(takenOf(some, 100, ME, 7_100), 2 * RATE)
  assert.is(takenOf(some, BURST + 100, ME, 1_000_000_000), BURST)
})

test('rates: over any time no address is taken more often than its rate and its burst allow, and never less if it asks that often', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(5_000), count: fc.nat(120) }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 1_000 }), fc.nat(), (asked, perSecond, startMs) => {
      const some = rates(64, perSecond)
      let nowMs = startMs
      let tokens = perSecond * LIMITS.trackerRateBurstSeconds
      const depth = tokens
      for (const { waitMs, count } of asked) {
        nowMs += waitMs
        tokens = Math.min(depth, tokens + (waitMs * perSecond) / 1_000)
        const taken = takenOf(some, count, ME, nowMs)
        // Parts of a token are kept in floating-point numbers.
        assert.ok(
          taken <= tokens + 0.001 && taken >= Math.min(count, Math.floor(tokens - 0.001)),
          `${taken} of ${tokens}`,
        )
        tokens -= taken
      }
    }),
  )
})

test('rates: one address does not use up what another may ask', () => {
  const some = rates()
  takenOf(some, BURST + 1, ME, 0)
  assert.is(takenOf(some, 5, host('192.0.2.2'), 0), 5)
})

test('rates: addresses of IPv6 are one where their network of 64 bits is', () => {
  const some = rates()
  takenOf(some, BURST, host('2001:db8:1:2::1'), 0)
  assert.is(takenOf(some, 5, host('2001:db8:1:2:ffff::9'), 0), 0)
  assert.is(takenOf(some, 5, host('2001:db8:1:3::1'), 0), 5)
})

test('rates: loopback is limited like any other address', () => {
  for (const own of ['127.0.0.1', '::1']) assert.is(takenOf(rates(), BURST + 5, host(own), 0), BURST)
})

test('rates: what anybody could have sent in the name of an address costs it nothing of what is proven', () => {
  const some = rates()
  assert.is(takenOf(some, BURST + 5, ME, 0, false), BURST)
  assert.is(takenOf(some, BURST + 5, ME, 0), BURST)
})

test('rates: a flood of other addresses does not make a table forget who asks too often', () => {
  const some = rates(1_024)
  takenOf(some, BURST, ME, 0)
  const random = seeded(3)
  for (let other = 0; other < 200_000; other++) {
    some.take(Uint8Array.of(10, random(256), random(256), random(256)), 0, true)
  }
  assert.is(takenOf(some, 10, ME, 0), 0)
})

test('rates: where more ask than a table holds, whoever asks seldom is taken', () => {
  const some = rates(64)
  let taken = 0
  for (let other = 0; other < 10_000; other++) {
    if (some.take(Uint8Array.of(10, 0, other >> 8, other & 0xff), 0, true)) taken++
  }
  assert.is(taken, 10_000)
})

test('rates: a clock that is set back neither gives tokens nor takes any', () => {
  const some = rates()
  assert.is(takenOf(some, BURST - 5, ME, 60_000), BURST - 5)
  assert.is(takenOf(some, 10, ME, 1_000), 5)
  assert.is(takenOf(some, 10, ME, 60_000), 0)
})

test.run()
