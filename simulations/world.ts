/**
 * The world: one queue of what is to come, in whole microseconds, and everything that happens comes out of it.
 *
 * Strategy: what happens is a function of the seed alone, because the only sources of order are the queue (time, then
 * the order of asking) and the promise jobs of the engine's few async functions. Those are brought to an end by a turn
 * of the real event loop, which happens at places that the queue decides and nothing else: after a delivery that opened
 * such a function (`task`), after each delivery to a node that has one open if it is of a kind that can settle a promise
 * (all but those of `QUIET`, which are the many), and now and then for what nobody waits for. Promise jobs come
 * first-in-first-out and nothing real is waited for, so a turn always leaves the same behind. Rejected: a turn after
 * every delivery, which costs more than delivering; and `await` of a resolved promise, which lets others go on by one
 * step only. Each delivery is mixed into a hash; where two runs of a seed differ, the trail of hashes says at which
 * delivery.
 */
import { assert } from '../src/assert.js'
import { mix } from '../src/random.js'
import { guard, turn } from './guard.js'
import { type Delivery, Queue } from './queue.js'
import { Chance } from './random.js'

/** What a delivery is about. */
export const KINDS = [
  'wake',
  'uplink',
  'arrival',
  'delivery',
  'connection',
  'disk',
  'hash',
  'announce',
  'fault',
  'scenario',
  'datagram',
  'web',
] as const
export type Kind = (typeof KINDS)[number]

/** No promise of the engine waits for these. */
const QUIET: ReadonlySet<Kind> = new Set<Kind>(['uplink', 'arrival', 'delivery'])
/** Whatever happens, promises go on after so many deliveries of the other kinds. */
const RESTLESS_MAX = 64

const KIND_BITS = 4
const kindNumber = new Map<Kind, number>(KINDS.map((kind, number) => [kind, number]))
const isQuiet = KINDS.map((kind) => QUIET.has(kind))
const kindOf = (label: number): number => label & ((1 << KIND_BITS) - 1)
const nodeOf = (label: number): number => label >>> KIND_BITS

export const labelOf = (kind: Kind, node = 0): number => (node << KIND_BITS) | (kindNumber.get(kind) ?? 0)
export const showLabel = (label: number): string => `${KINDS[kindOf(label)]} of node ${nodeOf(label)}`

/** The hashes of a run, delivery by delivery. */
export interface Step {
  readonly hash: number
  readonly at: number
  readonly label: number
}

export const US_PER_SECOND = 1_000_000

/** Deliveries of one instant beyond which the world stands still, which is a bug. */
const STEPS_AT_ONCE_MAX = 10_000_000

export class World {
  readonly seed: number
  readonly #queue = new Queue()
  #now = 0
  #high: number
  #low: number
  #deliveries = 0
  #label = 0
  #stepsAtOnce = 0
  /** How many tasks are open, by their nodes. */
  readonly #open = new Map<number, number>()
  /** Deliveries since promises last went on that may have settled one; past the bound, one surely did. */
  #restless = 0
  #failure: { readonly error: unknown } | undefined
  /** Called after each delivery. What it throws ends the run. */
  onStep: ((step: Step) => void) | undefined
  #lookAt = Number.POSITIVE_INFINITY
  #look = (_: number): number => Number.POSITIVE_INFINITY

  constructor(seed: number) {
    this.seed = seed
    this.#high = mix(seed, 0x5eed)
    this.#low = mix(0x5eed, seed)
  }

  /** Whole microseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** The node that the last delivery was for; 0 for none. */
  get lastNode(): number {
    return this.#label >>> KIND_BITS
  }

  get deliveries(): number {
    return this.#deliveries
  }

  /** 64 bits over everything that happened so far. */
  get hash(): string {
    return [this.#high, this.#low].map((bits) => bits.toString(16).padStart(8, '0')).join('')
  }

  chance(purpose: string, node = 0): Chance {
    return new Chance(this.seed, purpose, node)
  }

  /** Mixes something that happened into the hash. */
  note(bits: number): void {
    this.#high = mix(this.#high, bits)
    this.#low = mix(bits, this.#low)
  }

  /** `at` is a whole number of microseconds, and not in the past. */
  schedule(at: number, label: number, act: () => void): Delivery {
    const delivery: Delivery = { label, act }
    this.post(at, delivery)
    return delivery
  }

  /** As `schedule`, of what nobody calls off: it may be made once and asked for many times. */
  post(at: number, delivery: Delivery): void {
    // The words cost more than the comparison.
    if (!(at >= this.#now && Number.isSafeInteger(at))) assert(false, `time never runs back: ${at} at ${this.#now}`)
    this.#queue.add(at, delivery)
  }

  /**
   * Lets somebody look at the world when everything up to a time has happened, who says when to look again: between
   * deliveries and without one, so that no run differs for being looked at. Whoever looks must touch nothing.
   */
  observe(at: number, look: (at: number) => number): void {
    this.#lookAt = at
    this.#look = look
  }

  /**
   * Something of a node that awaits: while it is open, promises go on after what happens to that node. What it throws
   * ends the run.
   */
  task(node: number, work: () => Promise<unknown>): { abandon(): void } {
    let open = true
    const close = (): boolean => {
      if (!open) return false
      open = false
      const left = (this.#open.get(node) ?? 0) - 1
      if (left > 0) this.#open.set(node, left)
      else this.#open.delete(node)
      return true
    }
    this.#open.set(node, (this.#open.get(node) ?? 0) + 1)
    this.#restless = RESTLESS_MAX
    work().then(close, (error: unknown) => {
      if (close()) this.#failure ??= { error }
    })
    return { abandon: close }
  }

  /** Runs until the condition holds, or this time has come, or nothing is left to come. */
  run(until: { readonly at?: number; readonly when?: () => boolean }): Promise<void> {
    return guard(() => this.#run(until.at ?? Number.POSITIVE_INFINITY, until.when ?? (() => false)))
  }

  async #run(end: number, when: () => boolean): Promise<void> {
    await this.#settle()
    while (!when()) {
      const at = this.#queue.firstAt
      if (at === undefined || at > end) {
        if (this.#restless > 0) {
          await this.#settle() // which may ask for more to come
          continue
        }
        if (end !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, end)
        return
      }
      const next = this.#queue.take()
      if (next?.act === undefined) continue
      const { act, label } = next
      this.#deliver(at, label, act)
      if (isQuiet[kindOf(label)] !== true)
        this.#restless += this.#open.size > 0 && this.#open.has(nodeOf(label)) ? RESTLESS_MAX : 1
      if (this.#restless >= RESTLESS_MAX) await this.#settle()
    }
  }

  #deliver(at: number, label: number, act: () => void): void {
    this.#stepsAtOnce = at === this.#now ? this.#stepsAtOnce + 1 : 0
    if (this.#stepsAtOnce >= STEPS_AT_ONCE_MAX) assert(false, `time stands still at ${at} us: ${showLabel(label)}`)
    while (at > this.#lookAt) this.#lookAt = this.#look(this.#lookAt)
    this.#now = at
    this.#deliveries++
    this.#label = label
    this.note(at | 0)
    this.note(label)
    act()
    if (this.onStep !== undefined) this.onStep({ hash: this.#high, at, label })
  }

  async #settle(): Promise<void> {
    this.#restless = 0
    await turn()
    if (this.#failure === undefined) return
    const { error } = this.#failure
    this.#failure = undefined
    throw error
  }
}
