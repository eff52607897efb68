/** The kinds of field that an event may have, and how each is written and read: little, dense, and without choice. */
import { assert } from '../assert.js'
import { utf8Bytes } from '../values.js'

/** Bytes that grow as they are written; one writer serves a whole log. */
export class Writer {
  #bytes = new Uint8Array(4_096)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  /** LEB128 of a whole number up to 2^53. */
  whole(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) assert(false, `only whole numbers from 0 are written, not ${value}`)
    if (this.#length + 8 > this.#bytes.length) this.#grow(8)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  raw(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    if (this.#bytes.length > 1 << 20) this.#bytes = new Uint8Array(4_096)
    return taken
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

/** Thrown by a reader at bytes that no writer wrote; the log turns it into `LOG_DAMAGED`. */
export class Unreadable extends Error {}

export class Reader {
  readonly bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    // A `Buffer` has a `slice` that does not copy: what is read would keep the whole record, and change with it.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get ended(): boolean {
    return this.#at >= this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.#at++]
    if (value === undefined) throw new Unreadable('the record ends in the middle of an event')
    return value
  }

  whole(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 8; count++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw new Unreadable('a number is larger than any that is written')
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.bytes.length) throw new Unreadable('a field is longer than its record')
    const view = this.bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return view
  }

  /** A view of all that was not read yet. */
  rest(): Uint8Array {
    return this.raw(this.bytes.length - this.#at)
  }
}

/** What a field holds, as data: for tests, and for whoever shows events. */
export type FieldKind =
  | { readonly type: 'whole' | 'flag' | 'bytes' | 'text' }
  | { readonly type: 'oneOf'; readonly words: readonly string[] }
  | { readonly type: 'optional' | 'list'; readonly of: FieldKind }
  | { readonly type: 'struct'; readonly fields: Readonly<Record<string, FieldKind>> }
  /** Only of inputs, see `input-fields.ts`. */
  | { readonly type: 'number' | 'size' | 'blocks' | 'numbers by name' | 'fact' }
  | { readonly type: 'variants'; readonly of: Readonly<Record<string, Readonly<Record<string, FieldKind>>>> }

export interface Field<Value> {
  readonly kind: FieldKind
  write(writer: Writer, value: Value): void
  read(reader: Reader): Value
}

export type ValueOf<Kind> = Kind extends Field<infer Value> ? Value : never

const fromUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** A whole number that some brand of it makes safe to use; the log is ours, so reading trusts what was written. */
export const whole = <Brand extends number = number>(): Field<Brand> => ({
  kind: { type: 'whole' },
  write: (writer, value) => writer.whole(value),
  read: (reader) => reader.whole() as Brand, // written from the same brand
})

export const flag: Field<boolean> = {
  kind: { type: 'flag' },
  write: (writer, value) => writer.byte(value ? 1 : 0),
  read: (reader) => reader.byte() !== 0,
}

export const bytes: Field<Uint8Array> = {
  kind: { type: 'bytes' },
  write(writer, value) {
    writer.whole(value.length)
    writer.raw(value)
  },
  read: (reader) => reader.raw(reader.whole()).slice(),
}

export const text: Field<string> = {
  kind: { type: 'text' },
  write: (writer, value) => bytes.write(writer, utf8Bytes(value)),
  read: (reader) => fromUtf8.decode(reader.raw(reader.whole())),
}

/** One of a few words, written as its position: new words go to the end. */
export const oneOf = <const Words extends readonly string[]>(...words: Words): Field<Words[number]> => ({
  kind: { type: 'oneOf', words },
  write: (writer, value) => writer.whole(words.indexOf(value)),
  read(reader) {
    const word = words[reader.whole()]
    if (word === undefined) throw new Unreadable('a word that this version does not know')
    return word
  },
})

export const optional = <Value>(field: Field<Value>): Field<Value | undefined> => ({
  kind: { type: 'optional', of: field.kind },
  write(writer, value) {
    writer.byte(value === undefined ? 0 : 1)
    if (value !== undefined) field.write(writer, value)
  },
  read: (reader) => (reader.byte() === 0 ? undefined : field.read(reader)),
})

export const list = <Value>(field: Field<Value>): Field<readonly Value[]> => ({
  kind: { type: 'list', of: field.kind },
  write(writer, values) {
    writer.whole(values.length)
    for (const value of values) field.write(writer, value)
  },
  read(reader) {
    const count = reader.whole()
    if (count > reader.bytes.length) throw new Unreadable('a list is longer than its record')
    return Array.from({ length: count }, () => field.read(reader))
  },
})

type Fields = Readonly<Record<string, Field<unknown>>>
export type Shape<Of extends Fields> = { readonly [Name in keyof Of]: ValueOf<Of[Name]> }

/** Several fields in the order in which they are named. */
export const struct = <Of extends Fields>(fields: Of): Field<Shape<Of>> => {
  // Objects and not pairs: taking a pair apart goes through an iterator.
  const entries = Object.entries(fields).map(([name, field]) => ({ name, field }))
  return {
    kind: { type: 'struct', fields: Object.fromEntries(entries.map(({ name, field }) => [name, field.kind])) },
    write(writer, value) {
      for (const { name, field } of entries) field.write(writer, value[name])
    },
    read(reader) {
      const value: Record<string, unknown> = {}
      for (const { name, field } of entries) value[name] = field.read(reader)
      return value as Shape<Of> // each field was read by its own kind
    },
  }
}
