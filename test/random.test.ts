import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mix, randomOf } from '../src/random.js'

test('random: draws of the same seed, event and purpose are the same', () => {
  const draws = () => {
    const random = randomOf(7, 99)
    return [random.below(1_000, 'a'), random.below(1_000, 'a'), random.below(1_000, 'b')]
  }
  assert.equal(draws(), draws())
})

test('random: another seed and another event give other draws', () => {
  const many = (seed: number, seq: number) =>
    Array.from({ length: 8 }, () => randomOf(seed, seq).below(2 ** 32, 'a'))[0]
  assert.is.not(many(1, 1), many(2, 1))
  assert.is.not(many(1, 1), many(1, 2))
})

test('random: a draw for one purpose does not shift those for another', () => {
  const alone = randomOf(7, 99)
  const among = randomOf(7, 99)
  for (let draw = 0; draw < 5; draw++) {
    among.below(10, 'new')
    assert.is(among.below(1_000_000, 'old'), alone.below(1_000_000, 'old'))
  }
})

test('random: every draw is a whole number below its bound', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, seq, below) => {
      const drawn = randomOf(seed, seq).below(below, 'a')
      assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn < below)
    }),
  )
})

test('random: draws are spread evenly over events', () => {
  const counts = new Array<number>(10).fill(0)
  for (let seq = 0; seq < 10_000; seq++) {
    const drawn = randomOf(1, seq).below(10, 'a')
    counts[drawn] = (counts[drawn] ?? 0) + 1
  }
  for (const count of counts) assert.ok(Math.abs(count - 1_000) < 150, `${count} of about 1,000`)
})

test('random: mixing gives 32 bits, and one bit changes about half of them', () => {
  let changed = 0
  for (let bit = 0; bit < 32; bit++) {
    let difference = mix(12_345, 678) ^ mix(12_345 ^ (1 << bit), 678)
    for (; difference !== 0; difference &= difference - 1) changed++
  }
  assert.ok(Math.abs(changed / 32 - 16) < 3, `${changed / 32} bits`)
})

test.run()
