import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { fromHex } from '../../src/values.js'
import {
  type ExtensionHandshake,
  encodeExtensionHandshake,
  mergeExtensions,
  readExtensionHandshake,
} from '../../src/wire/extension.js'

const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (letter) => letter.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const read = (latin1: string): ExtensionHandshake => {
  const handshake = readExtensionHandshake(bytesOf(latin1))
  if (handshake.type === 'fault') throw new Error(handshake.reason)
  return handshake
}

const nothing: ExtensionHandshake = {
  type: 'extension-handshake',
  messages: new Map(),
  client: undefined,
  port: undefined,
  requestsMax: undefined,
  yourIp: undefined,
  metadataBytes: undefined,
  uploadOnly: undefined,
}

test("extension: BEP 10's own example is read", () => {
  assert.equal(read('d1:md11:LT_metadatai1e6:µT_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e'), {
    ...nothing,
    messages: new Map([
      ['LT_metadata', 1],
      ['µT_PEX', 2],
    ]),
    port: 6881,
    client: 'µTorrent 1.2',
  })
})

test('extension: what we say is one canonical dictionary', () => {
  const payload = encodeExtensionHandshake({
    messages: { ut_pex: 2, ut_metadata: 3 },
    client: 'Torrewind 0.1.0',
    port: 6881,
    requestsMax: 500,
    yourIp: fromHex('7f000001'),
    metadataBytes: 31_235,
    uploadOnly: true,
  })
  assert.is(
    textOf(payload),
    'd1:md11:ut_metadatai3e6:ut_pexi2ee13:metadata_sizei31235e1:pi6881e4:reqqi500e11:upload_onlyi1e' +
      '1:v15:Torrewind 0.1.06:yourip4:\x7f\0\0\x01e',
  )
  assert.is(textOf(encodeExtensionHandshake({ messages: {} })), 'd1:mdee')
  assert.is(textOf(encodeExtensionHandshake({ messages: {}, uploadOnly: false })), 'd1:mde11:upload_onlyi0ee')
})

test('extension: what we say is read back', () => {
  const said = {
    client: 'Torrewind ✓',
    port: 65_535,
    requestsMax: 1,
    yourIp: fromHex('20010db8000000000000000000000001'),
    metadataBytes: 1,
    uploadOnly: false,
  }
  const payload = encodeExtensionHandshake({ messages: { a: 0, b: 255 }, ...said })
  assert.equal(readExtensionHandshake(payload), {
    ...nothing,
    ...said,
    messages: new Map([
      ['a', 0],
      ['b', 255],
    ]),
  })
})

test('extension: keys in any order, keys that we do not know and bytes after the dictionary are no fault', () => {
  assert.equal(read('d4:reqqi250e1:ei0e1:md6:ut_pexi1e11:ut_metadatai2ee3:zzzld1:al1:beeee'), {
    ...nothing,
    requestsMax: 250,
    messages: new Map([
      ['ut_pex', 1],
      ['ut_metadata', 2],
    ]),
  })
  assert.equal(read('dejunk'), nothing)
})

test('extension: a field of a wrong type or size is as one that is not there', () => {
  for (const fields of [
    '1:mi1e',
    '1:ml6:ut_pexe',
    '1:md6:ut_pex1:1e',
    '1:md6:ut_pexi256ee',
    '1:md6:ut_pexi-1ee',
    '1:md6:ut_pexi99999999999999999999ee',
    `1:md65:${'x'.repeat(65)}i1ee`,
    '1:pi0e',
    '1:pi65536e',
    '1:p4:6881',
    '4:reqqi0e',
    '4:reqqi-1e',
    '4:reqqi4294967296e',
    '6:yourip5:abcde',
    '6:youripi1e',
    '13:metadata_sizei0e',
    '13:metadata_sizei-5e',
    '13:metadata_sizei9007199254740992e',
    '1:vi1e',
    '1:v0:',
    '11:upload_only1:1',
  ]) {
    assert.equal(read(`d${fields}e`), nothing, fields)
  }
})

