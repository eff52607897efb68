/** A simulated machine: what a process may know of where it runs, beside its ports. */
import type { Ports } from '../src/ports.js'
import { WORLD_BEGAN_AT } from './clock.js'
import type { Chance } from './random.js'
import type { World } from './world.js'

export class SimulatedMachine implements Pick<Ports, 'entropy' | 'machineStartedAt'> {
  readonly #world: World
  readonly #chance: Chance
  #startedAt = WORLD_BEGAN_AT - 86_400_000

  constructor(world: World, node: number) {
    this.#world = world
    this.#chance = world.chance('entropy', node)
  }

  entropy(length: number): Uint8Array {
    return this.#chance.bytes(length)
  }

  machineStartedAt(): number {
    return this.#startedAt
  }

  /** Power was lost and came back. */
  startAnew(): void {
    this.#startedAt = WORLD_BEGAN_AT + Math.floor(this.#world.now / 1_000_000) * 1_000
  }
}
