import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex } from '../../src/values.js'
import { MessageDecoder } from '../../src/wire/decoder.js'
import { encodeMessage, encodeRequests, type PeerMessage, type SendableMessage } from '../../src/wire/messages.js'
import { anyMessage, BOUNDS, concat, decodeAll, keep } from './messages.js'

/** Every message once, and one of an id that nobody has given out. */
const all: readonly SendableMessage[] = [
  { type: 'keep-alive' },
  { type: 'bitfield', bits: fromHex('ff80') },
  { type: 'choke' },
  { type: 'unchoke' },
  { type: 'interested' },
  { type: 'keep-alive' },
  { type: 'not-interested' },
  { type: 'have', piece: 77 },
  { type: 'request', piece: 1, offset: 2, length: 3 },
  { type: 'piece', piece: 1, offset: 2, block: fromHex('00010203040506070809') },
  { type: 'cancel', piece: 4, offset: 5, length: 6 },
  { type: 'port', port: 6881 },
  { type: 'suggest-piece', piece: 8 },
  { type: 'have-all' },
  { type: 'have-none' },
  { type: 'reject-request', piece: 9, offset: 10, length: 11 },
  { type: 'allowed-fast', piece: 12 },
  { type: 'extended', id: 1, payload: fromHex('6465') },
]
const unknownFrame = fromHex('00000004ee010203')
const stream = concat([...all.slice(0, 9).map(encodeMessage), unknownFrame, ...all.slice(9).map(encodeMessage)])
const expected: readonly PeerMessage[] = [...all.slice(0, 9), { type: 'unknown', id: 0xee, length: 3 }, ...all.slice(9)]

const faultOf = (hex: string): string | undefined => decodeAll([fromHex(hex)]).fault?.code

test('decoder: a stream of all messages is read the same from any two cuts', () => {
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      const chunks = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]
      const { messages, fault } = decodeAll(chunks)
      if (fault !== undefined || messages.length !== expected.length) assert.unreachable(`cut at ${first}, ${second}`)
      assert.equal(messages, expected, `cut at ${first} and ${second}`)
    }
  }
})

test('decoder: a stream is read byte by byte', () => {
  assert.equal(decodeAll([...stream].map((byte) => Uint8Array.of(byte))), { messages: expected, fault: undefined })
})

test('decoder: any messages are read the same from any cuts', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 10 }),
      fc.array(fc.nat(400), { maxLength: 30 }),
      (messages, sizes) => {
        const whole = concat(messages.map(encodeMessage))
        const chunks: Uint8Array[] = []
        let at = 0
        for (const size of sizes) {
          chunks.push(whole.subarray(at, at + size))
          at += size
        }
        chunks.push(whole.subarray(at))
        assert.equal(decodeAll(chunks), { messages, fault: undefined })
      },
    ),
  )
})

test('decoder: a block whole within its chunk is a view of it, as plain bytes even where the chunk is a Buffer', () => {
  const chunk = Buffer.from(encodeMessage({ type: 'piece', piece: 1, offset: 0, block: fromHex('0a0b') }))
  let seen: PeerMessage | undefined
  new MessageDecoder(BOUNDS).push(chunk, (message) => {
    seen = message
  })
  assert.ok(seen?.type === 'piece')
  assert.is(seen.block.buffer, chunk.buffer)
  assert.is(seen.block.byteOffset, chunk.byteOffset + 13)
  assert.is(Object.getPrototypeOf(seen.block), Uint8Array.prototype)
})

test('decoder: no memory is held before a frame is cut, nor after a chunk that ends between frames', () => {
  const decoder = new MessageDecoder(BOUNDS)
  const piece = encodeMessage({ type: 'piece', piece: 1, offset: 0, block: new Uint8Array(16_384) })
  decoder.push(piece, () => {})
  assert.is(decoder.bufferBytes, 0)
  decoder.push(piece.subarray(0, 3), () => {})
  assert.ok(decoder.bufferBytes > 0 && decoder.bufferBytes <= 5)
  decoder.push(piece.subarray(3, 100), () => {})
  assert.is(decoder.bufferBytes, piece.length)
  decoder.push(piece.subarray(100), () => {})
  assert.is(decoder.bufferBytes, 0)
})

