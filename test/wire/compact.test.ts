/** Compact addresses: one text for one address, and lists of both families. */
import { isIP } from 'node:net'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/values.js'
import { bytesToHost, canonicalHost, hostToBytes, readCompactPeers, writeCompactPeers } from '../../src/wire/compact.js'

test('compact: IPv6 text is that of RFC 5952', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['fe80:0:0:0:0:0:0:1', 'fe80::1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ]
  for (const [written, canonical] of texts) assert.is(canonicalHost(written), canonical, written)
})

test('compact: IPv4 inside IPv6 is IPv4', () => {
  assert.is(canonicalHost('::ffff:1.2.3.4'), '1.2.3.4')
  assert.is(canonicalHost('::FFFF:0102:0304'), '1.2.3.4')
  assert.is(bytesToHost(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1])), '10.0.0.1')
  assert.is(hostToBytes('::ffff:1.2.3.4')?.length, 4)
})

test('compact: what is no IP address is undefined', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    'a.b.c.d',
    '1.2.3.4 ',
    'localhost',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    'fe80::1%eth0',
    '[::1]',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '0'.repeat(1_000),
  ]) {
    assert.is(hostToBytes(text), undefined, text)
  }
})

test('compact: what is an address agrees with Node, and its bytes come back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/)), (text) => {
      const bytes = hostToBytes(text)
      assert.is(bytes !== undefined, isIP(text) !== 0, text)
      if (bytes === undefined) return
      const canonical = bytesToHost(bytes)
      assert.equal(hostToBytes(canonical), bytes)
      assert.is(canonicalHost(canonical), canonical)
      // The URL parser of Node writes IPv6 as RFC 5952 has it, but for IPv4 inside it.
      if (bytes.length === 16) assert.is(`[${canonical}]`, new URL(`http://[${text}]/`).hostname)
    }),
    { numRuns: 2_000 },
  )
})

test('compact: peers of both families go to their lists, with the port in network order', () => {
  const { ipv4, ipv6 } = writeCompactPeers([
    { host: '1.2.3.4', port: 6_881 },
    { host: '::1', port: 1 },
    { host: '::ffff:5.6.7.8', port: 65_535 },
  ])
  assert.is(toHex(ipv4), '010203041ae105060708ffff')
  assert.is(toHex(ipv6), '000000000000000000000000000000010001')
})

test('compact: a list is read up to its bound, without peers that have no port', () => {
  const bytes = Uint8Array.from([1, 2, 3, 4, 0, 0, 1, 2, 3, 5, 0, 1, 1, 2, 3, 6, 0, 2, 1, 2, 3, 7, 0, 3])
  assert.equal(readCompactPeers(bytes, 'ipv4', 2), [
    { host: '1.2.3.5', port: 1 },
    { host: '1.2.3.6', port: 2 },
  ])
  assert.is(readCompactPeers(bytes.subarray(1), 'ipv4', 2), undefined)
  assert.is(readCompactPeers(bytes, 'ipv6', 2), undefined)
  assert.equal(readCompactPeers(new Uint8Array(), 'ipv6', 2), [])
})

test('compact: what was written is read back', () => {
  const peer = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65_535 }) })
  fc.assert(
    fc.property(fc.array(peer), (peers) => {
      const { ipv4, ipv6 } = writeCompactPeers(peers)
      const read = [...(readCompactPeers(ipv4, 'ipv4', 1_000) ?? []), ...(readCompactPeers(ipv6, 'ipv6', 1_000) ?? [])]
      const canonical = peers.map(({ host, port }) => ({ host: canonicalHost(host) ?? '', port }))
      const isIpv4 = ({ host }: { host: string }) => !host.includes(':')
      assert.equal(read, [...canonical.filter(isIpv4), ...canonical.filter((each) => !isIpv4(each))])
    }),
  )
})

test('compact: a host that is no address, or no port, is our own bug', () => {
  assert.throws(() => writeCompactPeers([{ host: 'localhost', port: 1 }]), /IP address/)
  assert.throws(() => writeCompactPeers([{ host: '1.2.3.4', port: 0 }]), /no port/)
  assert.throws(() => bytesToHost(new Uint8Array(5)), /4 or 16/)
})

test.run()
