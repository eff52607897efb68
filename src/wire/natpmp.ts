/** What is asked of a router by NAT-PMP (RFC 6886): its address outside, and mappings of TCP ports, in both directions. */
import { bytesToHost, hostToBytes } from './compact.js'
import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.js'

/** Where a router listens. */
export const NAT_PMP_PORT = 5_351

export type NatPmpRequest =
  | { readonly type: 'address' }
  /** A lifetime of 0 takes the mapping away, and then the external port is 0 too. */
  | { readonly type: 'map'; readonly port: number; readonly externalPort: number; readonly lifetimeSeconds: number }

export type NatPmpAnswer =
  | { readonly type: 'address'; readonly host: string }
  | { readonly type: 'map'; readonly port: number; readonly externalPort: number; readonly lifetimeSeconds: number }
  /** The router says no to what was asked. */
  | { readonly type: 'refused'; readonly asked: NatPmpRequest['type']; readonly reason: string }

const OPERATIONS = { address: 0, map: 2 } as const
const ANSWERS = 128
const ADDRESS_BYTES = 12
const MAP_BYTES = 16
const HEAD_BYTES = 8

const REFUSALS: readonly string[] = [
  '',
  'it speaks another version',
  'it is not allowed to, by its settings',
  'it has no network itself',
  'it has no port left',
  'it does not know how',
]

export const encodeNatPmpRequest = (request: NatPmpRequest): Uint8Array => {
  if (request.type === 'address') return Uint8Array.of(0, OPERATIONS.address)
  const bytes = new Uint8Array(12)
  bytes[1] = OPERATIONS.map
  writeUint16(bytes, 4, request.port)
  writeUint16(bytes, 6, request.externalPort)
  writeUint32(bytes, 8, request.lifetimeSeconds)
  return bytes
}

/** Undefined for what is no answer to one of these. A router that knows no NAT-PMP says so in a shorter answer. */
export const readNatPmpAnswer = (bytes: Uint8Array): NatPmpAnswer | undefined => {
  if (bytes.length < HEAD_BYTES) return undefined
  const operation = (bytes[1] ?? 0) - ANSWERS
  const type = operation === OPERATIONS.address ? 'address' : operation === OPERATIONS.map ? 'map' : undefined
  if (type === undefined) return undefined
  const result = readUint16(bytes, 2)
  if (result !== 0) return { type: 'refused', asked: type, reason: REFUSALS[result] ?? `its reason is ${result}` }
  if (bytes[0] !== 0) return undefined
  if (type === 'address')
    return bytes.length === ADDRESS_BYTES ? { type, host: bytesToHost(bytes.slice(8, 12)) } : undefined
  if (bytes.length !== MAP_BYTES) return undefined
  return {
    type,
    port: readUint16(bytes, 8),
    externalPort: readUint16(bytes, 10),
    lifetimeSeconds: readUint32(bytes, 12),
  }
}

/** As a router writes it; `uptimeSeconds` is since it forgot its mappings. `REFUSALS` has the reasons in their order. */
export const encodeNatPmpAnswer = (answer: NatPmpAnswer, uptimeSeconds: number): Uint8Array => {
  const asked = answer.type === 'refused' ? answer.asked : answer.type
  const bytes = new Uint8Array(asked === 'address' ? ADDRESS_BYTES : MAP_BYTES)
  bytes[1] = ANSWERS + OPERATIONS[asked]
  writeUint32(bytes, 4, uptimeSeconds)
  if (answer.type === 'refused') writeUint16(bytes, 2, Math.max(1, REFUSALS.indexOf(answer.reason)))
  else if (answer.type === 'address') bytes.set(hostToBytes(answer.host) ?? [], HEAD_BYTES)
  else {
    writeUint16(bytes, 8, answer.port)
    writeUint16(bytes, 10, answer.externalPort)
    writeUint32(bytes, 12, answer.lifetimeSeconds)
  }
  return bytes
}
