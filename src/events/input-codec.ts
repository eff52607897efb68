/**
 * The codec of inputs: recorded inputs to bytes and back, and records of many, versioned and chained by hash as those of
 * events are.
 *
 * A record is `version, number of its first input, count, sequence number and time of the first, hash of the record of
 * inputs before, inputs, SHA-256 of all of that`. An input is how much later than the one before it came, by how many
 * events later, its number in the vocabulary, whose it is, and its fields.
 */
import { assert } from '../assert.js'
import type { Instant, PeerKey, PieceIndex, Seq } from '../values.js'
import { HASH_BYTES, NewerVersion, openSealed, seal } from './codec.js'
import { type Field, type Reader, Unreadable, Writer } from './fields.js'
import { type Hearer, INPUTS, type Input } from './inputs.js'

/** An input with its place among those that were recorded. */
export interface LoggedInput {
  /** Dense over the log, from 0. */
  readonly number: number
  /** The number of the first event that its turn made, if it made any: that of the next event when it came. */
  readonly seq: Seq
  readonly at: Instant
  readonly input: Input
}

export interface InputRecord {
  readonly firstNumber: number
  readonly firstSeq: number
  readonly previousHash: Uint8Array
  readonly hash: Uint8Array
  readonly inputs: readonly LoggedInput[]
}

/** Version of records of inputs that are written now. */
export const INPUT_RECORD_VERSION = 1

interface Packing {
  readonly to: Hearer
  readonly type: string
  readonly tag: number
  readonly fields: readonly { readonly name: string; readonly field: Field<unknown> }[]
}

const byType: Readonly<Record<Hearer, Map<string, Packing>>> = {
  transfer: new Map(),
  peer: new Map(),
  piece: new Map(),
  trackers: new Map(),
}
const byTag: (Packing | undefined)[] = []
for (const [to, table] of Object.entries(INPUTS))
  for (const [type, { tag, fields }] of Object.entries(table)) {
    const named = Object.entries<Field<unknown>>(fields).map(([name, field]) => ({ name, field }))
    const packing: Packing = { to: to as Hearer, type, tag, fields: named } // the table's own key
    if (byTag[tag] !== undefined) throw new Error(`two inputs have the number ${tag}`)
    byType[packing.to].set(type, packing)
    byTag[tag] = packing
  }

export const writeInput = (writer: Writer, given: Input): void => {
  const packing = byType[given.to].get(given.input.type)
  if (packing === undefined) throw new Error(`no input of a ${given.to} is called ${given.input.type}`)
  writer.whole(packing.tag)
  if (given.to === 'peer') writer.whole(given.peer)
  else if (given.to === 'piece') writer.whole(given.piece)
  const values = given.input as Readonly<Record<string, unknown>> // read by the fields of its own type
  for (const { name, field } of packing.fields) field.write(writer, values[name])
}

/** Throws `Unreadable` at bytes that `writeInput` of this or an older version did not write. */
export const readInput = (reader: Reader): Input => {
  const tag = reader.whole()
  const packing = byTag[tag]
  if (packing === undefined) throw new Unreadable(`an input of the unknown kind ${tag}`)
  const { to, type, fields } = packing
  const owner = to === 'peer' || to === 'piece' ? reader.whole() : 0
  const input: Record<string, unknown> = { type }
  for (const { name, field } of fields) input[name] = field.read(reader)
  const read = input as unknown // read by the fields of its own type
  switch (to) {
    case 'peer':
      return { to, peer: owner as PeerKey, input: read as Extract<Input, { to: 'peer' }>['input'] }
    case 'piece':
      return { to, piece: owner as PieceIndex, input: read as Extract<Input, { to: 'piece' }>['input'] }
    default:
      return { to, input: read } as Input
  }
}

/** Collects inputs into one record. */
export class InputRecordWriter {
  readonly #body = new Writer()
  readonly #head = new Writer()
  #count = 0
  #firstSeq = 0
  #lastSeq = 0
  #firstAt = 0
  #lastAt = 0

  get count(): number {
    return this.#count
  }
  get bytes(): number {
    return this.#body.length
  }
  /** Sequence number of the first input. */
  get firstSeq(): number {
    return this.#firstSeq
  }

  add(seq: number, at: Instant, input: Input): void {
    if (this.#count === 0) {
      this.#firstSeq = seq
      this.#lastSeq = seq
      this.#firstAt = at
      this.#lastAt = at
    }
    this.#body.whole(at - this.#lastAt)
    this.#body.whole(seq - this.#lastSeq)
    this.#lastAt = at
    this.#lastSeq = seq
    writeInput(this.#body, input)
    this.#count++
  }

  /** The record of all that was added since the last one. */
  finish(firstNumber: number, previousHash: Uint8Array): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
    assert(this.#count > 0, 'a record holds an input')
    const head = this.#head
    head.byte(INPUT_RECORD_VERSION)
    head.whole(firstNumber)
    head.whole(this.#count)
    head.whole(this.#firstSeq)
    head.whole(this.#firstAt)
    head.raw(previousHash)
    head.raw(this.#body.take())
    this.#count = 0
    return seal(head.take())
  }
}

/** Throws `Unreadable` where the record is damaged, `NewerVersion` where it is not ours to read. */
export const readInputRecord = (bytes: Uint8Array): InputRecord => {
  const { reader, hash } = openSealed(bytes)
  const version = reader.byte()
  if (version > INPUT_RECORD_VERSION) throw new NewerVersion(`the record has version ${version}`)
  const firstNumber = reader.whole()
  const count = reader.whole()
  const firstSeq = reader.whole()
  let seq = firstSeq
  let at = reader.whole()
  const previousHash = reader.raw(HASH_BYTES).slice()
  const inputs: LoggedInput[] = []
  for (let index = 0; index < count; index++) {
    at += reader.whole()
    seq += reader.whole()
    const logged = { number: firstNumber + index, seq: seq as Seq, at: at as Instant } // written from the same
    inputs.push({ ...logged, input: readInput(reader) })
  }
  if (!reader.ended) throw new Unreadable('the record goes on after its last input')
  return { firstNumber, firstSeq, previousHash, hash, inputs }
}
