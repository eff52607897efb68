/** Sweeps: the same results wherever they run, stopped and resumed, and told of when something is wrong. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JsonLine } from '../../../src/cli/context.js'
import { Reported } from '../../../src/cli/reported.js'
import { jobOf, type SimFlags, seedRange, threads, workerOf } from '../../../src/cli/sim/options.js'
import { queueAddress } from '../../../src/cli/sim/queue-link.js'
import { workOnQueue } from '../../../src/cli/sim/queue-worker.js'
import { sweep } from '../../../src/cli/sim/sweep.js'
import { TorrewindError } from '../../../src/errors.js'
import { inPlace } from '../place.js'
import { Cli, lastLine } from '../run-cli.js'
import { KeptContext } from './context.js'

const test = suite('sweep')

const SMALL: SimFlags = { peers: 2, set: [['contentBytes', '100000']] }

/** What a sweep of these seeds says, and what it throws. */
const swept = async (
  seeds: string,
  flags: SimFlags,
  { scenario = 'flash-crowd', context = new KeptContext() } = {},
): Promise<KeptContext & { readonly thrown: unknown }> => {
  const options = { ...SMALL, ...flags, seeds: seedRange(seeds) }
  let thrown: unknown
  try {
    await sweep(context, jobOf(scenario, options), options)
  } catch (error) {
    thrown = error
  }
  return Object.assign(context, { thrown })
}

/** The runs, without how long they took. */
const runsOf = ({ lines }: { readonly lines: readonly JsonLine[] }): readonly object[] =>
  lines.flatMap(({ wallSeconds, ...run }) => {
    if (run.type !== 'run') return []
    assert.type(wallSeconds, 'number')
    return [run]
  })

const seedsOf = ({ lines }: KeptContext): readonly unknown[] =>
  lines.flatMap((line) => (line.type === 'run' ? [line.seed] : []))

const last = ({ lines }: KeptContext): JsonLine => lines.at(-1) ?? { type: 'nothing' }

const assertRefused = ({ thrown, lines }: KeptContext & { readonly thrown: unknown }, message: RegExp): void => {
  assert.instance(thrown, TorrewindError)
  assert.is((thrown as TorrewindError).code, 'OPTION_INVALID')
  assert.match((thrown as TorrewindError).message, message)
  assert.is(lines.length, 0)
}

test('sweep: two threads give, in the order of the seeds, what one gives', async () => {
  const here = await swept('3..8', { workers: 0 })
  const threaded = await swept('3..8', { workers: 2 })
  assert.equal([here.thrown, threaded.thrown], [undefined, undefined])
  assert.equal(seedsOf(threaded), [3, 4, 5, 6, 7, 8])
  assert.equal(runsOf(threaded), runsOf(here))
  const { slowestSeed, ...sums } = last(threaded)
  assert.ok(seedsOf(threaded).includes(slowestSeed))
  assert.equal(sums, { type: 'swept', runs: 6, violations: 0, asked: 6, resumed: 0, failed: 0 })
})

for (const workers of [0, 2])
  test(`sweep: one of ${workers} threads that is stopped keeps what ended, and the next goes on with that`, () =>
    inPlace(async (folder) => {
      const out = path.join(folder, 'runs.jsonl')
      const context = new KeptContext()
      context.onLine = () => {
        if (context.lines.length === 3) context.stop()
      }
      const stopped = await swept('1..100000', { workers, out }, { context })
      const { runs, asked } = last(stopped)
      assert.equal([runs, asked], [seedsOf(stopped).length, 100_000])
      assert.ok(Number(runs) >= 3 && Number(runs) < 100, `${runs} runs`)
      const kept = (await readFile(out, 'utf8')).trimEnd().split('\n').length - 1
      assert.ok(kept >= Number(runs) && kept < 100, `${kept} runs are kept`)

      // What is there for sure, and some more.
      const seeds = `1..${Number(runs) + 2}`
      const resumed = await swept(seeds, { workers: 0, out })
      assert.ok(Number(last(resumed).resumed) >= Number(runs))
      assert.equal(runsOf(resumed), runsOf(await swept(seeds, { workers: 0 })))

      const again = await swept(seeds, { workers, out })
      assert.is(last(again).resumed, last(again).runs)
      assert.equal(runsOf(again), runsOf(resumed))
      assertRefused(await swept(seeds, { workers, out, peers: 3 }), /peers is 2 there and 3 here/)
    }))

test('sweep: Ctrl-C ends it in the middle of a run with 130, and what was done is said', async () => {
  const words = ['--seeds', '1..100000', '--workers', '0', '--peers', '2', '--set', 'contentBytes=100000', '--json']
  const child = new Cli(['sim', 'flash-crowd', ...words])
  await child.line('run')
  child.signal('SIGINT')
  const ended = await child.ended
  assert.is(ended.code, 130)
  const { type, runs } = lastLine(ended)
  assert.equal([type, runs], ['swept', ended.stdout.length - 1])
})

