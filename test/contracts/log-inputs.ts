/** The contract of recorded inputs: what every log store does with them, on disk and in memory. */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LoggedInput } from '../../src/events/input-codec.js'
import type { Input } from '../../src/events/inputs.js'
import { LIMITS } from '../../src/limits.js'
import type { LogReader, TransferLog } from '../../src/ports.js'
import { allOf, readInputsKey } from '../../src/store/log-keys.js'
import type { Shelf } from '../../src/store/shelf.js'
import { verifyLog } from '../../src/store/verify-log.js'
import { instant, peerKey } from '../../src/values.js'
import {
  commitRecords,
  committed,
  entryOf,
  errorOf,
  eventOf,
  FIRST_AT,
  type LogPlace,
  loggedFrom,
  readAll,
} from './log-rig.js'
import { del, put } from './log-tampering.js'
import { inPlace } from './logs.js'

const ONE = entryOf(1)
const TWO = entryOf(2)

/** An input that its number can be told from. */
const inputOf = (number: number): Input => ({
  to: 'peer',
  peer: peerKey(number % 5),
  input: { type: 'message-arrived', message: { type: 'have', piece: number } },
})

const atOf = (seq: number) => instant(FIRST_AT + seq)

/** Turns of so many events each, the first input of which has the number `from`. */
const turns = (log: TransferLog, from: number, events: readonly number[]): void => {
  events.forEach((count, index) => {
    log.appendInput(atOf(log.nextSeq), inputOf(from + index))
    for (let left = count; left > 0; left--) log.append(atOf(log.nextSeq), eventOf(log.nextSeq))
  })
}

const inputsOf = async (log: LogReader, from = 0, to?: number): Promise<readonly LoggedInput[]> => {
  const inputs: LoggedInput[] = []
  for await (const some of log.readInputs?.(from, to) ?? []) inputs.push(...some)
  return inputs
}

/** Number and place of each, once it was seen to be what was recorded under that number. */
const placesOf = (inputs: readonly LoggedInput[]): readonly (readonly [number: number, seq: number])[] =>
  inputs.map(({ number, seq, at, input }) => {
    assert.equal(input, inputOf(number))
    assert.is(at, atOf(seq))
    return [number, seq]
  })

const entriesOf = async (shelf: Shelf): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> => {
  const found: (readonly [Uint8Array, Uint8Array])[] = []
  for await (const entries of shelf.entries(allOf('inputs', ONE.infoHash))) found.push(...entries)
  return found
}

