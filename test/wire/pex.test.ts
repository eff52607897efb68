/** Messages of peer exchange (BEP 11): as real clients write them, and as nobody should. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { encode } from '../../src/wire/bencode.js'
import { encodePex, type PexMessage, readPex } from '../../src/wire/pex.js'

const compact = (...addresses: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(addresses.flat())

test('pex: peers of both families are read, with their flags', () => {
  const payload = encode({
    added: compact([1, 2, 3, 4, 0, 80], [5, 6, 7, 8, 1, 0]),
    'added.f': Uint8Array.of(2, 16),
    added6: compact([0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 1, 0, 81]),
    dropped: compact([9, 9, 9, 9, 0, 9]),
  })
  assert.equal(readPex(payload), {
    added: [
      { host: '1.2.3.4', port: 80, flags: 2 },
      { host: '5.6.7.8', port: 256, flags: 16 },
      { host: '2001:db8::1', port: 81, flags: 0 },
    ],
    dropped: [{ host: '9.9.9.9', port: 9 }],
  })
})

test('pex: a peer without a port is left out, and the flags stay with those that they are of', () => {
  const payload = encode({ added: compact([1, 2, 3, 4, 0, 0], [5, 6, 7, 8, 1, 0]), 'added.f': Uint8Array.of(2, 16) })
  assert.equal(readPex(payload), { added: [{ host: '5.6.7.8', port: 256, flags: 16 }], dropped: [] })
})

test('pex: of several ports of one host one is taken, and nobody comes and goes in one message', () => {
  const ports = Array.from({ length: 40 }, (_, port) => [1, 2, 3, 4, 1, port])
  const read = readPex(encode({ added: compact(...ports), dropped: compact([1, 2, 3, 4, 1, 0], [7, 7, 7, 7, 1, 0]) }))
  assert.equal(read, { added: [{ host: '1.2.3.4', port: 256, flags: 0 }], dropped: [{ host: '7.7.7.7', port: 256 }] })
})

test('pex: of a flood so many are read', () => {
  const flood = Array.from({ length: 20_000 }, (_, number) => [20, number >> 8, number & 255, 1, 1, 1])
  const read = readPex(encode({ added: compact(...flood), dropped: compact(...flood) }))
  assert.ok('added' in read)
  assert.is(read.added.length, LIMITS.pexPeersMax)
})

const address = fc.record({
  host: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::7', 'fd00::1')),
  port: fc.integer({ min: 1, max: 65_535 }),
})
const distinct = { maxLength: 20, selector: ({ host }: { host: string }) => host }

test('pex: whatever is written is read as it was', () => {
  const message = fc.record({
    added: fc.uniqueArray(
      address.chain((each) => fc.nat({ max: 31 }).map((flags) => ({ ...each, flags }))),
      distinct,
    ),
    dropped: fc.uniqueArray(address, distinct),
  })
  const inOrder = ({ added, dropped }: PexMessage): PexMessage => {
    const isLater = ({ host }: { host: string }): number => (host.includes(':') ? 1 : 0)
    const names = added.map(({ host, port }) => `${host} ${port}`)
    return {
      added: added.toSorted((left, right) => isLater(left) - isLater(right)),
      dropped: dropped
        .filter(({ host, port }) => !names.includes(`${host} ${port}`))
        .toSorted((left, right) => isLater(left) - isLater(right)),
    }
  }
  // What fast-check makes has no prototype.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  fc.assert(fc.property(message, (each) => assert.equal(plain(readPex(encodePex(each))), plain(inOrder(each)))))
})

test('pex: what is cut short, or no dictionary, or of a wrong length, is a fault', () => {
  const whole = encodePex({ added: [{ host: '1.2.3.4', port: 5, flags: 1 }], dropped: [{ host: '::1', port: 6 }] })
  for (let length = 0; length < whole.length; length++) {
    const read = readPex(whole.subarray(0, length))
    assert.is('code' in read && read.code, 'pex-invalid', `${length}`)
  }
  for (const bad of [encode([]), encode({ added: Uint8Array.of(1) }), encode({ dropped6: new Uint8Array(17) })])
    assert.ok('code' in readPex(bad))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void readPex(noise)))
})

test.run()
