/** Reads the recorded inputs of a transfer in order, and trusts no record of them: density, checksums and the chain. */
import { FIRST_PREVIOUS_HASH, NewerVersion, Unreadable } from '../events/codec.js'
import { type InputRecord, type LoggedInput, readInputRecord } from '../events/input-codec.js'
import { equalBytes, type InfoHash } from '../values.js'
import { LogDamage } from './log-damage.js'
import { allOf, type InputsPlace, readInputsKey, seqRange } from './log-keys.js'
import type { Shelf } from './shelf.js'

/** The events are all there: they can be read, and folded, without the inputs. */
const damaged = (code: 'LOG_DAMAGED' | 'LOG_VERSION', seq: number, reason: string): LogDamage =>
  new LogDamage(code, seq, seq, `${reason}, among the inputs that were recorded beside the events`)

const placeOf = (key: Uint8Array): InputsPlace => {
  const place = readInputsKey(key)
  if (place === undefined || place.count === 0) throw damaged('LOG_DAMAGED', 0, 'a key is damaged')
  return place
}

/** Reads one record, stored under this key. Throws `LogDamage`. */
const openInputs = (key: Uint8Array, value: Uint8Array): InputRecord => {
  const { firstSeq, firstNumber, count } = placeOf(key)
  let record: InputRecord
  try {
    record = readInputRecord(value)
  } catch (error) {
    if (error instanceof NewerVersion) throw damaged('LOG_VERSION', firstSeq, error.message)
    if (error instanceof Unreadable) throw damaged('LOG_DAMAGED', firstSeq, error.message)
    throw error
  }
  if (record.firstSeq !== firstSeq || record.firstNumber !== firstNumber || record.inputs.length !== count)
    throw damaged('LOG_DAMAGED', firstSeq, 'a record is stored in another one’s place')
  return record
}

/** A log, and what may be read of it. */
export interface InputsSource {
  readonly shelf: Shelf
  readonly hash: InfoHash
  /** What was compacted begins below it; 0 where nothing was. */
  readonly firstSeq: number
  /** Turns that began from here on may not have been committed. */
  readonly committedSeq: number
}

/**
 * Inputs whose turns began before an event from `from` up to, but without, `to`: one array for each record, none where none
 * were recorded. Throws `LogDamage`.
 */
async function* readInputs(
  { shelf, hash, firstSeq: began }: InputsSource,
  from: number,
  to: number,
): AsyncGenerator<readonly LoggedInput[], void, undefined> {
  if (from >= to) return
  // The record before the first that begins at `from` may reach up to there.
  const before = await shelf.lastKey(seqRange('inputs', hash, 0, from))
  const range = seqRange('inputs', hash, before === undefined ? from : placeOf(before).firstSeq, to)
  let next: { readonly number: number; readonly hash: Uint8Array } | undefined
  for await (const entries of shelf.entries(range)) {
    for (const [key, value] of entries) {
      const record = openInputs(key, value)
      const { firstSeq, firstNumber, inputs } = record
      // Of a log that was compacted the first that are left have any number.
      const expected = next?.number ?? (before === undefined && began === 0 ? 0 : firstNumber)
      if (expected !== firstNumber)
        throw damaged('LOG_DAMAGED', firstSeq, `the inputs before number ${firstNumber} are missing`)
      const link = next?.hash ?? (firstNumber === 0 ? FIRST_PREVIOUS_HASH : undefined)
      if (link !== undefined && !equalBytes(record.previousHash, link))
        throw damaged('LOG_DAMAGED', firstSeq, 'a record does not follow from the one before it')
      next = { number: firstNumber + inputs.length, hash: record.hash }
      const within = inputs.filter(({ seq }) => seq >= from && seq < to)
      if (within.length > 0) yield within.length === inputs.length ? inputs : within
    }
  }
}

/** Inputs of turns that began below `committedSeq`. */
export const readCommittedInputs = (
  source: InputsSource,
  from: number,
  to = source.committedSeq,
): AsyncIterable<readonly LoggedInput[]> => readInputs(source, from, Math.min(to, source.committedSeq))

export interface InputsEnd {
  readonly nextNumber: number
  /** Hash of the last record. */
  readonly hash: Uint8Array
}

/** Where recording goes on, from the last record, which is verified. Throws `LogDamage`. */
export const findInputsEnd = async (shelf: Shelf, hash: InfoHash): Promise<InputsEnd> => {
  const key = await shelf.lastKey(allOf('inputs', hash))
  const value = key && (await shelf.get(key))
  if (key === undefined || value === undefined) return { nextNumber: 0, hash: FIRST_PREVIOUS_HASH }
  const { firstNumber, inputs, hash: own } = openInputs(key, value)
  return { nextNumber: firstNumber + inputs.length, hash: own }
}
