/** Messages of hole punching (BEP 55). */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex, toHex } from '../../src/values.js'
import { encodeHolepunch, HOLEPUNCH_ERRORS, type HolepunchMessage, readHolepunch } from '../../src/wire/holepunch.js'

/** Type, family, address, port and error, as the table of BEP 55 has them. */
const KNOWN: readonly (readonly [hex: string, message: HolepunchMessage])[] = [
  ['0000010203041ae100000000', { kind: 'rendezvous', host: '1.2.3.4', port: 6_881, error: 'none' }],
  [
    '010120010db80000000000000000000000011ae100000000',
    { kind: 'connect', host: '2001:db8::1', port: 6_881, error: 'none' },
  ],
  ['0200010203041ae100000001', { kind: 'error', host: '1.2.3.4', port: 6_881, error: 'no-such-peer' }],
  ['0200010203041ae100000004', { kind: 'error', host: '1.2.3.4', port: 6_881, error: 'no-self' }],
]

test('holepunch: messages are as BEP 55 has them, both ways', () => {
  for (const [hex, message] of KNOWN) {
    assert.is(toHex(encodeHolepunch(message)), hex)
    assert.equal(readHolepunch(fromHex(hex)), message)
  }
})

test('holepunch: a message that is cut off or goes on is a fault, but the error may be left out', () => {
  for (const [hex, message] of KNOWN) {
    const bytes = fromHex(hex)
    for (let length = 0; length <= bytes.length + 1; length++) {
      const cut = new Uint8Array(length)
      cut.set(bytes.subarray(0, length))
      const read = readHolepunch(cut)
      if (length === bytes.length) assert.equal(read, message)
      else if (length === bytes.length - 4)
        assert.equal(read, { ...message, error: message.kind === 'error' ? 'unknown' : 'none' })
      else assert.is(read !== undefined && 'type' in read && read.code, 'length-wrong', `${length} bytes`)
    }
  }
})

test('holepunch: other kinds are passed over, other families are a fault, other errors are unknown', () => {
  assert.is(readHolepunch(fromHex('0300010203041ae100000000')), undefined)
  const family = readHolepunch(fromHex('0002010203041ae100000000'))
  assert.ok(family !== undefined && 'type' in family)
  for (const code of ['00000000', '00000005', 'ffffffff'])
    assert.equal(readHolepunch(fromHex(`0200010203041ae1${code}`)), {
      kind: 'error',
      host: '1.2.3.4',
      port: 6_881,
      error: 'unknown',
    })
})

test('holepunch: whatever is said comes back, and no bytes are too strange to read', () => {
  const port = fc.integer({ min: 0, max: 65_535 })
  fc.assert(
    fc.property(fc.ipV4(), port, fc.constantFrom(...HOLEPUNCH_ERRORS), (host, at, error) => {
      const message: HolepunchMessage = { kind: 'error', host, port: at, error }
      assert.equal(readHolepunch(encodeHolepunch(message)), message)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void readHolepunch(bytes)))
})

test.run()
