import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { nodeClock } from '../../src/node/clock.js'
import type { Failure, LogStore } from '../../src/ports.js'
import { createMemoryLogStore } from '../../src/store/memory-log.js'
import { MemoryMedium } from '../../src/store/memory-medium.js'
import { MemoryShelf } from '../../src/store/memory-shelf.js'
import { checkpointContract } from '../contracts/log-checkpoints.js'
import { compactionContract } from '../contracts/log-compaction.js'
import { damageContract } from '../contracts/log-damage.js'
import { inputsContract } from '../contracts/log-inputs.js'
import { append, entryOf, errorOf, type LogPlace, loggedFrom, readAll } from '../contracts/log-rig.js'
import { logContract } from '../contracts/logs.js'
import { ManualClock } from '../contracts/manual-clock.js'

const test = suite('memory log')
const ONE = entryOf(1)

const memoryPlace = async (): Promise<LogPlace> => {
  const medium = new MemoryMedium()
  const clock = nodeClock()
  return {
    open: async () => createMemoryLogStore(clock, medium),
    tamper: (change) => change(new MemoryShelf(medium, clock)),
    dispose: async () => {},
  }
}

logContract(test, 'memory log', memoryPlace)
checkpointContract(test, 'memory log', memoryPlace)
damageContract(test, 'memory log', memoryPlace)
inputsContract(test, 'memory log', memoryPlace)
compactionContract(test, 'memory log', memoryPlace)

/** Moves the clock on until the job is done, as the loop of a simulator does. */
const driven = async <Value>(clock: ManualClock, job: Promise<Value>): Promise<Value> => {
  let done = false
  const finished = job.finally(() => {
    done = true
  })
  for (let turn = 0; turn < 1_000 && !done; turn++) {
    await Promise.resolve()
    clock.advance(0)
  }
  assert.ok(done, 'it is done after a thousand turns without time passing')
  return finished
}

const rig = async (writeMs = 0) => {
  const clock = new ManualClock()
  const medium = new MemoryMedium()
  let failure: Failure | undefined
  const store = createMemoryLogStore(clock, medium, { writeMs: () => writeMs, failure: () => failure })
  const opening = store.open(ONE)
  await Promise.resolve()
  for (let turn = 0; turn < 10; turn++) {
    clock.advance(writeMs)
    await Promise.resolve()
  }
  const log = await opening
  const commits: number[] = []
  const failures: Failure[] = []
  log.onCommitted = (committedSeq) => commits.push(committedSeq)
  log.onFailed = (each) => failures.push(each)
  const fail = (): void => {
    failure = { code: 'ENOSPC', message: 'no space left' }
  }
  return { clock, medium, store, log, commits, failures, fail }
}

test('memory log: a record that is not full waits as long as the limit says, and no longer', async () => {
  const { clock, log, commits } = await rig()
  append(log, 1)
  clock.advance(30)
  append(log, 1)
  clock.advance(LIMITS.logCommitDelayMs - 31)
  assert.equal(commits, [])
  clock.advance(1)
  assert.equal(commits, [2])
  assert.is(clock.waiting, 0)
})

test('memory log: a flush commits at the same time, but in a later turn', async () => {
  const { clock, log, commits } = await rig()
  append(log, 5)
  log.flush()
  assert.equal(commits, [])
  clock.advance(0)
  assert.equal(commits, [5])
  assert.is(clock.waiting, 0, 'and nothing is left to wake up for')
})

test('memory log: a few full records are committed together, without waiting', async () => {
  const { clock, log, commits } = await rig()
  const full = LIMITS.logRecordEventsMax * LIMITS.logCommitRecords
  append(log, full - 1)
  clock.advance(0)
  assert.equal(commits, [], 'the last record is not full yet')
  append(log, 1)
  clock.advance(0)
  assert.equal(commits, [full])
})

test('memory log: events gather while a slow commit is under way', async () => {
  const { clock, log, commits } = await rig(10)
  append(log, 1)
  log.flush()
  clock.advance(5)
  append(log, 600)
  clock.advance(4)
  assert.equal(commits, [])
  clock.advance(1)
  assert.equal(commits, [1])
  clock.advance(10)
  assert.equal(commits, [1, 513], 'full records at once, the rest when it is due')
  clock.advance(LIMITS.logCommitDelayMs)
  assert.equal(commits, [1, 513, 601])
})

