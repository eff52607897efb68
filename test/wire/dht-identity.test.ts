/** Ids and stored items, by the vectors of BEP 42, 44 and 46. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex, toHex } from '../../src/values.js'
import { encode } from '../../src/wire/bencode.js'
import { crc32c } from '../../src/wire/crc32c.js'
import { mayName, scopeOf } from '../../src/wire/hostscope.js'
import { commonPrefixBits, compareDistance, isNodeIdAt, nodeIdAt } from '../../src/wire/nodeid.js'
import {
  claimedTarget,
  immutableTarget,
  isItemRight,
  mutableTarget,
  publicKeyOf,
  signedBytes,
  signItem,
} from '../../src/wire/storeditem.js'

const utf8 = new TextEncoder()

test('crc32c: the check value of RFC 3720', () => {
  assert.is(crc32c(utf8.encode('123456789')), 0xe3069283)
  assert.is(crc32c(new Uint8Array()), 0)
})

test('node id: the vectors of BEP 42', () => {
  const vectors: readonly (readonly [string, string])[] = [
    ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
    ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
    ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
    ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
    ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
  ]
  for (const [host, id] of vectors) {
    assert.ok(isNodeIdAt(fromHex(id), host), host)
    assert.is(toHex(nodeIdAt(host, fromHex(id))), id)
    for (const [other] of vectors) assert.is(isNodeIdAt(fromHex(id), other), other === host)
    const wrong = fromHex(id)
    wrong[2] = (wrong[2] ?? 0) ^ 8
    assert.not.ok(isNodeIdAt(wrong, host), 'the 21st bit counts')
    wrong[2] = (wrong[2] ?? 0) ^ 8 ^ 7
    assert.ok(isNodeIdAt(wrong, host), 'those after it do not')
  }
})

test('node id: every id that is made for an address fits it, and on a local network every id does', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.constantFrom('8.8.8.8', '2a00:1450::5'),
      (chance, host) => {
        assert.ok(isNodeIdAt(nodeIdAt(host, chance), host))
      },
    ),
  )
  for (const host of ['10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.9.9', '127.0.0.1', '::1'])
    assert.ok(isNodeIdAt(new Uint8Array(20), host), host)
})

test('node id: distances are those of XOR', () => {
  const id = (last: number): Uint8Array => Uint8Array.from({ length: 20 }, (_, at) => (at === 19 ? last : 0))
  assert.ok(compareDistance(id(8), id(9), id(0)) < 0)
  assert.is(compareDistance(id(8), id(9), id(9)), 0)
  assert.is(commonPrefixBits(id(1), id(0)), 159)
  assert.is(commonPrefixBits(id(1), id(1)), 160)
})

const KEY = fromHex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548')
const VALUE = utf8.encode('12:Hello World!')
const SALT = utf8.encode('foobar')
const SIGNATURES = {
  plain:
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  salted:
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
} as const

test('stored item: the vectors of BEP 44', () => {
  assert.is(toHex(immutableTarget(VALUE)), 'e5f96f6f38320f0f33959cb4d3d656452117aadb')
  assert.is(toHex(mutableTarget(KEY)), '4a533d47ec9c7d95b1ad75f576cffc641853b750')
  assert.is(toHex(mutableTarget(KEY, SALT)), '411eba73b6f087ca51a3795d9c8c938d365e32c1')
  assert.is(new TextDecoder().decode(signedBytes(1, VALUE)), '3:seqi1e1:v12:Hello World!')
  assert.is(new TextDecoder().decode(signedBytes(1, VALUE, SALT)), '4:salt6:foobar3:seqi1e1:v12:Hello World!')
  const signed = (signature: string) => ({ publicKey: KEY, seq: 1, signature: fromHex(signature) })
  assert.ok(isItemRight({ value: VALUE, signed: signed(SIGNATURES.plain) }))
  assert.ok(isItemRight({ value: VALUE, signed: signed(SIGNATURES.salted), salt: SALT }))
  assert.not.ok(isItemRight({ value: VALUE, signed: signed(SIGNATURES.salted) }))
  assert.not.ok(isItemRight({ value: VALUE, signed: { ...signed(SIGNATURES.plain), seq: 2 } }))
  assert.not.ok(
    isItemRight({ value: VALUE, signed: { ...signed(SIGNATURES.plain), publicKey: new Uint8Array(32).fill(255) } }),
  )
})

test('stored item: the vectors of BEP 46', () => {
  const key = fromHex('8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e')
  assert.is(toHex(mutableTarget(key)), 'cc3f9d90b572172053626f9980ce261a850d050b')
  assert.is(toHex(mutableTarget(key, fromHex('6e'))), '59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f')
})

test('stored item: what is signed is right, by the key of RFC 8032', () => {
  const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  assert.is(toHex(publicKeyOf(seed)), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const item = signItem(seed, encode({ ih: new Uint8Array(20) }), 7, SALT)
  assert.ok(isItemRight(item))
  assert.equal(claimedTarget(item), mutableTarget(publicKeyOf(seed), SALT))
  assert.not.ok(isItemRight({ ...item, value: VALUE }))
})

test('host scope: who is on the internet names nobody in a local network', () => {
  for (const [host, scope] of [
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['10.0.0.1', 'local'],
    ['fe80::1', 'local'],
    ['fd00::1', 'local'],
    ['100.64.0.1', 'local'],
    ['8.8.8.8', 'public'],
    ['2a00:1450::5', 'public'],
    ['0.0.0.0', 'none'],
    ['224.0.0.1', 'none'],
    ['255.255.255.255', 'none'],
    ['::', 'none'],
    ['ff02::1', 'none'],
    ['nobody.example', 'none'],
  ] as const)
    assert.is(scopeOf(host), scope, host)
  assert.ok(mayName('8.8.8.8', '9.9.9.9'))
  assert.ok(mayName('10.0.0.1', '10.0.0.2'))
  assert.ok(mayName('127.0.0.1', '127.0.0.1'))
  assert.not.ok(mayName('8.8.8.8', '10.0.0.2'))
  assert.not.ok(mayName('8.8.8.8', '127.0.0.1'))
  assert.not.ok(mayName('10.0.0.1', '127.0.0.1'))
  assert.not.ok(mayName('10.0.0.1', '0.0.0.0'))
})

test.run()
