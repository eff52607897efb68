/** Hole punching (BEP 55): how two peers that nobody can dial are told to dial each other, by one whom both know. */
import type { PeerAddress } from '../values.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES, hostToBytes } from './compact.js'
import { type Fault, fault } from './fault.js'
import { readUint32 } from './integers.js'

/** The name that hole punching has in extension handshakes (BEP 10). */
export const HOLEPUNCH_NAME = 'ut_holepunch'

/** In the order of their numbers. */
const KINDS = ['rendezvous', 'connect', 'error'] as const
/** Why there is no rendezvous, in the order of their numbers, from 1 on. */
export const HOLEPUNCH_ERRORS = ['no-such-peer', 'not-connected', 'no-support', 'no-self'] as const
export type HolepunchError = (typeof HOLEPUNCH_ERRORS)[number]

export interface HolepunchMessage extends PeerAddress {
  readonly kind: (typeof KINDS)[number]
  /** Why, of an error; `unknown` where a stranger gives a reason of its own. */
  readonly error: HolepunchError | 'unknown' | 'none'
}

const HEAD_BYTES = 2
const ERROR_BYTES = 4
const FAMILIES = [COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES] as const

/** The payload of the extended message; the host is an IP address. */
export const encodeHolepunch = ({ kind, host, port, error }: HolepunchMessage): Uint8Array => {
  const bytes = hostToBytes(host) ?? new Uint8Array(4)
  const payload = new Uint8Array(HEAD_BYTES + bytes.length + 2 + ERROR_BYTES)
  payload.set([KINDS.indexOf(kind), bytes.length === 4 ? 0 : 1, ...bytes, port >> 8, port & 0xff])
  if (error !== 'none' && error !== 'unknown') payload[payload.length - 1] = HOLEPUNCH_ERRORS.indexOf(error) + 1
  return payload
}

/**
 * A fault for what has not the length of its family, and undefined for kinds that are not known yet. Some leave out the
 * error where there is none. A port may be 0, as whoever asks for it is to be told that nobody is there.
 */
export const readHolepunch = (payload: Uint8Array): HolepunchMessage | Fault | undefined => {
  const [type = 0, family = 0] = payload
  const addressBytes = FAMILIES[family]
  const end = HEAD_BYTES + (addressBytes ?? 0)
  if (addressBytes === undefined || (payload.length !== end + ERROR_BYTES && payload.length !== end))
    return fault('length-wrong', `${HOLEPUNCH_NAME} of ${payload.length} bytes for an address of family ${family}`)
  const kind = KINDS[type]
  if (kind === undefined) return undefined
  const code = payload.length === end ? 0 : readUint32(payload, end)
  return {
    kind,
    host: bytesToHost(payload.subarray(HEAD_BYTES, end - 2)),
    port: ((payload[end - 2] ?? 0) << 8) | (payload[end - 1] ?? 0),
    error: kind === 'error' ? (HOLEPUNCH_ERRORS[code - 1] ?? 'unknown') : 'none',
  }
}