test('decoder: what a chunk completes can be read although the end of the same chunk is held', () => {
  const pieces = [1, 2, 3].map((piece) =>
    encodeMessage({ type: 'piece', piece, offset: 0, block: new Uint8Array(16_384).fill(piece) }),
  )
  const all = concat(pieces)
  for (const size of [5_000, 16_396, 16_397, 16_398, 20_000, 30_000]) {
    const decoder = new MessageDecoder(BOUNDS)
    for (let at = 0; at < all.length; at += size) {
      const arrived: PeerMessage[] = []
      decoder.push(all.slice(at, at + size), (message) => arrived.push(message))
      for (const message of arrived)
        assert.ok(message.type === 'piece' && message.block.every((byte) => byte === message.piece))
    }
  }
})

test('decoder: a block whose header alone was cut off is a view of the chunk that brings it', () => {
  const block = Uint8Array.from({ length: 16_384 }, (_, at) => at * 7)
  const piece = encodeMessage({ type: 'piece', piece: 3, offset: 16_384, block })
  for (let cut = 5; cut <= 13; cut++) {
    const decoder = new MessageDecoder(BOUNDS)
    const chunk = concat([piece.subarray(cut), piece.subarray(0, 4)])
    decoder.push(piece.subarray(0, cut), () => assert.unreachable())
    assert.ok(decoder.bufferBytes <= 13)
    decoder.push(chunk, (message) => {
      assert.ok(message.type === 'piece')
      assert.is(message.piece, 3)
      assert.is(message.offset, 16_384)
      assert.is(message.block.buffer, chunk.buffer)
      assert.equal(message.block, block)
    })
  }
})

test('decoder: while every chunk cuts a frame, two buffers serve all', () => {
  const piece = encodeMessage({ type: 'piece', piece: 1, offset: 0, block: new Uint8Array(16_384) })
  const across = concat([piece.subarray(9_000), piece.subarray(0, 9_000)])
  const decoder = new MessageDecoder(BOUNDS)
  const buffers = new Set<ArrayBufferLike>()
  decoder.push(piece.subarray(0, 9_000), () => {})
  for (let round = 0; round < 10; round++) {
    decoder.push(across, (message) => {
      if (message.type === 'piece') buffers.add(message.block.buffer)
    })
  }
  assert.is(buffers.size, 2)
})

test('decoder: a prefix that promises much gets memory for what arrives, not for what it promises', () => {
  const decoder = new MessageDecoder({ bitfieldBytes: 262_144, blockBytesMax: 131_072, extendedBytesMax: 1_048_576 })
  decoder.push(fromHex('0010000214'), () => {})
  assert.ok(decoder.bufferBytes <= 16_397)
  let pushed = 5
  let messages = 0
  while (pushed < 1_048_582) {
    const chunk = new Uint8Array(Math.min(10_000, 1_048_582 - pushed))
    assert.is(
      decoder.push(chunk, () => messages++),
      undefined,
    )
    pushed += chunk.length
    assert.ok(decoder.bufferBytes <= Math.min(1_048_582, Math.max(16_397, 2 * pushed)))
  }
  assert.is(messages, 1)
  assert.is(decoder.bufferBytes, 0)
})

test('decoder: a buffer that grew for a large frame is not kept for a common one', () => {
  const decoder = new MessageDecoder(BOUNDS)
  const large = encodeMessage({ type: 'piece', piece: 0, offset: 0, block: new Uint8Array(32_768) })
  decoder.push(large.subarray(0, 32_000), () => {})
  assert.ok(decoder.bufferBytes > 16_397)
  decoder.push(concat([large.subarray(32_000), fromHex('00000005')]), () => {})
  assert.is(decoder.bufferBytes, 5)
})

test('decoder: a message of an unknown id is passed over without being held', () => {
  const decoder = new MessageDecoder(BOUNDS)
  const seen: PeerMessage[] = []
  const push = (chunk: Uint8Array) => decoder.push(chunk, (message) => seen.push(message))
  push(fromHex('000003e9ee'))
  assert.equal(seen, [{ type: 'unknown', id: 0xee, length: 1_000 }])
  for (let part = 0; part < 10; part++) {
    push(new Uint8Array(100))
    assert.is(decoder.bufferBytes, 0)
  }
  push(fromHex('0000000102'))
  assert.equal(seen.slice(1), [{ type: 'interested' }])
})

