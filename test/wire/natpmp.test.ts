/** NAT-PMP (RFC 6886), byte by byte. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex, toHex } from '../../src/values.js'
import { encodeNatPmpAnswer, encodeNatPmpRequest, type NatPmpAnswer, readNatPmpAnswer } from '../../src/wire/natpmp.js'

test('NAT-PMP: requests are those of RFC 6886', () => {
  assert.is(toHex(encodeNatPmpRequest({ type: 'address' })), '0000')
  const map = { type: 'map', port: 6_881, externalPort: 7_000, lifetimeSeconds: 3_600 } as const
  assert.is(toHex(encodeNatPmpRequest(map)), '00020000' + '1ae1' + '1b58' + '00000e10')
  const unmap = { type: 'map', port: 6_881, externalPort: 0, lifetimeSeconds: 0 } as const
  assert.is(toHex(encodeNatPmpRequest(unmap)), '00020000' + '1ae1' + '0000' + '00000000')
})

test('NAT-PMP: answers are those of RFC 6886', () => {
  assert.equal(readNatPmpAnswer(fromHex('00800000' + '00000007' + 'cb007105')), {
    type: 'address',
    host: '203.0.113.5',
  })
  assert.equal(readNatPmpAnswer(fromHex('00820000' + '00000007' + '1ae11b5800000e10')), {
    type: 'map',
    port: 6_881,
    externalPort: 7_000,
    lifetimeSeconds: 3_600,
  })
  assert.equal(readNatPmpAnswer(fromHex('00820002' + '00000007' + '1ae1000000000000')), {
    type: 'refused',
    asked: 'map',
    reason: 'it is not allowed to, by its settings',
  })
  assert.equal(readNatPmpAnswer(fromHex('0080' + '0001' + '00000007')), {
    type: 'refused',
    asked: 'address',
    reason: 'it speaks another version',
  })
  assert.equal(readNatPmpAnswer(fromHex('0080' + 'ffff' + '00000007')), {
    type: 'refused',
    asked: 'address',
    reason: 'its reason is 65535',
  })
})

const port = fc.integer({ min: 0, max: 65_535 })
const PLAIN = { noNullPrototype: true }
const anyAnswer: fc.Arbitrary<NatPmpAnswer> = fc.oneof(
  fc.record({ type: fc.constant('address' as const), host: fc.ipV4() }, PLAIN),
  fc.record(
    {
      type: fc.constant('map' as const),
      port,
      externalPort: port,
      lifetimeSeconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    },
    PLAIN,
  ),
)

test('NAT-PMP: what a router writes is read again, and no part of it is, nor more', () => {
  fc.assert(
    fc.property(anyAnswer, fc.nat(), (answer, uptime) => {
      const bytes = encodeNatPmpAnswer(answer, uptime)
      assert.equal(readNatPmpAnswer(bytes), answer)
      for (let length = 0; length < bytes.length; length++)
        assert.is(readNatPmpAnswer(bytes.subarray(0, length)), undefined, `${length} bytes`)
      assert.is(readNatPmpAnswer(Uint8Array.from([...bytes, 0])), undefined)
    }),
  )
})

test('NAT-PMP: anything at all is an answer or none', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void readNatPmpAnswer(bytes)))
  assert.is(readNatPmpAnswer(fromHex('02800000' + '00000007' + 'cb007105')), undefined, 'an answer of PCP')
  assert.is(readNatPmpAnswer(fromHex('00000000' + '00000007' + 'cb007105')), undefined, 'a request')
})

test.run()
