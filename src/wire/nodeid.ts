/** Node ids of the DHT (BEP 5): how far apart they are, and which ids an address may have (BEP 42). */
import { assert } from '../assert.js'
import { hostToBytes } from './compact.js'
import { crc32c } from './crc32c.js'
import { scopeOfBytes } from './hostscope.js'

export const NODE_ID_BYTES = 20

const IPV4_MASK = Uint8Array.of(0x03, 0x0f, 0x3f, 0xff)
const IPV6_MASK = Uint8Array.of(0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff)

/** The hash whose first 21 bits an id at this address must begin with. */
const prefixOf = (host: Uint8Array, chance: number): number => {
  const mask = host.length === 4 ? IPV4_MASK : IPV6_MASK
  const masked = mask.map((bits, at) => bits & (host[at] ?? 0))
  masked[0] = (masked[0] ?? 0) | ((chance & 7) << 5)
  return crc32c(masked)
}

/** An id that others may trust at this address; `chance` has 20 bytes that nobody can foretell. */
export const nodeIdAt = (host: string, chance: Uint8Array): Uint8Array => {
  assert(chance.length === NODE_ID_BYTES, 'an id is made of 20 bytes of chance')
  const bytes = hostToBytes(host)
  const id = chance.slice()
  if (bytes === undefined) return id
  const prefix = prefixOf(bytes, id[19] ?? 0)
  id[0] = prefix >>> 24
  id[1] = prefix >>> 16
  id[2] = ((prefix >>> 8) & 0xf8) | ((id[2] ?? 0) & 7)
  return id
}

/** Whether the id is one that BEP 42 allows at the address. On a local network every id is. */
export const isNodeIdAt = (id: Uint8Array, host: string): boolean => {
  const bytes = hostToBytes(host)
  if (bytes === undefined || id.length !== NODE_ID_BYTES) return false
  if (scopeOfBytes(bytes) !== 'public') return true
  const prefix = prefixOf(bytes, id[19] ?? 0)
  return id[0] === prefix >>> 24 && id[1] === ((prefix >>> 16) & 0xff) && ((id[2] ?? 0) ^ (prefix >>> 8)) % 256 < 8
}

/** Below 0 where `left` is closer to the target than `right` is. */
export const compareDistance = (target: Uint8Array, left: Uint8Array, right: Uint8Array): number => {
  for (let at = 0; at < NODE_ID_BYTES; at++) {
    const towards = target[at] ?? 0
    const difference = ((left[at] ?? 0) ^ towards) - ((right[at] ?? 0) ^ towards)
    if (difference !== 0) return difference
  }
  return 0
}

/** How many bits two ids begin with that are the same: 160 for equal ones. */
export const commonPrefixBits = (left: Uint8Array, right: Uint8Array): number => {
  for (let at = 0; at < NODE_ID_BYTES; at++) {
    const difference = (left[at] ?? 0) ^ (right[at] ?? 0)
    if (difference !== 0) return at * 8 + Math.clz32(difference) - 24
  }
  return NODE_ID_BYTES * 8
}
