/** Networks: of what kind an IP address is, and so whether a stranger may have us ask a server there (RFC 6890). */
import { hostToBytes } from './compact.js'

export type NetworkKind = 'global' | 'loopback' | 'private' | 'link-local' | 'unspecified' | 'multicast' | 'reserved'

const ipv4Kind = (a: number, b: number, c: number): NetworkKind => {
  if (a === 0) return 'unspecified'
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link-local'
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private'
  if (a === 100 && b >= 64 && b < 128) return 'private' // behind a provider's NAT (RFC 6598)
  if (a === 192 && b === 0 && c === 0) return 'reserved'
  if (a === 198 && (b === 18 || b === 19)) return 'private' // for benchmarks (RFC 2544)
  if (a >= 224) return a < 240 ? 'multicast' : 'reserved'
  return 'global'
}

const isZero = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}

const embedded = (bytes: Uint8Array, at: number, flip = 0): NetworkKind =>
  ipv4Kind((bytes[at] ?? 0) ^ flip, (bytes[at + 1] ?? 0) ^ flip, (bytes[at + 2] ?? 0) ^ flip)

const ipv6Kind = (bytes: Uint8Array): NetworkKind => {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  if (isZero(bytes, 0, 15)) return bytes[15] === 0 ? 'unspecified' : bytes[15] === 1 ? 'loopback' : 'reserved'
  if (a === 0xff) return 'multicast'
  if ((a & 0xfe) === 0xfc) return 'private' // unique local
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local'
  if (a === 0xfe && (b & 0xc0) === 0xc0) return 'private' // site-local, as it was
  // What leads to an address of IPv4 is as that is: translated (RFC 6052, 8215), compatible, 6to4 and Teredo.
  if (isZero(bytes, 0, 12)) return embedded(bytes, 12)
  if (a === 0 && b === 0x64 && c === 0xff && d === 0x9b) return isZero(bytes, 4, 12) ? embedded(bytes, 12) : 'private'
  if (a === 0x20 && b === 0x02) return embedded(bytes, 2)
  if (a === 0x20 && b === 0x01 && c === 0 && d === 0) return embedded(bytes, 12, 0xff)
  if (a === 0x01 && isZero(bytes, 1, 8)) return 'reserved' // what is thrown away (RFC 6666)
  return 'global'
}

/** Undefined for a name, and for whatever else is no IP address. An address of IPv4 inside of one of IPv6 is that. */
export const kindOfHost = (host: string): NetworkKind | undefined => {
  const bytes = hostToBytes(host.replace(/^\[|\]$/g, '').replace(/%.*$/, ''))
  if (bytes === undefined) return undefined
  return bytes.length === 4 ? ipv4Kind(bytes[0] ?? 0, bytes[1] ?? 0, bytes[2] ?? 0) : ipv6Kind(bytes)
}

/** What a stranger may have us ask of servers that only we can reach. */
export const LOCAL_REQUESTS = ['refused', 'limited', 'allowed'] as const
export type LocalRequests = (typeof LOCAL_REQUESTS)[number]

/** What is asked of a server. */
export interface Asking {
  readonly what: 'tracker' | 'web-seed'
  /** The user named the server. */
  readonly trusted: boolean
  /** What a server that everybody can reach redirected us to. */
  readonly redirectedFromGlobal: boolean
}

/**
 * Whether a server of this kind may be asked for this URL. What the user named may be anywhere. On a stranger's word
 * nothing is asked of our own link, of everybody at once or of nobody; and where `limited`, of this machine and of private
 * networks only what does no harm there: announces and scrapes by their usual names, and files without a query.
 */
export const mayAsk = (kind: NetworkKind, url: URL, asking: Asking, local: LocalRequests): boolean => {
  if (kind === 'global' || local === 'allowed') return true
  if (asking.redirectedFromGlobal) return false
  if (asking.trusted) return true
  if (local === 'refused' || (kind !== 'loopback' && kind !== 'private')) return false
  // Of trackers over UDP only datagrams of one form are asked.
  if (asking.what === 'tracker') {
    if (url.protocol === 'udp:' || /\/(announce|scrape)$/.test(url.pathname)) return true
    // Nothing is said before the other side has agreed to WebSocket.
    return url.protocol.startsWith('ws') && url.pathname === '/' && url.search === ''
  }
  return url.search === ''
}
