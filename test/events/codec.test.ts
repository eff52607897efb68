import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  FIRST_PREVIOUS_HASH,
  HASH_BYTES,
  NewerVersion,
  RecordWriter,
  readEvent,
  readRecord,
  Unreadable,
  writeEvent,
} from '../../src/events/codec.js'
import { Reader, Writer } from '../../src/events/fields.js'
import { EVENT_TYPES, type TransferEvent } from '../../src/events/vocabulary.js'
import { fromHex, instant, peerKey, pieceIndex, toHex } from '../../src/values.js'
import { anyEvent, anyEventOf } from './any-event.js'
import { eventFromJson, hexOf, readGoldens, samplesOf } from './golden-events.js'

const test = suite('codec')

const readBack = (bytes: Uint8Array): TransferEvent => {
  const reader = new Reader(bytes)
  const event = readEvent(reader)
  assert.ok(reader.ended, 'nothing is left of the event')
  return event
}

const bytesOf = (event: TransferEvent): Uint8Array => {
  const writer = new Writer()
  writeEvent(writer, event)
  return writer.take()
}

const goldens = readGoldens()

for (const type of EVENT_TYPES) {
  test(`codec: ${type} is written and read as in the golden bytes`, () => {
    const own = goldens.filter(({ event }) => event.type === type)
    assert.ok(own.length > 0, `${type} has no golden bytes: run test/events/golden-events.ts`)
    for (const golden of own) {
      const event = eventFromJson(golden.event) as TransferEvent // checked by what it is written as
      assert.is(hexOf(event), golden.hex)
      assert.equal(readBack(fromHex(golden.hex)), event)
    }
  })

  test(`codec: ${type} has golden bytes for every word of its fields`, () => {
    const known = new Set(goldens.map(({ hex }) => hex))
    for (const event of samplesOf(type)) assert.ok(known.has(hexOf(event)), `no golden bytes: ${JSON.stringify(event)}`)
  })

  test(`codec: any ${type} comes back as it was`, () => {
    fc.assert(
      fc.property(anyEventOf(type), (event) => assert.equal(readBack(bytesOf(event)), event)),
      { numRuns: 50 },
    )
  })
}

test('codec: golden bytes are of events that there still are', () => {
  const types = new Set<string>(EVENT_TYPES)
  for (const { event } of goldens) assert.ok(types.has(event.type), `${event.type} went, but logs have it`)
})

const recordOf = (events: readonly (readonly [number, TransferEvent])[], firstSeq = 7): Uint8Array => {
  const writer = new RecordWriter()
  for (const [at, event] of events) writer.add(instant(at), event)
  return writer.finish(firstSeq, FIRST_PREVIOUS_HASH).bytes
}

const TWO = recordOf([
  [1_700_000_000_000, { type: 'have-received', peer: peerKey(1), piece: pieceIndex(300) }],
  [1_700_000_000_250, { type: 'choke-round-ended' }],
])

/** The record with other content and a checksum that fits. */
const resealed = (change: (content: Uint8Array) => Uint8Array): Uint8Array => {
  const content = change(TWO.slice(0, -HASH_BYTES))
  return Uint8Array.from([...content, ...createHash('sha256').update(content).digest()])
}

const refusal = (bytes: Uint8Array): string => {
  try {
    readRecord(bytes)
  } catch (error) {
    if (error instanceof Unreadable) return error.message
    throw error
  }
  return 'it was read'
}

test('codec: a record has the bytes that version 1 gives it', () => {
  const head = `01${'07'}${'02'}${'80d095ffbc31'}${'00'.repeat(32)}`
  const events = `${'00'}${'33'}${'01'}${'ac02'}${'fa01'}${'40'}`
  const content = head + events
  const hash = createHash('sha256').update(fromHex(content)).digest('hex')
  assert.is(toHex(TWO), content + hash)
})

test('codec: a record comes back with its numbers, times and links', () => {
  const record = readRecord(TWO)
  assert.is(record.version, 1)
  assert.is(record.firstSeq, 7)
  assert.equal(record.previousHash, FIRST_PREVIOUS_HASH)
  assert.equal(record.hash, TWO.slice(-HASH_BYTES))
  assert.equal(record.events, [
    { seq: 7, at: 1_700_000_000_000, event: { type: 'have-received', peer: 1, piece: 300 } },
    { seq: 8, at: 1_700_000_000_250, event: { type: 'choke-round-ended' } },
  ])
})

test('codec: any events come back from a record as they were', () => {
  const events = fc.array(fc.tuple(fc.nat(), anyEvent), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(events, fc.maxSafeNat(), (given, firstSeq) => {
      const sorted = [...given].sort(([left], [right]) => left - right)
      const read = readRecord(recordOf(sorted, firstSeq)).events
      assert.equal(
        read.map(({ at, event }) => [at, event]),
        sorted,
      )
      assert.equal(
        read.map(({ seq }) => seq),
        sorted.map((_, index) => firstSeq + index),
      )
    }),
    { numRuns: 100 },
  )
})

test('codec: what was read does not change with the bytes that it was read from', () => {
  const event: TransferEvent = { type: 'bitfield-received', peer: peerKey(1), bits: Uint8Array.of(1, 2, 3) }
  const bytes = Buffer.from(recordOf([[5, event]]))
  const record = readRecord(bytes)
  const before = structuredClone(record)
  bytes.fill(0xff)
  assert.equal(record, before)
})

test('codec: a record with any bit flipped is refused', () => {
  for (let at = 0; at < TWO.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = TWO.slice()
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      assert.is(refusal(bytes), 'the record does not match its checksum')
    }
  }
})

test('codec: a record cut off anywhere is refused', () => {
  for (let length = 0; length < TWO.length; length++) {
    assert.ok(/checksum|too short/.test(refusal(TWO.slice(0, length))), `with ${length} bytes`)
  }
})

test('codec: a record of a newer version is told from a damaged one', () => {
  const newer = resealed((content) => {
    content[0] = 2
    return content
  })
  assert.throws(
    () => readRecord(newer),
    (error: unknown) => error instanceof NewerVersion && /version 2/.test(error.message),
  )
})

test('codec: a record that goes on after its last event is refused', () => {
  assert.is(refusal(resealed((content) => Uint8Array.of(...content, 0))), 'the record goes on after its last event')
})

test('codec: a kind of event that nobody wrote is refused', () => {
  assert.match(refusal(resealed((content) => content.with(-1, 0x7f))), /unknown kind 127/)
})

test('codec: whatever stands in a record with a fitting checksum, it is read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      refusal(resealed((content) => Uint8Array.of(...content.subarray(0, 3), ...tail)))
    }),
    { numRuns: 2_000 },
  )
})

test('codec: numbers up to 2^53 - 1 come back, and larger ones are refused', () => {
  for (const value of [0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER]) {
    const writer = new Writer()
    writer.whole(value)
    assert.is(new Reader(writer.take()).whole(), value)
  }
  assert.throws(() => new Reader(fromHex('ffffffffffffff7f')).whole(), /larger than any/)
  assert.throws(() => new Reader(fromHex('ffffffffffffffff01')).whole(), /larger than any/)
})

test('codec: a number that is not whole, or less than nothing, is our own fault', () => {
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53])
    assert.throws(() => new Writer().whole(value), /only whole numbers/)
})

test('codec: time does not run backwards within a record', () => {
  const writer = new RecordWriter()
  writer.add(instant(10), { type: 'paused' })
  assert.throws(() => writer.add(instant(9), { type: 'resumed' }), /only whole numbers/)
})

test.run()
