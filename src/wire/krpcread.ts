/**
 * Reading messages of the DHT (BEP 5, 32, 42, 43, 44, 51), which anybody may send and nobody has checked.
 *
 * What is missing or of a wrong type where it matters makes the message a fault; a fault of a query says what its sender
 * is told. Unknown fields, keys in any order and lists that are too long are put up with, as real nodes send them.
 * Nothing of the result is a view of the datagram.
 */
import { LIMITS } from '../limits.js'
import { boundedText, type PeerAddress } from '../values.js'
import { type Bencode, type BencodeDictionary, decode, latin1Text } from './bencode.js'
import { type DhtNode, readEndpoint, readNodes } from './dhtnode.js'
import { asBytes, asDictionary, asInteger, asList } from './fields.js'
import { KRPC_ERRORS, type KrpcAnswer, type KrpcMessage, type KrpcQuery, type Signed, type Want } from './krpc.js'
import { NODE_ID_BYTES } from './nodeid.js'

export interface KrpcFault {
  readonly type: 'fault'
  readonly reason: string
  readonly transaction?: Uint8Array | undefined
  /** Of a query: the error that it is answered with. */
  readonly code?: number | undefined
}

const PUBLIC_KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const PORT_MAX = 65_535

const OPTIONS = { canonical: false, depthMax: LIMITS.krpcDepthMax, tokensMax: LIMITS.krpcTokensMax } as const

/** A message is not what it should be; thrown and caught in this file alone. */
class Wrong extends Error {
  constructor(
    reason: string,
    readonly code: number = KRPC_ERRORS.protocol,
  ) {
    super(reason)
  }
}

const bytesOf = (fields: BencodeDictionary, name: string, min: number, max: number): Uint8Array | undefined => {
  const value = fields.get(name)
  if (value === undefined) return undefined
  const bytes = asBytes(value)
  if (bytes === undefined || bytes.length < min || bytes.length > max) throw new Wrong(`${name} is wrong`)
  return bytes.slice()
}

const needed = <Value>(value: Value | undefined, name: string): Value => {
  if (value === undefined) throw new Wrong(`${name} is missing`)
  return value
}

const hashOf = (fields: BencodeDictionary, name: string): Uint8Array =>
  needed(bytesOf(fields, name, NODE_ID_BYTES, NODE_ID_BYTES), name)

const tokenOf = (fields: BencodeDictionary): Uint8Array | undefined =>
  bytesOf(fields, 'token', 0, LIMITS.dhtTokenBytesMax)

const wholeOf = (fields: BencodeDictionary, name: string, max: number): number | undefined => {
  const value = fields.get(name)
  if (value === undefined) return undefined
  const number = asInteger(value)
  if (number === undefined || number < 0 || number > max) throw new Wrong(`${name} is wrong`)
  return number
}

const wantOf = (fields: BencodeDictionary): readonly Want[] => {
  const words = (asList(fields.get('want')) ?? []).map((word) =>
    latin1Text(asBytes(word)?.subarray(0, 2) ?? new Uint8Array()),
  )
  return (['n4', 'n6'] as const).filter((want) => words.includes(want))
}

const signedOf = (fields: BencodeDictionary): Signed | undefined => {
  const publicKey = bytesOf(fields, 'k', PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES)
  if (publicKey === undefined) return undefined
  return {
    publicKey,
    seq: needed(wholeOf(fields, 'seq', Number.MAX_SAFE_INTEGER), 'seq'),
    signature: needed(bytesOf(fields, 'sig', SIGNATURE_BYTES, SIGNATURE_BYTES), 'sig'),
  }
}

/** The raw bytes of `v` within a dictionary, as they were sent. */
const rawValue = (dictionary: Uint8Array): Uint8Array | undefined => {
  const decoded = decode(dictionary, OPTIONS)
  const span = decoded.type === 'value' ? decoded.spans.get('v') : undefined
  if (span === undefined) return undefined
  const bytes = dictionary.subarray(...span)
  if (bytes.length > LIMITS.dhtValueBytesMax) throw new Wrong('v is too long', KRPC_ERRORS.valueTooLong)
  return new Uint8Array(bytes)
}

const putOf = (fields: BencodeDictionary, raw: Uint8Array): KrpcQuery => {
  const salt = asBytes(fields.get('salt'))?.slice()
  if (salt !== undefined && salt.length > LIMITS.dhtSaltBytesMax)
    throw new Wrong('salt is too long', KRPC_ERRORS.saltTooLong)
  return {
    method: 'put',
    token: needed(tokenOf(fields), 'token'),
    value: needed(rawValue(raw), 'v'),
    signed: signedOf(fields),
    salt: salt?.length === 0 ? undefined : salt,
    cas: wholeOf(fields, 'cas', Number.MAX_SAFE_INTEGER),
  }
}

const announceOf = (fields: BencodeDictionary): KrpcQuery => {
  const impliedPort = (asInteger(fields.get('implied_port')) ?? 0) !== 0
  const port = wholeOf(fields, 'port', PORT_MAX) ?? 0
  if (!impliedPort && port === 0) throw new Wrong('port is missing')
  const token = needed(tokenOf(fields), 'token')
  return { method: 'announce_peer', target: hashOf(fields, 'info_hash'), token, port, impliedPort }
}

/** One that newer versions may know: what it asks for is read as far as it can be. */
const unknownOf = (fields: BencodeDictionary): KrpcQuery => {
  const target = asBytes(fields.get('target')) ?? asBytes(fields.get('info_hash'))
  return {
    method: 'unknown',
    target: target?.length === NODE_ID_BYTES ? target.slice() : undefined,
    want: wantOf(fields),
  }
}

