/**
 * The codec of the log: events to bytes and back, and records of many events, versioned and chained by hash.
 *
 * A record is `version, first sequence number, count, time of the first event, hash of the record before, events,
 * SHA-256 of all of that`. The hash is checksum and chain link in one: a changed, missing or exchanged record shows.
 * Events are packed by hand, many to a record, because that was measured to be the quickest way to log them all.
 */
import { createHash } from 'node:crypto'
import { assert } from '../assert.js'
import { equalBytes, type Instant, type Seq } from '../values.js'
import type { Field } from './fields.js'
import { Reader, Unreadable, Writer } from './fields.js'
import { EVENT_TYPES, type TransferEvent, VOCABULARY } from './vocabulary.js'

/** An event with its place in the log and its time. */
export interface LoggedEvent {
  readonly seq: Seq
  readonly at: Instant
  readonly event: TransferEvent
}

export interface LogRecord {
  readonly version: number
  readonly firstSeq: number
  readonly previousHash: Uint8Array
  readonly hash: Uint8Array
  readonly events: readonly LoggedEvent[]
}

/** Version of records written now. Older ones are upcast when read, never rewritten. */
export const RECORD_VERSION = 1
export const HASH_BYTES = 32
/** What the first record of a log has as the hash of the one before. */
export const FIRST_PREVIOUS_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

export { Unreadable }

/** Objects and not pairs: taking a pair apart goes through an iterator, which shows at 25,000 blocks a second. */
interface NamedField {
  readonly name: string
  readonly field: Field<unknown>
}

interface Packing {
  readonly type: string
  readonly tag: number
  readonly fields: readonly NamedField[]
}

const byType = new Map<string, Packing>()
const byTag: (Packing | undefined)[] = []
for (const type of EVENT_TYPES) {
  const { tag, fields } = VOCABULARY[type]
  const packing: Packing = { type, tag, fields: Object.entries(fields).map(([name, field]) => ({ name, field })) }
  if (byTag[tag] !== undefined) throw new Error(`two events have the number ${tag}`)
  byType.set(type, packing)
  byTag[tag] = packing
}

export const writeEvent = (writer: Writer, event: TransferEvent): void => {
  const packing = byType.get(event.type)
  if (packing === undefined) throw new Error(`no event is called ${event.type}`)
  writer.whole(packing.tag)
  const values = event as Readonly<Record<string, unknown>> // read by the fields of its own type
  for (const { name, field } of packing.fields) field.write(writer, values[name])
}

/** Throws `Unreadable` at bytes that `writeEvent` of this or an older version did not write. */
export const readEvent = (reader: Reader): TransferEvent => {
  const tag = reader.whole()
  const packing = byTag[tag]
  if (packing === undefined) throw new Unreadable(`an event of the unknown kind ${tag}`)
  const event: Record<string, unknown> = { type: packing.type }
  for (const { name, field } of packing.fields) event[name] = field.read(reader)
  return event as unknown as TransferEvent // read by the fields of its own type
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Collects events into one record. */
export class RecordWriter {
  readonly #body = new Writer()
  readonly #head = new Writer()
  #count = 0
  #firstAt = 0
  #lastAt = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#body.length
  }

  add(at: Instant, event: TransferEvent): void {
    if (this.#count === 0) {
      this.#firstAt = at
      this.#lastAt = at
    }
    this.#body.whole(at - this.#lastAt)
    this.#lastAt = at
    writeEvent(this.#body, event)
    this.#count++
  }

  /** The record of all that was added since the last one. */
  finish(firstSeq: number, previousHash: Uint8Array): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
    assert(this.#count > 0, 'a record holds an event')
    const head = this.#head
    head.byte(RECORD_VERSION)
    head.whole(firstSeq)
    head.whole(this.#count)
    head.whole(this.#firstAt)
    head.raw(previousHash)
    head.raw(this.#body.take())
    this.#count = 0
    return seal(head.take())
  }
}

/** The content of a record, and its hash behind it. */
export const seal = (content: Uint8Array): { readonly bytes: Uint8Array; readonly hash: Uint8Array } => {
  const hash = sha256(content)
  const bytes = new Uint8Array(content.length + HASH_BYTES)
  bytes.set(content)
  bytes.set(hash, content.length)
  return { bytes, hash }
}

/** What was sealed, once its hash was compared; undefined where it is not what it was. */
export const contentOf = (
  bytes: Uint8Array,
): { readonly content: Uint8Array; readonly hash: Uint8Array } | undefined => {
  if (bytes.length < HASH_BYTES) return undefined
  const content = bytes.subarray(0, bytes.length - HASH_BYTES)
  const hash = new Uint8Array(bytes.subarray(content.length))
  return equalBytes(sha256(content), hash) ? { content, hash } : undefined
}

/** The content of a record, to be read, once its hash was compared. Throws `Unreadable`. */
export const openSealed = (bytes: Uint8Array): { readonly reader: Reader; readonly hash: Uint8Array } => {
  if (bytes.length < HASH_BYTES + 4) throw new Unreadable('the record is too short')
  const sealed = contentOf(bytes)
  if (sealed === undefined) throw new Unreadable('the record does not match its checksum')
  return { reader: new Reader(sealed.content), hash: sealed.hash }
}

/** A record made by a newer version of this program. */
export class NewerVersion extends Unreadable {}

/** Throws `Unreadable` where the record is damaged, `NewerVersion` where it is not ours to read. */
export const readRecord = (bytes: Uint8Array): LogRecord => {
  const { reader, hash } = openSealed(bytes)
  const version = reader.byte()
  if (version > RECORD_VERSION) throw new NewerVersion(`the record has version ${version}`)
  const firstSeq = reader.whole()
  const count = reader.whole()
  let at = reader.whole()
  const previousHash = reader.raw(HASH_BYTES)
  const events: LoggedEvent[] = []
  for (let index = 0; index < count; index++) {
    at += reader.whole()
    events.push({ seq: (firstSeq + index) as Seq, at: at as Instant, event: readEvent(reader) }) // written from the same
  }
  if (!reader.ended) throw new Unreadable('the record goes on after its last event')
  return { version, firstSeq, previousHash: previousHash.slice(), hash, events }
}
