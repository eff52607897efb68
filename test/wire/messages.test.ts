import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../src/assert.js'
import { fromHex, toHex } from '../../src/values.js'
import {
  encodeHaves,
  encodeMessage,
  encodePieceHeader,
  encodeRequests,
  type SendableMessage,
} from '../../src/wire/messages.js'
import { anyMessage, decodeAll } from './messages.js'

const golden: readonly (readonly [SendableMessage, string])[] = [
  [{ type: 'keep-alive' }, '00000000'],
  [{ type: 'choke' }, '0000000100'],
  [{ type: 'unchoke' }, '0000000101'],
  [{ type: 'interested' }, '0000000102'],
  [{ type: 'not-interested' }, '0000000103'],
  [{ type: 'have', piece: 0x01020304 }, '000000050401020304'],
  [{ type: 'bitfield', bits: fromHex('ff80') }, '0000000305ff80'],
  [{ type: 'request', piece: 1, offset: 0x4000, length: 0x4000 }, '0000000d06000000010000400000004000'],
  [{ type: 'piece', piece: 0xfffffffe, offset: 2, block: fromHex('cafe') }, '0000000b07fffffffe00000002cafe'],
  [{ type: 'cancel', piece: 1, offset: 2, length: 3 }, '0000000d08000000010000000200000003'],
  [{ type: 'port', port: 6881 }, '00000003091ae1'],
  [{ type: 'suggest-piece', piece: 7 }, '000000050d00000007'],
  [{ type: 'have-all' }, '000000010e'],
  [{ type: 'have-none' }, '000000010f'],
  [{ type: 'reject-request', piece: 1, offset: 2, length: 3 }, '0000000d10000000010000000200000003'],
  [{ type: 'allowed-fast', piece: 7 }, '000000051100000007'],
  [
    {
      type: 'hash-request',
      piecesRoot: new Uint8Array(32).fill(0xab),
      baseLayer: 1,
      index: 2,
      length: 4,
      proofLayers: 3,
    },
    `0000003115${'ab'.repeat(32)}00000001000000020000000400000003`,
  ],
  [
    {
      type: 'hashes',
      piecesRoot: new Uint8Array(32).fill(0xab),
      baseLayer: 0,
      index: 0,
      length: 2,
      proofLayers: 0,
      hashes: new Uint8Array(64).fill(0xcd),
    },
    `0000007116${'ab'.repeat(32)}00000000000000000000000200000000${'cd'.repeat(64)}`,
  ],
  [
    {
      type: 'hash-reject',
      piecesRoot: new Uint8Array(32).fill(0xab),
      baseLayer: 1,
      index: 2,
      length: 4,
      proofLayers: 3,
    },
    `0000003117${'ab'.repeat(32)}00000001000000020000000400000003`,
  ],
  [{ type: 'extended', id: 3, payload: fromHex('6465') }, '0000000414036465'],
]

for (const [message, hex] of golden) {
  test(`messages: ${message.type} has the bytes that its BEP says`, () => {
    assert.is(toHex(encodeMessage(message)), hex)
    assert.equal(decodeAll([fromHex(hex)]).messages, [message])
  })
}

test('messages: what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 20 }), (messages) => {
      const { messages: decoded, fault } = decodeAll(messages.map(encodeMessage))
      assert.equal(decoded, messages)
      assert.is(fault, undefined)
    }),
  )
})

test('messages: many requests in one buffer have the bytes of each in turn', () => {
  const requests = [
    { piece: 1, offset: 0, length: 16_384 },
    { piece: 4_294_967_295, offset: 16_384, length: 1 },
  ]
  const each = requests.map((request) => toHex(encodeMessage({ type: 'request', ...request }))).join('')
  assert.is(toHex(encodeRequests(requests)), each)
  assert.is(encodeRequests([]).length, 0)
})

test('messages: what many pieces are told by has the bytes of each in turn', () => {
  const pieces = [0, 7, 4_294_967_295]
  const each = pieces.map((piece) => toHex(encodeMessage({ type: 'have', piece }))).join('')
  assert.is(toHex(encodeHaves(pieces)), each)
  assert.is(encodeHaves([]).length, 0)
})

test('messages: a piece header and its block have the bytes of the whole message', () => {
  const block = fromHex('00112233')
  const whole = encodeMessage({ type: 'piece', piece: 9, offset: 32_768, block })
  assert.is(toHex(encodePieceHeader(9, 32_768, block.length)) + toHex(block), toHex(whole))
})

test('messages: a number that its field cannot hold is our own bug', () => {
  for (const piece of [-1, 0.5, 2 ** 32, Number.NaN]) {
    assert.throws(
      () => encodeMessage({ type: 'have', piece }),
      (error: unknown) => error instanceof AssertionError,
    )
  }
  assert.throws(() => encodeMessage({ type: 'port', port: 65_536 }))
  assert.throws(() => encodeMessage({ type: 'extended', id: 256, payload: new Uint8Array(0) }))
})

test.run()
