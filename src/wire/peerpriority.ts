/**
 * The canonical priority of two peers (BEP 40): both come to the same number, and prefer connections of higher ones, so
 * that who is connected with whom is spread evenly and nobody can take all places by coming often.
 */
import { compareBytes, type PeerAddress } from '../values.js'
import { hostToBytes } from './compact.js'
import { crc32c } from './crc32c.js'

const portBytes = (port: number): Uint8Array => Uint8Array.of(port >> 8, port & 0xff)

/** How many bytes two addresses begin with that are the same. */
const commonBytes = (left: Uint8Array, right: Uint8Array): number => {
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  return at
}

const FULL_BYTES = { 4: 2, 16: 6 } as const

/** Of addresses of one network more bytes count in full: of those of a /16 three, of those of a /24 four. */
const masked = (host: Uint8Array, other: Uint8Array): Uint8Array => {
  const least = host.length === 4 ? FULL_BYTES[4] : FULL_BYTES[16]
  const common = commonBytes(host, other)
  const full = common < least ? least : common + 1
  return host.map((byte, at) => (at < full ? byte : byte & 0x55))
}

/** Undefined where the addresses are of two families, or no addresses. */
export const peerPriority = (ours: PeerAddress, theirs: PeerAddress): number | undefined => {
  const left = hostToBytes(ours.host)
  const right = hostToBytes(theirs.host)
  if (left === undefined || right === undefined || left.length !== right.length) return undefined
  const same = compareBytes(left, right) === 0
  const parts = same ? [portBytes(ours.port), portBytes(theirs.port)] : [masked(left, right), masked(right, left)]
  const [low, high] = parts.sort(compareBytes)
  const bytes = new Uint8Array(2 * (low?.length ?? 0))
  bytes.set(low ?? [])
  bytes.set(high ?? [], low?.length ?? 0)
  return crc32c(bytes)
}