test('decoder: a length past every bound is refused at the four bytes of its prefix', () => {
  for (const hex of ['ffffffff', '80000000', '0000800a', '47455420']) assert.is(faultOf(hex), 'length-too-long', hex)
  assert.is(faultOf('00008009'), undefined)
})

test('decoder: a length past the bound of its own id is refused at the id', () => {
  assert.is(faultOf('0000004105'), undefined, 'bitfield of 64 bytes')
  assert.is(faultOf('0000004205'), 'length-too-long', 'bitfield of 65 bytes')
  assert.is(faultOf('0000800907'), undefined, 'block of 32 KiB')
  assert.is(faultOf('000003ea14'), undefined, 'extended message of 1000 bytes')
  assert.is(faultOf('000003eb14'), 'length-too-long', 'extended message of 1001 bytes')
  assert.is(faultOf('000003e9ee'), undefined, 'unknown message of 1000 bytes')
  assert.is(faultOf('000003eaee'), 'length-too-long', 'unknown message of 1001 bytes')
  const small = new MessageDecoder({ bitfieldBytes: 1, blockBytesMax: 16_384, extendedBytesMax: 1_000_000 })
  assert.is(small.push(fromHex('0000400a07'), () => {})?.code, 'length-too-long', 'block of 16 KiB and a byte')
  assert.is(small.bufferBytes, 0)
})

test('decoder: a length that does not fit its id is refused at the id', () => {
  const exact: Readonly<Record<string, number>> = {
    '00': 1,
    '01': 1,
    '02': 1,
    '03': 1,
    '04': 5,
    '06': 13,
    '08': 13,
    '09': 3,
    '0d': 5,
    '0e': 1,
    '0f': 1,
    '10': 13,
    '11': 5,
  }
  for (const [id, length] of Object.entries(exact)) {
    for (let wrong = 1; wrong < 20; wrong++) {
      const hex = `${wrong.toString(16).padStart(8, '0')}${id}`
      assert.is(faultOf(hex), wrong === length ? undefined : 'length-wrong', hex)
    }
  }
  assert.is(faultOf('0000000807'), 'length-wrong', 'piece without its header')
  assert.is(faultOf('0000000114'), 'length-wrong', 'extended without its id')
})

test('decoder: messages before a fault are given, and the fault stays', () => {
  const decoder = new MessageDecoder(BOUNDS)
  const { messages, fault } = decodeAll([fromHex('0000000102ffffffff0000000103')], decoder)
  assert.equal(messages, [{ type: 'interested' }])
  assert.is(fault?.code, 'length-too-long')
  assert.is(
    decoder.push(fromHex('0000000103'), () => assert.unreachable()),
    fault,
  )
  assert.is(decoder.bufferBytes, 0)
})

test('decoder: a prefix or id that a cut completes is judged as one that is whole', () => {
  for (const hex of ['ffffffff', '0000000506', '0000000114']) {
    const whole = decodeAll([fromHex(hex)])
    const bytes = [...fromHex(hex)].map((byte) => Uint8Array.of(byte))
    assert.equal(decodeAll(bytes), whole)
    assert.ok(whole.fault)
  }
})

test('decoder: a stop within a message ends the push under way and all later ones', () => {
  for (const cut of [0, 2, 5, 8, 9]) {
    const decoder = new MessageDecoder(BOUNDS)
    const chunk = concat([encodeMessage({ type: 'have', piece: 1 }), stream])
    const seen: PeerMessage[] = []
    const onMessage = (message: PeerMessage): void => {
      seen.push(keep(message))
      decoder.stop()
    }
    decoder.push(chunk.subarray(0, cut), onMessage)
    assert.is(decoder.push(chunk.subarray(cut), onMessage), undefined)
    assert.is(decoder.push(stream, onMessage), undefined)
    assert.equal(seen, [{ type: 'have', piece: 1 }])
    assert.is(decoder.bufferBytes, 0)
  }
})

test('decoder: a stop in the middle of a frame gives its memory up', () => {
  const decoder = new MessageDecoder(BOUNDS)
  decoder.push(fromHex('0000000504'), () => {})
  assert.ok(decoder.bufferBytes > 0)
  decoder.stop()
  assert.is(decoder.bufferBytes, 0)
})

