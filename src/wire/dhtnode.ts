/** Nodes of the DHT as bytes: an id, an address and a port each (BEP 5, and BEP 32 for IPv6). */
import { assert, present } from '../assert.js'
import { equalBytes, type PeerAddress } from '../values.js'
import { bytesToHost, hostToBytes, isPort } from './compact.js'
import { NODE_ID_BYTES } from './nodeid.js'

export interface DhtNode {
  readonly id: Uint8Array
  readonly address: PeerAddress
}

const PORT_BYTES = 2
const HOST_BYTES = { ipv4: 4, ipv6: 16 } as const

/** An address and a port; undefined for anything but 6 or 18 bytes, or for a port that nobody has. */
export const readEndpoint = (bytes: Uint8Array): PeerAddress | undefined => {
  const at = bytes.length - PORT_BYTES
  if (at !== HOST_BYTES.ipv4 && at !== HOST_BYTES.ipv6) return undefined
  const port = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return port === 0 ? undefined : { host: bytesToHost(bytes.subarray(0, at)), port }
}

export const writeEndpoint = ({ host, port }: PeerAddress): Uint8Array => {
  const bytes = present(hostToBytes(host), `an IP address in ${JSON.stringify(host)}`)
  assert(isPort(port), `${port} is no port`)
  const endpoint = new Uint8Array(bytes.length + PORT_BYTES)
  endpoint.set(bytes)
  endpoint[bytes.length] = port >> 8
  endpoint[bytes.length + 1] = port & 0xff
  return endpoint
}

/** At most so many nodes of a list; undefined where its length does not fit. Nodes without a port are left out. */
export const readNodes = (
  bytes: Uint8Array,
  family: 'ipv4' | 'ipv6',
  nodesMax: number,
): readonly DhtNode[] | undefined => {
  const size = NODE_ID_BYTES + HOST_BYTES[family] + PORT_BYTES
  if (bytes.length % size !== 0) return undefined
  const nodes: DhtNode[] = []
  for (let at = 0; at < bytes.length && nodes.length < nodesMax; at += size) {
    const address = readEndpoint(bytes.subarray(at + NODE_ID_BYTES, at + size))
    const id = bytes.slice(at, at + NODE_ID_BYTES)
    if (address !== undefined && !nodes.some((known) => equalBytes(known.id, id))) nodes.push({ id, address })
  }
  return nodes
}

/** Nodes of one family. */
export const writeNodes = (nodes: readonly DhtNode[]): Uint8Array => {
  const parts = nodes.map(({ id, address }) => ({ id, endpoint: writeEndpoint(address) }))
  const bytes = new Uint8Array(parts.reduce((sum, { endpoint }) => sum + NODE_ID_BYTES + endpoint.length, 0))
  let at = 0
  for (const { id, endpoint } of parts) {
    bytes.set(id, at)
    bytes.set(endpoint, at + NODE_ID_BYTES)
    at += NODE_ID_BYTES + endpoint.length
  }
  return bytes
}
