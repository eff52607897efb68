/**
 * Peers and swarms as records of a database: how they are packed, and how they are read again.
 *
 * A key is `kind, info-hash` for a swarm and `kind, info-hash, address, port` for a peer, so that the peers of a swarm lie
 * together. Records end in a check over key and value: LevelDB does not look at its own while it reads.
 */
import { mix } from '../src/random.js'
import { type InfoHash, infoHash, type PeerId, peerId } from '../src/values.js'
import { latin1Bytes } from '../src/wire/bencode.js'
import { COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import { familyOf } from './peer-groups.js'
import { isSeed, type Swarm, type SwarmState } from './swarm-state.js'

const PEER = 0x10
const SWARM = 0x20

const HASH_BYTES = 20
const HOST_AT = 1 + HASH_BYTES
const PEER_KEY_BYTES = HOST_AT + COMPACT_IPV6_BYTES
const SWARM_KEY_BYTES = 1 + HASH_BYTES
/** When it was seen, whether it has all, whether it came by IPv4, who it is, check. */
const PEER_BYTES = 8 + 1 + 1 + 20 + 4
/** How often it was completed, when the last peer left (or 0), check. */
const SWARM_BYTES = 8 + 8 + 4
const MAPPED_BYTES = 12

export interface PeerRecord {
  readonly type: 'peer'
  readonly infoHash: InfoHash
  readonly host: Uint8Array
  readonly port: number
  readonly peerId: PeerId
  readonly seed: boolean
  readonly seenMs: number
}

export interface SwarmRecord {
  readonly type: 'swarm'
  readonly infoHash: InfoHash
  readonly downloaded: number
  /** When its last peer left; 0 while there are any. */
  readonly leftMs: number
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** Over all of the key, and of the value but the check itself, which is its last four bytes. */
const checkOf = (key: Uint8Array, value: Uint8Array): number => {
  let check = 0
  for (let at = 0; at < key.length; at++) check = mix(check, key[at] ?? 0)
  for (let at = 0; at < value.length - 4; at++) check = mix(check, value[at] ?? 0)
  return check
}

const sealed = (key: Uint8Array, value: Uint8Array): Uint8Array => {
  viewOf(value).setUint32(value.length - 4, checkOf(key, value))
  return value
}

export const swarmKey = (hash: string): Uint8Array => {
  const key = new Uint8Array(SWARM_KEY_BYTES)
  key[0] = SWARM
  key.set(latin1Bytes(hash), 1)
  return key
}

export const peerKey = ({ peers }: SwarmState, swarm: Swarm, slot: number): Uint8Array => {
  const key = new Uint8Array(PEER_KEY_BYTES)
  key[0] = PEER
  key.set(latin1Bytes(swarm.key), 1)
  peers.writeCompact(slot, 'ipv6', key, HOST_AT)
  return key
}

export const peerValue = (state: SwarmState, slot: number, key: Uint8Array): Uint8Array => {
  const value = new Uint8Array(PEER_BYTES)
  viewOf(value).setFloat64(0, state.peersSeen.seenMs(slot))
  value[8] = isSeed(state, slot) ? 1 : 0
  value[9] = familyOf(state.peers.groupOf(slot)) === 'ipv4' ? 1 : 0
  value.set(state.peers.idOf(slot), 10)
  return sealed(key, value)
}

export const swarmValue = (state: SwarmState, { number, downloaded }: Swarm, key: Uint8Array): Uint8Array => {
  const value = new Uint8Array(SWARM_BYTES)
  viewOf(value).setFloat64(0, downloaded)
  viewOf(value).setFloat64(8, state.swarmsLeft.has(number) ? state.swarmsLeft.seenMs(number) : 0)
  return sealed(key, value)
}

/** Undefined for what is no record, or was changed. */
export const readRecord = (key: Uint8Array, value: Uint8Array): PeerRecord | SwarmRecord | undefined => {
  const isPeer = key[0] === PEER && key.length === PEER_KEY_BYTES && value.length === PEER_BYTES
  const isSwarm = key[0] === SWARM && key.length === SWARM_KEY_BYTES && value.length === SWARM_BYTES
  if (!isPeer && !isSwarm) return undefined
  const view = viewOf(value)
  if (view.getUint32(value.length - 4) !== checkOf(key, value)) return undefined
  const hash = infoHash(key.slice(1, HOST_AT))
  if (isSwarm) return { type: 'swarm', infoHash: hash, downloaded: view.getFloat64(0), leftMs: view.getFloat64(8) }
  const portAt = PEER_KEY_BYTES - 2
  return {
    type: 'peer',
    infoHash: hash,
    host: key.slice(value[9] === 1 ? HOST_AT + MAPPED_BYTES : HOST_AT, portAt),
    port: viewOf(key).getUint16(portAt),
    peerId: peerId(value.slice(10, 10 + 20)),
    seed: value[8] === 1,
    seenMs: view.getFloat64(0),
  }
}
