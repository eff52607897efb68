/** The clock of one process in a simulated world: the world's time, as a machine whose clock is off, drifts and jumps has it. */
import type { Cancel, Clock } from '../src/ports.js'
import { type Instant, instant } from '../src/values.js'
import type { Delivery } from './queue.js'
import { labelOf, type World } from './world.js'

/** When worlds begin: what their clocks say at 0 us, in ms since 1970. */
export const WORLD_BEGAN_AT = 1_700_000_000_000

const US_PER_MS = 1_000

const speedOf = (driftPpm: number): number => 1 + driftPpm / 1e6

export interface ClockSettings {
  /** How far this clock is ahead, in ms. A change of it is seen by the next process, as on a real machine. */
  readonly aheadMs?: number
  /** Parts in a million by which it is too fast. */
  readonly driftPpm?: number
}

interface Waiting {
  readonly at: number
  readonly callback: () => void
  delivery: Delivery
}

export class SimulatedClock implements Clock {
  readonly #world: World
  readonly #label: number
  /** A moment of the world's, what it said then, and its microseconds in one of the world's since. */
  #sinceUs = 0
  #sinceMs: number
  #speed: number
  readonly #waiting = new Set<Waiting>()
  #stopped = false

  constructor(world: World, node: number, { aheadMs = 0, driftPpm = 0 }: ClockSettings = {}) {
    this.#world = world
    this.#label = labelOf('wake', node)
    this.#sinceMs = WORLD_BEGAN_AT + aheadMs
    this.#speed = speedOf(driftPpm)
  }

  now(): Instant {
    return instant(this.#localMs(this.#world.now))
  }

  wakeAt(at: Instant, callback: () => void): Cancel {
    if (this.#stopped) return () => undefined
    const waiting: Waiting = { at, callback, delivery: this.#schedule(at, () => this.#wake(waiting)) }
    this.#waiting.add(waiting)
    return () => {
      waiting.delivery.act = undefined
      this.#waiting.delete(waiting)
    }
  }

  /** Runs so much too fast from now on; below 0 too slow. */
  drift(driftPpm: number): void {
    this.#turn(0, speedOf(driftPpm))
  }

  /** Is so much later all at once, as after a sleep; a real one is never set back within a process. */
  jump(byMs: number): void {
    this.#turn(byMs, this.#speed)
  }

  /** The process is gone: nobody is woken any more. */
  stop(): void {
    this.#stopped = true
    for (const { delivery } of this.#waiting) delivery.act = undefined
    this.#waiting.clear()
  }

  #wake(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    waiting.callback()
  }

  #turn(byMs: number, speed: number): void {
    this.#sinceMs = this.#localMs(this.#world.now) + byMs
    this.#sinceUs = this.#world.now
    this.#speed = speed
    for (const waiting of this.#waiting) {
      waiting.delivery.act = undefined
      waiting.delivery = this.#schedule(waiting.at, () => this.#wake(waiting))
    }
  }

  #schedule(at: number, act: () => void): Delivery {
    return this.#world.schedule(this.#worldUs(at), this.#label, act)
  }

  #localMs(us: number): number {
    // One product and one rounding, so that it never runs back.
    return this.#sinceMs + Math.floor(((us - this.#sinceUs) * this.#speed) / US_PER_MS)
  }

  /** The first microsecond from now on at which this clock says so much. */
  #worldUs(at: number): number {
    const us = this.#sinceUs + Math.floor(((at - this.#sinceMs) * US_PER_MS) / this.#speed)
    let first = Math.max(this.#world.now, us)
    while (this.#localMs(first) < at) first++
    return first
  }
}
