/** Messages of the DHT (KRPC of BEP 5, with BEP 32, 42, 43, 44 and 51), and writing them; `krpcread.ts` reads them. */
import type { PeerAddress } from '../values.js'
import { encode } from './bencode.js'
import { type DhtNode, writeEndpoint, writeNodes } from './dhtnode.js'

export type Want = 'n4' | 'n6'

/** The public key, number and signature of a mutable item (BEP 44). */
export interface Signed {
  readonly publicKey: Uint8Array
  readonly seq: number
  readonly signature: Uint8Array
}

export type KrpcQuery =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Uint8Array; readonly want: readonly Want[] }
  | { readonly method: 'get_peers'; readonly target: Uint8Array; readonly want: readonly Want[] }
  | {
      readonly method: 'announce_peer'
      readonly target: Uint8Array
      readonly token: Uint8Array
      readonly port: number
      /** The port is that which the datagram comes from, whatever `port` says. */
      readonly impliedPort: boolean
    }
  | {
      readonly method: 'get'
      readonly target: Uint8Array
      readonly want: readonly Want[]
      /** Values that are no newer are not wanted. */
      readonly seq?: number | undefined
    }
  | {
      readonly method: 'put'
      readonly token: Uint8Array
      /** Bencoded, exactly as it was sent: that is what hashes and signatures are of. */
      readonly value: Uint8Array
      readonly signed?: Signed | undefined
      readonly salt?: Uint8Array | undefined
      readonly cas?: number | undefined
    }
  | { readonly method: 'sample_infohashes'; readonly target: Uint8Array; readonly want: readonly Want[] }
  /** One that we do not know. With a target it is answered like `find_node`, as newer queries may be. */
  | { readonly method: 'unknown'; readonly target?: Uint8Array | undefined; readonly want: readonly Want[] }

export interface KrpcAnswer {
  readonly nodes?: readonly DhtNode[] | undefined
  readonly nodes6?: readonly DhtNode[] | undefined
  readonly token?: Uint8Array | undefined
  readonly peers?: readonly PeerAddress[] | undefined
  /** As in a `put`. */
  readonly value?: Uint8Array | undefined
  readonly signed?: Signed | undefined
  /** Of a mutable item that was not sent, as it is no newer than what we have. */
  readonly seq?: number | undefined
  readonly samples?:
    | { readonly infoHashes: Uint8Array; readonly count: number; readonly intervalSeconds: number }
    | undefined
}

interface Head {
  /** By which an answer is known to be one to its query: a few bytes that the asker chose. */
  readonly transaction: Uint8Array
}

export type KrpcMessage = Head &
  (
    | {
        readonly type: 'query'
        readonly id: Uint8Array
        /** The sender answers nobody, and is not to be remembered as a node (BEP 43). */
        readonly readOnly: boolean
        readonly query: KrpcQuery
      }
    | {
        readonly type: 'answer'
        readonly id: Uint8Array
        readonly answer: KrpcAnswer
        /** Where whoever answers sees us (BEP 42). */
        readonly seenAt?: PeerAddress | undefined
      }
    | {
        readonly type: 'error'
        readonly code: number
        readonly message: string
        readonly seenAt?: PeerAddress | undefined
      }
  )

/** Codes of errors (BEP 5, BEP 44). */
export const KRPC_ERRORS = {
  protocol: 203,
  unknownMethod: 204,
  valueTooLong: 205,
  signatureInvalid: 206,
  saltTooLong: 207,
  casMismatch: 301,
  seqTooLow: 302,
} as const

/** Name and version of this program, as others of the DHT write theirs. */
const CLIENT = Uint8Array.of(0x54, 0x57, 0, 1)

type Parts = Readonly<Record<string, Uint8Array | undefined>>

const ascii = new TextEncoder()

/** A dictionary of values that are bencoded already: what was signed must go out as it is. */
const dictionaryOf = (parts: Parts): Uint8Array => {
  const chunks: Uint8Array[] = [ascii.encode('d')]
  for (const key of Object.keys(parts).sort()) {
    const value = parts[key]
    if (value !== undefined) chunks.push(ascii.encode(`${key.length}:${key}`), value)
  }
  chunks.push(ascii.encode('e'))
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

const maybe = (value: Parameters<typeof encode>[0] | undefined): Uint8Array | undefined =>
  value === undefined ? undefined : encode(value)

const wanted = (want: readonly Want[]): Uint8Array | undefined => (want.length === 0 ? undefined : encode(want))

const argumentsOf = (query: KrpcQuery): Parts => {
  switch (query.method) {
    case 'ping':
      return {}
    case 'find_node':
    case 'sample_infohashes':
      return { target: encode(query.target), want: wanted(query.want) }
    case 'get_peers':
      return { info_hash: encode(query.target), want: wanted(query.want) }
    case 'announce_peer':
      return {
        implied_port: encode(Number(query.impliedPort)),
        info_hash: encode(query.target),
        port: encode(query.port),
        token: encode(query.token),
      }
    case 'get':
      return { seq: maybe(query.seq), target: encode(query.target), want: wanted(query.want) }
    case 'put':
      return {
        cas: maybe(query.cas),
        k: maybe(query.signed?.publicKey),
        salt: maybe(query.salt),
        seq: maybe(query.signed?.seq),
        sig: maybe(query.signed?.signature),
        token: encode(query.token),
        v: query.value,
      }
    case 'unknown':
      return { target: maybe(query.target), want: wanted(query.want) }
  }
}

const answerOf = (answer: KrpcAnswer): Parts => ({
  interval: maybe(answer.samples?.intervalSeconds),
  k: maybe(answer.signed?.publicKey),
  nodes: maybe(answer.nodes && writeNodes(answer.nodes)),
  nodes6: maybe(answer.nodes6 && writeNodes(answer.nodes6)),
  num: maybe(answer.samples?.count),
  samples: maybe(answer.samples?.infoHashes),
  seq: maybe(answer.signed?.seq ?? answer.seq),
  sig: maybe(answer.signed?.signature),
  token: maybe(answer.token),
  v: answer.value,
  values: maybe(answer.peers?.map(writeEndpoint)),
})

export const encodeKrpc = (message: KrpcMessage): Uint8Array => {
  const head = { t: encode(message.transaction), v: encode(CLIENT) }
  switch (message.type) {
    case 'query':
      return dictionaryOf({
        ...head,
        a: dictionaryOf({ id: encode(message.id), ...argumentsOf(message.query) }),
        q: encode(message.query.method),
        ro: message.readOnly ? encode(1) : undefined,
        y: encode('q'),
      })
    case 'answer':
      return dictionaryOf({
        ...head,
        ip: maybe(message.seenAt && writeEndpoint(message.seenAt)),
        r: dictionaryOf({ id: encode(message.id), ...answerOf(message.answer) }),
        y: encode('r'),
      })
    case 'error':
      return dictionaryOf({
        ...head,
        e: encode([message.code, message.message]),
        ip: maybe(message.seenAt && writeEndpoint(message.seenAt)),
        y: encode('e'),
      })
  }
}
