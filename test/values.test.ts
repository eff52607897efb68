/** The small pure functions that all rooms share, against slower ones that say the same. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equalBytes, joinedBytes, utf8Bytes } from '../src/values.js'

const encoder = new TextEncoder()
const texts = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ maxLength: 200, unit: 'grapheme' }),
  fc.string({ maxLength: 200, unit: 'binary' }),
)

test('values: a text becomes the UTF-8 that the encoder of the platform gives', () => {
  fc.assert(fc.property(texts, (text) => assert.equal([...utf8Bytes(text)], [...encoder.encode(text)])))
  // A lone surrogate has no UTF-8: the replacement character stands for it, wherever it stands.
  for (const text of ['', '\ud800', `${'a'.repeat(63)}\udfff`, `${'a'.repeat(64)}é`, '\u007f\u0080'])
    assert.equal([...utf8Bytes(text)], [...encoder.encode(text)])
})

test('values: bytes are equal where none differs and neither is longer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
      const other = bytes.slice()
      assert.ok(equalBytes(bytes, other))
      other[at % other.length] = (other[at % other.length] ?? 0) ^ 1
      assert.not.ok(equalBytes(bytes, other))
      assert.not.ok(equalBytes(bytes, bytes.subarray(1)))
      assert.not.ok(equalBytes(bytes.subarray(1), bytes))
    }),
  )
})

test('values: joined bytes are those of the parts in turn, in memory of their own', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (parts) => {
      const joined = joinedBytes(...parts)
      assert.equal(
        [...joined],
        parts.flatMap((part) => [...part]),
      )
      assert.not.ok(parts.some(({ buffer }) => buffer === joined.buffer))
    }),
  )
})

test.run()
