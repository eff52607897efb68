/** Sweeps over a queue on a real Redis server: the same results as here, whoever dies on the way. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { VERSION } from '../../src/version.js'
import type { Child } from './child.js'
import { START_BOUND_MS } from './client.js'
import { interopSuite } from './harness.js'
import { type JsonLine, numberOf, parseJsonLine, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import { freePort } from './ports.js'
import { redis, startRedis } from './redis.js'
import { type Rig, until } from './rig.js'
import { startTorrewind, torrewind } from './torrewind.js'

const test = interopSuite('interop: queue')
const SWEEP_BOUND_MS = 40_000

const SMALL = ['--peers', '2', '--set', 'contentBytes=100000']
const urlOf = (port: number): string => `redis://127.0.0.1:${port}/test`

const sim = (rig: Rig, ...words: readonly string[]): Child => startTorrewind(rig, LOOPBACK, 'sim', ...words)

const startSweep = (rig: Rig, port: number, seeds: string, ...words: readonly string[]): Child =>
  sim(rig, 'flash-crowd', '--seeds', seeds, ...SMALL, '--queue', urlOf(port), ...words)

const startWorker = async (rig: Rig, port: number): Promise<Child> => {
  const child = sim(rig, '--worker', '--queue', urlOf(port), '--workers', '1')
  assert.is((await waitForJson(child, 'working', START_BOUND_MS)).version, VERSION)
  return child
}

const linesOf = (child: Child, type: string): readonly JsonLine[] =>
  child.lines.flatMap((line) => {
    const json = parseJsonLine(line)
    return json?.type === type ? [json] : []
  })

/** Without how long they took. */
const runsOf = (child: Child): readonly object[] => linesOf(child, 'run').map(({ wallSeconds: _, ...run }) => run)

const hasRun = (child: Child, runs: number): Promise<true> =>
  child.waitFor(`ran ${runs}`, () => linesOf(child, 'run').length >= runs || undefined, SWEEP_BOUND_MS)

const endsWith = async (child: Child, code: number): Promise<void> => {
  const ended = await child.end(SWEEP_BOUND_MS)
  if (ended.code !== code) throw child.failure(`ended with ${ended.code}, and not ${code}`)
}

/** What the same sweep gives without a queue. */
const here = async (rig: Rig, scenario: string, seeds: string): Promise<readonly object[]> => {
  const child = sim(rig, scenario, '--seeds', seeds, ...SMALL, '--workers', '0')
  await endsWith(child, 0)
  return runsOf(child)
}

test(
  'two workers give in order what one process gives, of a scenario in a file too',
  [torrewind, redis],
  async (rig) => {
    const port = await freePort()
    await startRedis(rig, port)
    const scenario = path.join(await rig.folder('scenario'), 'own.ts')
    await writeFile(
      scenario,
      `import { defineScenario } from 'torrewind/simulations'
      export default defineScenario({ name: 'own', picker: ({ pieces }) => [...pieces].reverse() })`,
    )
    const workers = [await startWorker(rig, port), await startWorker(rig, port)]
    const sweeps = ['flash-crowd', scenario].map((name) =>
      sim(rig, name, '--seeds', '1..12', ...SMALL, '--queue', urlOf(port)),
    )
    await Promise.all(sweeps.map((sweep) => endsWith(sweep, 0)))
    const [shipped, own] = sweeps.map(runsOf)
    assert.equal(shipped, await here(rig, 'flash-crowd', '1..12'))
    assert.equal(own, await here(rig, scenario, '1..12'))
    assert.not.equal(own, shipped)
    for (const worker of workers) {
      worker.signal('SIGTERM')
      await endsWith(worker, 130)
    }
    const runs = workers.map((worker) => numberOf(linesOf(worker, 'worked')[0] ?? { type: '' }, 'runs'))
    assert.ok(runs.every((count) => count > 0) && (runs[0] ?? 0) + (runs[1] ?? 0) === 24, `${runs} runs`)
  },
)

