/**
 * How far an address reaches. What a stranger says of addresses is believed only as far as the stranger's own network
 * goes: whoever is on the internet has no business with machines of ours.
 */
import { hostToBytes } from './compact.js'

export type HostScope =
  /** This machine. */
  | 'loopback'
  /** The local network: RFC 1918, 3927, 4193, 6598. */
  | 'local'
  | 'public'
  /** Nobody can be there: multicast, unspecified, documentation, or no address at all. */
  | 'none'

const scopeOfIpv4 = ([first = 0, second = 0]: Uint8Array): HostScope => {
  if (first === 127) return 'loopback'
  if (first === 0 || first >= 224) return 'none'
  if (first === 10 || (first === 172 && second >> 4 === 1) || (first === 192 && second === 168)) return 'local'
  if ((first === 169 && second === 254) || (first === 100 && second >> 6 === 1)) return 'local'
  return 'public'
}

const scopeOfIpv6 = (bytes: Uint8Array): HostScope => {
  const [first = 0, second = 0] = bytes
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) return bytes[15] === 1 ? 'loopback' : 'none'
  if (first === 0xff) return 'none'
  if (first >> 1 === 0x7e || (first === 0xfe && second >> 6 === 2)) return 'local'
  return 'public'
}

export const scopeOfBytes = (bytes: Uint8Array): HostScope =>
  bytes.length === 4 ? scopeOfIpv4(bytes) : scopeOfIpv6(bytes)

export const scopeOf = (host: string): HostScope => {
  const bytes = hostToBytes(host)
  return bytes === undefined ? 'none' : scopeOfBytes(bytes)
}

/** Whether somebody at one address may name the other: of the internet to all, of a network to those who are in it. */
export const mayName = (namer: string, named: string): boolean => {
  const scope = scopeOf(named)
  if (scope === 'public') return true
  const from = scopeOf(namer)
  return scope === 'loopback' ? from === 'loopback' : scope === 'local' && (from === 'local' || from === 'loopback')
}
