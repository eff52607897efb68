/** Connection ids: whose they are, for how long, and that nobody makes one up. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { ConnectionIds } from '../../tracker/connection-ids.js'
import { host, seeded } from './swarm-world.js'

const PERIOD_MS = LIMITS.trackerConnectionIdMs
const KEY = Uint8Array.from({ length: 16 }, (_, at) => 3 * at)
const ME = host('192.0.2.7')

const idsAt = (nowMs: number, key = KEY): ConnectionIds => new ConnectionIds(key, () => nowMs)
const hosts = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))

test('connection ids: one holds for two minutes whenever it was given, and for less than four', () => {
  fc.assert(
    fc.property(hosts, fc.nat(PERIOD_MS * 1_000), (from, givenMs) => {
      const id = idsAt(givenMs).of(from)
      for (const ageMs of [0, 1, 60_000, PERIOD_MS]) assert.ok(idsAt(givenMs + ageMs).accepts(id, from))
      for (const ageMs of [2 * PERIOD_MS, 3 * PERIOD_MS]) assert.not.ok(idsAt(givenMs + ageMs).accepts(id, from))
    }),
  )
})

test('connection ids: the last moment of one is the end of the period after its own', () => {
  const id = idsAt(PERIOD_MS).of(ME)
  assert.ok(idsAt(3 * PERIOD_MS - 1).accepts(id, ME))
  assert.not.ok(idsAt(3 * PERIOD_MS).accepts(id, ME))
})

test('connection ids: one of the future is none', () => {
  assert.not.ok(idsAt(PERIOD_MS - 1).accepts(idsAt(PERIOD_MS).of(ME), ME))
})

test('connection ids: that of another address is none', () => {
  fc.assert(
    fc.property(hosts, hosts, (one, other) => {
      fc.pre(Buffer.compare(one, other) !== 0)
      assert.not.ok(idsAt(5).accepts(idsAt(5).of(one), other))
    }),
    { numRuns: 2_000 },
  )
})

test('connection ids: one of another run is none', () => {
  assert.not.ok(idsAt(5).accepts(idsAt(5, randomBytes(16)).of(ME), ME))
})

test('connection ids: one with any bit changed is none', () => {
  const ids = idsAt(5)
  for (let bit = 0; bit < 64; bit++) {
    const id = Uint8Array.from(ids.of(ME))
    id[bit >> 3] = (id[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.not.ok(ids.accepts(id, ME), `bit ${bit}`)
  }
})

test('connection ids: of a million that are made up, none is taken', () => {
  const ids = idsAt(5)
  const random = seeded(9)
  const id = new Uint8Array(8)
  let taken = 0
  for (let trial = 0; trial < 1_000_000; trial++) {
    for (let at = 0; at < 8; at++) id[at] = random(256)
    if (ids.accepts(id, ME)) taken++
  }
  assert.is(taken, 0)
})

test('connection ids: too few bytes are none', () => {
  const ids = idsAt(5)
  for (let length = 0; length < 8; length++) assert.not.ok(ids.accepts(ids.of(ME).subarray(0, length), ME))
})

test('connection ids: an address of IPv4 and one of IPv6 that begins alike have each their own', () => {
  const six = new Uint8Array(16)
  six.set(ME)
  assert.not.equal(idsAt(0).of(six), idsAt(0).of(ME))
})

test.run()
