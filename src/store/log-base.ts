/**
 * The base of a log whose beginning was compacted: the state before its first event, which stands for all that came
 * before, and the hash that the first record follows from.
 *
 * It is `version, sequence number, hash of the last record before, snapshot, SHA-256 of all of that`. Unlike a checkpoint
 * it cannot be passed over: nothing else says what it says.
 */
import { contentOf, HASH_BYTES, seal } from '../events/codec.js'
import { Reader, Unreadable, Writer } from '../events/fields.js'
import type { InfoHash } from '../values.js'
import { LogDamage } from './log-damage.js'
import { baseKey } from './log-keys.js'
import type { Shelf } from './shelf.js'

const BASE_VERSION = 1

export interface LogBase {
  readonly firstSeq: number
  readonly previousHash: Uint8Array
  /** Of the state before the first event. */
  readonly snapshot: Uint8Array
}

export const packBase = ({ firstSeq, previousHash, snapshot }: LogBase): Uint8Array => {
  const writer = new Writer()
  writer.byte(BASE_VERSION)
  writer.whole(firstSeq)
  writer.raw(previousHash)
  writer.raw(snapshot)
  return seal(writer.take()).bytes
}

const unpackBase = (bytes: Uint8Array): LogBase => {
  const damaged = (reason: string): LogDamage => new LogDamage('LOG_DAMAGED', 0, 0, reason)
  const sealed = contentOf(bytes)
  if (sealed === undefined) throw damaged('what stands for the events that were compacted is damaged')
  const reader = new Reader(sealed.content)
  try {
    const version = reader.byte()
    if (version !== BASE_VERSION)
      throw new LogDamage(
        'LOG_VERSION',
        0,
        0,
        `it was compacted in format ${version}; this version reads ${BASE_VERSION}`,
      )
    const firstSeq = reader.whole()
    const previousHash = reader.raw(HASH_BYTES).slice()
    return { firstSeq, previousHash, snapshot: reader.rest().slice() }
  } catch (error) {
    if (error instanceof Unreadable) throw damaged('what stands for the events that were compacted is cut short')
    throw error
  }
}

/** Undefined where the log begins with its first event. Throws `LOG_DAMAGED` or `LOG_VERSION`. */
export const loadBase = async (shelf: Shelf, hash: InfoHash): Promise<LogBase | undefined> => {
  const bytes = await shelf.get(baseKey(hash))
  return bytes && unpackBase(bytes)
}
