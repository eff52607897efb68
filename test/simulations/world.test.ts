/** The world: its order, its hash, its guard, and its promises. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Delivery, Queue } from '../../simulations/queue.js'
import { Chance } from '../../simulations/random.js'
import { labelOf, World } from '../../simulations/world.js'
import { present } from '../../src/assert.js'

const label = labelOf('scenario')

test('queue: gives what is earlier first, and what was asked first of the same time', () => {
  const chance = new Chance(1, 'queue')
  const queue = new Queue()
  const asked = new Map<Delivery, { readonly at: number; readonly sequence: number }>()
  const add = (): void => {
    const [at, delivery] = [chance.below(50), { label, act: undefined }]
    asked.set(delivery, { at, sequence: asked.size })
    queue.add(at, delivery)
  }
  for (let count = 0; count < 2_000; count++) add()
  // What was taken leaves its place to what is asked for later.
  for (let count = 0; count < 500; count++) queue.take()
  for (let count = 0; count < 500; count++) add()
  let before = { at: -1, sequence: -1 }
  for (let at = queue.firstAt; at !== undefined; at = queue.firstAt) {
    const next = asked.get(present(queue.take(), 'the first'))
    assert.ok(next !== undefined && next.at === at)
    assert.ok(at > before.at || (at === before.at && next.sequence > before.sequence))
    before = next
  }
  assert.is(queue.length, 0)
})

test('chance: streams of other purposes and nodes are other streams, and the same one is the same', () => {
  const draws = (chance: Chance): number[] => Array.from({ length: 5 }, () => chance.bits())
  assert.equal(draws(new Chance(1, 'a')), draws(new Chance(1, 'a')))
  assert.not.equal(draws(new Chance(1, 'a')), draws(new Chance(2, 'a')))
  assert.not.equal(draws(new Chance(1, 'a')), draws(new Chance(1, 'b')))
  assert.not.equal(draws(new Chance(1, 'a', 1)), draws(new Chance(1, 'a', 2)))
})

test('world: what was called off does not happen, and nothing happens in the past', async () => {
  const world = new World(1)
  const happened: string[] = []
  world.schedule(20, label, () => happened.push('late'))
  const off = world.schedule(10, label, () => happened.push('off'))
  world.schedule(10, label, () => happened.push('early'))
  off.act = undefined
  await world.run({})
  assert.equal(happened, ['early', 'late'])
  assert.is(world.now, 20)
  assert.throws(() => world.schedule(19, label, () => undefined), /time never runs back/)
})

test('world: a promise goes on as far as it can between two deliveries', async () => {
  const world = new World(1)
  const order: string[] = []
  const delay = (us: number): Promise<void> =>
    new Promise((resolve) => world.schedule(world.now + us, label, () => resolve()))
  world.task(0, async () => {
    for (const round of [1, 2, 3]) {
      await delay(10)
      for (let hop = 0; hop < 50; hop++) await undefined
      order.push(`task ${round} at ${world.now}`)
    }
  })
  for (const at of [15, 25, 35]) world.schedule(at, label, () => order.push(`delivery at ${at}`))
  await world.run({})
  assert.equal(order, [
    'task 1 at 10',
    'delivery at 15',
    'task 2 at 20',
    'delivery at 25',
    'task 3 at 30',
    'delivery at 35',
  ])
})

test('world: what a delivery or a task throws ends the run and reaches who runs it', async () => {
  const thrown = async (prepare: (world: World) => void): Promise<string> => {
    const world = new World(1)
    prepare(world)
    world.schedule(100, label, () => undefined)
    return world.run({}).then(
      () => 'nothing',
      (error: Error) => error.message,
    )
  }
  const fail = (): never => {
    throw new Error('an assertion')
  }
  assert.is(await thrown((world) => world.schedule(1, label, fail)), 'an assertion')
  assert.is(
    await thrown((world) =>
      world.task(0, async () => {
        await undefined
        fail()
      }),
    ),
    'an assertion',
  )
})

test('world: clocks, chance and timers of the machine are refused while it runs, and back afterwards', async () => {
  const forbidden: readonly (readonly [string, () => unknown])[] = [
    ['Date.now', () => Date.now()],
    ['new Date', () => new Date()],
    ['Date', () => Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['setTimeout', () => setTimeout(() => undefined, 0)],
    ['setInterval', () => setInterval(() => undefined, 0)],
    ['setImmediate', () => setImmediate(() => undefined)],
  ]
  const refused: string[] = []
  const world = new World(1)
  world.schedule(1, label, () => {
    for (const [name, use] of forbidden) {
      try {
        use()
      } catch (error) {
        if (error instanceof Error && error.name === 'ForbiddenError') refused.push(name)
      }
    }
  })
  await world.run({})
  assert.equal(
    refused,
    forbidden.map(([name]) => name),
  )
  assert.ok(Date.now() > 0 && Math.random() >= 0 && performance.now() > 0)
  clearTimeout(setTimeout(() => undefined, 0))
})

test('world: its hash is that of all deliveries, their times and their order', async () => {
  const hashOf = async (times: readonly number[]): Promise<string> => {
    const world = new World(1)
    times.forEach((at, node) => {
      world.schedule(at, labelOf('arrival', node), () => undefined)
    })
    await world.run({})
    return world.hash
  }
  assert.is(await hashOf([1, 2, 3]), await hashOf([1, 2, 3]))
  assert.not.equal(await hashOf([1, 2, 3]), await hashOf([1, 3, 2]))
  assert.not.equal(await hashOf([1, 2, 3]), await hashOf([1, 2, 4]))
  assert.not.equal(await hashOf([1, 2, 3]), await hashOf([1, 2]))
})

test.run()
