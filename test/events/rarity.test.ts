import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Rarity } from '../../src/events/rarity.js'
import { type PieceIndex, pieceIndex } from '../../src/values.js'
import { assertionOf } from '../actors/given.js'

const PIECES = 12
const SEED = 99

/** How many have each piece, and which may be picked: nothing else. */
interface Model {
  readonly availability: number[]
  readonly offered: Set<number>
}

const orderOf = (rarity: Rarity): number[] => [...rarity.rarestFirst()]

const agrees = (rarity: Rarity, { availability, offered }: Model): void => {
  const order = orderOf(rarity)
  assert.equal(
    [...order].sort((a, b) => a - b),
    [...offered].sort((a, b) => a - b),
  )
  assert.is(rarity.length, offered.size)
  order.forEach((piece, at) => {
    assert.is(rarity.at(at), piece)
    assert.ok(at === 0 || (availability[order[at - 1] ?? 0] ?? 0) <= (availability[piece] ?? 0), 'rarest first')
  })
  for (let piece = 0; piece < PIECES; piece++) {
    assert.is(rarity.availability(pieceIndex(piece)), availability[piece])
    assert.is(rarity.offers(pieceIndex(piece)), offered.has(piece))
  }
}

type Step = readonly [doing: 'offer' | 'withdraw' | 'more' | 'less' | 'offerAll' | 'restore', piece: number]
const anyStep: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('offer', 'withdraw', 'more', 'more', 'less', 'offerAll', 'restore'),
  fc.nat(PIECES - 1),
)

/** Takes the step where it is allowed. */
const take = (rarity: Rarity, { availability, offered }: Model, [doing, number]: Step): Rarity => {
  const piece = pieceIndex(number)
  const count = availability[number] ?? 0
  switch (doing) {
    case 'offer':
      if (!offered.has(number)) rarity.offer(piece)
      offered.add(number)
      return rarity
    case 'withdraw':
      if (offered.delete(number)) rarity.withdraw(piece)
      return rarity
    case 'more':
      availability[number] = count + 1
      rarity.more(piece)
      return rarity
    case 'less':
      if (count === 0) return rarity
      availability[number] = count - 1
      rarity.less(piece)
      return rarity
    case 'offerAll': {
      const missing = Array.from({ length: PIECES }, (_, index) => index as PieceIndex).filter(
        (index) => !offered.has(index),
      )
      rarity.offerAll(missing)
      for (const index of missing) offered.add(index)
      return rarity
    }
    case 'restore':
      return Rarity.restore(PIECES, SEED, rarity.save())
  }
}

const newModel = (): Model => ({ availability: new Array<number>(PIECES).fill(0), offered: new Set() })

test('rarity: after any steps the offered pieces stand in the order of their availability', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
      let rarity = new Rarity(PIECES, SEED)
      const model = newModel()
      for (const step of steps) {
        rarity = take(rarity, model, step)
        agrees(rarity, model)
      }
    }),
    { numRuns: 300 },
  )
})

test('rarity: saved and restored, it has the same order, and goes on in the same way', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), fc.array(anyStep, { maxLength: 40 }), (before, after) => {
      let rarity = new Rarity(PIECES, SEED)
      const model = newModel()
      for (const step of before) rarity = take(rarity, model, step)
      let twin = Rarity.restore(PIECES, SEED, structuredClone(rarity.save()))
      const twinModel = structuredClone(model)
      assert.equal(orderOf(twin), orderOf(rarity))
      for (const step of after) {
        rarity = take(rarity, model, step)
        twin = take(twin, twinModel, step)
        assert.equal(orderOf(twin), orderOf(rarity))
      }
    }),
  )
})

test('rarity: what was saved does not change with what it was saved of', () => {
  const rarity = new Rarity(PIECES, SEED)
  rarity.offerAll([0, 1, 2].map(pieceIndex))
  const restored = Rarity.restore(PIECES, SEED, rarity.save())
  const order = orderOf(restored)
  rarity.more(pieceIndex(0))
  rarity.withdraw(pieceIndex(1))
  assert.equal(orderOf(restored), order)
  assert.is(restored.availability(pieceIndex(0)), 0)
})

test('rarity: it can be restored from a view within a larger buffer, at an odd place', () => {
  const rarity = new Rarity(PIECES, SEED)
  rarity.offerAll([3, 1, 2].map(pieceIndex))
  rarity.more(pieceIndex(1))
  const within = (bytes: Uint8Array): Uint8Array => {
    const larger = new Uint8Array(bytes.length + 5).fill(0xee)
    larger.set(bytes, 3)
    return larger.subarray(3, 3 + bytes.length)
  }
  const { availability, order, starts } = rarity.save()
  const restored = Rarity.restore(PIECES, SEED, { availability: within(availability), order: within(order), starts })
  assert.equal(orderOf(restored), orderOf(rarity))
  assert.is(restored.availability(pieceIndex(1)), 1)
})

test('rarity: pieces that are equally rare stand in an order that the seed decides', () => {
  const orders = [1, 2, 1].map((seed) => {
    const rarity = new Rarity(1_000, seed)
    rarity.offerAll(Array.from({ length: 1_000 }, (_, piece) => pieceIndex(piece)))
    return orderOf(rarity)
  })
  assert.equal(orders[0], orders[2])
  assert.not.equal(orders[0], orders[1])
  const inPlace = orders[0]?.filter((piece, at) => piece === at).length ?? 0
  assert.ok(inPlace < 20, `${inPlace} of 1,000 pieces stand where they would unshuffled`)
})

test('rarity: a piece is offered once, and nobody has less than nothing', () => {
  const rarity = new Rarity(PIECES, SEED)
  const piece = pieceIndex(4)
  rarity.offer(piece)
  assert.is(
    assertionOf(() => rarity.offer(piece)),
    'a piece is offered once',
  )
  assert.is(
    assertionOf(() => rarity.less(piece)),
    'a piece that nobody has cannot become rarer',
  )
  rarity.withdraw(piece)
  assert.is(
    assertionOf(() => rarity.withdraw(piece)),
    'a piece that is not offered cannot be withdrawn',
  )
})

test.run()
