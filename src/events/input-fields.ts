/**
 * The kinds of field that only inputs have: what strangers may say, unions of messages, and payload, of which nothing but
 * its size is kept.
 */
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES } from '../values.js'
import type { PeerMessage } from '../wire/messages.js'
import { readEvent, writeEvent } from './codec.js'
import { type Field, struct, text, Unreadable, whole } from './fields.js'
import type { TransferEvent } from './vocabulary.js'

/** A value whose type is declared elsewhere: the compiler sees that each of its fields is written. */
export const shaped = <Value extends object>(
  fields: {
    readonly [Name in keyof Required<Value>]: Field<Value[Name]>
  },
): Field<Value> => struct(fields as Readonly<Record<string, Field<unknown>>>) as unknown as Field<Value> // field by field

type FieldsOf<Value> = { readonly [Name in Exclude<keyof Required<Value>, 'type'>]: Field<Value[Name]> }

/** One of a union that is tagged by `type`, written as its position: new ones go to the end. */
export const variants = <Union extends { readonly type: string }>(
  table: {
    readonly [Type in Union['type']]: FieldsOf<Extract<Union, { readonly type: Type }>>
  },
): Field<Union> => {
  const entries = Object.entries<Readonly<Record<string, Field<unknown>>>>(table)
  const packings = entries.map(([type, fields], place) => ({
    type,
    place,
    fields: Object.entries(fields).map(([name, field]) => ({ name, field })),
  }))
  const byType = new Map(packings.map((packing) => [packing.type, packing]))
  const kinds = entries.map(([type, fields]) => [
    type,
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.kind])),
  ])
  return {
    kind: { type: 'variants', of: Object.fromEntries(kinds) },
    write(writer, value) {
      const { place, fields } = present(byType.get(value.type), 'the type of a message')
      writer.whole(place)
      const values = value as Readonly<Record<string, unknown>> // read by the fields of its own type
      for (const { name, field } of fields) field.write(writer, values[name])
    },
    read(reader) {
      const packing = packings[reader.whole()]
      if (packing === undefined) throw new Unreadable('a message that this version does not know')
      const value: Record<string, unknown> = { type: packing.type }
      for (const { name, field } of packing.fields) value[name] = field.read(reader)
      return value as unknown as Union // read by the fields of its own type
    },
  }
}

const DOUBLE_BYTES = 8

/** Any number that there is, as trackers and file systems may say it: a whole one is one more, after 0 comes any other. */
export const number: Field<number> = {
  kind: { type: 'number' },
  write(writer, value) {
    if (Number.isSafeInteger(value) && value >= 0 && value < Number.MAX_SAFE_INTEGER && !Object.is(value, -0)) {
      writer.whole(value + 1)
      return
    }
    const bytes = new Uint8Array(DOUBLE_BYTES)
    new DataView(bytes.buffer).setFloat64(0, value)
    writer.whole(0)
    writer.raw(bytes)
  },
  read(reader) {
    const value = reader.whole()
    if (value > 0) return value - 1
    const bytes = reader.raw(DOUBLE_BYTES)
    return new DataView(bytes.buffer, bytes.byteOffset, DOUBLE_BYTES).getFloat64(0)
  },
}

/** The largest payload that the decoder of a connection lets in. */
const PAYLOAD_BYTES_MAX = Math.max(BLOCK_BYTES, LIMITS.extendedBytesMax)
/** What stands for payload that was left out: no decision reads its bytes, and nobody writes to them. */
const zeros = new Uint8Array(PAYLOAD_BYTES_MAX)

const payloadOf = (length: number): Uint8Array => {
  if (length > PAYLOAD_BYTES_MAX) throw new Unreadable('a payload is longer than any that was let in')
  return zeros.subarray(0, length)
}

/** Bytes of which only their number is kept; zeros stand in their place. */
export const size: Field<Uint8Array> = {
  kind: { type: 'size' },
  write: (writer, value) => writer.whole(value.length),
  read: (reader) => payloadOf(reader.whole()),
}

/** Blocks in one input, of which a turn takes far fewer: what a damaged record may make us allocate. */
const BLOCKS_MAX = 65_536

export type BlockMessage = Extract<PeerMessage, { readonly type: 'piece' }>
/** About hashes of files, which are told to actors by what they are worth (BEP 52). */
export type HashMessage = Extract<PeerMessage, { readonly type: 'hash-request' | 'hashes' | 'hash-reject' }>
/** Any other message, which actors hear as it is. */
export type PlainMessage = Exclude<PeerMessage, BlockMessage | HashMessage>

/** How many blocks from `from` on follow each other and are equally long. */
const runFrom = (blocks: readonly BlockMessage[], from: number): number => {
  const first = blocks[from]
  if (first === undefined) return 0
  const { length } = first.block
  let count = 1
  for (let next = blocks[from + 1]; next !== undefined; next = blocks[from + count]) {
    if (next.piece !== first.piece || next.block.length !== length || next.offset !== first.offset + count * length)
      break
    count++
  }
  return count
}

/** Blocks without their bytes. Most of a chunk follow each other: a run is its piece, offset, length and how many. */
export const blockRuns: Field<readonly BlockMessage[]> = {
  kind: { type: 'blocks' },
  write(writer, blocks) {
    writer.whole(blocks.length)
    for (let at = 0; at < blocks.length; ) {
      const count = runFrom(blocks, at)
      const { piece, offset, block } = blocks[at] as BlockMessage // `at` is below the length
      writer.whole(piece)
      writer.whole(offset)
      writer.whole(block.length)
      writer.whole(count)
      at += count
    }
  },
  read(reader) {
    const total = reader.whole()
    if (total > BLOCKS_MAX) throw new Unreadable('more blocks than arrive at one time')
    const blocks: BlockMessage[] = []
    while (blocks.length < total) {
      const piece = reader.whole()
      const offset = reader.whole()
      const block = payloadOf(reader.whole())
      const count = reader.whole()
      if (count === 0 || count > total - blocks.length)
        throw new Unreadable('a run of blocks is longer than the blocks')
      for (let at = 0; at < count; at++)
        blocks.push({ type: 'piece', piece, offset: offset + at * block.length, block })
    }
    return blocks
  },
}

const byte = whole()

/** What extended messages a peer takes, and by which ids (BEP 10). */
export const numbersByName: Field<ReadonlyMap<string, number>> = {
  kind: { type: 'numbers by name' },
  write(writer, map) {
    writer.whole(map.size)
    for (const [name, id] of map) {
      text.write(writer, name)
      byte.write(writer, id)
    }
  },
  read(reader) {
    const count = reader.whole()
    if (count > reader.bytes.length) throw new Unreadable('a list is longer than its record')
    const map = new Map<string, number>()
    for (let at = 0; at < count; at++) {
      const name = text.read(reader)
      map.set(name, byte.read(reader))
    }
    return map
  },
}

/** An event, as one that the engine decided itself. */
export const eventOf = <Event extends TransferEvent>(): Field<Event> => ({
  kind: { type: 'fact' },
  write: (writer, event) => writeEvent(writer, event),
  read: (reader) => readEvent(reader) as Event, // written from the same
})
