/** What is kept of the DHT from one session to the next: our ids, and nodes that answered lately. */
import { createHash } from 'node:crypto'
import { LIMITS } from '../limits.js'
import { equalBytes, toHex } from '../values.js'
import { decode, encode } from '../wire/bencode.js'
import { type DhtNode, readNodes, writeNodes } from '../wire/dhtnode.js'
import { asBytes, asDictionary } from '../wire/fields.js'
import { NODE_ID_BYTES } from '../wire/nodeid.js'
import type { Family } from './contact.js'
import type { RoutingTable } from './table.js'

export interface SavedDht {
  readonly ids: Partial<Readonly<Record<Family, string>>>
  readonly nodes: readonly DhtNode[]
}

const VERSION = 1
const CHECKSUM_BYTES = 20
const FAMILIES = ['ipv4', 'ipv6'] as const

const checksumOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(bytes).digest())

/** A bencoded dictionary, and its SHA-1. */
export const saveDht = (tables: ReadonlyMap<Family, RoutingTable>): Uint8Array => {
  const parts = FAMILIES.flatMap((family) => {
    const table = tables.get(family)
    if (table === undefined) return []
    return [[family, { id: table.id, nodes: writeNodes(table.nodes(LIMITS.dhtNodesSavedMax)) }]] as const
  })
  const body = encode({ version: VERSION, ...Object.fromEntries(parts) })
  const bytes = new Uint8Array(body.length + CHECKSUM_BYTES)
  bytes.set(body)
  bytes.set(checksumOf(body), body.length)
  return bytes
}

/** Undefined where it is damaged, or of another version. */
export const restoreDht = (bytes: Uint8Array): SavedDht | undefined => {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES))
  if (!equalBytes(checksumOf(body), bytes.subarray(body.length))) return undefined
  const decoded = decode(body, { tokensMax: LIMITS.krpcTokensMax })
  const fields = decoded.type === 'value' ? asDictionary(decoded.value) : undefined
  if (fields?.get('version') !== VERSION) return undefined
  const ids: Partial<Record<Family, string>> = {}
  const nodes: DhtNode[] = []
  for (const family of FAMILIES) {
    const part = asDictionary(fields.get(family))
    const id = asBytes(part?.get('id'))
    if (id?.length !== NODE_ID_BYTES) continue
    ids[family] = toHex(id)
    nodes.push(...(readNodes(asBytes(part?.get('nodes')) ?? new Uint8Array(), family, LIMITS.dhtNodesSavedMax) ?? []))
  }
  return { ids, nodes }
}
