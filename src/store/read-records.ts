/** Reads a transfer's records in order, and trusts none of them: density, checksums and the chain of hashes. */
import { assert } from '../assert.js'
import {
  FIRST_PREVIOUS_HASH,
  type LoggedEvent,
  type LogRecord,
  NewerVersion,
  readRecord,
  Unreadable,
} from '../events/codec.js'
import { equalBytes, type InfoHash } from '../values.js'
import type { LogBase } from './log-base.js'
import { LogDamage, showEvents } from './log-damage.js'
import { allOf, readRecordKey, recordKey, seqRange } from './log-keys.js'
import type { Shelf } from './shelf.js'

/** Reads one record, stored under this key. Throws `LogDamage`. */
export const openRecord = (key: Uint8Array, value: Uint8Array): LogRecord => {
  const { firstSeq, count } = placeOf(key)
  const refuse = (reason: string) => new LogDamage('LOG_DAMAGED', firstSeq, firstSeq + count, reason)
  let record: LogRecord
  try {
    record = readRecord(value)
  } catch (error) {
    if (error instanceof NewerVersion) throw new LogDamage('LOG_VERSION', firstSeq, firstSeq + count, error.message)
    if (error instanceof Unreadable) throw refuse(error.message)
    throw error
  }
  if (record.firstSeq !== firstSeq || record.events.length !== count)
    throw refuse('it is stored in another one’s place')
  return record
}

const placeOf = (key: Uint8Array) => {
  const place = readRecordKey(key)
  if (place === undefined || place.count === 0) throw new LogDamage('LOG_DAMAGED', 0, 0, 'a key of the log is damaged')
  return place
}

const missing = (from: number, to: number): LogDamage =>
  new LogDamage('LOG_DAMAGED', from, to, `${showEvents(from, to)} ${to - from === 1 ? 'is' : 'are'} missing`)

/** A record must begin where the one before ended. */
const followOn = (expectedSeq: number, firstSeq: number): void => {
  if (firstSeq > expectedSeq) throw missing(expectedSeq, firstSeq)
  if (firstSeq < expectedSeq) {
    throw new LogDamage('LOG_DAMAGED', expectedSeq, expectedSeq, `event ${firstSeq} is there twice`)
  }
}

/** Where the record begins that has the event; where the last one before it begins, if none has it. */
const startOf = async (shelf: Shelf, hash: InfoHash, seq: number): Promise<number> => {
  const key = await shelf.lastKey(seqRange('record', hash, 0, seq + 1))
  return key === undefined ? 0 : placeOf(key).firstSeq
}

/**
 * Events from `from`, or where the log begins, up to, but without, `to`: one array for each record. Throws `LogDamage`.
 */
export async function* readEvents(
  shelf: Shelf,
  hash: InfoHash,
  wanted: number,
  to: number,
  base: LogBase | undefined,
): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
  const begin = base?.firstSeq ?? 0
  const from = Math.max(wanted, begin)
  if (from >= to) return
  let expectedSeq = Math.max(begin, await startOf(shelf, hash, from))
  let previousHash = expectedSeq === begin ? (base?.previousHash ?? FIRST_PREVIOUS_HASH) : undefined
  for await (const entries of shelf.entries(seqRange('record', hash, expectedSeq, to))) {
    for (const [key, value] of entries) {
      if (expectedSeq >= to) return
      const { firstSeq } = placeOf(key)
      followOn(expectedSeq, firstSeq)
      const { events, previousHash: link, hash: own } = openRecord(key, value)
      const endSeq = firstSeq + events.length
      if (previousHash !== undefined && !equalBytes(link, previousHash)) {
        throw new LogDamage('LOG_DAMAGED', firstSeq, endSeq, 'it does not follow from the record before it')
      }
      previousHash = own
      expectedSeq = endSeq
      if (endSeq > from) {
        yield firstSeq >= from && endSeq <= to ? events : events.slice(Math.max(0, from - firstSeq), to - firstSeq)
      }
    }
  }
  if (expectedSeq < to) throw missing(expectedSeq, to)
}

export interface LogEnd {
  readonly nextSeq: number
  /** Hash of the last record. */
  readonly hash: Uint8Array
}

/** The end of the log, from its last record, which is verified. Throws `LogDamage`. */
export const findEnd = async (shelf: Shelf, hash: InfoHash): Promise<LogEnd> => {
  const key = await shelf.lastKey(allOf('record', hash))
  if (key === undefined) return { nextSeq: 0, hash: FIRST_PREVIOUS_HASH }
  const { firstSeq, count } = placeOf(key)
  const value = await shelf.get(key)
  if (value === undefined) throw missing(firstSeq, firstSeq + count)
  return { nextSeq: firstSeq + count, hash: openRecord(key, value).hash }
}

/** The end of the log as its last key has it, unverified: for those who read it all anyway. */
export const endByKey = async (shelf: Shelf, hash: InfoHash): Promise<number> => {
  const key = await shelf.lastKey(allOf('record', hash))
  if (key === undefined) return 0
  const { firstSeq, count } = placeOf(key)
  return firstSeq + count
}

/** Makes sure, from the keys alone, that no record is missing from `from` up to the end. Throws `LogDamage`. */
export const checkDensity = async (shelf: Shelf, hash: InfoHash, from: number, endSeq: number): Promise<void> => {
  assert(from >= 0, 'density is checked from an event')
  if (from > endSeq) throw missing(endSeq, from)
  let expectedSeq = await startOf(shelf, hash, from)
  for await (const keys of shelf.keys({ ...allOf('record', hash), from: recordKey(hash, expectedSeq, 0) })) {
    for (const key of keys) {
      const { firstSeq, count } = placeOf(key)
      followOn(expectedSeq, firstSeq)
      expectedSeq = firstSeq + count
    }
  }
  if (expectedSeq < endSeq) throw missing(expectedSeq, endSeq)
}
