/** SipHash-2-4: the vectors of its authors. */
import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SipHash } from '../../tracker/siphash.js'

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)

const hashOf = (hash: SipHash, message: Uint8Array, length?: number): string => {
  hash.hash(message, length)
  const bytes = Buffer.alloc(8)
  bytes.writeInt32LE(hash.low, 0)
  bytes.writeInt32LE(hash.high, 4)
  return bytes.toString('hex')
}

test("siphash: the example of its authors' paper", () => {
  assert.is(hashOf(new SipHash(counting(16)), counting(15)), 'e545be4961ca29a1')
})

test('siphash: messages of 0 to 63 bytes have the hashes of the reference vectors', () => {
  const hash = new SipHash(counting(16))
  const hashes = Array.from({ length: 64 }, (_, length) => hashOf(hash, counting(length)))
  assert.is(hashes[0], '310e0edd47db6f72')
  assert.is(hashes[63], '724506eb4c328a95')
  // All 64, one after the other (`vectors_sip64`).
  const digest = createHash('sha256')
    .update(Buffer.from(hashes.join(''), 'hex'))
    .digest('hex')
  assert.is(digest, '0226a91002af9775a791b3ec5a48e643f8848d2d5774dea9be3438d5786bb58e')
})

test('siphash: only so many bytes of a longer buffer count', () => {
  const hash = new SipHash(counting(16))
  assert.is(hashOf(hash, counting(40), 15), 'e545be4961ca29a1')
})

test('siphash: another key gives another hash', () => {
  const [one, other] = [new SipHash(counting(16)), new SipHash(new Uint8Array(16))]
  assert.is.not(hashOf(one, counting(8)), hashOf(other, counting(8)))
})

test.run()
