/** Peer exchange (BEP 11): what two peers tell each other of the peers that they are connected to. */
import { LIMITS } from '../limits.js'
import { type PeerAddress, showAddress } from '../values.js'
import { decodePrefix, encode } from './bencode.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES, writeCompactPeers } from './compact.js'
import { readEndpoint } from './dhtnode.js'
import { type Fault, fault } from './fault.js'
import { asBytes, asDictionary } from './fields.js'
import { scopeOf } from './hostscope.js'

/** The name that peer exchange has in extension handshakes (BEP 10). */
export const PEX_NAME = 'ut_pex'

/** What is said of a peer, each a bit. */
export const PEX_FLAGS = { prefersEncryption: 1, seed: 2, utp: 4, holepunch: 8, reachable: 16 } as const

export interface PexPeer extends PeerAddress {
  readonly flags: number
}

export interface PexMessage {
  readonly added: readonly PexPeer[]
  readonly dropped: readonly PeerAddress[]
}

const isIpv6 = ({ host }: PeerAddress): boolean => host.includes(':')

const flagsOf = (peers: readonly PexPeer[]): Uint8Array => Uint8Array.from(peers, ({ flags }) => flags)

/** The payload of the extended message. */
export const encodePex = ({ added, dropped }: PexMessage): Uint8Array => {
  const now = writeCompactPeers(added)
  const before = writeCompactPeers(dropped)
  const [added4, added6] = [added.filter((peer) => !isIpv6(peer)), added.filter(isIpv6)]
  return encode({
    added: now.ipv4,
    'added.f': flagsOf(added4),
    added6: added6.length === 0 ? undefined : now.ipv6,
    'added6.f': added6.length === 0 ? undefined : flagsOf(added6),
    dropped: before.ipv4,
    dropped6: before.ipv6.length === 0 ? undefined : before.ipv6,
  })
}

const LISTS = [
  ['added', COMPACT_IPV4_BYTES],
  ['added6', COMPACT_IPV6_BYTES],
  ['dropped', COMPACT_IPV4_BYTES],
  ['dropped6', COMPACT_IPV6_BYTES],
] as const

/** Undefined where the length does not fit. */
const readList = (
  bytes: Uint8Array = new Uint8Array(),
  flags: Uint8Array = new Uint8Array(),
  size: number,
): readonly PexPeer[] | undefined => {
  if (bytes.length % size !== 0) return undefined
  const count = Math.min(bytes.length / size, LIMITS.pexPeersMax)
  return Array.from({ length: count }, (_, at) => at).flatMap((at) => {
    const address = readEndpoint(bytes.subarray(at * size, (at + 1) * size))
    return address === undefined ? [] : [{ ...address, flags: flags[at] ?? 0 }]
  })
}

/**
 * Reads what real clients send. Of more entries than anybody sends the first ones are read; of several with one host the
 * first, as BEP 11 has it, but on loopback, where all have the same. Flags that are missing are none.
 */
export const readPex = (payload: Uint8Array): PexMessage | Fault => {
  const decoded = decodePrefix(payload, {
    canonical: false,
    depthMax: LIMITS.extensionHandshakeDepthMax,
    tokensMax: LIMITS.pexTokensMax,
  })
  const fields = decoded.type === 'fault' ? undefined : asDictionary(decoded.value)
  if (fields === undefined)
    return fault('pex-invalid', decoded.type === 'fault' ? decoded.reason : 'it is no dictionary')
  const lists = LISTS.map(([name, size]) => readList(asBytes(fields.get(name)), asBytes(fields.get(`${name}.f`)), size))
  const [added4, added6, dropped4, dropped6] = lists
  if (added4 === undefined || added6 === undefined || dropped4 === undefined || dropped6 === undefined)
    return fault('pex-invalid', 'a list of peers has a length that does not fit')
  const hosts = new Set<string>()
  const added = [...added4, ...added6].filter(({ host }) => {
    const isNew = !hosts.has(host) || scopeOf(host) === 'loopback'
    hosts.add(host)
    return isNew
  })
  const present = new Set(added.map(showAddress))
  return {
    added,
    dropped: [...dropped4, ...dropped6].flatMap(({ host, port }) =>
      present.has(showAddress({ host, port })) ? [] : [{ host, port }],
    ),
  }
}
