/**
 * The keys of the log database: `kind, info-hash, sequence number, count`, big-endian, so that scans are in order.
 *
 * A record's key says how many events it holds, so that a gap shows from the keys alone.
 */
import { assert } from '../assert.js'
import { type InfoHash, infoHash } from '../values.js'

/** Keys from `from` up to, but without, `to`. */
export interface KeyRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

const KINDS = {
  format: 0x00,
  entry: 0x10,
  removal: 0x11,
  layer: 0x1a,
  record: 0x20,
  inputs: 0x21,
  base: 0x22,
  checkpoint: 0x30,
} as const
type Kind = keyof typeof KINDS
/** What a transfer has many of, each at a sequence number. */
type SeqKind = 'record' | 'inputs' | 'checkpoint' | 'layer'

const HASH_BYTES = 20
const SEQ_BYTES = 7
const COUNT_BYTES = 2
const SEQ_AT = 1 + HASH_BYTES
const COUNT_AT = SEQ_AT + SEQ_BYTES

/** Where the database says which format it has. */
export const FORMAT_KEY = Uint8Array.of(KINDS.format)

const key = (kind: Kind, hash: InfoHash, extraBytes: number): Uint8Array => {
  const bytes = new Uint8Array(SEQ_AT + extraBytes)
  bytes[0] = KINDS[kind]
  bytes.set(hash, 1)
  return bytes
}

const putBigEndian = (bytes: Uint8Array, at: number, length: number, value: number): void => {
  let rest = value
  for (let index = at + length - 1; index >= at; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

const getBigEndian = (bytes: Uint8Array, at: number, length: number): number => {
  let value = 0
  for (let index = at; index < at + length; index++) value = value * 256 + (bytes[index] ?? 0)
  return value
}

const seqKey = (kind: Kind, hash: InfoHash, seq: number, extraBytes: number): Uint8Array => {
  assert(Number.isSafeInteger(seq) && seq >= 0, `a sequence number is a whole number from 0, not ${seq}`)
  const bytes = key(kind, hash, SEQ_BYTES + extraBytes)
  putBigEndian(bytes, SEQ_AT, SEQ_BYTES, seq)
  return bytes
}

/** The .torrent file of a transfer. */
export const entryKey = (hash: InfoHash): Uint8Array => key('entry', hash, 0)
/** Stands while a transfer is being removed. */
export const removalKey = (hash: InfoHash): Uint8Array => key('removal', hash, 0)
/** What stands for the events before a log's first one. */
export const baseKey = (hash: InfoHash): Uint8Array => key('base', hash, 0)
export const checkpointKey = (hash: InfoHash, seq: number): Uint8Array => seqKey('checkpoint', hash, seq, 0)
/** The hashes of a file's pieces, that came from peers. */
export const layerKey = (hash: InfoHash, file: number): Uint8Array => seqKey('layer', hash, file, 0)
export const readLayerKey = (bytes: Uint8Array): number | undefined =>
  bytes.length === COUNT_AT && bytes[0] === KINDS.layer ? getBigEndian(bytes, SEQ_AT, SEQ_BYTES) : undefined
export const recordKey = (hash: InfoHash, firstSeq: number, count: number): Uint8Array => {
  const bytes = seqKey('record', hash, firstSeq, COUNT_BYTES)
  putBigEndian(bytes, COUNT_AT, COUNT_BYTES, count)
  return bytes
}

/** Of a record of recorded inputs: what came first in it came before event `firstSeq`, and is the input `firstNumber`. */
export const inputsKey = (hash: InfoHash, firstSeq: number, firstNumber: number, count: number): Uint8Array => {
  const bytes = seqKey('inputs', hash, firstSeq, SEQ_BYTES + COUNT_BYTES)
  putBigEndian(bytes, COUNT_AT, SEQ_BYTES, firstNumber)
  putBigEndian(bytes, COUNT_AT + SEQ_BYTES, COUNT_BYTES, count)
  return bytes
}

/** Keys of one kind with sequence numbers from `from` up to, but without, `to`. */
export const seqRange = (kind: SeqKind, hash: InfoHash, from: number, to: number): KeyRange => ({
  from: seqKey(kind, hash, from, 0),
  to: seqKey(kind, hash, to, 0),
})

/** Every key of one kind that a transfer has. */
export const allOf = (kind: SeqKind, hash: InfoHash): KeyRange => seqRange(kind, hash, 0, Number.MAX_SAFE_INTEGER)

export const everyEntry: KeyRange = { from: Uint8Array.of(KINDS.entry), to: Uint8Array.of(KINDS.entry + 1) }
export const everyRemoval: KeyRange = { from: Uint8Array.of(KINDS.removal), to: Uint8Array.of(KINDS.removal + 1) }

/** Which events a record holds; undefined where the key is none of a record's. */
export const readRecordKey = (bytes: Uint8Array): { readonly firstSeq: number; readonly count: number } | undefined => {
  if (bytes.length !== COUNT_AT + COUNT_BYTES || bytes[0] !== KINDS.record) return undefined
  return {
    firstSeq: getBigEndian(bytes, SEQ_AT, SEQ_BYTES),
    count: getBigEndian(bytes, COUNT_AT, COUNT_BYTES),
  }
}

export interface InputsPlace {
  readonly firstSeq: number
  readonly firstNumber: number
  readonly count: number
}

/** Which inputs a record holds; undefined where the key is none of such a record's. */
export const readInputsKey = (bytes: Uint8Array): InputsPlace | undefined => {
  if (bytes.length !== COUNT_AT + SEQ_BYTES + COUNT_BYTES || bytes[0] !== KINDS.inputs) return undefined
  return {
    firstSeq: getBigEndian(bytes, SEQ_AT, SEQ_BYTES),
    firstNumber: getBigEndian(bytes, COUNT_AT, SEQ_BYTES),
    count: getBigEndian(bytes, COUNT_AT + SEQ_BYTES, COUNT_BYTES),
  }
}

export const readCheckpointKey = (bytes: Uint8Array): number | undefined =>
  bytes.length === COUNT_AT && bytes[0] === KINDS.checkpoint ? getBigEndian(bytes, SEQ_AT, SEQ_BYTES) : undefined

/** Whose entry or removal it is; undefined where the key is neither. */
export const readHashKey = (bytes: Uint8Array): InfoHash | undefined =>
  bytes.length === SEQ_AT ? infoHash(bytes.slice(1)) : undefined
