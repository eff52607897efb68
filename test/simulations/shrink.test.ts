/** Shrinking: whatever does not matter to a failure goes, and what is left still fails. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Candidate,
  type Fault,
  findScenario,
  type RunResult,
  type RunSettings,
  readSettings,
  shrink,
  type Violation,
} from '../../simulations/index.js'

const { defaults } = findScenario('everything-at-once')
const violation: Violation = { checker: 'isRight', kind: 'safety', node: 1, atSeconds: 1, text: 'it is wrong' }
const crash = (node: number, atSeconds: number): Fault => ({
  kind: 'crash',
  how: 'process',
  node,
  atSeconds,
  forSeconds: 10,
})

/** A run that is nothing but what `fails` says of it. */
const runOf =
  (fails: (candidate: Candidate) => boolean | string) =>
  async (candidate: Candidate): Promise<RunResult> => {
    const failed = fails(candidate)
    const violations = failed === false ? [] : [{ ...violation, checker: failed === true ? 'isRight' : failed }]
    return { violations } as unknown as RunResult // all that shrinking looks at
  }

const shrunk = (
  settings: Partial<RunSettings>,
  faults: readonly Fault[],
  fails: (candidate: Candidate) => boolean | string,
  runsMax?: number,
) =>
  shrink({
    start: { seed: 1, settings: { ...defaults, ...settings }, faults },
    violation,
    run: runOf(fails),
    ...(runsMax === undefined ? {} : { runsMax }),
  })

test('shrink: of many faults the few are left that it takes, as short and as early as they may be', async () => {
  const faults = Array.from({ length: 40 }, (_, number) => crash(1 + (number % 3), number))
  const needed = ({ faults: left }: Candidate): boolean =>
    left.some(({ atSeconds }) => atSeconds >= 16) &&
    left.filter((fault) => 'node' in fault && fault.node === 2).length > 1
  const { faults: left, runs } = await shrunk({}, faults, needed)
  assert.is(left.length, 2)
  assert.ok(left.every(({ forSeconds }) => forSeconds === 0))
  assert.ok(Math.max(...left.map(({ atSeconds }) => atSeconds)) < 32)
  assert.ok(runs < 300, `${runs} runs`)
})

test('shrink: settings go down to what it takes, and node numbers follow their nodes', async () => {
  const before = { seeds: 2, poisoners: 3, hostiles: 4, peers: 12, contentBytes: 5_000_000, natShare: 0.2 }
  // The first leecher is number 10 of these.
  const { settings, faults } = await shrunk(before, [crash(10, 5), crash(3, 5)], ({ settings: now, faults: left }) => {
    const first = 1 + now.seeds + now.poisoners + now.hostiles
    return now.peers >= 3 && now.contentBytes >= 70_000 && left.some((fault) => 'node' in fault && fault.node === first)
  })
  const { seeds, poisoners, hostiles, peers, contentBytes, natShare } = settings
  assert.equal(
    { seeds, poisoners, hostiles, peers, natShare },
    { seeds: 1, poisoners: 0, hostiles: 0, peers: 3, natShare: 0 },
  )
  assert.ok(contentBytes < 140_000, `${contentBytes} bytes`)
  assert.equal(faults, [{ ...crash(2, 0), forSeconds: 0 }])
})

test('shrink: another failure is no failure, and what does not fit together is no run', async () => {
  const { settings, faults } = await shrunk(
    { peers: 9, clubPeers: 4 },
    [crash(1, 1)],
    ({ settings: now, faults: left }) => {
      assert.ok(now.clubPeers <= now.peers)
      if (left.length === 0) return 'another'
      return now.clubPeers === 4
    },
  )
  assert.equal([settings.peers, settings.clubPeers, faults.length], [4, 4, 1])
})

test('shrink: it ends when its runs are used up, and what it has still fails', async () => {
  let runs = 0
  const faults = Array.from({ length: 64 }, (_, number) => crash(1, number))
  const fails = ({ faults: left }: Candidate): boolean => left.some(({ atSeconds }) => atSeconds === 63)
  const result = await shrunk({}, faults, (candidate) => ++runs > 0 && fails(candidate), 5)
  assert.is(runs, 5)
  assert.is(result.runs, 5)
  assert.ok(result.faults.length < 64 && fails(result))
})

test('shrink: it stops when it is told to', async () => {
  const result = await shrink({
    start: { seed: 1, settings: readSettings(defaults, {}), faults: [crash(1, 1), crash(1, 2), crash(1, 3)] },
    violation,
    run: runOf(({ faults }) => faults.length > 0),
    onRun: () => false,
  })
  assert.is(result.runs, 1)
})

test.run()