test(
  'a server that dies ends sweep and workers; what ended is kept, and gone on with',
  [torrewind, redis],
  async (rig) => {
    const port = await freePort()
    const first = await startRedis(rig, port)
    const out = path.join(await rig.folder('out'), 'runs.jsonl')
    const [worker, leaving] = [await startWorker(rig, port), await startWorker(rig, port)]
    const sweep = startSweep(rig, port, '1..100000', '--out', out)
    await hasRun(sweep, 3)
    first.signal('SIGKILL')
    leaving.signal('SIGTERM')
    await Promise.all([endsWith(sweep, 1), endsWith(worker, 1), endsWith(leaving, 130)])
    for (const child of [sweep, worker])
      assert.equal(
        linesOf(child, 'error').map(({ code }) => code),
        ['QUEUE_FAILED'],
      )
    const [swept = { type: '' }] = linesOf(sweep, 'swept')
    const runs = numberOf(swept, 'runs')
    assert.is(runs, runsOf(sweep).length)
    const kept = (await readFile(out, 'utf8')).trimEnd().split('\n').length - 1
    assert.ok(kept >= runs, `${kept} runs are kept of ${runs}`)

    await startRedis(rig, port)
    await startWorker(rig, port)
    const seeds = `1..${runs + 3}`
    const second = startSweep(rig, port, seeds, '--out', out)
    await endsWith(second, 0)
    assert.equal(runsOf(second), await here(rig, 'flash-crowd', seeds))
    assert.ok(numberOf(linesOf(second, 'swept')[0] ?? swept, 'resumed') >= runs)
  },
)

test('a server that comes back without its memory is given the runs again', [torrewind, redis], async (rig) => {
  const port = await freePort()
  const first = await startRedis(rig, port)
  const sweep = startSweep(rig, port, '1..5')
  await sweep.waitFor('missed a worker', ({ text }) => /no worker is there/.test(text) || undefined, START_BOUND_MS)
  const queue = new Redis({ port })
  const waiting = new Queue('test', { connection: queue, prefix: 'torrewind' })
  await until('five runs waiting', async () => (await waiting.getWaitingCount()) === 5 || undefined, START_BOUND_MS)
  await waiting.close()
  queue.disconnect()
  first.signal('SIGKILL')
  await first.ended
  await startRedis(rig, port)
  await startWorker(rig, port)
  await endsWith(sweep, 0)
  assert.equal(runsOf(sweep), await here(rig, 'flash-crowd', '1..5'))
})

test(
  'a worker that is stopped gives back what it has begun, and a sweep that is stopped takes its runs away',
  [torrewind, redis],
  async (rig) => {
    const port = await freePort()
    await startRedis(rig, port)
    const first = await startWorker(rig, port)
    // Long enough to be met in the middle.
    const sweep = sim(rig, 'flash-crowd', '--seeds', '1..3', '--peers', '15', '--queue', urlOf(port))
    const connection = new Redis({ port })
    const queue = new Queue('test', { connection, prefix: 'torrewind' })
    try {
      await until('a run', async () => (await queue.getActiveCount()) > 0 || undefined, START_BOUND_MS)
      first.signal('SIGINT')
      await endsWith(first, 130)
      assert.equal(await queue.getJobCounts('active', 'waiting'), { active: 0, waiting: 3 })
      const second = await startWorker(rig, port)
      await hasRun(sweep, 1)
      sweep.signal('SIGINT')
      await endsWith(sweep, 130)
      assert.is(await queue.getWaitingCount(), 0)
      second.signal('SIGINT')
      await endsWith(second, 130)
    } finally {
      await queue.close()
      connection.disconnect()
    }
  },
)

test(
  'a worker of another version than the sweep takes none of its runs, and says so',
  [torrewind, redis],
  async (rig) => {
    const port = await freePort()
    await startRedis(rig, port)
    const connection = new Redis({ port })
    const queue = new Queue('test', { connection, prefix: 'torrewind' })
    try {
      // As a sweep of that version does.
      await connection.set('torrewind:test:sweep:old', '')
      const job = { scenario: 'flash-crowd', words: {}, checkDeterminism: false }
      await queue.add('run', { version: '0.0.1', sweep: 'old', job, seed: 1 }, { jobId: 'old-1' })
      const worker = sim(rig, '--worker', '--queue', urlOf(port))
      await endsWith(worker, 1)
      const [error] = linesOf(worker, 'error')
      assert.is(error?.code, 'QUEUE_FAILED')
      assert.match(String(error?.message), `this worker is of version ${VERSION}, and the sweep of 0.0.1`)
      assert.is(await queue.getWaitingCount(), 1)
      assert.match(
        JSON.stringify((await queue.getJob('old-1'))?.progress),
        `of version ${VERSION}, and the sweep of 0.0.1`,
      )

      // Once that sweep is gone, its runs are in nobody's way.
      await connection.del('torrewind:test:sweep:old')
      await startWorker(rig, port)
      const sweep = startSweep(rig, port, '1..2')
      await endsWith(sweep, 0)
      assert.is(runsOf(sweep).length, 2)
    } finally {
      await queue.close()
      connection.disconnect()
    }
  },
)

test.run()
