/** Announces on the local network (BEP 14): those of every client, and what anybody may send in their place. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { infoHash } from '../../src/values.js'
import { latin1Bytes, latin1Text } from '../../src/wire/bencode.js'
import { encodeLocalAnnounce, LOCAL_GROUPS, readLocalAnnounce } from '../../src/wire/localannounce.js'

const HASH = 'aabbccddeeff00112233445566778899aabbccdd'
const [IPV4, IPV6] = LOCAL_GROUPS as [(typeof LOCAL_GROUPS)[0], (typeof LOCAL_GROUPS)[0]]
const hashOf = (byte: number) => infoHash(new Uint8Array(20).fill(byte))
const read = (text: string) => readLocalAnnounce(latin1Bytes(text))

test('local announce: it is written as BEP 14 says, for each group', () => {
  const announce = { port: 6_881, infoHashes: [hashOf(0xaa), hashOf(0xbb)], cookie: 'c0ffee' }
  const lines = (host: string): string =>
    [
      'BT-SEARCH * HTTP/1.1',
      `Host: ${host}`,
      'Port: 6881',
      `Infohash: ${'aa'.repeat(20)}`,
      `Infohash: ${'bb'.repeat(20)}`,
      'cookie: c0ffee',
      '',
      '',
      '',
    ].join('\r\n')
  assert.is(latin1Text(encodeLocalAnnounce(IPV4, announce)), lines('239.192.152.143:6771'))
  assert.is(latin1Text(encodeLocalAnnounce(IPV6, announce)), lines('[ff15::efc0:988f]:6771'))
})

test('local announce: as many torrents as go into one fit 1,400 bytes', () => {
  const infoHashes = Array.from({ length: LIMITS.localAnnounceHashesMax }, (_, at) => hashOf(at))
  const bytes = encodeLocalAnnounce(IPV6, { port: 65_535, infoHashes, cookie: 'f'.repeat(8) })
  assert.ok(bytes.length <= 1_400, `${bytes.length} bytes`)
})

test('local announce: what is written is read again, and no part of it is', () => {
  const arbitrary = fc.record({
    port: fc.integer({ min: 1, max: 65_535 }),
    cookie: fc.option(fc.stringMatching(/^[0-9a-z]{1,16}$/), { nil: undefined }),
    infoHashes: fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: LIMITS.localAnnounceHashesMax }),
  })
  fc.assert(
    fc.property(arbitrary, fc.constantFrom(IPV4, IPV6), (parts, group) => {
      const announce = { ...parts, infoHashes: parts.infoHashes.map(hashOf) }
      const bytes = encodeLocalAnnounce(group, announce)
      assert.equal(readLocalAnnounce(bytes), { type: 'announce', ...announce })
      // The last two bytes end an empty line more than there has to be.
      for (let length = 0; length < bytes.length - 2; length++)
        assert.is(readLocalAnnounce(bytes.subarray(0, length)).type, 'fault', `${length} bytes`)
    }),
    { numRuns: 50 },
  )
})

test('local announce: anything at all is either read or a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) =>
      ['fault', 'announce'].includes(readLocalAnnounce(bytes).type),
    ),
  )
  const like = fc.array(
    fc.constantFrom('BT-SEARCH * HTTP/1.1', 'Port: 1', `Infohash: ${HASH}`, 'cookie:', ': x', '\r\n', '\n', ' '),
  )
  fc.assert(fc.property(like, (parts) => ['fault', 'announce'].includes(read(parts.join('\r\n')).type)))
})

test('local announce: what other clients send is read', () => {
  const others = {
    libtorrent: `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${HASH}\r\ncookie: 1f2e\r\n\r\n\r\n`,
    Transmission: `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: ${HASH.toUpperCase()}\r\n\r\n\r\n`,
    'one of the future': `BT-SEARCH * HTTP/1.1\r\nport:\t1\r\nX-New: a: b\r\nnonsense\r\nINFOHASH:${HASH}\r\n\r\n`,
  }
  for (const [name, text] of Object.entries(others)) {
    const announce = read(text)
    assert.is(announce.type, 'announce', name)
    assert.equal(announce.type === 'announce' && announce.infoHashes.length, 1, name)
  }
})

test('local announce: what is none is told apart, by its reason', () => {
  const text = (...lines: string[]): string => ['BT-SEARCH * HTTP/1.1', ...lines, '', ''].join('\r\n')
  const wrong: [string, string][] = [
    ['', 'it has no end'],
    [text('Port: 1'), 'it has no info-hash'],
    [text(`Infohash: ${HASH}`), 'it has no port'],
    [text('Port: 1', 'Infohash: 00', `Infohash: ${HASH}0`), 'it has no info-hash'],
    ...['0', '65536', '-1', '1e3', '', '111111'].map((port): [string, string] => [
      text(`Port: ${port}`, `Infohash: ${HASH}`),
      'its port is none',
    ]),
    [text('Port: 1', 'Port: 2', `Infohash: ${HASH}`), 'its port is none'],
    [`M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${HASH}\r\n\r\n`, 'it is no BT-SEARCH'],
    [text('Port: 1', `Infohash: ${HASH}`, `X: ${'x'.repeat(1_500)}`), 'it is too long'],
  ]
  for (const [sent, reason] of wrong) assert.equal(read(sent), { type: 'fault', reason }, JSON.stringify(sent))
})

test('local announce: the same hash twice is one, and a cookie is cut', () => {
  const announce = read(
    `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${HASH}\r\nInfohash: ${HASH.toUpperCase()}\r\ncookie: ${'x'.repeat(500)}\r\n\r\n`,
  )
  assert.is(announce.type === 'announce' && announce.infoHashes.length, 1)
  assert.is(announce.type === 'announce' && announce.cookie?.length, LIMITS.localAnnounceCookieCharactersMax)
})

test.run()
