/** The contract of a clock: what every implementation of the `Clock` port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Clock } from '../../src/ports.js'
import { type Instant, instant } from '../../src/values.js'
import { signal, type Until } from './waiting.js'

export interface ClockWorld {
  readonly clock: Clock
  readonly until: Until
}

const later = (clock: Clock, ms: number): Instant => instant(clock.now() + ms)
const DAYS_30_MS = 30 * 86_400_000

export const clockContract = (name: string, world: () => ClockWorld): void => {
  test(`${name}: tells whole milliseconds that are never less than before`, async () => {
    const { clock, until } = world()
    let before = clock.now()
    const check = (): void => {
      const now = clock.now()
      assert.ok(Number.isInteger(now))
      assert.ok(now >= before)
      before = now
    }
    for (let round = 0; round < 10_000; round++) check()
    for (let round = 0; round < 20; round++) {
      const woken = signal<void>()
      clock.wakeAt(later(clock, 1), () => woken.send())
      await until(woken.promise, 'the clock wakes')
      check()
    }
  })

  test(`${name}: never wakes anyone too early`, async () => {
    const { clock, until } = world()
    for (const ms of [1, 2, 3, 5, 7, 11, 17, 23, 1, 2, 3]) {
      const at = later(clock, ms)
      const woken = signal<Instant>()
      clock.wakeAt(at, () => woken.send(clock.now()))
      assert.ok((await until(woken.promise, 'the clock wakes')) >= at)
    }
  })

  test(`${name}: wakes at once for what is past, but not from within the call`, async () => {
    const { clock, until } = world()
    for (const at of [instant(0), clock.now()]) {
      const woken = signal<string>()
      let when = 'within the call'
      clock.wakeAt(at, () => woken.send(when))
      when = 'after the call'
      assert.is(await until(woken.promise, 'the clock wakes'), 'after the call')
    }
  })

  test(`${name}: wakes in the order of the instants, and each callback once`, async () => {
    const { clock, until } = world()
    const last = signal<void>()
    const order: number[] = []
    const base = clock.now()
    for (const ms of [40, 10, 30, 20]) clock.wakeAt(instant(base + ms), () => order.push(ms))
    clock.wakeAt(instant(base + 80), () => last.send())
    await until(last.promise, 'the last one wakes')
    assert.equal(order, [10, 20, 30, 40])
  })

  test(`${name}: does not wake who cancelled, before or from within another callback`, async () => {
    const { clock, until } = world()
    const woken: string[] = []
    const last = signal<void>()
    const base = clock.now()
    const cancelEarly = clock.wakeAt(instant(base + 5), () => woken.push('cancelled early'))
    const cancelLate = clock.wakeAt(instant(base + 30), () => woken.push('cancelled late'))
    clock.wakeAt(instant(base + 10), () => {
      woken.push('kept')
      cancelLate()
    })
    clock.wakeAt(instant(base + 60), () => last.send())
    cancelEarly()
    await until(last.promise, 'the last one wakes')
    assert.equal(woken, ['kept'])
    cancelEarly()
    cancelLate()
  })

  test(`${name}: takes waits of more than 31 bits of milliseconds, and does not wake at once`, async () => {
    const { clock, until } = world()
    const woken: string[] = []
    const cancel = clock.wakeAt(later(clock, DAYS_30_MS), () => woken.push('in 30 days'))
    const soon = signal<void>()
    clock.wakeAt(later(clock, 30), () => soon.send())
    await until(soon.promise, 'the clock wakes')
    assert.equal(woken, [])
    cancel()
  })
}
