/** A contact: what is remembered of one node of the DHT. */
import type { PeerAddress } from '../values.js'
import { bytesToHost, hostToBytes } from '../wire/compact.js'
import { scopeOf } from '../wire/hostscope.js'

export type Family = 'ipv4' | 'ipv6'

export interface Contact {
  readonly id: Uint8Array
  readonly address: PeerAddress
  /** Its id is one that its address may have (BEP 42). */
  readonly verified: boolean
  /** Where it counts as one of several that somebody could have all of. */
  readonly network: string | undefined
  /** It answered us, or asked us something after it once had. */
  heardAt: number
  /** Questions in a row that it did not answer. */
  failures: number
  /** It was asked whether it is there, and the answer is waited for. */
  asked: boolean
}

export const familyOfHost = (host: string): Family => (host.includes(':') ? 'ipv6' : 'ipv4')

/** What counts as one host: on loopback, where all have the same address, that is one with a port. */
export const hostName = ({ host, port }: PeerAddress): string =>
  scopeOf(host) === 'loopback' ? `${host} ${port}` : host

/** The /24 of IPv4 or /64 of IPv6 that the address is in; a local network is one for everybody who is in it. */
export const networkOf = (host: string): string | undefined => {
  if (scopeOf(host) !== 'public') return undefined
  const bytes = hostToBytes(host)?.slice() ?? new Uint8Array(4)
  bytes.fill(0, bytes.length === 4 ? 3 : 8)
  return bytesToHost(bytes)
}
