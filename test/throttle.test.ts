/** The throttle: limits are kept, and shared alike by all who have something to receive or to send. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Clock } from '../src/ports.js'
import { Throttle, type Throttled, type ThrottleGroup } from '../src/throttle.js'
import { type Instant, instant } from '../src/values.js'

/** A clock that goes on when it is told. */
class HandClock implements Clock {
  #now = instant(1_000)
  readonly #wakes = new Set<{ readonly at: Instant; readonly callback: () => void }>()

  get waiting(): number {
    return this.#wakes.size
  }

  now(): Instant {
    return this.#now
  }

  wakeAt(at: Instant, callback: () => void): () => void {
    const wake = { at, callback }
    this.#wakes.add(wake)
    return () => this.#wakes.delete(wake)
  }

  pass(ms: number): void {
    this.#now = instant(this.#now + ms)
    for (const wake of [...this.#wakes]) if (wake.at <= this.#now && this.#wakes.delete(wake)) wake.callback()
  }
}

const BLOCK = 16_384
const KIB = 1_024

/** Sends blocks whenever it may. */
class Sender implements Throttled {
  sent = 0
  constructor(readonly group: ThrottleGroup) {
    group.join(this)
    this.flush()
  }
  pause(): void {}
  resume(): void {}
  flush(): void {
    while (this.sent < 1e9 && this.group.maySend(this, BLOCK)) this.sent += BLOCK
  }
}

/** Has so many bytes a millisecond to receive, in chunks of a length, while it reads. */
class Receiver implements Throttled {
  received = 0
  #reads = true
  #ready = 0
  constructor(
    readonly group: ThrottleGroup,
    readonly bytesPerMs: number,
    readonly chunk: number,
  ) {
    group.join(this)
  }
  pause(): void {
    this.#reads = false
  }
  resume(): void {
    this.#reads = true
  }
  flush(): void {}
  pass(ms: number): void {
    // What the socket's own buffer holds back is not lost, and not unbounded.
    this.#ready = Math.min(this.#ready + ms * this.bytesPerMs, 256 * KIB)
    while (this.#reads && this.#ready >= this.chunk) {
      this.#ready -= this.chunk
      this.received += this.chunk
      this.group.received(this, this.chunk)
    }
  }
}

const near = (actual: number, wanted: number, share: number, what: string): void => {
  assert.ok(Math.abs(actual - wanted) <= share * wanted, `${what}: ${actual} in place of ${wanted}`)
}

const run = (clock: HandClock, ms: number, receivers: readonly Receiver[] = []): void => {
  for (let passed = 0; passed < ms; passed += 5) {
    clock.pass(5)
    for (const receiver of receivers) receiver.pass(5)
  }
}

test('throttle: those who always have something to send share the limit alike', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 0, upload: 1_000 * KIB })
  const group = throttle.group()
  const senders = [new Sender(group), new Sender(group), new Sender(group)]
  run(clock, 10_000)
  near(
    senders.reduce((sum, { sent }) => sum + sent, 0),
    10_000 * KIB,
    0.05,
    'all',
  )
  for (const { sent } of senders) near(sent, (10_000 * KIB) / 3, 0.05, 'each')
  throttle.close()
})

test('throttle: what comes in chunks of whatever size comes to the limit, and alike', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 2_000 * KIB, upload: 0 })
  const group = throttle.group()
  const receivers = [
    new Receiver(group, 10_000, 1_460),
    new Receiver(group, 5_000, 64 * KIB),
    new Receiver(group, 20_000, 256 * KIB),
  ]
  run(clock, 10_000, receivers)
  near(
    receivers.reduce((sum, { received }) => sum + received, 0),
    20_000 * KIB,
    0.05,
    'all',
  )
  for (const { received } of receivers) near(received, (20_000 * KIB) / 3, 0.08, 'each')
  throttle.close()
})

test('throttle: what a slow one does not take the others get', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 1_000 * KIB, upload: 0 })
  const group = throttle.group()
  const [slow, ...fast] = [
    new Receiver(group, 50, 1_460),
    new Receiver(group, 5_000, 16_000),
    new Receiver(group, 9_000, 64_000),
  ]
  run(clock, 10_000, [slow as Receiver, ...fast])
  near(slow?.received ?? 0, 500_000, 0.05, 'the slow one')
  for (const { received } of fast) near(received, (10_000 * KIB - 500_000) / 2, 0.08, 'each fast one')
  throttle.close()
})

test('throttle: transfers share alike however many connections they have, and what one may not take others get', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 0, upload: 3_000 * KIB })
  const many = throttle.group()
  const one = throttle.group()
  const limited = throttle.group({ download: 0, upload: 500 * KIB })
  const crowd = Array.from({ length: 10 }, () => new Sender(many))
  const [single, held] = [new Sender(one), new Sender(limited)]
  run(clock, 10_000)
  near(
    crowd.reduce((sum, { sent }) => sum + sent, 0),
    12_500 * KIB,
    0.05,
    'the crowd',
  )
  near(single.sent, 12_500 * KIB, 0.05, 'the single one')
  near(held.sent, 5_000 * KIB, 0.05, 'the one with a limit of its own')
  throttle.close()
})

test('throttle: limits that change hold from then on, and none lets everybody go', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 0, upload: 100 * KIB })
  const group = throttle.group()
  const sender = new Sender(group)
  run(clock, 5_000)
  const before = sender.sent
  throttle.limits = { download: 0, upload: 400 * KIB }
  run(clock, 5_000)
  near(sender.sent - before, 2_000 * KIB, 0.06, 'the second limit')
  group.limits = { download: 0, upload: 50 * KIB }
  const then = sender.sent
  run(clock, 10_000)
  near(sender.sent - then, 500 * KIB, 0.1, 'the limit of its own')
  throttle.limits = { download: 0, upload: 0 }
  group.limits = { download: 0, upload: 0 }
  assert.ok(sender.sent >= 1e9, 'nothing holds it any more')
  run(clock, 100)
  assert.is(clock.waiting, 0)
  throttle.close()
})

test('throttle: who leaves takes nothing along, and without limits nothing waits', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 100 * KIB, upload: 0 })
  const group = throttle.group()
  const receivers = [new Receiver(group, 500, 64 * KIB), new Receiver(group, 500, 64 * KIB)]
  run(clock, 2_000, receivers)
  group.leave(receivers[0] as Receiver)
  const before = receivers[1]?.received ?? 0
  run(clock, 10_000, [receivers[1] as Receiver])
  near((receivers[1]?.received ?? 0) - before, 1_000 * KIB, 0.13, 'the one that is left')
  group.leave(receivers[1] as Receiver)
  run(clock, 100)
  assert.is(clock.waiting, 0)
  const free = new Throttle(clock, { download: 0, upload: 0 }).group()
  assert.ok(new Sender(free).sent >= 1e9)
  assert.is(clock.waiting, 0)
})

test.run()
