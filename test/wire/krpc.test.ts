/** Messages of the DHT: those of BEP 5 and 44 byte by byte, what real nodes add, and what nobody should send. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { encode, latin1Bytes, latin1Text } from '../../src/wire/bencode.js'
import { encodeKrpc, type KrpcAnswer, type KrpcMessage, type KrpcQuery } from '../../src/wire/krpc.js'
import { readKrpc } from '../../src/wire/krpcread.js'

const bytes = (text: string): Uint8Array => latin1Bytes(text)
const ID = bytes('abcdefghij0123456789')
const OTHER = bytes('mnopqrstuvwxyz123456')
const T = bytes('aa')

const query = (asked: KrpcQuery): KrpcMessage => ({
  type: 'query',
  transaction: T,
  id: ID,
  readOnly: false,
  query: asked,
})
const answer = (given: KrpcAnswer): KrpcMessage => ({ type: 'answer', transaction: T, id: OTHER, answer: given })

/** Of what was read, what is there. */
const present = (message: unknown): unknown =>
  JSON.parse(JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? latin1Text(value) : value)))

const reads = (text: string, expected: KrpcMessage): void =>
  assert.equal(present(readKrpc(bytes(text))), present(expected), text)

test('krpc: the examples of BEP 5 are read', () => {
  reads('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe', query({ method: 'ping' }))
  reads(
    'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
    query({ method: 'find_node', target: OTHER, want: [] }),
  )
  reads(
    'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe',
    query({ method: 'get_peers', target: OTHER, want: [] }),
  )
  reads(
    'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe',
    query({ method: 'announce_peer', target: OTHER, port: 6_881, impliedPort: true, token: bytes('aoeusnth') }),
  )
  reads('d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re', answer({}))
  reads(
    'd1:rd2:id20:mnopqrstuvwxyz1234565:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
    answer({
      token: bytes('aoeusnth'),
      peers: [
        { host: '97.120.106.101', port: 0x2e75 },
        { host: '105.100.104.116', port: 0x6e6d },
      ],
    }),
  )
  reads('d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee', {
    type: 'error',
    transaction: T,
    code: 201,
    message: 'A Generic Error Ocurred',
  })
})

const id20 = fc.uint8Array({ minLength: 20, maxLength: 20 })
const address = (family: 'ipv4' | 'ipv6') =>
  fc.record({
    host: family === 'ipv4' ? fc.ipV4() : fc.constantFrom('2001:db8::1', 'fe80::5:6', '::1'),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
const node = (family: 'ipv4' | 'ipv6') => fc.record({ id: id20, address: address(family) })
const want = fc.uniqueArray(fc.constantFrom('n4' as const, 'n6' as const)).map((words) => words.sort())
const value = fc
  .oneof(fc.integer(), fc.uint8Array({ maxLength: 50 }), fc.array(fc.string(), { maxLength: 5 }))
  .map((each) => encode(each))
const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const signed = fc.record({
  publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  seq,
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
})
const token = fc.uint8Array({ maxLength: 20 })
const anyQuery: fc.Arbitrary<KrpcQuery> = fc.oneof(
  fc.constant({ method: 'ping' as const }),
  fc.record({
    method: fc.constantFrom('find_node' as const, 'get_peers' as const, 'sample_infohashes' as const),
    target: id20,
    want,
  }),
  fc.record({
    method: fc.constant('announce_peer' as const),
    target: id20,
    token,
    port: fc.integer({ min: 1, max: 65_535 }),
    impliedPort: fc.boolean(),
  }),
  fc.record({ method: fc.constant('get' as const), target: id20, want, seq: fc.option(seq, { nil: undefined }) }),
  fc.record({
    method: fc.constant('put' as const),
    token,
    value,
    signed: fc.option(signed, { nil: undefined }),
    salt: fc.option(fc.uint8Array({ minLength: 1, maxLength: 64 }), { nil: undefined }),
    cas: fc.option(seq, { nil: undefined }),
  }),
)
const anyAnswer: fc.Arbitrary<KrpcAnswer> = fc.record(
  {
    nodes: fc.uniqueArray(node('ipv4'), { maxLength: 8, selector: ({ id }) => latin1Text(id) }),
    nodes6: fc.uniqueArray(node('ipv6'), { maxLength: 8, selector: ({ id }) => latin1Text(id) }),
    token,
    peers: fc.array(address('ipv4'), { maxLength: 50 }),
    value,
    signed,
  },
  { requiredKeys: [] },
)
const anyMessage: fc.Arbitrary<KrpcMessage> = fc.oneof(
  fc.record({
    type: fc.constant('query' as const),
    transaction: token,
    id: id20,
    readOnly: fc.boolean(),
    query: anyQuery,
  }),
  fc.record({
    type: fc.constant('answer' as const),
    transaction: token,
    id: id20,
    answer: anyAnswer,
    seenAt: fc.option(address('ipv4'), { nil: undefined }),
  }),
)

test('krpc: whatever is written is read as it was', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.equal(present(readKrpc(encodeKrpc(message))), present(message))
    }),
    { numRuns: 300 },
  )
})

