/** Peer ids: ours have their form, and those of others have names. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { peerId } from '../../src/values.js'
import { latin1Bytes, latin1Text } from '../../src/wire/bencode.js'
import { clientName, makePeerId } from '../../src/wire/peerid.js'

const named = (text: string): string => clientName(peerId(latin1Bytes(text.padEnd(20, 'x'))))

test('peerid: ours says the version and ends in the random bytes', () => {
  const random = Uint8Array.from({ length: 12 }, (_, at) => 200 + at)
  const id = makePeerId('0.1.0', random)
  assert.is(latin1Text(id.subarray(0, 8)), '-TW0100-')
  assert.equal(id.subarray(8), random)
  assert.is(latin1Text(makePeerId('1.2.3-beta.1', random).subarray(0, 8)), '-TW1230-')
  assert.is(latin1Text(makePeerId('1.10.35', random).subarray(0, 8)), '-TW1AZ0-')
  assert.is(clientName(id), 'Torrewind 0.1')
})

test('peerid: a version that does not fit, or too few random bytes, is our own bug', () => {
  assert.throws(() => makePeerId('1.36.0', new Uint8Array(12)), /does not fit/)
  assert.throws(() => makePeerId('x', new Uint8Array(12)), /does not fit/)
  assert.throws(() => makePeerId('0.1.0', new Uint8Array(11)), /12 random bytes/)
})

test('peerid: the clients that are met today have their names and versions', () => {
  assert.is(named('-LT2080-'), 'libtorrent 2.0.8')
  assert.is(named('-lt0D80-'), 'rTorrent 0.13.8')
  assert.is(named('-qB4520-'), 'qBittorrent 4.5.2')
  assert.is(named('-TR3000-'), 'Transmission 3.0')
  assert.is(named('-TR2940-'), 'Transmission 2.94')
  assert.is(named('-TR4030-'), 'Transmission 4.0.3')
  assert.is(named('-WW0208-'), 'WebTorrent 2.8')
  assert.is(named('-WD0024-'), 'WebTorrent Desktop 0.24')
  assert.is(named('-DE13F0-'), 'Deluge 1.3.15')
  assert.is(named('-DE211s-'), 'Deluge')
  assert.is(named('-UT355W-'), 'µTorrent 3.5.5.32')
  assert.is(named('-BC0171-'), 'BitComet 0.1.7.1')
  assert.is(named('A2-1-36-0-'), 'aria2 1.36.0')
  assert.is(named('M7-10-5--'), 'BitTorrent 7.10.5')
})

test('peerid: other clients show the printable part of what they say', () => {
  assert.is(named('-ZZ1234-'), '-ZZ1234-')
  assert.is(named('exbc\x01\x02'), 'exbc')
  assert.is(clientName(peerId(new Uint8Array(20))), 'unknown')
})

test('peerid: no name of a client has a character that a terminal would obey', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
      assert.match(clientName(peerId(bytes)), /^[ -~µ]+$/)
    }),
  )
})

test.run()