test('decoder: it says whether a chunk ended within a block', () => {
  const block = encodeMessage({ type: 'piece', piece: 1, offset: 0, block: new Uint8Array(100) })
  const have = encodeMessage({ type: 'have', piece: 1 })
  const decoder = new MessageDecoder(BOUNDS)
  const within = [
    block.subarray(0, 4),
    block.subarray(4, 5),
    block.subarray(5, 60),
    block.subarray(60),
    have.subarray(0, 7),
  ]
  assert.equal(
    within.map((chunk) => {
      decoder.push(chunk, () => undefined)
      return decoder.isWithinBlock
    }),
    [false, true, true, false, false],
  )
})

test('decoder: a keep-alive that is cut is one, whatever was held before it', () => {
  const block = encodeMessage({ type: 'piece', piece: 1, offset: 0, block: new Uint8Array(100) })
  const keepAlive = encodeMessage({ type: 'keep-alive' })
  for (const first of [8, 60])
    for (const cut of [1, 2, 3]) {
      const before = concat([block.subarray(first), keepAlive.subarray(0, cut)])
      const { messages, fault } = decodeAll([block.subarray(0, first), before, keepAlive.subarray(cut)])
      assert.is(fault, undefined)
      assert.equal(
        messages.map(({ type }) => type),
        ['piece', 'keep-alive'],
      )
    }
})

test('decoder: an empty chunk is nothing', () => {
  const decoder = new MessageDecoder(BOUNDS)
  const nothing = new Uint8Array(0)
  decoder.push(nothing, () => assert.unreachable())
  decoder.push(fromHex('00000005'), () => assert.unreachable())
  decoder.push(nothing, () => assert.unreachable())
  const seen: PeerMessage[] = []
  decoder.push(fromHex('0400000001'), (message) => seen.push(message))
  assert.equal(seen, [{ type: 'have', piece: 1 }])
})

/** Bytes of a stranger: noise, or noise behind prefixes that may be taken, so that both ends of the decoder are met. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.nat(40), fc.constantFrom(0, 4, 5, 6, 7, 9, 14, 17, 20, 21, 99), fc.uint8Array({ maxLength: 40 }))
    .map(([length, id, payload]) => concat([Uint8Array.of(0, 0, 0, length, id), payload])),
  anyMessage.map(encodeMessage),
)

test('decoder: no bytes throw, hold more than the bound, or are read differently when cut elsewhere', () => {
  const most = Math.max(BOUNDS.bitfieldBytes, BOUNDS.blockBytesMax, BOUNDS.extendedBytesMax) + 13
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 8 }), (parts) => {
      const decoder = new MessageDecoder(BOUNDS)
      const inParts = decodeAll(parts, decoder)
      assert.ok(decoder.bufferBytes <= most)
      assert.equal(decodeAll([concat(parts)]), inParts)
    }),
    { numRuns: 1_000 },
  )
})

test('decoder: requests that we sent in one buffer are read one by one', () => {
  const requests = Array.from({ length: 50 }, (_, at) => ({ piece: at, offset: at * 16_384, length: 16_384 }))
  assert.equal(
    decodeAll([encodeRequests(requests)]).messages,
    requests.map((request) => ({ type: 'request', ...request })),
  )
})

test('decoder: hashes are read from when it is known that there are trees, wherever the chunks are cut', () => {
  const range = { piecesRoot: new Uint8Array(32), baseLayer: 2, index: 0, length: 2, proofLayers: 0 }
  const frame = encodeMessage({ type: 'hashes', ...range, hashes: new Uint8Array(64).fill(7) })
  for (let cut = 0; cut <= frame.length; cut++) {
    const bounds = { ...BOUNDS, hashesMax: undefined as number | undefined }
    const decoder = new MessageDecoder(bounds)
    const types: string[] = []
    const push = (chunk: Uint8Array): void => {
      decoder.push(chunk, ({ type }) => types.push(type))
    }
    push(frame)
    bounds.hashesMax = 8
    decoder.reviseBounds()
    push(frame.slice(0, cut))
    push(frame.slice(cut))
    assert.equal(types, ['unknown', 'hashes'])
  }
})

test.run()
