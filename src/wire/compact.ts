/** IP addresses as bytes: 4 or 16 of them, and 2 more for a port, as trackers and peers send them (BEP 7, 23). */
import { assert, present } from '../assert.js'
import type { PeerAddress } from '../values.js'

const IPV4_BYTES = 4
const IPV6_BYTES = 16
const PORT_BYTES = 2
const GROUPS = 8
const PORT_MAX = 65_535
const ZERO_DIGIT = 0x30
/** The dot, as a digit would be. */
const DOT_DIGIT = 0x2e - ZERO_DIGIT

/** What one peer takes in a compact list, in each family. */
export const COMPACT_IPV4_BYTES = IPV4_BYTES + PORT_BYTES
export const COMPACT_IPV6_BYTES = IPV6_BYTES + PORT_BYTES

/** Read by hand and without lists between, because the address of every datagram is. */
const readIpv4 = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(IPV4_BYTES)
  let part = 0
  /** Of the part that is read, or -1 before its first digit. */
  let value = -1
  for (let at = 0; at <= text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO_DIGIT
    if (digit >= 0 && digit <= 9) {
      // A leading zero means octal to some systems and nothing to others.
      if (value === 0) return undefined
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return undefined
    } else {
      if (value < 0 || part === IPV4_BYTES || (at < text.length && digit !== DOT_DIGIT)) return undefined
      bytes[part++] = value
      value = -1
    }
  }
  return part === IPV4_BYTES ? bytes : undefined
}

/** One side of the `::`, as bytes; dotted decimal may stand at the very end. */
const readGroups = (text: string, last: boolean): number[] | undefined => {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [at, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
      continue
    }
    const dotted = last && at === groups.length - 1 ? readIpv4(group) : undefined
    if (dotted === undefined) return undefined
    bytes.push(...dotted)
  }
  return bytes
}

const readIpv6 = (text: string): number[] | undefined => {
  const sides = text.split('::')
  if (sides.length > 2) return undefined
  const [left = '', right] = sides
  const head = readGroups(left, right === undefined)
  const tail = right === undefined ? [] : readGroups(right, true)
  if (head === undefined || tail === undefined) return undefined
  const missing = IPV6_BYTES - head.length - tail.length
  // The `::` stands for one group at least.
  if (right === undefined ? missing !== 0 : missing < 2) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

/** IPv4 inside IPv6 (`::ffff:1.2.3.4`) is the same host as the IPv4 address, and is called by that name here. */
const isMapped = (bytes: ArrayLike<number>): boolean => {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

/** 4 or 16 bytes; undefined for anything but an IP address (names, zones and brackets included). */
export const hostToBytes = (host: string): Uint8Array | undefined => {
  // The longest text has eight groups, the last two of them as dotted decimal.
  if (host.length > 45) return undefined
  if (!host.includes(':')) return readIpv4(host)
  const bytes = readIpv6(host)
  return bytes && Uint8Array.from(isMapped(bytes) ? bytes.slice(12) : bytes)
}

/** The text of RFC 5952: lower case, no leading zeros, and the longest run of zero groups shortened. */
const ipv6Text = (bytes: Uint8Array): string => {
  const groups = Array.from({ length: GROUPS }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0))
  let start = -1
  let length = 1 // A single group of zeros is not shortened.
  for (let at = 0; at < GROUPS; at++) {
    let end = at
    while (end < GROUPS && groups[end] === 0) end++
    if (end - at > length) {
      start = at
      length = end - at
    }
  }
  const texts = groups.map((group) => group.toString(16))
  if (start < 0) return texts.join(':')
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`
}

/** The one text for an address of 4 or 16 bytes. */
export const bytesToHost = (bytes: Uint8Array): string => {
  assert(bytes.length === IPV4_BYTES || bytes.length === IPV6_BYTES, `an IP address has 4 or 16 bytes`)
  if (bytes.length === IPV4_BYTES) return bytes.join('.')
  return isMapped(bytes) ? bytes.subarray(12).join('.') : ipv6Text(bytes)
}

/** The one text for an address, so that texts can be compared; undefined for anything but an IP address. */
export const canonicalHost = (host: string): string | undefined => {
  const bytes = hostToBytes(host)
  return bytes && bytesToHost(bytes)
}

/** Whether it has a port that can be dialled. */
export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= PORT_MAX

/**
 * The peers of a compact list; undefined where its length does not fit. Peers without a port cannot be dialled and are
 * left out.
 */
export const readCompactPeers = (
  bytes: Uint8Array,
  family: 'ipv4' | 'ipv6',
  peersMax: number,
): readonly PeerAddress[] | undefined => {
  const size = family === 'ipv4' ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES
  if (bytes.length % size !== 0) return undefined
  const peers: PeerAddress[] = []
  for (let at = 0; at < bytes.length && peers.length < peersMax; at += size) {
    const end = at + size
    const port = ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0)
    if (port !== 0) peers.push({ host: bytesToHost(bytes.subarray(at, end - PORT_BYTES)), port })
  }
  return peers
}

export interface CompactPeers {
  readonly ipv4: Uint8Array
  readonly ipv6: Uint8Array
}

/** The compact lists of both families. Hosts are IP addresses, or that is our bug. */
export const writeCompactPeers = (peers: readonly PeerAddress[]): CompactPeers => {
  const hosts = peers.map(({ host }) => present(hostToBytes(host), `an IP address in ${JSON.stringify(host)}`))
  const ipv4Count = hosts.filter(({ length }) => length === IPV4_BYTES).length
  const ipv4 = new Uint8Array(ipv4Count * COMPACT_IPV4_BYTES)
  const ipv6 = new Uint8Array((hosts.length - ipv4Count) * COMPACT_IPV6_BYTES)
  let ipv4At = 0
  let ipv6At = 0
  for (const [at, host] of hosts.entries()) {
    const port = peers[at]?.port ?? 0
    assert(isPort(port), `${port} is no port`)
    const isIpv4 = host.length === IPV4_BYTES
    const list = isIpv4 ? ipv4 : ipv6
    const start = isIpv4 ? ipv4At : ipv6At
    const end = start + host.length
    list.set(host, start)
    list[end] = port >> 8
    list[end + 1] = port & 0xff
    if (isIpv4) ipv4At = end + PORT_BYTES
    else ipv6At = end + PORT_BYTES
  }
  return { ipv4, ipv6 }
}
