/**
 * Snapshots: a state as bytes, for checkpoints, and its hash, by which two states are compared.
 *
 * CBOR, written deterministically by `cborg`. What CBOR has no word for is an array that begins with a tag. A standing
 * of a machine is kept as its name and looked up in the machine again.
 */
import { createHash } from 'node:crypto'
import { decode, encode } from 'cborg'
import { peerLifecycle } from '../actors/peer.machine.js'
import { pieceLifecycle } from '../actors/piece.machine.js'
import { transferLifecycle } from '../actors/transfer.machine.js'
import { toHex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { Rarity } from './rarity.js'
import { initialState, type TransferState } from './state.js'

/** Of the shape of the state. A checkpoint of another version is passed over, and the log folded instead. */
export const SNAPSHOT_VERSION = 23

const pack = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return value
  if (value instanceof Uint32Array) return ['u32', new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
  if (Array.isArray(value)) return ['list', value.map(pack)]
  if (value instanceof Map) return ['map', [...value].map(([key, entry]) => [pack(key), pack(entry)])]
  if (value instanceof Set) return ['set', [...value].map(pack)]
  if (value instanceof Bitfield) return ['bits', value.length, value.bytes]
  if (value instanceof Rarity) return ['rarity', value.pieceCount, value.seed, value.save()]
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, name === 'standing' ? entry.id : pack(entry)]),
  )
}

type Packed = readonly [tag: string, ...rest: unknown[]]

const unpack = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return value.slice()
  if (Array.isArray(value)) return unpackTagged(value as unknown as Packed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, unpack(entry)]))
}

const unpackTagged = ([tag, first, second, third]: Packed): unknown => {
  switch (tag) {
    case 'u32':
      return new Uint32Array((first as Uint8Array).slice().buffer)
    case 'list':
      return (first as unknown[]).map(unpack)
    case 'map':
      return new Map((first as [unknown, unknown][]).map(([key, entry]) => [unpack(key), unpack(entry)]))
    case 'set':
      return new Set((first as unknown[]).map(unpack))
    case 'bits':
      return new Bitfield(first as number, (second as Uint8Array).slice())
    case 'rarity':
      return Rarity.restore(first as number, second as number, third as ReturnType<Rarity['save']>)
    default:
      throw new TypeError(`no such thing in a snapshot: ${tag}`)
  }
}

export const takeSnapshot = (state: Readonly<TransferState>): Uint8Array => encode([SNAPSHOT_VERSION, pack(state)])

/** Undefined where the bytes are of another version, or no snapshot. */
export const restoreSnapshot = (bytes: Uint8Array): TransferState | undefined => {
  try {
    const [version, packed] = decode(bytes) as [number, unknown]
    if (version !== SNAPSHOT_VERSION) return undefined
    const restored = unpack(packed) as TransferState & { standing: unknown } // packed from one
    // Written by the same version, so every field is there; `initialState` only guards against one that is not.
    const state: TransferState = { ...initialState(), ...restored }
    state.standing = transferLifecycle.restore(restored.standing as unknown as string)
    for (const peer of state.peers.values()) peer.standing = peerLifecycle.restore(peer.standing as unknown as string)
    for (const piece of state.pieces.values())
      piece.standing = pieceLifecycle.restore(piece.standing as unknown as string)
    return state
  } catch {
    return undefined // a checkpoint only saves time: the log says the same
  }
}

/** SHA-256 in hex: equal for states of which every part is equal. */
export const stateHash = (state: Readonly<TransferState>): string =>
  toHex(createHash('sha256').update(takeSnapshot(state)).digest())
