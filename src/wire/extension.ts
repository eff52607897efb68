/** The handshake of the extension protocol (BEP 10): which extended messages a peer takes, and what it says of itself. */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type Bencode, decodePrefix, encode } from './bencode.js'
import { type Fault, fault } from './fault.js'
import { asBytes, asDictionary, asInteger } from './fields.js'
import { readUint32 } from './integers.js'

/** The id of the handshake itself among extended messages. */
export const EXTENSION_HANDSHAKE_ID = 0

/** The ids under which we take extended messages, by their names. */
export const OUR_MESSAGES = { ut_metadata: 1, ut_pex: 2, ut_holepunch: 3, lt_donthave: 4 } as const

interface ExtensionFields {
  /** Name and version of the peer's program, `v`. */
  readonly client?: string | undefined
  /** The port that the peer listens at, `p`. */
  readonly port?: number | undefined
  /** Requests that the peer keeps waiting before it drops some, `reqq`. */
  readonly requestsMax?: number | undefined
  /** The receiver's address as the sender sees it, `yourip`: 4 bytes or 16. */
  readonly yourIp?: Uint8Array | undefined
  /** Size of the `info` dictionary, `metadata_size` (BEP 9): of a stranger any number at all. */
  readonly metadataBytes?: number | undefined
  /** The peer wants no more pieces, `upload_only` (BEP 21). */
  readonly uploadOnly?: boolean | undefined
}

/** What we say. */
export interface ExtensionOffer extends ExtensionFields {
  /** The ids under which we take extended messages, by name; 0 takes an earlier offer back. */
  readonly messages: Readonly<Record<string, number>>
}

/** What a peer said. */
export interface ExtensionHandshake extends ExtensionFields {
  readonly type: 'extension-handshake'
  /** The ids under which the peer takes extended messages, by name (latin1); 0 takes an earlier offer back. */
  readonly messages: ReadonlyMap<string, number>
}

const ID_MAX = 0xff
const UINT32_MAX = 0xffff_ffff

/** The payload of the extended message of id `EXTENSION_HANDSHAKE_ID`. */
export const encodeExtensionHandshake = (offer: ExtensionOffer): Uint8Array => {
  const { messages, client, port, requestsMax, yourIp, metadataBytes, uploadOnly } = offer
  for (const id of Object.values(messages)) {
    assert(Number.isInteger(id) && id >= 0 && id <= ID_MAX, 'the id of an extended message is one byte')
  }
  assert(yourIp === undefined || yourIp.length === 4 || yourIp.length === 16, 'an IP address has 4 bytes or 16')
  return encode({
    m: messages,
    metadata_size: metadataBytes,
    p: port,
    reqq: requestsMax,
    upload_only: uploadOnly === undefined ? undefined : Number(uploadOnly),
    v: client,
    yourip: yourIp,
  })
}

const utf8 = new TextDecoder()

/** What a stranger calls itself, without anything that would change a terminal or a line of the log. */
const readClient = (value: Bencode | undefined): string | undefined => {
  const bytes = asBytes(value)
  if (bytes === undefined) return undefined
  // A character of UTF-8 has at most 4 bytes; one that this cuts in two is past the bound anyway.
  const text = utf8.decode(bytes.subarray(0, 4 * LIMITS.clientNameCharactersMax + 4)).replace(/\p{C}/gu, '')
  const name = [...text.trim()].slice(0, LIMITS.clientNameCharactersMax).join('')
  return name === '' ? undefined : name
}

const readWhole = (value: Bencode | undefined, min: number, max: number): number | undefined => {
  const number = asInteger(value)
  return number !== undefined && number >= min && number <= max ? number : undefined
}

const readIp = (value: Bencode | undefined): Uint8Array | undefined => {
  const bytes = asBytes(value)
  return bytes?.length === 4 || bytes?.length === 16 ? bytes.slice() : undefined
}

const readMessages = (value: Bencode | undefined): ReadonlyMap<string, number> => {
  const messages = new Map<string, number>()
  for (const [name, idValue] of asDictionary(value) ?? []) {
    if (messages.size === LIMITS.extensionsMax) break
    const id = readWhole(idValue, 0, ID_MAX)
    if (id !== undefined && name.length <= LIMITS.extensionNameBytesMax) messages.set(name, id)
  }
  return messages
}

/**
 * Reads what real clients send: keys in any order, unknown ones, bytes after the dictionary. A field of a wrong type or
 * size is as one that is not there. Nothing in the result is a view of the payload.
 */
export const readExtensionHandshake = (payload: Uint8Array): ExtensionHandshake | Fault => {
  const decoded = decodePrefix(payload, {
    canonical: false,
    depthMax: LIMITS.extensionHandshakeDepthMax,
    tokensMax: LIMITS.extensionHandshakeTokensMax,
  })
  if (decoded.type === 'fault') return fault('extension-handshake-invalid', decoded.reason)
  const fields = asDictionary(decoded.value)
  if (fields === undefined) return fault('extension-handshake-invalid', 'it is no dictionary')
  const uploadOnly = asInteger(fields.get('upload_only'))
  return {
    type: 'extension-handshake',
    messages: readMessages(fields.get('m')),
    client: readClient(fields.get('v')),
    port: readWhole(fields.get('p'), 1, 0xffff),
    requestsMax: readWhole(fields.get('reqq'), 1, UINT32_MAX),
    yourIp: readIp(fields.get('yourip')),
    metadataBytes: readWhole(fields.get('metadata_size'), 1, Number.MAX_SAFE_INTEGER),
    uploadOnly: uploadOnly === undefined ? undefined : uploadOnly !== 0,
  }
}

/** The piece that a peer has no longer (`lt_donthave`, BEP 54): four bytes. */
export const readDontHave = (payload: Uint8Array): number | Fault =>
  payload.length === 4
    ? readUint32(payload, 0)
    : fault('length-wrong', `lt_donthave has 4 bytes, not ${payload.length}`)

/** A peer's extensions after one more handshake: handshakes add up, and an id of 0 takes one away (BEP 10). */
export const mergeExtensions = (
  known: ReadonlyMap<string, number>,
  said: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> => {
  const merged = new Map(known)
  for (const [name, id] of said) {
    if (id === 0) merged.delete(name)
    else if (merged.has(name) || merged.size < LIMITS.extensionsMax) merged.set(name, id)
  }
  return merged
}
