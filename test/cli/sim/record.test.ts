/** The record of a sweep: what it keeps comes back as it was, and it never mixes or loses runs. */
import { appendFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunResult } from '../../../simulations/index.js'
import { type PreparedJob, prepareJob, type SimJob } from '../../../src/cli/sim/job.js'
import { SweepRecord } from '../../../src/cli/sim/record.js'
import { TorrewindError } from '../../../src/errors.js'
import { inPlace } from '../place.js'

const test = suite('record')

const WORDS = { peers: '3', seeds: '1', contentBytes: '200000', pieceLength: '65536', faultSeconds: '20' }
const JOB: SimJob = { scenario: 'everything-at-once', words: WORDS, checkDeterminism: false, samples: 16 }

let job: PreparedJob
let runs: readonly RunResult[]
test.before(async () => {
  job = await prepareJob(JOB)
  runs = [await job.run(1), await job.run(2)]
})

const inFile = (work: (file: string) => Promise<void>): Promise<void> =>
  inPlace((folder) => work(path.join(folder, 'runs.jsonl')))

const withRecord = async <Value>(file: string, work: (record: SweepRecord) => Promise<Value>): Promise<Value> => {
  const record = await SweepRecord.open(file, job)
  try {
    return await work(record)
  } finally {
    await record.close()
  }
}

const addAll = (file: string): Promise<void> =>
  withRecord(file, async (record) => {
    // At once, as they come from threads.
    await Promise.all(runs.map((run) => record.add(run)))
  })

const refused = async (file: string, changed: Partial<SimJob>, message: RegExp): Promise<void> => {
  const before = await readFile(file)
  try {
    await (await SweepRecord.open(file, await prepareJob({ ...JOB, ...changed }))).close()
  } catch (error) {
    if (!(error instanceof TorrewindError)) throw error
    assert.is(error.code, 'OPTION_INVALID')
    assert.match(error.message, message)
    assert.ok(before.equals(await readFile(file)), 'the file is as it was')
    return
  }
  assert.unreachable('it was taken')
}

/** As JSON has it: without what is undefined. */
const plain = (result: RunResult | undefined): unknown => JSON.parse(JSON.stringify(result))

test('record: runs come back with all that was known of them', () =>
  inFile(async (file) => {
    await addAll(file)
    await withRecord(file, async (record) => {
      assert.is(record.countIn([1, 1_000]), 2)
      assert.is(record.countIn([2, 2]), 1)
      assert.equal([record.has(1), record.has(2), record.has(3)], [true, true, false])
      for (const run of runs) {
        const { type: _, ...kept } = { type: 'run', ...(await record.get(run.seed)) }
        assert.equal(kept, plain(run))
        // Nothing in them is of a kind that JSON would change.
        assert.equal(kept, { ...run, violations: kept.violations })
      }
    })
  }))

test('record: a line that was cut off is dropped, and what comes next is whole', () =>
  inFile(async (file) => {
    await addAll(file)
    const whole = await readFile(file)
    for (const cut of [1, 2, 100]) {
      await writeFile(file, whole)
      await truncate(file, whole.length - cut)
      await withRecord(file, async (record) => {
        assert.is(record.countIn([1, 2]), 1)
        const [last = runs[1]] = runs.filter(({ seed }) => !record.has(seed))
        if (last !== undefined) await record.add(last)
      })
      assert.is(await readFile(file, 'utf8'), whole.toString())
    }
  }))

test('record: runs of another scenario, other settings or of other care are refused, and the file is left as it is', () =>
  inFile(async (file) => {
    await addAll(file)
    await refused(file, { words: { ...WORDS, peers: '4', uploadRate: '99' } }, /uploadRate is .* there and 99 here/)
    await refused(file, { words: { ...WORDS, peers: '4' } }, /peers is 3 there and 4 here; give --out another file/)
    await refused(file, { scenario: 'flash-crowd' }, /scenario is "everything-at-once" there and "flash-crowd" here/)
    await refused(file, { checkDeterminism: true }, /checkDeterminism is false there and true here/)
    await refused(file, { samples: undefined }, /samples is 16 there and 0 here/)
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(/"torrewind":"[^"]*"/, '"torrewind":"0.0.1"'))
    await refused(file, {}, /torrewind is "0.0.1" there and/)
  }))

test('record: a file of anything else is refused, and left as it is', () =>
  inFile(async (file) => {
    for (const text of ['notes\n', 'notes', '{"type":"run","seed":1}\n', '\n', '[]\n', 'null\n', '\0\0\0']) {
      await writeFile(file, text)
      await refused(file, {}, /is no record of a sweep/)
    }
  }))

test('record: a line that was changed by hand is named', () =>
  inFile(async (file) => {
    await addAll(file)
    const text = await readFile(file, 'utf8')
    await appendFile(file, 'what I found: nothing\n')
    await refused(file, {}, /line 4 is no run/)
    await writeFile(file, text.replace('"seed":2', '"seed":"2"'))
    await refused(file, {}, /line [23] is no run/)
  }))

test('record: a folder, and a place in no folder, cannot be written', () =>
  inFile(async (file) => {
    await mkdir(file)
    for (const [place, code] of [
      [file, 'OPTION_INVALID'],
      [path.join(file, 'none', 'runs.jsonl'), 'DISK_FAILED'],
    ] as const) {
      const failure = await SweepRecord.open(place, job).then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.instance(failure, TorrewindError)
      assert.is((failure as TorrewindError).code, code)
    }
  }))

test.run()
