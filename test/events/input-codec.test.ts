/** The codec of recorded inputs: everything but payload comes back, and what was cut or changed is refused. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FIRST_PREVIOUS_HASH, NewerVersion, seal, Unreadable } from '../../src/events/codec.js'
import { Reader, Writer } from '../../src/events/fields.js'
import { InputRecordWriter, readInput, readInputRecord, writeInput } from '../../src/events/input-codec.js'
import type { Input } from '../../src/events/inputs.js'
import { fromHex, instant, peerKey, pieceIndex, toHex } from '../../src/values.js'
import { anyInput, anyInputOf, INPUT_NAMES } from './any-input.js'
import { hexOfInput, inputSamplesOf, readGoldenInputs } from './golden-inputs.js'
import { toJson } from './golden-values.js'

const test = suite('input codec')

const bytesOf = (input: Input): Uint8Array => {
  const writer = new Writer()
  writeInput(writer, input)
  return writer.take()
}

const readBack = (bytes: Uint8Array): Input => {
  const reader = new Reader(bytes)
  const input = readInput(reader)
  assert.ok(reader.ended, 'nothing is left of the input')
  return input
}

const isRefused = (read: () => unknown): boolean => {
  try {
    read()
    return false
  } catch (error) {
    if (error instanceof Unreadable) return true
    throw error
  }
}

const goldens = readGoldenInputs()

for (const name of INPUT_NAMES) {
  test(`inputs: ${name.type} of a ${name.to} is written and read as in the golden bytes`, () => {
    const own = goldens.filter(({ input }) => input.to === name.to && input.input.type === name.type)
    assert.ok(own.length > 0, `it has no golden bytes: run test/events/golden-inputs.ts`)
    for (const { input, hex } of own) {
      const read = readBack(fromHex(hex))
      assert.equal(toJson(read), input)
      assert.is(hexOfInput(read), hex)
    }
  })

  test(`inputs: ${name.type} of a ${name.to} has golden bytes for every word of its fields`, () => {
    const known = new Set(goldens.map(({ hex }) => hex))
    for (const input of inputSamplesOf(name))
      assert.ok(known.has(hexOfInput(input)), `no golden bytes: ${JSON.stringify(toJson(input))}`)
  })

  test(`inputs: any ${name.type} of a ${name.to} comes back as it was`, () => {
    fc.assert(
      fc.property(anyInputOf(name), (input) => assert.equal(readBack(bytesOf(input)), input)),
      { numRuns: 50 },
    )
  })
}

test('inputs: golden bytes are of inputs that there still are', () => {
  const names = new Set(INPUT_NAMES.map(({ to, type }) => `${to} ${type}`))
  for (const { input } of goldens) assert.ok(names.has(`${input.to} ${input.input.type}`), `${input.input.type} went`)
})

test('inputs: one that is cut at any place is refused', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const bytes = bytesOf(input)
      for (let length = 0; length < Math.min(bytes.length, 400); length++)
        assert.ok(
          isRefused(() => readInput(new Reader(bytes.subarray(0, length)))),
          `${length} of ${bytes.length} bytes`,
        )
    }),
    { numRuns: 300 },
  )
})

test('inputs: arbitrary bytes are an input or refused, and take no more memory than that says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      isRefused(() => readInput(new Reader(bytes)))
    }),
    { numRuns: 3_000 },
  )
})

const from = (peer: number, input: Extract<Input, { to: 'peer' }>['input']): Input => ({
  to: 'peer',
  peer: peerKey(peer),
  input,
})

const blocks = (offsets: readonly number[], length = 16_384) =>
  offsets.map((offset) => ({ type: 'piece' as const, piece: 7, offset, block: new Uint8Array(length).fill(1) }))

test('inputs: payload is left out, and blocks that follow each other take no more than one', () => {
  const one = bytesOf(from(3, { type: 'blocks-arrived', blocks: blocks([0]) }))
  const many = bytesOf(from(3, { type: 'blocks-arrived', blocks: blocks([0, 16_384, 32_768, 49_152]) }))
  assert.is(many.length, one.length)
  assert.ok(many.length < 12)
  const read = readBack(many)
  assert.ok(read.to === 'peer' && read.input.type === 'blocks-arrived')
  assert.equal(
    read.input.blocks.map(({ offset, block }) => [offset, block.length, block.some((byte) => byte !== 0)]),
    [0, 16_384, 32_768, 49_152].map((offset) => [offset, 16_384, false]),
  )
})

test('inputs: a run that claims more blocks or bytes than can arrive is refused', () => {
  const bytesWith = (total: number, length: number, count: number): Uint8Array => {
    const writer = new Writer()
    for (const value of [37, 3, total, 7, 0, length, count]) writer.whole(value)
    return writer.take()
  }
  assert.not(isRefused(() => readInput(new Reader(bytesWith(2, 16_384, 2)))))
  for (const [total, length, count] of [
    [2 ** 40, 1, 2 ** 40],
    [2, 2 ** 40, 2],
    [2, 16_384, 3],
    [2, 16_384, 0],
  ] as const)
    assert.ok(
      isRefused(() => readInput(new Reader(bytesWith(total, length, count)))),
      `${total} ${length} ${count}`,
    )
})

const NOW = 1_700_000_000_000

const recordOf = (): Uint8Array => {
  const writer = new InputRecordWriter()
  writer.add(40, instant(NOW), { to: 'transfer', input: { type: 'woken' } })
  writer.add(40, instant(NOW + 5), from(2, { type: 'message-arrived', message: { type: 'have', piece: 300 } }))
  writer.add(43, instant(NOW + 5), {
    to: 'piece',
    piece: pieceIndex(9),
    input: { type: 'piece-hashed', good: false, fingerprints: [1, 2] },
  })
  return writer.finish(12, FIRST_PREVIOUS_HASH).bytes
}

test('inputs: a record has the bytes that version 1 gives it', () => {
  const head = `01${'0c'}${'03'}${'28'}${'80d095ffbc31'}${'00'.repeat(32)}`
  const inputs = `${'00'}${'00'}${'0e'}${'05'}${'00'}${'24'}${'02'}${'05'}${'ac02'}${'00'}${'03'}${'40'}${'09'}${'00'}${'02'}${'01'}${'02'}`
  assert.is(toHex(recordOf()), toHex(seal(fromHex(head + inputs)).bytes))
})

test('inputs: a record comes back with its numbers, times and links', () => {
  const { firstNumber, firstSeq, previousHash, inputs } = readInputRecord(recordOf())
  assert.is(firstNumber, 12)
  assert.is(firstSeq, 40)
  assert.equal(previousHash, FIRST_PREVIOUS_HASH)
  assert.equal(
    inputs.map(({ number, seq, at, input }) => [number, seq, at - NOW, input.to, input.input.type]),
    [
      [12, 40, 0, 'transfer', 'woken'],
      [13, 40, 5, 'peer', 'message-arrived'],
      [14, 43, 5, 'piece', 'piece-hashed'],
    ],
  )
})

test('inputs: a record with any bit changed, or cut anywhere, is refused', () => {
  const record = recordOf()
  for (let at = 0; at < record.length; at++) {
    assert.ok(
      isRefused(() => readInputRecord(record.subarray(0, at))),
      `cut at ${at}`,
    )
    for (const bit of [1, 128]) {
      const changed = record.slice()
      changed[at] = (changed[at] ?? 0) ^ bit
      assert.ok(
        isRefused(() => readInputRecord(changed)),
        `byte ${at}`,
      )
    }
  }
})

test('inputs: a record of a newer version is told from a damaged one, and one that goes on is refused', () => {
  const content = recordOf().slice(0, -32)
  const newer = content.slice()
  newer[0] = 2
  try {
    readInputRecord(seal(newer).bytes)
    assert.unreachable()
  } catch (error) {
    assert.instance(error, NewerVersion)
  }
  assert.ok(isRefused(() => readInputRecord(seal(Uint8Array.from([...content, 0])).bytes)))
})

test('inputs: records of many come back in order, one after the other from one writer', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(3), anyInput), { minLength: 1, maxLength: 20 }), (all) => {
      const writer = new InputRecordWriter()
      for (const round of [0, 1]) {
        let [at, seq] = [NOW, 100 * round]
        for (const [later, more, input] of all) {
          at += later
          seq += more
          writer.add(seq, instant(at), input)
        }
        const record = readInputRecord(writer.finish(round * all.length, FIRST_PREVIOUS_HASH).bytes)
        assert.equal(
          record.inputs.map(({ input }) => input),
          all.map(([, , input]) => input),
        )
        assert.is(record.inputs.at(-1)?.seq, seq)
        assert.is(record.inputs.at(-1)?.at, at)
      }
    }),
    { numRuns: 100 },
  )
})

test.run()
