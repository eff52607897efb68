/** Packets of uTP (BEP 29), as they are written and read. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { fromHex, toHex } from '../../src/values.js'
import {
  after,
  looksLikeUtp,
  plus,
  putUtpHead,
  putUtpMoment,
  readUtp,
  UTP,
  UtpPacket,
  withPadding,
  withSelective,
} from '../../src/wire/utp.js'

const HEAD = '01001234000f424000001388000400000007fffe'

test('utp: a header is written as BEP 29 lays it out, and read', () => {
  const bytes = new Uint8Array(20)
  putUtpHead(bytes, UTP.data, 0x1234, 7)
  putUtpMoment(bytes, 1_000_000, 5_000, 262_144, 0xfffe)
  assert.is(toHex(bytes), HEAD)
  const packet = new UtpPacket()
  assert.ok(readUtp(Uint8Array.of(...bytes, 9, 8), packet))
  const { type, connectionId, timestampUs, differenceUs, windowBytes, seq, ack, payload } = packet
  assert.equal(
    [type, connectionId, timestampUs, differenceUs, windowBytes, seq, ack, [...payload]],
    [UTP.data, 0x1234, 1_000_000, 5_000, 262_144, 7, 0xfffe, [9, 8]],
  )
})

test('utp: bits of a selective acknowledgement are read, and unknown extensions passed over', () => {
  const bits = Uint8Array.of(1, 0, 0, 128)
  const packet = new UtpPacket()
  const head = fromHex(HEAD.replace(/^01/, '21'))
  assert.ok(readUtp(withSelective(head, bits), packet))
  assert.equal(packet.selective, bits)
  assert.is(packet.payload.length, 0)
  const chained = Uint8Array.of(...head, 1, 2, 5, 6, 0, 4, ...bits, 42)
  chained[1] = 3
  assert.ok(readUtp(chained, packet))
  assert.equal(packet.selective, bits)
  assert.equal([...packet.payload], [42])
})

test('utp: what is cut off, of another version or of no type is none', () => {
  const whole = withSelective(fromHex(HEAD.replace(/^01/, '21')), Uint8Array.of(1, 2, 3, 4))
  const packet = new UtpPacket()
  for (let length = 0; length < whole.length; length++)
    assert.not.ok(readUtp(whole.subarray(0, length), packet), `${length}`)
  for (const first of [0x00, 0x02, 0x51, 0x64, 0xf1]) assert.not.ok(looksLikeUtp(whole.with(0, first)), `${first}`)
})

test('utp: a packet is padded to any size, of which what it carries is read, and nothing where it is cut off', () => {
  const packet = new UtpPacket()
  const plain = Uint8Array.of(...fromHex(HEAD), 1, 2, 3)
  for (let size = plain.length + 2; size < plain.length + 1_200; size++) {
    const padded = withPadding(plain, size)
    assert.is(padded.length, size)
    assert.ok(readUtp(padded, packet), `${size}`)
    assert.equal([...packet.payload], [1, 2, 3])
    assert.is(packet.seq, 7)
  }
  // What programs have for a datagram cuts off the rest: so padding comes first, and does not end at any of these sizes.
  for (const size of LIMITS.utpLoopbackPacketBytes)
    for (const room of [1_400, 1_472, 1_500, 2_048, 4_096, 8_192])
      assert.not.ok(readUtp(withPadding(plain, size).subarray(0, room), packet), `${size} in ${room}`)
})

test('utp: bits need not come by 32, as those of libtorrent do not', () => {
  const packet = new UtpPacket()
  const bytes = fromHex(`${HEAD.replace(/^01/, '21').replace(/^2100/, '2101')}00024000`)
  assert.ok(readUtp(bytes, packet))
  assert.equal([...packet.selective], [0x40, 0])
})

test('utp: numbers of packets begin anew after 65,535', () => {
  assert.is(after(65_535, 0), 1)
  assert.is(after(0, 65_535), 65_535)
  assert.is(plus(65_530, 10), 4)
  assert.is(plus(0, -1), 65_535)
})

test.run()
