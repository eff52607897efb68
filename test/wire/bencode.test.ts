/** Bencode in both directions: what is read, what is refused, and that reading what was written gives the same. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import {
  type Bencode,
  decode,
  decodePrefix,
  type Encodable,
  encode,
  latin1Bytes,
  latin1Text,
} from '../../src/wire/bencode.js'

const bytes = (text: string): Uint8Array => latin1Bytes(text)

const read = (text: string, options = {}): Bencode => {
  const decoded = decode(bytes(text), options)
  if (decoded.type === 'fault') throw new Error(`${decoded.reason} at ${decoded.at}`)
  return decoded.value
}

const refuse = (text: string, reason: RegExp, at: number, options = {}): void => {
  const decoded = decode(bytes(text), options)
  assert.is(decoded.type, 'fault', `${text.slice(0, 40)} was taken`)
  if (decoded.type !== 'fault') return
  assert.match(decoded.reason, reason)
  assert.is(decoded.at, at)
}

test('bencode: integers are read, whatever their sign', () => {
  assert.is(read('i0e'), 0)
  assert.is(read('i42e'), 42)
  assert.is(read('i-42e'), -42)
  assert.is(read('i9007199254740991e'), Number.MAX_SAFE_INTEGER)
  assert.is(read('i-9007199254740991e'), Number.MIN_SAFE_INTEGER)
})

test('bencode: an integer that a double cannot hold is a bigint', () => {
  assert.is(read('i9007199254740992e'), 9_007_199_254_740_992n)
  assert.is(read('i9007199254740993e'), 9_007_199_254_740_993n)
  assert.is(read('i-9007199254740993e'), -9_007_199_254_740_993n)
  assert.is(read('i18446744073709551615e'), 18_446_744_073_709_551_615n)
})

test('bencode: a leading zero is refused', () => {
  refuse('i03e', /leading zero/, 0)
  refuse('i-03e', /leading zero/, 0)
  refuse('i00e', /leading zero/, 0)
  refuse('01:a', /leading zero/, 0)
  refuse('00:', /leading zero/, 0)
})

test('bencode: minus zero is refused', () => {
  refuse('i-0e', /minus zero/, 0)
})

test('bencode: an integer without digits, with other characters or of too many digits is refused', () => {
  refuse('ie', /no digits/, 0)
  refuse('i-e', /no digits/, 0)
  refuse('i+1e', /digits only/, 1)
  refuse('i1.5e', /digits only/, 2)
  refuse('i1 e', /digits only/, 2)
  refuse('i--1e', /digits only/, 2)
  refuse(`i${'9'.repeat(21)}e`, /too long/, 0)
  refuse(`i${'9'.repeat(1_000_000)}e`, /too long/, 0)
})

test('bencode: byte strings are views of the input', () => {
  const input = bytes('5:hello')
  const decoded = decode(input)
  assert.is(decoded.type, 'value')
  if (decoded.type !== 'value' || !(decoded.value instanceof Uint8Array)) throw new Error('no byte string')
  assert.is(decoded.value.buffer, input.buffer)
  assert.is(latin1Text(decoded.value), 'hello')
})

test('bencode: the empty string, list and dictionary are read', () => {
  assert.is((read('0:') as Uint8Array).length, 0)
  assert.equal(read('le'), [])
  assert.equal(read('de'), new Map())
  assert.equal(
    read('d1:ade1:blee'),
    new Map<string, Bencode>([
      ['a', new Map()],
      ['b', []],
    ]),
  )
})

test('bencode: a length past the end is refused before anything is made of it', () => {
  refuse('5:hell', /longer than the data/, 0)
  refuse('99999999999999999999999999999999:x', /longer than the data/, 0)
  refuse(`${'9'.repeat(1_000_000)}:x`, /longer than the data/, 0)
  refuse('l2147483647:xe', /longer than the data/, 1)
  refuse('-1:x', /no value starts/, 0)
  refuse('1', /ends in the length/, 1)
  refuse('1x', /digits only/, 1)
})

test('bencode: data after the value is refused, but a prefix says how many bytes it took', () => {
  refuse('i1ei2e', /after the value/, 3)
  refuse('de\n', /after the value/, 2)
  const prefix = decodePrefix(bytes('d8:msg_typei1e5:piecei0eexyz'))
  assert.is(prefix.type, 'value')
  if (prefix.type === 'value') assert.is(prefix.byteLength, 25)
})

test('bencode: keys that are not sorted are refused, unless that is allowed', () => {
  refuse('d1:bi1e1:ai2ee', /not sorted/, 7)
  refuse('d2:aai1e1:ai2ee', /not sorted/, 8)
  assert.equal(
    [...(read('d1:bi1e1:ai2ee', { canonical: false }) as ReadonlyMap<string, Bencode>)],
    [
      ['b', 1],
      ['a', 2],
    ],
  )
})

test('bencode: keys are sorted by raw bytes, not by characters', () => {
  assert.equal(
    [...(read('d1:\x7fi1e1:\x80i2e1:\xffi3ee') as ReadonlyMap<string, Bencode>).keys()],
    ['\x7f', '\x80', '\xff'],
  )
  refuse('d1:\xffi1e1:zi2ee', /not sorted/, 7)
  assert.is(latin1Text(encode({ '\xff': 1, z: 2, Z: 3, '': 4 })), 'd0:i4e1:Zi3e1:zi2e1:\xffi1ee')
})

test('bencode: a repeated key is refused, even where the order is free', () => {
  refuse('d1:ai1e1:ai2ee', /twice/, 7)
  refuse('d1:ai1e1:ai2ee', /twice/, 7, { canonical: false })
  refuse('d1:ai1e1:bi1e1:ai2ee', /twice/, 13, { canonical: false })
})

test('bencode: free order of keys forgives nothing else', () => {
  for (const text of ['i03e', 'i-0e', '01:a', 'i1ei2e', 'd1:ae', 'di1ei2ee', '']) {
    assert.is(decode(bytes(text), { canonical: false }).type, 'fault')
  }
})

test('bencode: a key that is no string, or has no value, is refused', () => {
  refuse('di1ei2ee', /must be a byte string/, 1)
  refuse('dlei2ee', /must be a byte string/, 1)
  refuse('d1:ae', /no value/, 4)
})

test('bencode: nothing, an unknown letter and a lone end are refused', () => {
  refuse('', /ends/, 0)
  refuse('x', /no value starts/, 0)
  refuse('e', /no value starts/, 0)
  refuse('<html>', /no value starts/, 0)
})

test('bencode: a list nested 10,000 deep is a fault and no overflow', () => {
  refuse('l'.repeat(10_000) + 'e'.repeat(10_000), /nested deeper/, LIMITS.bencodeDepthMax)
  refuse(`${'d1:a'.repeat(10_000)}i1e${'e'.repeat(10_000)}`, /nested deeper/, LIMITS.bencodeDepthMax * 4)
})

test('bencode: with the bound lifted, a million levels do not touch the call stack', () => {
  const deep = 1_000_000
  assert.is(decode(bytes('l'.repeat(deep) + 'e'.repeat(deep)), { depthMax: deep }).type, 'value')
})

test('bencode: nesting up to the bound is read', () => {
  const deep = LIMITS.bencodeDepthMax
  assert.is(decode(bytes('l'.repeat(deep) + 'e'.repeat(deep))).type, 'value')
})

test('bencode: the number of values is bounded, keys included', () => {
  assert.is(decode(bytes('li1ei2ee'), { tokensMax: 3 }).type, 'value')
  refuse('li1ei2ee', /more than 2 values/, 4, { tokensMax: 2 })
  refuse('d1:ai1ee', /more than 2 values/, 4, { tokensMax: 2 })
})

test('bencode: the spans say where the values of the outermost dictionary lie', () => {
  const input = bytes('d8:announce3:url4:infod4:infoi2e6:lengthi1eee')
  const decoded = decode(input)
  if (decoded.type === 'fault') throw new Error(decoded.reason)
  assert.equal(
    [...decoded.spans],
    [
      ['announce', [11, 16]],
      ['info', [22, 44]],
    ],
  )
  assert.is(latin1Text(input.subarray(22, 44)), 'd4:infoi2e6:lengthi1ee')
  const list = decode(bytes('ld1:ai1eee'))
  if (list.type === 'value') assert.is(list.spans.size, 0)
})

test('bencode: a long key survives byte by byte', () => {
  const key = latin1Text(Uint8Array.from({ length: 100_000 }, (_, at) => at % 256))
  assert.is((read(`d100000:${key}i7ee`) as ReadonlyMap<string, Bencode>).get(key), 7)
})

test('bencode: texts are written as UTF-8, undefined is left out, and maps and objects are alike', () => {
  assert.is(latin1Text(encode('é')), '2:\xc3\xa9')
  assert.is(latin1Text(encode({ b: undefined, a: [1, -1, 'x'] })), 'd1:ali1ei-1e1:xee')
  assert.is(
    latin1Text(
      encode(
        new Map<string, Encodable>([
          ['b', 1],
          ['a', 2],
        ]),
      ),
    ),
    'd1:ai2e1:bi1ee',
  )
  assert.is(latin1Text(encode(-0)), 'i0e')
  assert.is(latin1Text(encode(18_446_744_073_709_551_615n)), 'i18446744073709551615e')
})

test('bencode: what is no whole number, no byte key or no tree cannot be written', () => {
  for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, { '☃': 1 }, 10n ** 20n]) {
    assert.throws(
      () => encode(value),
      (error: Error) => error.name === 'AssertionError',
    )
  }
  const circle: Encodable[] = []
  circle.push(circle)
  assert.throws(() => encode(circle), /nested/)
})

const byteKey = fc.uint8Array({ maxLength: 6 }).map(latin1Text)
const { tree } = fc.letrec<{ tree: Bencode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.array(fc.tuple(byteKey, tie('tree')), { maxLength: 5 }).map((entries) => new Map(entries)),
  ),
}))

test('bencode: reading what was written gives the same, and writing that gives the same bytes', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const written = encode(value)
      const decoded = decode(written)
      if (decoded.type === 'fault') throw new Error(decoded.reason)
      assert.is(decoded.byteLength, written.length)
      assert.equal(encode(decoded.value), written)
    }),
    { numRuns: 500 },
  )
})

test('bencode: every truncation of a value is a fault', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const written = encode(value)
      for (let end = 0; end < written.length; end++) {
        assert.is(decode(written.subarray(0, end)).type, 'fault')
      }
    }),
  )
})

const almostBencode = fc
  .array(fc.constantFrom('d', 'l', 'e', 'i', '1:a', '1:b', '0:', '2:', '-', '0', '9', '\xff', 'i1e'), { maxLength: 60 })
  .map((parts) => bytes(parts.join('')))

test('bencode: whatever the bytes, reading gives a value that writes back the same, or a fault inside the data', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), almostBencode), (input) => {
      const decoded = decode(input)
      if (decoded.type === 'value') assert.equal(encode(decoded.value), input)
      else assert.ok(decoded.at >= 0 && decoded.at <= input.length && decoded.reason.length > 0)
    }),
    { numRuns: 5_000 },
  )
})

test('bencode: the emptiest values, a million of them, take little memory', () => {
  const input = bytes(`l${'0:'.repeat(500_000)}${'de'.repeat(250_000)}${'le'.repeat(250_000)}e`)
  const before = process.memoryUsage().heapUsed
  const decoded = decode(input)
  const grown = process.memoryUsage().heapUsed - before
  assert.is(decoded.type, 'value')
  assert.ok(grown < 128 * 1_024 * 1_024, `${grown} bytes`)
})

test.run()