test('extension: what is no dictionary is a fault', () => {
  for (const payload of ['', 'i1e', 'le', 'd', 'd1:me', 'd1:v99:xe', 'garbage', 'd1:vi1e1:vi1ee']) {
    const handshake = readExtensionHandshake(bytesOf(payload))
    assert.ok(handshake.type === 'fault' && handshake.code === 'extension-handshake-invalid', payload)
  }
})

test('extension: nesting and numbers of values are bounded', () => {
  for (const payload of [`d1:z${'l'.repeat(5_000)}${'e'.repeat(5_000)}e`, `d1:zl${'i0e'.repeat(1_001)}ee`]) {
    assert.is(readExtensionHandshake(bytesOf(payload)).type, 'fault')
  }
})

test('extension: no more extensions are remembered than the bound', () => {
  const names = Array.from({ length: 100 }, (_, at) => `x${String(at).padStart(2, '0')}`)
  const { messages } = read(`d1:md${names.map((name) => `3:${name}i1e`).join('')}ee`)
  assert.is(messages.size, LIMITS.extensionsMax)
  const others = new Map(names.map((name) => [`y${name}`, 2]))
  assert.equal(mergeExtensions(messages, others), messages)
})

test('extension: handshakes add up, and an id of 0 takes one away', () => {
  const first = read('d1:md6:ut_pexi1e11:ut_metadatai2eee').messages
  const second = read('d1:md6:ut_pexi0e11:ut_metadatai7e9:lt_donthai3eee').messages
  assert.equal(
    mergeExtensions(mergeExtensions(new Map(), first), second),
    new Map([
      ['ut_metadata', 7],
      ['lt_dontha', 3],
    ]),
  )
})

test("extension: a client's name has nothing that changes a terminal, and is bounded", () => {
  const clientOf = (name: string): string | undefined => {
    const bytes = new TextEncoder().encode(name)
    return read(`d1:v${bytes.length}:${textOf(bytes)}e`).client
  }
  assert.is(clientOf('\u001b[31mred\u202e\n\0 1.0 '), '[31mred 1.0')
  assert.is(clientOf('\u0007'), undefined)
  assert.is(clientOf('µ'.repeat(1_000)), 'µ'.repeat(LIMITS.clientNameCharactersMax))
  assert.is(clientOf('😀'.repeat(1_000)), '😀'.repeat(LIMITS.clientNameCharactersMax))
  assert.is(read('d1:v2:\xff\xfee').client, '\ufffd\ufffd')
})

test('extension: a name that plain objects treat specially is a name like any other', () => {
  assert.is(read('d1:md9:__proto__i4eee').messages.get('__proto__'), 4)
  assert.is(read('d1:mdee').messages.get('constructor'), undefined)
})

test('extension: what is read stays when the payload is used again', () => {
  const payload = bytesOf('d1:v3:abc6:yourip4:\x01\x02\x03\x04e')
  const handshake = readExtensionHandshake(payload)
  payload.fill(0)
  assert.ok(handshake.type === 'extension-handshake')
  assert.equal(handshake.yourIp, fromHex('01020304'))
  assert.is(handshake.client, 'abc')
})

test('extension: an id or an address that we could not send is our own bug', () => {
  for (const id of [-1, 256, 0.5]) assert.throws(() => encodeExtensionHandshake({ messages: { ut_pex: id } }))
  assert.throws(() => encodeExtensionHandshake({ messages: {}, yourIp: new Uint8Array(5) }))
})

test('extension: no payload throws', () => {
  const fields = fc.constantFrom('d', 'e', 'l', '1:m', '1:p', '1:v', '6:yourip', '4:reqq', 'i1e', '4:abcd', '6:ut_pex')
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(fields, { maxLength: 20 }).map((parts) => bytesOf(`d${parts.join('')}`)),
  )
  fc.assert(
    fc.property(payload, (bytes) => {
      assert.ok(['fault', 'extension-handshake'].includes(readExtensionHandshake(bytes).type))
    }),
    { numRuns: 2_000 },
  )
})

test.run()
