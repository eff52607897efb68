/** Who is in an answer: anybody as likely as anybody else. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { EXPIRY_MS, hashOf, peer, peer6, seeded, type World, world } from './swarm-world.js'

/** Sum over all of (seen - expected)^2 / expected: about the number of degrees of freedom, where chance is fair. */
const chiSquare = (seen: readonly number[], expected: number): number =>
  seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)

/**
 * Six deviations over what is to be expected: a fair sample passes with any seed, and one that gives any single peer
 * 1.3 times its share does not, with the numbers below.
 */
const bound = (freedom: number): number => freedom + 6 * Math.sqrt(2 * freedom)

const ROUNDS = 20_000

/** How often each of `numbers` was in answers to `asker`. */
const tally = (one: World, asker: number, numwant: number, numbers: readonly number[]): Map<number, number> => {
  const seen = new Map(numbers.map((number) => [number, 0]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const number of one.numbers(one.tell(peer(asker, { numwant })))) {
      seen.set(number, (seen.get(number) ?? Number.NaN) + 1)
    }
  }
  return seen
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)

for (const seed of [1, 2, 3]) {
  test(`sample: every peer is as likely as any other, seed or leech, IPv4 or IPv6 (seed ${seed})`, () => {
    const one = world({}, seeded(seed))
    for (const number of range(1, 10)) one.tell(peer(number, { numwant: 0 }))
    for (const number of range(11, 13)) one.tell(peer(number, { numwant: 0, leftBytes: 0 }))
    for (const number of range(14, 19)) one.tell(peer6(number, { numwant: 0 }))
    one.tell(peer6(20, { numwant: 0, leftBytes: 0 }))
    const seen = tally(one, 0, 5, range(1, 20))
    assert.is(seen.size, 20)
    const counts = [...seen.values()]
    assert.is(
      counts.reduce((sum, count) => sum + count),
      ROUNDS * 5,
    )
    const value = chiSquare(counts, (ROUNDS * 5) / 20)
    assert.ok(value < bound(19), `chi-square ${value} of ${counts}`)
  })
}

test('sample: every pair of peers is as likely as any other', () => {
  const one = world({}, seeded(4))
  for (const number of range(1, 8)) one.tell(peer(number, { numwant: 0, leftBytes: number % 3 === 0 ? 0 : 1 }))
  const seen = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const pair = one.numbers(one.tell(peer(0, { numwant: 2 }))).join(' ')
    seen.set(pair, (seen.get(pair) ?? 0) + 1)
  }
  assert.is(seen.size, 28)
  const value = chiSquare([...seen.values()], ROUNDS / 28)
  assert.ok(value < bound(27), `chi-square ${value}`)
})

test('sample: the check of fairness fails where one peer of 20 has 1.3 times its share', () => {
  const counts = range(1, 20).map((number) => (number === 1 ? 6_500 : (100_000 - 6_500) / 19))
  assert.ok(chiSquare(counts, 5_000) > bound(19))
})

test('sample: it stays fair while peers leave and expire', () => {
  const one = world({}, seeded(5))
  for (const number of range(100, 400)) one.tell(peer(number, { numwant: 0 }))
  one.nowMs += EXPIRY_MS / 2
  for (const number of range(1, 30)) one.tell(peer(number, { numwant: 10 }))
  for (const number of range(21, 30)) one.tell(peer(number, { event: 'stopped' }))
  one.nowMs += EXPIRY_MS / 2
  const counts = [...tally(one, 0, 4, range(1, 20)).values()]
  assert.is(counts.length, 20)
  // The first answers may be short, as they meet peers that have expired.
  const value = chiSquare(counts, counts.reduce((sum, count) => sum + count) / 20)
  assert.ok(value < bound(19), `chi-square ${value} of ${counts}`)
})

test('sample: never the asker, nobody twice, no more than asked, and all that there are where so many are asked for', () => {
  const shape = fc.record({
    leeches: fc.nat(40),
    seeds: fc.nat(40),
    leeches6: fc.nat(20),
    numwant: fc.nat(120),
    seed: fc.boolean(),
    chance: fc.integer(),
  })
  fc.assert(
    fc.property(shape, ({ leeches, seeds, leeches6, numwant, seed, chance }) => {
      const one = world({}, seeded(chance))
      for (const number of range(1, leeches)) one.tell(peer(number, { numwant: 3 }))
      for (const number of range(101, 100 + seeds)) one.tell(peer(number, { leftBytes: 0, numwant: 3 }))
      for (const number of range(201, 200 + leeches6)) one.tell(peer6(number, { numwant: 3 }))
      const sent = one.numbers(one.tell(peer(0, { leftBytes: seed ? 0 : 1, numwant })))
      const others = leeches + leeches6 + (seed ? 0 : seeds)
      assert.is(sent.includes(0), false)
      assert.is(new Set(sent).size, sent.length)
      assert.is(sent.length, Math.min(numwant, others))
      if (seed) assert.ok(sent.every((number) => number <= 100 || number > 200))
    }),
    { numRuns: 80 },
  )
})

test('sample: it draws as often as peers are asked for and a bounded number of times more, however large the swarm', () => {
  let draws = 0
  const random = seeded(6)
  const one = world({}, (below) => {
    draws++
    return random(below)
  })
  for (const number of range(1, 5_000)) one.tell(peer(number, { numwant: 0 }))
  draws = 0
  assert.is(one.tell(peer(0, { numwant: 30 })).chosen.count, 30)
  assert.ok(draws <= 31, `${draws} draws`)
})

test('sample: a swarm of nothing but the id of the asker costs a bounded number of draws', () => {
  let draws = 0
  const random = seeded(7)
  const one = world({}, (below) => {
    draws++
    return random(below)
  })
  const { peerId } = peer(0)
  for (const number of range(1, 1_000)) one.tell(peer(number, { peerId, numwant: 0, infoHash: hashOf(1) }))
  draws = 0
  assert.is(one.tell(peer(0, { numwant: 30 })).chosen.count, 0)
  assert.ok(draws <= 30 + 64, `${draws} draws`)
})

test.run()
