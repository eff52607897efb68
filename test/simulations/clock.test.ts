/** Clocks of simulated machines: off, too fast, and all at once at another time. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedClock, WORLD_BEGAN_AT } from '../../simulations/clock.js'
import { labelOf, World } from '../../simulations/world.js'
import { instant } from '../../src/values.js'

const SECOND_US = 1_000_000

test('clock: who waits is woken when the clock says so, however it drifts and jumps meanwhile', async () => {
  const world = new World(1)
  const clock = new SimulatedClock(world, 1)
  const woken: [string, number, number][] = []
  for (const [name, afterMs] of [
    ['soon', 1_500],
    ['late', 10_000],
  ] as const)
    clock.wakeAt(instant(WORLD_BEGAN_AT + afterMs), () =>
      woken.push([name, world.now / SECOND_US, clock.now() - WORLD_BEGAN_AT]),
    )
  const cancel = clock.wakeAt(instant(WORLD_BEGAN_AT + 3_000), () => woken.push(['never', 0, 0]))
  world.schedule(SECOND_US, labelOf('scenario'), () => clock.drift(1e6))
  world.schedule(2 * SECOND_US, labelOf('scenario'), () => clock.jump(5_000))
  world.schedule(2 * SECOND_US - 1, labelOf('scenario'), cancel)
  await world.run({})
  assert.equal(woken, [
    ['soon', 1.25, 1_500],
    ['late', 3, 10_000],
  ])
})

test('clock: what a jump passed over is due at once', async () => {
  const world = new World(1)
  const clock = new SimulatedClock(world, 1, { aheadMs: -700 })
  let at: number | undefined
  clock.wakeAt(instant(clock.now() + 60_000), () => {
    at = world.now
  })
  world.schedule(SECOND_US, labelOf('scenario'), () => clock.jump(600_000))
  await world.run({})
  assert.is(at, SECOND_US)
})

test('clock: it never runs back, however often it changes its speed', async () => {
  const world = new World(1)
  const clock = new SimulatedClock(world, 1, { driftPpm: 333 })
  let last = clock.now()
  for (let step = 1; step <= 500; step++)
    world.schedule(step * 777, labelOf('scenario'), () => {
      assert.ok(clock.now() >= last)
      clock.drift(((step * 7_919) % 2_000_000) - 999_999)
      assert.ok(clock.now() >= last)
      last = clock.now()
    })
  await world.run({})
})

test.run()
