import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../src/assert.js'
import { fromHex, infoHash, peerId, toHex } from '../../src/values.js'
import { encodeHandshake, type Handshake, HandshakeDecoder, peekHandshake } from '../../src/wire/handshake.js'
import { concat } from './messages.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const handshake: Handshake = {
  infoHash: infoHash(fromHex('000102030405060708090a0b0c0d0e0f10111213')),
  peerId: peerId(text('-TW0100-abcdefghijkl')),
  reserved: { extensions: true, fast: true, dht: true },
}
const golden =
  '13426974546f7272656e742070726f746f636f6c' +
  '0000000000100005' +
  '000102030405060708090a0b0c0d0e0f10111213' +
  '2d5457303130302d6162636465666768696a6b6c'

const read = (chunks: readonly Uint8Array[]): { handshake: Handshake; rest: string } | string => {
  const decoder = new HandshakeDecoder()
  for (const chunk of chunks) {
    const progress = decoder.push(chunk)
    if (progress.type === 'fault') return progress.code
    if (progress.type === 'handshake') {
      const { type: _, rest, v2: __, ...handshake } = progress
      return { handshake, rest: toHex(rest) }
    }
  }
  return 'more'
}

test('handshake: it has the 68 bytes of BEP 3', () => {
  assert.is(toHex(encodeHandshake(handshake)), golden)
})

test('handshake: every combination of reserved bits is written to its own bit and read back', () => {
  for (const [bits, hex] of [
    [{ extensions: false, fast: false, dht: false }, '0000000000000000'],
    [{ extensions: true, fast: false, dht: false }, '0000000000100000'],
    [{ extensions: false, fast: true, dht: false }, '0000000000000004'],
    [{ extensions: false, fast: false, dht: true }, '0000000000000001'],
    [{ extensions: true, fast: true, dht: false }, '0000000000100004'],
  ] as const) {
    const bytes = encodeHandshake({ ...handshake, reserved: bits })
    assert.is(toHex(bytes.subarray(20, 28)), hex)
    assert.equal(read([bytes]), { handshake: { ...handshake, reserved: bits }, rest: '' })
  }
})

test('handshake: the bit of v2 is the fourth of the last reserved byte, and is read back', () => {
  for (const v2 of [true, false]) {
    const bytes = encodeHandshake({ ...handshake, v2 })
    assert.is(bytes[27], v2 ? 0x15 : 0x05)
    const progress = new HandshakeDecoder().push(bytes)
    assert.is(progress.type === 'handshake' && progress.v2, v2)
    assert.equal(peekHandshake(bytes), { infoHash: handshake.infoHash, v2 })
    assert.equal(peekHandshake(bytes.subarray(0, 48)), { infoHash: handshake.infoHash, v2 })
    assert.is(peekHandshake(bytes.subarray(0, 47)), undefined)
  }
})

test('handshake: reserved bits that we do not know are no fault', () => {
  const bytes = encodeHandshake(handshake)
  bytes.fill(0xff, 20, 28)
  assert.equal(read([bytes]), { handshake, rest: '' })
})

test('handshake: it is read whole from any two cuts, and gives back what follows it', () => {
  const stream = concat([encodeHandshake(handshake), fromHex('0000000102')])
  for (let first = 0; first <= 68; first++) {
    for (let second = first; second <= stream.length; second++) {
      const chunks = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]
      const last = second < 68 ? stream.length : first < 68 ? second : first
      assert.equal(read(chunks), { handshake, rest: toHex(stream.subarray(68, last)) }, `cut at ${first} and ${second}`)
    }
  }
})

test('handshake: the info-hash is known at its 48th byte, before the peer id', () => {
  const decoder = new HandshakeDecoder()
  const bytes = encodeHandshake(handshake)
  assert.is(decoder.push(bytes.subarray(0, 47)).type, 'more')
  assert.is(decoder.infoHash, undefined)
  assert.is(decoder.push(bytes.subarray(47, 48)).type, 'more')
  assert.equal(decoder.infoHash, handshake.infoHash)
})

test('handshake: what it gives stays when the chunk is used again', () => {
  const bytes = encodeHandshake(handshake)
  const progress = new HandshakeDecoder().push(bytes)
  bytes.fill(0)
  assert.ok(progress.type === 'handshake')
  assert.equal(progress.infoHash, handshake.infoHash)
  assert.equal(progress.peerId, handshake.peerId)
})

test('handshake: another protocol is refused at its first wrong byte', () => {
  for (let at = 0; at < 20; at++) {
    const bytes = encodeHandshake(handshake)
    bytes[at] = (bytes[at] ?? 0) ^ 0x20
    assert.is(read([bytes.subarray(0, at)]), 'more')
    assert.is(read([bytes.subarray(0, at + 1)]), 'protocol-wrong')
    assert.is(read([...bytes].map((byte) => Uint8Array.of(byte))), 'protocol-wrong')
  }
  assert.is(read([text('GET / HTTP/1.1\r\n')]), 'protocol-wrong')
  assert.is(read([Uint8Array.of(0x16, 0x03, 0x01)]), 'protocol-wrong')
})

test('handshake: a fault stays', () => {
  const decoder = new HandshakeDecoder()
  const fault = decoder.push(text('G'))
  assert.is(decoder.push(encodeHandshake(handshake)), fault)
  assert.is(decoder.infoHash, undefined)
})

test('handshake: reading on after it is done is our own bug', () => {
  const decoder = new HandshakeDecoder()
  decoder.push(encodeHandshake(handshake))
  assert.throws(
    () => decoder.push(new Uint8Array(1)),
    (error: unknown) => error instanceof AssertionError,
  )
})

test.run()
