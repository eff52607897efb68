/** A scenario: what a run is about, and what a run of it came to. */
import type { Fault } from './faults.js'
import type { GroupResult } from './groups.js'
import type { Samples } from './sampler.js'
import type { RunSettings } from './settings.js'
import type { Strategies } from './strategies.js'
import type { Violation } from './swarm.js'
import type { EventListener } from './watched-logs.js'
import type { Step } from './world.js'

export interface RunOptions {
  readonly seed: number
  readonly settings: RunSettings
  /** Keeps at most so many samples over time, an even number from 16 on; none where it is not given. */
  readonly samples?: number | undefined
  /** What decides in place of the engines' own picker and choker. */
  readonly strategies?: Strategies | undefined
  /** What goes wrong, in place of what the scenario would draw. */
  readonly faults?: readonly Fault[] | undefined
  /** Hears of what is found wrong, when it is found. */
  readonly onViolation?: ((violation: Violation) => void) | undefined
  /** Is given each .torrent of the swarm and its number, from 1 on, before anything happens. */
  readonly onTorrent?: ((torrent: Uint8Array, number: number) => void) | undefined
  /** Hears of each event that an engine logs. */
  readonly onEvent?: EventListener | undefined
  /** Hears of each delivery. */
  readonly onStep?: ((step: Step) => void) | undefined
}

export interface RunResult {
  readonly seed: number
  /** 64 bits over everything that happened. */
  readonly hash: string
  readonly simulatedSeconds: number
  readonly wallSeconds: number
  /** Events that the engines logged. */
  readonly events: number
  readonly deliveries: number
  /** Blocks of 16 KiB that were delivered and kept. */
  readonly blocks: number
  /** Leechers that finished, of `peers`. */
  readonly completed: number
  readonly peers: number
  /** Seconds from arrival to finish, in the order of finishing. */
  readonly downloadSeconds: readonly number[]
  /** What was measured, by name: means over time and the like; a number that there is none of is left out. */
  readonly measured: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  /** What was drawn for this run, or given to it: the schedule of its faults. */
  readonly faults: readonly Fault[]
  /** How each group of nodes fared. */
  readonly groups: readonly GroupResult[]
  /** What was seen over time, where it was asked for. */
  readonly samples?: Samples | undefined
}

export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly defaults: RunSettings
  /** Of runs that are given no other; 1, where it is left out. */
  readonly seed?: number | undefined
  run(options: RunOptions): Promise<RunResult>
}