const queryOf = (name: string, fields: BencodeDictionary, raw: Uint8Array): KrpcQuery => {
  switch (name) {
    case 'ping':
      return { method: 'ping' }
    case 'find_node':
    case 'sample_infohashes':
      return { method: name, target: hashOf(fields, 'target'), want: wantOf(fields) }
    case 'get_peers':
      return { method: 'get_peers', target: hashOf(fields, 'info_hash'), want: wantOf(fields) }
    case 'announce_peer':
      return announceOf(fields)
    case 'get': {
      const seq = wholeOf(fields, 'seq', Number.MAX_SAFE_INTEGER)
      return { method: 'get', target: hashOf(fields, 'target'), want: wantOf(fields), seq }
    }
    case 'put':
      return putOf(fields, raw)
    default:
      return unknownOf(fields)
  }
}

const nodesOf = (fields: BencodeDictionary, name: string, family: 'ipv4' | 'ipv6'): readonly DhtNode[] | undefined => {
  const bytes = fields.get(name)
  return bytes === undefined
    ? undefined
    : needed(readNodes(asBytes(bytes) ?? Uint8Array.of(0), family, LIMITS.dhtNodesPerAnswerMax), name)
}

const peersOf = (value: Bencode | undefined): readonly PeerAddress[] | undefined =>
  asList(value)
    ?.slice(0, LIMITS.dhtPeersPerAnswerMax)
    .flatMap((peer) => readEndpoint(asBytes(peer) ?? new Uint8Array()) ?? [])

const samplesOf = (fields: BencodeDictionary): KrpcAnswer['samples'] => {
  const infoHashes = asBytes(fields.get('samples'))
  if (infoHashes === undefined || infoHashes.length % NODE_ID_BYTES !== 0) return undefined
  const count = asInteger(fields.get('num')) ?? infoHashes.length / NODE_ID_BYTES
  return { infoHashes: infoHashes.slice(), count, intervalSeconds: asInteger(fields.get('interval')) ?? 0 }
}

const answerOf = (fields: BencodeDictionary, raw: Uint8Array): KrpcAnswer => {
  const signed = signedOf(fields)
  return {
    nodes: nodesOf(fields, 'nodes', 'ipv4'),
    nodes6: nodesOf(fields, 'nodes6', 'ipv6'),
    token: tokenOf(fields),
    peers: peersOf(fields.get('values')),
    value: fields.has('v') ? rawValue(raw) : undefined,
    signed,
    seq: signed === undefined ? wholeOf(fields, 'seq', Number.MAX_SAFE_INTEGER) : undefined,
    samples: samplesOf(fields),
  }
}

const errorOf = (value: Bencode | undefined): { readonly code: number; readonly message: string } => {
  const [code, message] = asList(value) ?? []
  return {
    code: asInteger(code) ?? KRPC_ERRORS.protocol,
    message: boundedText(
      latin1Text(asBytes(message)?.subarray(0, LIMITS.reasonTextMax) ?? new Uint8Array()),
      LIMITS.reasonTextMax,
    ),
  }
}

const partOf = (
  fields: BencodeDictionary,
  spans: ReadonlyMap<string, readonly [number, number]>,
  bytes: Uint8Array,
  name: string,
): { readonly dictionary: BencodeDictionary; readonly raw: Uint8Array } => {
  const dictionary = needed(asDictionary(fields.get(name)), name)
  return { dictionary, raw: bytes.subarray(...needed(spans.get(name), name)) }
}

/** Reads one datagram. */
export const readKrpc = (bytes: Uint8Array): KrpcMessage | KrpcFault => {
  if (bytes.length > LIMITS.krpcBytesMax) return { type: 'fault', reason: 'it is too long' }
  const decoded = decode(bytes, OPTIONS)
  if (decoded.type === 'fault') return { type: 'fault', reason: decoded.reason }
  const fields = asDictionary(decoded.value)
  const transaction = asBytes(fields?.get('t'))?.slice()
  if (fields === undefined || transaction === undefined || transaction.length > LIMITS.krpcTransactionBytesMax)
    return { type: 'fault', reason: 'it is no message of the DHT' }
  const type = latin1Text(asBytes(fields.get('y'))?.subarray(0, 2) ?? new Uint8Array())
  const seenAt = readEndpoint(asBytes(fields.get('ip')) ?? new Uint8Array())
  try {
    if (type === 'q') {
      const { dictionary, raw } = partOf(fields, decoded.spans, bytes, 'a')
      const method = latin1Text(needed(bytesOf(fields, 'q', 1, LIMITS.krpcMethodBytesMax), 'q'))
      const readOnly = asInteger(fields.get('ro')) === 1
      return {
        type: 'query',
        transaction,
        id: hashOf(dictionary, 'id'),
        readOnly,
        query: queryOf(method, dictionary, raw),
      }
    }
    if (type === 'r') {
      const { dictionary, raw } = partOf(fields, decoded.spans, bytes, 'r')
      return { type: 'answer', transaction, id: hashOf(dictionary, 'id'), answer: answerOf(dictionary, raw), seenAt }
    }
    if (type === 'e') return { type: 'error', transaction, ...errorOf(fields.get('e')), seenAt }
    return { type: 'fault', reason: 'it is neither query nor answer nor error' }
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    return { type: 'fault', reason: error.message, transaction, code: type === 'q' ? error.code : undefined }
  }
}
