/** A datagram: whether it can be sent at all, which is the same question on a real network and in a simulated one. */
import { LIMITS } from '../limits.js'
import type { Failure } from '../outside.js'
import { isAddress, type PeerAddress, showAddress } from '../values.js'
import { hostToBytes } from './compact.js'

export type Family = 'ipv4' | 'ipv6'

/** Undefined for anything but an IP address. */
export const familyOf = (host: string): Family | undefined => {
  const bytes = hostToBytes(host)
  return bytes && (bytes.length === 4 ? 'ipv4' : 'ipv6')
}

/** What is wrong with so many bytes to this address from a socket of these families; undefined where nothing is. */
export const datagramFailure = (bytes: number, to: PeerAddress, families: readonly Family[]): Failure | undefined => {
  if (bytes > LIMITS.datagramBytesMax)
    return { code: 'EMSGSIZE', message: `a datagram holds ${LIMITS.datagramBytesMax} bytes and not ${bytes}` }
  const family = isAddress(to) ? familyOf(to.host) : undefined
  if (family === undefined) return { code: 'EINVAL', message: `${showAddress(to)} is no address` }
  return families.includes(family)
    ? undefined
    : { code: 'EAFNOSUPPORT', message: `the socket is of another family than ${showAddress(to)}` }
}
