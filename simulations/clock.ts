/** The clock of one process in a simulated world: the world's time, as a machine whose clock drifts and is off has it. */
import type { Cancel, Clock } from '../src/ports.js'
import { type Instant, instant } from '../src/values.js'
import type { Delivery } from './queue.js'
import { labelOf, type World } from './world.js'

/** When worlds begin: what their clocks say at 0 us, in ms since 1970. */
export const WORLD_BEGAN_AT = 1_700_000_000_000

const US_PER_MS = 1_000

export interface ClockSettings {
  /** How far this clock is ahead, in ms. A change of it is seen by the next process, as on a real machine. */
  readonly aheadMs?: number
  /** Parts in a million by which it is too fast. */
  readonly driftPpm?: number
}

export class SimulatedClock implements Clock {
  readonly #world: World
  readonly #label: number
  readonly #aheadMs: number
  /** Its microseconds in one of the world's. */
  readonly #speed: number
  readonly #waiting = new Set<Delivery>()
  #stopped = false

  constructor(world: World, node: number, { aheadMs = 0, driftPpm = 0 }: ClockSettings = {}) {
    this.#world = world
    this.#label = labelOf('wake', node)
    this.#aheadMs = aheadMs
    this.#speed = 1 + driftPpm / 1e6
  }

  now(): Instant {
    return instant(this.#localMs(this.#world.now))
  }

  wakeAt(at: Instant, callback: () => void): Cancel {
    if (this.#stopped) return () => undefined
    const delivery = this.#world.schedule(this.#worldUs(at), this.#label, () => {
      this.#waiting.delete(delivery)
      callback()
    })
    this.#waiting.add(delivery)
    return () => {
      delivery.act = undefined
      this.#waiting.delete(delivery)
    }
  }

  /** The process is gone: nobody is woken any more. */
  stop(): void {
    this.#stopped = true
    for (const delivery of this.#waiting) delivery.act = undefined
    this.#waiting.clear()
  }

  #localMs(us: number): number {
    // One product and one rounding, so that it never runs back.
    return WORLD_BEGAN_AT + this.#aheadMs + Math.floor((us * this.#speed) / US_PER_MS)
  }

  /** The first microsecond from now on at which this clock says so much. */
  #worldUs(at: number): number {
    const ms = at - WORLD_BEGAN_AT - this.#aheadMs
    let us = Math.max(this.#world.now, Math.floor((ms * US_PER_MS) / this.#speed))
    while (this.#localMs(us) < at) us++
    return us
  }
}