export const inputsContract = (test: Test, name: string, make: () => Promise<LogPlace>): void => {
  const claim = (what: string, run: (place: LogPlace) => Promise<void>): void =>
    test(`${name}: ${what}`, inPlace(make, run))

  claim('a log without recorded inputs has none', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    await commitRecords(log, 10)
    assert.equal(await inputsOf(log), [])
    assert.is(log.pendingInputs, 0)
    await store.close()
  })

  claim('inputs come back in order, each with the number of the first event of its turn', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    turns(log, 0, [2, 0, 0, 3, 1])
    assert.is(log.pendingInputs, 5)
    log.flush()
    await committed(log, 6)
    assert.is(log.pendingInputs, 0)
    const expected = [
      [0, 0],
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 5],
    ]
    assert.equal(placesOf(await inputsOf(log)), expected)
    const reader = await store.reader(ONE.infoHash)
    assert.ok(reader)
    assert.equal(placesOf(await inputsOf(reader)), expected)
    assert.equal(await readAll(log), loggedFrom(0, 6))
    await store.close()
  })

  claim('a range of inputs is of turns that began within it', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    for (const round of [0, 1, 2, 3]) {
      turns(log, 3 * round, [2, 0, 3])
      log.flush()
      await committed(log, log.nextSeq)
    }
    const all = placesOf(await inputsOf(log))
    assert.is(all.length, 12)
    for (let from = 0; from <= 21; from++)
      for (let to = from; to <= 21; to++)
        assert.equal(
          placesOf(await inputsOf(log, from, to)),
          all.filter(([, seq]) => seq >= from && seq < to),
          `${from} to ${to}`,
        )
    await store.close()
  })

  claim('the inputs of a turn that fills records are committed with the first of its events', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    turns(log, 0, [LIMITS.logRecordEventsMax * (LIMITS.logCommitRecords + 2)])
    await committed(log, LIMITS.logRecordEventsMax * LIMITS.logCommitRecords)
    assert.equal(placesOf(await inputsOf(log)), [[0, 0]])
    await store.close()
  })

  claim('inputs that make no event wait for others, and are committed alone where they are many', async (place) => {
    const store = await place.open()
    const log = await store.open(ONE)
    turns(log, 0, Array(LIMITS.logRecordInputsMax).fill(0))
    log.flush()
    assert.is(log.pendingInputs, LIMITS.logRecordInputsMax, 'nothing is under way')
    const told = new Promise<void>((resolve) => {
      log.onCommitted = () => resolve()
    })
    turns(log, LIMITS.logRecordInputsMax, [0])
    await told
    assert.is(log.pendingInputs, 1)
    turns(log, LIMITS.logRecordInputsMax + 1, [1])
    log.flush()
    await committed(log, 1)
    assert.is((await inputsOf(log)).length, LIMITS.logRecordInputsMax + 2)
    await store.close()
  })

  claim('recording goes on in a log that was closed, and may be left out between', async (place) => {
    for (const session of [0, 1, 2]) {
      const store = await place.open()
      const log = await store.open(ONE)
      if (session === 1) await commitRecords(log, 7)
      else turns(log, session === 0 ? 0 : 3, [1, 2, 1])
      await store.close()
    }
    const store = await place.open()
    const log = await store.open(ONE)
    assert.is(log.nextSeq, 15)
    assert.equal(placesOf(await inputsOf(log)), [
      [0, 0],
      [1, 1],
      [2, 3],
      [3, 11],
      [4, 12],
      [5, 14],
    ])
    assert.is((await verifyLog(store, ONE.infoHash)).inputs, 6)
    await store.close()
  })

  claim('a removed transfer has no inputs left, and others keep theirs', async (place) => {
    const store = await place.open()
    for (const entry of [ONE, TWO]) {
      const log = await store.open(entry)
      turns(log, 0, [1, 1])
      await log.close()
    }
    await store.remove(ONE.infoHash)
    const [one, two] = [await store.open(ONE), await store.open(TWO)]
    assert.equal(await inputsOf(one), [])
    assert.is((await inputsOf(two)).length, 2)
    await store.close()
    await place.tamper(async (shelf) => assert.equal(await entriesOf(shelf), []))
  })

  const threeRecords = async (place: LogPlace): Promise<void> => {
    const store = await place.open()
    const log = await store.open(ONE)
    for (const round of [0, 1, 2]) {
      turns(log, 2 * round, [1, 1])
      log.flush()
      await committed(log, log.nextSeq)
    }
    await store.close()
  }

  const damage = (
    what: string,
    change: (shelf: Shelf, entries: readonly (readonly [Uint8Array, Uint8Array])[]) => Promise<void>,
  ) =>
    claim(`inputs of which ${what} are damaged, and the events beside them are not`, async (place) => {
      await threeRecords(place)
      await place.tamper(async (shelf) => change(shelf, await entriesOf(shelf)))
      const store = await place.open()
      const log = await store.open(ONE)
      const { code, message } = await errorOf(() => inputsOf(log))
      assert.is(code, 'LOG_DAMAGED')
      assert.match(message, /inputs that were recorded/)
      assert.equal(await readAll(log), loggedFrom(0, 6))
      const { ok, events } = await verifyLog(store, ONE.infoHash)
      assert.equal([ok, events], [false, 6])
      await store.close()
    })

  damage('a bit was changed', async (shelf, [, second]) => {
    assert.ok(second)
    const changed = second[1].slice()
    changed[50] = (changed[50] ?? 0) ^ 4
    await put(shelf, second[0], changed)
  })
  damage('the first record is missing', async (shelf, [first]) => {
    assert.ok(first)
    await del(shelf, first[0])
  })
  damage('a record is missing', async (shelf, [, second]) => {
    assert.ok(second)
    await del(shelf, second[0])
  })
  damage('two records were exchanged', async (shelf, [first, second]) => {
    assert.ok(first && second)
    await put(shelf, first[0], second[1])
    await put(shelf, second[0], first[1])
  })
  damage('a key was changed', async (shelf, [, second]) => {
    assert.ok(second)
    const key = second[0].slice()
    key[key.length - 1] = 9
    assert.is(readInputsKey(key)?.count, 9)
    await del(shelf, second[0])
    await put(shelf, key, second[1])
  })
}
