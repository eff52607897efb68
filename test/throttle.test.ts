/** The throttle: a limit is shared by all who have something to send. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Clock } from '../src/ports.js'
import { Throttle } from '../src/throttle.js'
import { type Instant, instant } from '../src/values.js'

/** A clock that goes on when it is told. */
class HandClock implements Clock {
  #now = instant(1_000)
  readonly #wakes = new Set<{ readonly at: Instant; readonly callback: () => void }>()

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

test('throttle: those who always have something to send share the limit alike', () => {
  const clock = new HandClock()
  const throttle = new Throttle(clock, { download: 0, upload: 4 * BLOCK })
  const sent = [0, 0, 0]
  const sending = (which: number) => (): void => {
    while (throttle.maySend(BLOCK)) sent[which] = (sent[which] ?? 0) + 1
  }
  for (const which of sent.keys()) {
    throttle.join({ pause: () => {}, resume: () => {}, flush: sending(which) })
    sending(which)()
  }
  for (let passed = 0; passed < 30_000; passed += 10) clock.pass(10)
  throttle.close()
  const all = sent.reduce((sum, blocks) => sum + blocks, 0)
  assert.ok(Math.abs(all - 4 * 30) <= 3, `${all} blocks in 30 s`)
  for (const blocks of sent) assert.ok(Math.abs(blocks - all / 3) <= 2, `${sent.join(', ')} blocks`)
})

test.run()
