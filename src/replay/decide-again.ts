/**
 * Deciding again: recorded inputs are given to a fresh actor system, and what it decides is compared with the log.
 *
 * Strategy: the same `decide` and the same `evolve`, no ports. The state is folded from the log up to where inputs were
 * recorded; from there on it is what the decisions make of it, which is the same for as long as they are the same. Effects
 * are not compared: they are in no log. An event of a session in which inputs were recorded that no input explains is a
 * divergence like one that differs. A turn that the end of its process cut off left its first events only.
 */
import { OURS, type Strategy } from '../actors/strategy.js'
import { ActorSystem } from '../actors/system.js'
import { messageOf } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import { evolve } from '../events/evolve.js'
import type { LoggedInput } from '../events/input-codec.js'
import { stateHash } from '../events/snapshot.js'
import type { TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import type { Instant } from '../values.js'
import { foldLog, type ReadableLog } from './fold.js'
import { partOf } from './part.js'
import { sameEvent } from './same-event.js'

/** The first event that was decided otherwise than the log has it. */
export interface DecisionDivergence {
  readonly kind: 'decision'
  readonly seq: number
  /** What the log has; undefined where the turn was over there. */
  readonly expected: TransferEvent | undefined
  readonly expectedAt: Instant | undefined
  /** What was decided; undefined where nothing more was. */
  readonly actual: TransferEvent | undefined
  readonly actualAt: Instant | undefined
  /** What the decision threw, in place of an event. */
  readonly error: string | undefined
  /** Whose turn it is. */
  readonly input: LoggedInput
  /** Of the state before the event. */
  readonly stateHash: string
  /** What that state has of whom the input and the events are about, as JSON has it. */
  readonly state: unknown
}

export interface DecidedAgain {
  /** How many inputs were decided again, and how many events of the log they explain. */
  readonly inputs: number
  readonly events: number
  readonly divergence: DecisionDivergence | undefined
}

export interface DecideOptions {
  /** Events below this number; all, where it is left out. */
  readonly before?: number | undefined
  /** What the inputs were decided by; ours, where it is left out. */
  readonly strategy?: Strategy | undefined
}

/** What differs, before the state that it happened in was looked up. */
type Difference = Omit<DecisionDivergence, 'kind' | 'stateHash' | 'state'>

/** Inputs one after the other, of which the next is known. */
class Cursor {
  next: LoggedInput | undefined
  readonly #batches: AsyncIterator<readonly LoggedInput[]>
  #batch: readonly LoggedInput[] = []
  #at = 0

  constructor(batches: AsyncIterable<readonly LoggedInput[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** True where the next input is known without waiting. */
  step(): boolean {
    this.next = this.#batch[this.#at++]
    return this.next !== undefined
  }

  async load(): Promise<void> {
    while (!this.step()) {
      const { done, value } = await this.#batches.next()
      if (done === true) return
      this.#batch = value
      this.#at = 0
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}

class Again {
  inputs = 0
  events = 0
  readonly #log: ReadableLog
  readonly #strategy: Strategy
  readonly #cursor: Cursor
  #state: TransferState
  #system: ActorSystem
  /** Decided, and not compared yet. */
  #decided: LoggedEvent[] = []
  #compared = 0
  /** The input that was decided last, in this session. */
  #last: LoggedInput | undefined
  #error: string | undefined
  #ended = false

  constructor(log: ReadableLog, strategy: Strategy, cursor: Cursor, state: TransferState) {
    this.#log = log
    this.#strategy = strategy
    this.#cursor = cursor
    this.#state = state
    this.#system = this.#systemOf(this.#state)
  }

  /** What the log has next. */
  async take(logged: LoggedEvent): Promise<Difference | undefined> {
    if (logged.event.type === 'session-began') return this.#begin(logged)
    await this.#decideUpTo(logged)
    const decided = this.#waiting
    const last = this.#last
    if (last === undefined) {
      evolve(this.#state, logged)
      return undefined
    }
    // The next turn has begun in the log, and this one goes on.
    if (decided !== undefined && this.#cursor.next?.seq === logged.seq) return this.#differ(last, undefined, decided)
    if (decided === undefined || !sameEvent(decided, logged)) return this.#differ(last, logged, decided)
    this.#compared++
    this.events++
    if (logged.event.type === 'session-ended') this.#ended = true
    return undefined
  }

  /** Decides what came before this event, until there is one of ours to compare it with. */
  async #decideUpTo(logged: LoggedEvent): Promise<void> {
    while (this.#waiting === undefined && this.#error === undefined && this.#cursor.next?.seq === logged.seq) {
      this.#decide(this.#cursor.next)
      if (!this.#cursor.step()) await this.#cursor.load()
    }
  }

  get #waiting(): LoggedEvent | undefined {
    return this.#decided[this.#compared]
  }

  #decide(input: LoggedInput): void {
    this.inputs++
    this.#last = input
    this.#decided = []
    this.#compared = 0
    try {
      this.#system.accept(input.input)
    } catch (error) {
      this.#error = messageOf(error)
    }
  }

  #systemOf(state: TransferState): ActorSystem {
    const surroundings = {
      now: () => this.#last?.at ?? state.at,
      record: (logged: LoggedEvent) => this.#decided.push(logged),
      perform: () => undefined,
      rested: () => undefined,
    }
    return new ActorSystem(state, surroundings, this.#strategy)
  }

  /** What the former process decided last may have been lost with it; it has no say in what comes. */
  async #begin(logged: LoggedEvent): Promise<Difference | undefined> {
    const isCut = this.#waiting !== undefined && !this.#ended
    if (!isCut) {
      await this.#decideUpTo(logged) // those that made no event
      if (this.#waiting !== undefined && this.#last !== undefined)
        return this.#differ(this.#last, undefined, this.#waiting)
    }
    // What was not kept of a turn is in this state, and is not in the log's.
    if (isCut || this.#error !== undefined) this.#state = (await foldLog(this.#log, { before: logged.seq })).state
    evolve(this.#state, logged)
    this.#system = this.#systemOf(this.#state)
    this.#decided = []
    this.#compared = 0
    this.#last = undefined
    this.#error = undefined
    this.#ended = false
    return undefined
  }

  #differ(input: LoggedInput, expected: LoggedEvent | undefined, actual: LoggedEvent | undefined): Difference {
    return {
      seq: (expected ?? actual ?? input).seq,
      expected: expected?.event,
      expectedAt: expected?.at,
      actual: actual?.event,
      actualAt: actual?.at,
      error: actual === undefined ? this.#error : undefined,
      input,
    }
  }
}

const lookUp = async (log: ReadableLog, difference: Difference): Promise<DecisionDivergence> => {
  const { seq, expected, actual, input } = difference
  const { state } = await foldLog(log, { before: seq })
  return {
    kind: 'decision',
    ...difference,
    stateHash: stateHash(state),
    state: partOf(state, input.input, expected, actual),
  }
}

/**
 * Decides all recorded inputs again. Undefined where none were recorded. Throws `LOG_DAMAGED` or `LOG_VERSION` where the
 * log cannot be read.
 */
export const decideAgain = async (log: ReadableLog, options: DecideOptions = {}): Promise<DecidedAgain | undefined> => {
  const { before = log.committedSeq, strategy = OURS } = options
  const recorded = log.readInputs?.(0, before)
  if (recorded === undefined) return undefined
  const cursor = new Cursor(recorded)
  try {
    await cursor.load()
    if (cursor.next === undefined) return undefined
    const { state } = await foldLog(log, { before: cursor.next.seq })
    const again = new Again(log, strategy, cursor, state)
    for await (const batch of log.read(cursor.next.seq, before))
      for (const logged of batch) {
        const difference = await again.take(logged)
        if (difference === undefined) continue
        const { inputs, events } = again
        return { inputs, events, divergence: await lookUp(log, difference) }
      }
    return { inputs: again.inputs, events: again.events, divergence: undefined }
  } finally {
    await cursor.close()
  }
}
