import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../src/assert.js'
import { fromHex, toHex } from '../../src/values.js'
import { Bitfield } from '../../src/wire/bitfield.js'

const isAssertion = (error: unknown): boolean => error instanceof AssertionError

const withPieces = (length: number, pieces: Iterable<number>): Bitfield => {
  const field = new Bitfield(length)
  for (const piece of pieces) field.set(piece)
  return field
}

const fromWire = (hex: string, length: number): Bitfield | string => {
  const field = Bitfield.fromWire(fromHex(hex), length)
  return field instanceof Bitfield ? field : field.code
}

test('bitfield: the first piece is the highest bit of the first byte', () => {
  assert.is(toHex(withPieces(10, [0, 9]).bytes), '8040')
  assert.is(toHex(withPieces(16, [7, 8, 15]).bytes), '0181')
})

test('bitfield: it agrees with a set of numbers, whatever is set and cleared', () => {
  const change = fc.tuple(fc.boolean(), fc.nat(199))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(change, { maxLength: 300 }), (length, changes) => {
      const field = new Bitfield(length)
      const model = new Set<number>()
      for (const [isSet, anyIndex] of changes) {
        const index = anyIndex % length
        assert.is(isSet ? field.set(index) : field.clear(index), isSet !== model.has(index))
        if (isSet) model.add(index)
        else model.delete(index)
        assert.is(field.count, model.size)
      }
      const all = Array.from({ length }, (_, index) => index)
      assert.equal(
        [...field.indices()],
        [...model].sort((left, right) => left - right),
      )
      for (const index of all) assert.is(field.has(index), model.has(index))
      for (const from of all) {
        assert.is(
          field.firstMissing(from),
          all.find((index) => index >= from && !model.has(index)),
        )
      }
      assert.is(field.full, model.size === length)
      const read = Bitfield.fromWire(field.bytes, length)
      assert.ok(read instanceof Bitfield)
      assert.equal([...read.indices()], [...field.indices()])
      assert.is(read.count, field.count)
    }),
  )
})

test('bitfield: it has a piece that another lacks exactly if the difference of the sets is not empty', () => {
  const pieces = fc.uniqueArray(fc.nat(29))
  fc.assert(
    fc.property(pieces, pieces, (mine, theirs) => {
      const expected = mine.some((piece) => !theirs.includes(piece))
      assert.is(withPieces(30, mine).hasAnyNotIn(withPieces(30, theirs)), expected)
    }),
  )
})

test('bitfield: an index that the torrent does not have is not set, however a stranger chose it', () => {
  const field = Bitfield.filled(13)
  for (const index of [13, 15, 16, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 32, 2 ** 33 + 1, -1]) {
    assert.is(field.has(index), false, String(index))
  }
  assert.is(field.has(12), true)
})

test('bitfield: setting a piece that the torrent does not have is our own bug', () => {
  const field = new Bitfield(13)
  for (const index of [13, -1, 0.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => field.set(index), isAssertion)
    assert.throws(() => field.clear(index), isAssertion)
  }
  assert.is(field.count, 0)
})

test('bitfield: all set means every piece and no spare bit', () => {
  for (const [length, hex] of [
    [0, ''],
    [1, '80'],
    [7, 'fe'],
    [8, 'ff'],
    [9, 'ff80'],
    [16, 'ffff'],
  ] as const) {
    const field = Bitfield.filled(length)
    assert.is(toHex(field.bytes), hex)
    assert.is(field.count, length)
    assert.is(field.full, true)
    assert.is(field.firstMissing(), undefined)
  }
})

test('bitfield: a stranger with too few or too many bytes is refused', () => {
  for (const [hex, length] of [
    ['', 1],
    ['0000', 8],
    ['00', 9],
    ['000000', 16],
    ['00', 0],
  ] as const) {
    assert.is(fromWire(hex, length), 'bitfield-size-wrong', `${hex} for ${length}`)
  }
})

test('bitfield: a stranger with any spare bit set is refused', () => {
  for (let length = 1; length <= 16; length++) {
    const bytes = Bitfield.byteLength(length)
    for (let bit = length; bit < bytes * 8; bit++) {
      const bits = withPieces(bytes * 8, [bit]).bytes
      assert.is(fromWire(toHex(bits), length), 'bitfield-spare-bits', `bit ${bit} for ${length} pieces`)
    }
    assert.ok(fromWire(toHex(Bitfield.filled(length).bytes), length) instanceof Bitfield)
  }
})

test('bitfield: what was read from a stranger stays when its bytes change', () => {
  const bits = Uint8Array.of(0x80)
  const field = Bitfield.fromWire(bits, 8)
  bits[0] = 0xff
  assert.ok(field instanceof Bitfield)
  assert.equal([...field.indices()], [0])
})

test('bitfield: a clone changes alone', () => {
  const field = withPieces(8, [1, 2])
  const clone = field.clone()
  clone.clear(1)
  clone.set(7)
  assert.equal([...field.indices()], [1, 2])
  assert.equal([...clone.indices()], [2, 7])
  assert.is(clone.count, 2)
})

test('bitfield: our own bytes of a wrong size or with spare bits are our own bug', () => {
  assert.throws(() => new Bitfield(9, new Uint8Array(1)), isAssertion)
  assert.throws(() => new Bitfield(7, Uint8Array.of(1)), isAssertion)
  assert.throws(() => new Bitfield(7).hasAnyNotIn(new Bitfield(8)), isAssertion)
})

test.run()