test('krpc: a message that is cut short anywhere is a fault, and none of it throws', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const whole = encodeKrpc(message)
      for (let length = 0; length < whole.length; length++)
        assert.is(readKrpc(whole.subarray(0, length)).type, 'fault', `${length} of ${whole.length}`)
    }),
    { numRuns: 20 },
  )
})

test('krpc: no bytes make reading throw, and nothing of the result is a view of them', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => void readKrpc(noise)))
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.nat({ max: 255 }), (message, at, byte) => {
      const whole = encodeKrpc(message)
      whole[at % whole.length] = byte
      const read = present(readKrpc(whole))
      const before = readKrpc(whole)
      whole.fill(0)
      assert.equal(present(before), read)
    }),
  )
})

test('krpc: a value is kept as it was sent, even where it is not as we would write it', () => {
  const message = `d1:ad2:id20:abcdefghij01234567895:token1:x1:vd1:bi1e1:ai2eee1:q3:put1:t2:aa1:y1:qe`
  const read = readKrpc(bytes(message))
  assert.is(read.type === 'query' && read.query.method === 'put' && latin1Text(read.query.value), 'd1:bi1e1:ai2ee')
})

const codeOf = (text: string): number | undefined => {
  const read = readKrpc(bytes(text))
  assert.is(read.type, 'fault', text)
  return read.type === 'fault' ? read.code : undefined
}
const ask = (method: string, fields: string): string =>
  `d1:ad2:id20:abcdefghij0123456789${fields}e1:q${method.length}:${method}1:t2:aa1:y1:qe`

test('krpc: who asks wrongly is told with which code', () => {
  assert.is(codeOf(ask('find_node', '')), 203)
  assert.is(codeOf(ask('find_node', '6:target3:abc')), 203)
  assert.is(codeOf(ask('announce_peer', '9:info_hash20:mnopqrstuvwxyz1234564:porti0e5:token1:x')), 203)
  assert.is(codeOf(ask('announce_peer', '9:info_hash20:mnopqrstuvwxyz1234564:porti70000e5:token1:x')), 203)
  assert.is(codeOf(ask('put', `5:token1:x1:v1001:${'v'.repeat(1_001)}`)), 205)
  assert.is(codeOf(ask('put', `4:salt65:${'s'.repeat(65)}5:token1:x1:v1:v`)), 207)
  assert.is(codeOf(ask('put', `1:k3:abc5:token1:x1:v1:v`)), 203)
  assert.is(codeOf(ask('ping', '').replace('2:id20:abcdefghij0123456789', '2:id2:ab')), 203)
  // An answer that is wrong has no code: nobody is told.
  assert.is(codeOf('d1:rd2:id20:mnopqrstuvwxyz1234565:nodes3:abce1:t2:aa1:y1:re'), undefined)
})

test('krpc: a value may have a thousand bytes', () => {
  const read = readKrpc(bytes(ask('put', `5:token1:x1:v996:${'v'.repeat(996)}`)))
  assert.is(read.type, 'query')
})

test('krpc: a method that nobody knows is read with its target', () => {
  reads(ask('vote', '6:target20:mnopqrstuvwxyz123456'), query({ method: 'unknown', target: OTHER, want: [] }))
})

test('krpc: what is too long, too deep or has too many values is not read', () => {
  assert.is(readKrpc(new Uint8Array(LIMITS.krpcBytesMax + 1).fill(0x64)).type, 'fault')
  assert.is(readKrpc(bytes(ask('put', `5:token1:x1:v${'l'.repeat(100)}${'e'.repeat(100)}`))).type, 'fault')
  assert.is(
    readKrpc(bytes(`d1:rd2:id20:mnopqrstuvwxyz1234566:valuesl${'le'.repeat(900)}ee1:t2:aa1:y1:re`)).type,
    'answer',
  )
  assert.is(
    readKrpc(bytes(`d1:rd2:id20:mnopqrstuvwxyz1234566:valuesl${'0:'.repeat(990)}ee1:t99:${'t'.repeat(99)}1:y1:re`))
      .type,
    'fault',
  )
})

test('krpc: peers of both families in one list, and nodes without a port, are put up with', () => {
  const values = `6:valuesl6:axje.u18:${'\0'.repeat(15)}\x01\0\x503:abce`
  const read = readKrpc(
    bytes(`d1:rd2:id20:mnopqrstuvwxyz1234565:nodes26:${'n'.repeat(24)}\0\0${values}e1:t2:aa1:y1:re`),
  )
  assert.equal(
    present(read),
    present(
      answer({
        nodes: [],
        peers: [
          { host: '97.120.106.101', port: 0x2e75 },
          { host: '::1', port: 80 },
        ],
      }),
    ),
  )
})

test.run()
