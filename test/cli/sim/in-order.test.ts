/** Many runs at once: had in the order of their seeds, as many at a time as there is room for. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inOrder, type Work } from '../../../src/cli/sim/in-order.js'

const test = suite('in order')

/** Runs that end when the test says so. */
class Runs {
  readonly started: number[] = []
  readonly #ends = new Map<number, { resolve(seed: number): void; reject(error: Error): void }>()

  readonly run = (seed: number): Promise<number> => {
    this.started.push(seed)
    return new Promise((resolve, reject) => this.#ends.set(seed, { resolve, reject }))
  }

  async end(seed: number): Promise<void> {
    this.#ends.get(seed)?.resolve(seed)
    await turn()
  }

  async fail(seed: number): Promise<void> {
    this.#ends.get(seed)?.reject(new Error(`seed ${seed} failed`))
    await turn()
  }
}

/** What was waiting for what just happened has gone on by then. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Takes all there are; `taken` grows as they come. */
const take = (work: Partial<Work<number>> & Pick<Work<number>, 'run'>, to = 5) => {
  const taken: number[] = []
  const all = async (): Promise<readonly number[]> => {
    const stopped = new AbortController().signal
    for await (const seed of inOrder([1, to], { width: 2, stopped, ...work })) taken.push(seed)
    return taken
  }
  return { taken, over: all() }
}

test('in order: seeds come in their order, however their runs end, and no more than there is room for run at once', async () => {
  const runs = new Runs()
  const { taken, over } = take(runs)
  assert.equal(runs.started, [1, 2])
  await runs.end(2)
  assert.equal([taken, runs.started], [[], [1, 2, 3]])
  await runs.end(3)
  await runs.end(1)
  assert.equal(taken, [1, 2, 3])
  assert.equal(runs.started, [1, 2, 3, 4, 5])
  await runs.end(5)
  await runs.end(4)
  assert.equal(await over, [1, 2, 3, 4, 5])
})

test('in order: with room for one, the next begins when the one before was taken', async () => {
  const runs = new Runs()
  const work = inOrder([1, 3], { width: 1, run: runs.run, stopped: new AbortController().signal })
  const first = work.next()
  await runs.end(1)
  assert.equal(await first, { done: false, value: 1 })
  await turn()
  assert.equal(runs.started, [1])
  const second = work.next()
  await turn()
  assert.equal(runs.started, [1, 2])
  await runs.end(2)
  assert.equal(await second, { done: false, value: 2 })
  await work.return(undefined)
})

test('in order: what waits for a slow run is bounded', async () => {
  let first: (seed: number) => void = () => {}
  let started = 0
  const run = (seed: number): Promise<number> => {
    started++
    return seed === 1
      ? new Promise((resolve) => {
          first = resolve
        })
      : Promise.resolve(seed)
  }
  const { taken, over } = take({ run, width: 10 }, 5_000)
  let before = -1
  while (before !== started) {
    before = started
    await turn()
  }
  assert.is(taken.length, 0)
  assert.is(started, 2_048)
  first(1)
  assert.equal(
    await over,
    Array.from({ length: 5_000 }, (_, at) => at + 1),
  )
})

test('in order: when it is stopped, what ended by then still comes, in order', async () => {
  const stop = new AbortController()
  const runs = new Runs()
  const { taken, over } = take({ run: runs.run, width: 4, stopped: stop.signal })
  await runs.end(4)
  await runs.end(2)
  stop.abort()
  assert.equal(await over, [2, 4])
  assert.equal(taken, [2, 4])
  assert.equal(runs.started, [1, 2, 3, 4, 5])
})

test('in order: what is stopped before it begins runs nothing', async () => {
  const runs = new Runs()
  assert.equal(await take({ run: runs.run, stopped: AbortSignal.abort() }).over, [])
  assert.equal(runs.started, [])
})

test('in order: when a run throws, what ended by then comes first, and nothing else begins', async () => {
  const runs = new Runs()
  const { taken, over } = take({ run: runs.run, width: 3 })
  const failure = over.then(
    () => undefined,
    (error: unknown) => error,
  )
  await runs.end(2)
  await runs.fail(1)
  assert.match(String(await failure), 'seed 1 failed')
  assert.equal(taken, [2])
  assert.equal(runs.started, [1, 2, 3, 4])
})

test.run()