/** Seed 2 ends its thread, something is wrong with seed 3, and all is well with the others. */
const TROUBLE = `
import { defineScenario, populate } from 'torrewind/simulations'
export default defineScenario({
  name: 'trouble',
  play: async (swarm, settings) => {
    const population = populate(swarm, settings)
    if (swarm.world.seed === 2) process.exit(7)
    if (swarm.world.seed === 3) swarm.report('nobodyIsThree', undefined, 'this is three')
    await swarm.run({ seconds: 100, when: () => population.finished() === settings.peers })
    return { population, endSeconds: swarm.seconds, faults: [] }
  },
})
`

test('sweep: a thread that dies is told of and costs its own run only, which is tried again', () =>
  inPlace(async (folder) => {
    const [scenario, out] = [path.join(folder, 'trouble.ts'), path.join(folder, 'runs.jsonl')]
    await writeFile(scenario, TROUBLE)
    for (const resumed of [0, 4]) {
      const ended = await swept('1..5', { workers: 1, out }, { scenario })
      assert.instance(ended.thrown, Reported)
      assert.equal(seedsOf(ended), [1, 3, 4, 5])
      const { slowestSeed: _, ...sums } = last(ended)
      assert.equal(sums, { type: 'swept', runs: 4, violations: 1, asked: 5, resumed, failed: 1 })
      const told = ended.warnings.join('\n')
      assert.match(told, /seed 2 was not run to its end:\n.*code: 7/)
      assert.match(told, /again by: torrewind sim \S*trouble\.ts --seed 3 --set contentBytes=100000 --set peers=2/)
    }
    await writeFile(scenario, `${TROUBLE}// changed`)
    assertRefused(await swept('1..5', { workers: 2, out }, { scenario }), /fingerprint is/)
  }))

const refusal = (ask: () => unknown): unknown => {
  try {
    return ask()
  } catch (error) {
    return error instanceof TorrewindError ? error.code : error
  }
}

test('sweep: an empty range of seeds, and what is no range, is refused', () => {
  for (const text of ['5..4', '1', '..', '1..', '..2', '-1..2', '1..2..3', '1.5..2', '1..99999999999', ''])
    assert.is(
      refusal(() => seedRange(text)),
      'OPTION_INVALID',
      text,
    )
  assert.equal(seedRange('0..0'), [0, 0])
  assert.throws(() => threads('-1'))
})

test('sweep: where a queue is, is read, and what is none is refused', () => {
  const { shown, ...address } = queueAddress('rediss://me:se%40cret@[::1]:7000/night')
  assert.is(shown, 'rediss://[::1]:7000/night')
  assert.equal(address, {
    ...{ host: '::1', port: 7_000, username: 'me', password: 'se@cret', tls: true, name: 'night' },
  })
  const { name, port, tls } = queueAddress('redis://queue.example')
  assert.equal([name, port, tls], ['sim', 6_379, false])
  for (const text of ['queue', 'http://queue', 'redis:', 'redis://', 'redis://queue/a/b', 'redis://queue/a:b'])
    assert.is(
      refusal(() => queueAddress(text)),
      'OPTION_INVALID',
      text,
    )
})

test('sweep: a worker takes a queue and threads, and nothing else', () => {
  const queue = queueAddress('redis://queue.example')
  assert.equal(workerOf(undefined, { worker: true, queue, workers: 3 }), [queue, 3])
  for (const flags of [{}, { queue, workers: 0 }, { queue, seed: 1 }, { queue, out: 'file' }])
    assert.is(
      refusal(() => workerOf(undefined, { worker: true, ...flags })),
      'OPTION_INVALID',
    )
  assert.is(
    refusal(() => workerOf('flash-crowd', { worker: true, queue })),
    'OPTION_INVALID',
  )
})

test('sweep: a queue whose server is down is told of at once, by sweep and worker', async () => {
  // Where no server ever is.
  const queue = queueAddress('redis://127.0.0.1:1')
  const { thrown, lines } = await swept('1..9', { queue })
  const context = new KeptContext()
  const worker = await workOnQueue(context, queue, 1).catch((error: unknown) => error)
  for (const failure of [thrown, worker]) {
    assert.instance(failure, TorrewindError)
    assert.is((failure as TorrewindError).code, 'QUEUE_FAILED')
    assert.match((failure as TorrewindError).message, 'redis://127.0.0.1:1/sim cannot be reached: connect ECONNREFUSED')
  }
  assert.equal([...lines, ...context.lines], [])
  assertRefused(await swept('1..9', { queue, workers: 2 }), /give it to `torrewind sim --worker`/)
})

test.run()