test('memory log: a write that fails is told once, and nothing is committed afterwards', async () => {
  const { clock, log, commits, failures, fail, store } = await rig()
  append(log, 3)
  log.flush()
  clock.advance(0)
  fail()
  append(log, 3)
  log.flush()
  append(log, 300)
  clock.advance(0)
  assert.equal(failures, [{ code: 'ENOSPC', message: 'no space left' }])
  append(log, 1_000)
  log.flush()
  clock.advance(1_000)
  assert.equal(commits, [3])
  assert.is(log.committedSeq, 3)
  assert.is(failures.length, 1)
  assert.is(clock.waiting, 0)
  await driven(clock, log.close())
  await driven(clock, store.close())
})

test('memory log: a checkpoint that cannot be written says so to who saved it', async () => {
  const { clock, log, fail } = await rig()
  append(log, 3)
  log.flush()
  clock.advance(0)
  fail()
  const { code } = await driven(
    clock,
    errorOf(() => log.saveCheckpoint(3, Uint8Array.of(1))),
  )
  assert.is(code, 'LOG_FAILED')
})

test('memory log: after a crash the log has what was committed, and the former process does nothing more', async () => {
  const { clock, medium, log, commits } = await rig(10)
  append(log, 3)
  log.flush()
  clock.advance(10)
  append(log, 4)
  log.flush()
  clock.advance(9)
  const store: LogStore = createMemoryLogStore(clock, medium)
  clock.advance(1_000)
  assert.equal(commits, [3])
  const again = await driven(clock, store.open(ONE))
  assert.is(again.nextSeq, 3)
  append(again, 2)
  append(log, 50)
  clock.advance(1_000)
  assert.equal(await readAll(again), loggedFrom(0, 5))
})

test('memory log: a loss of power takes writes from the end, none that was synced or has been there for long', async () => {
  const { clock, medium, log } = await rig()
  const commit = (count: number): void => {
    append(log, count)
    log.flush()
    clock.advance(0)
  }
  const lose = async (kept: number): Promise<{ readonly writes: number; readonly nextSeq: number }> => {
    let writes = 0
    medium.losePower((count) => {
      writes = count
      return kept
    })
    const again = await driven(clock, createMemoryLogStore(clock, medium).open(ONE))
    return { writes, nextSeq: again.nextSeq }
  }
  commit(2)
  clock.advance(36_000)
  commit(3)
  commit(4)
  commit(5)
  assert.equal(await lose(1), { writes: 3, nextSeq: 5 }, 'the transfer itself and the first two events stay')
  assert.equal(await lose(0), { writes: 0, nextSeq: 5 }, 'what survived one loss survives the next')
})

test('memory medium: gives back what was stored, small and large, and takes all of it back with the power', () => {
  const medium = new MemoryMedium()
  const keyOf = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff)
  const bytesOf = (number: number): Uint8Array => new Uint8Array((number * 37) % 5_000).fill(number)
  const everything = { from: new Uint8Array(), to: Uint8Array.of(0xff) }
  for (let number = 0; number < 100; number++)
    medium.write([{ type: 'put', key: keyOf(number), value: bytesOf(number) }], 0)
  medium.sync()
  const kept = medium.range(everything)
  assert.equal(
    kept.map(({ value }) => value),
    kept.map((_, number) => bytesOf(number)),
  )
  for (let number = 50; number < 150; number++)
    medium.write(
      [
        { type: 'put', key: keyOf(number), value: bytesOf(number + 1) },
        { type: 'del', key: keyOf(number - 50) },
      ],
      0,
    )
  assert.equal(medium.get(keyOf(149)), bytesOf(150))
  assert.is(medium.get(keyOf(99)), undefined)
  medium.losePower(() => 0)
  assert.equal(medium.range(everything), kept)
})

test('memory log: the same calls give the same bytes', async () => {
  const contents: string[] = []
  for (let run = 0; run < 2; run++) {
    const { clock, medium, log } = await rig()
    append(log, 300)
    clock.advance(1_000)
    const everything = medium.range({ from: new Uint8Array(), to: Uint8Array.of(0xff) })
    contents.push(JSON.stringify(everything.map(({ key, value }) => [[...key], [...value]])))
  }
  assert.is(contents[0], contents[1])
})

test.run()
