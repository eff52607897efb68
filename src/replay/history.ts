/**
 * A history: the state of a transfer at any point of its log, what changed from one point to another, and what changed
 * one thing last.
 *
 * Strategy: a state is the nearest snapshot before it and a fold of what lies between. Snapshots are the log's own
 * checkpoints, and those that folds left behind on their way here, so that steps back and forth around a point are
 * short. Every state is handed out as a copy of its own. What changed something last is found from the end backwards, in
 * windows: only those are folded that have an event which may have done it.
 */
import { TorrewindError } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import { evolve } from '../events/evolve.js'
import { restoreSnapshot, takeSnapshot } from '../events/snapshot.js'
import type { TransferState } from '../events/state.js'
import { type Difference, differencesOf } from './diff.js'
import { firstState, foldOnto, type ReadableLog } from './fold.js'
import { KEYFRAME_EVENTS, Keyframes } from './keyframes.js'
import { mayChange, signatureOf, type Topic } from './topic.js'

/** A point of a history: just after this event, or just after the last event that is not later than this time. */
export type Moment = { readonly seq: number } | { readonly at: number }

/** Events that are read and folded at a time where a log is gone through backwards. */
const WINDOW_EVENTS = 8_192

export class History {
  readonly #log: ReadableLog
  readonly #keyframes = new Keyframes()

  constructor(log: ReadableLog) {
    this.#log = log
  }

  /** The number after the last event there is now: a log that is being written grows. */
  get events(): number {
    return this.#log.committedSeq
  }

  /** The first event that there is: those before it were compacted, or are not in the capsule. */
  get firstSeq(): number {
    return this.#log.firstSeq ?? 0
  }

  /** Events from `from` up to, but without, `to`. Throws `LOG_DAMAGED` or `LOG_VERSION`, as everything here does. */
  read(from: number, to: number = this.events): AsyncIterable<readonly LoggedEvent[]> {
    return this.#log.read(from, to)
  }

  /** The number of a moment's event. Throws `OPTION_INVALID` where there is none. */
  async seqOf(moment: Moment): Promise<number> {
    if ('at' in moment) return this.#seqAt(moment.at)
    const { seq } = moment
    if (!Number.isSafeInteger(seq) || seq < this.firstSeq || seq >= this.events) throw this.#noEvent(seq)
    return seq
  }

  /** The state at a moment, as a copy that is the caller's. */
  async stateAt(moment: Moment): Promise<TransferState> {
    return this.#stateBefore((await this.seqOf(moment)) + 1)
  }

  /** The state before the first event that there is. */
  stateBeforeAll(): Promise<TransferState> {
    return firstState(this.#log)
  }

  async eventAt(seq: number): Promise<LoggedEvent> {
    for await (const [event] of this.#log.read(seq, seq + 1)) if (event !== undefined) return event
    throw this.#noEvent(seq)
  }

  /** The events below a number, the newest first, many at a time. */
  async *backwards(before: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    for (let to = before; to > this.firstSeq; to = this.#windowStart(to))
      yield (await this.#window(this.#windowStart(to), to)).reverse()
  }

  /** What is not at one moment as it is at another. */
  async diff(from: Moment, to: Moment): Promise<readonly Difference[]> {
    return differencesOf(await this.stateAt(from), await this.stateAt(to))
  }

  /** The last event, up to that of the moment, after which the thing was not as before; undefined where none was. */
  async lastChange(topic: Topic, moment: Moment): Promise<LoggedEvent | undefined> {
    for (let to = (await this.seqOf(moment)) + 1; to > this.firstSeq; to = this.#windowStart(to)) {
      const from = this.#windowStart(to)
      const events = await this.#window(from, to)
      if (!events.some(({ event }) => mayChange(event, topic))) continue
      const state = await this.#stateBefore(from)
      let signature = signatureOf(state, topic)
      let last: LoggedEvent | undefined
      for (const logged of events) {
        evolve(state, logged)
        if (!mayChange(logged.event, topic)) continue
        const next = signatureOf(state, topic)
        if (next !== signature) last = logged
        signature = next
      }
      if (last !== undefined) return last
    }
    return undefined
  }

  #windowStart(to: number): number {
    return Math.max(this.firstSeq, to - WINDOW_EVENTS)
  }

  #noEvent(seq: number): TorrewindError {
    const begin = this.firstSeq === 0 ? '' : `, from ${this.firstSeq} on`
    return new TorrewindError('OPTION_INVALID', `there is no event ${seq}: the log has ${this.events}${begin}`)
  }

  async #window(from: number, to: number): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = []
    for await (const batch of this.#log.read(from, to)) events.push(...batch)
    return events
  }

  async #stateBefore(before: number): Promise<TransferState> {
    const state = await this.#startOf(before)
    while (state.nextSeq < before) {
      await foldOnto(state, this.#log, Math.min(before, nextKeyframe(state.nextSeq)))
      if (state.nextSeq % KEYFRAME_EVENTS === 0) this.#keyframes.keep(state.nextSeq, takeSnapshot(state))
    }
    return state
  }

  /** The nearest snapshot before a number, restored; the beginning, where there is none. */
  async #startOf(before: number): Promise<TransferState> {
    const own = this.#keyframes.nearest(before)
    const checkpoint = own?.seq === before ? undefined : await this.#log.loadCheckpoint(before)
    const nearest = checkpoint === undefined || (own !== undefined && own.seq > checkpoint.seq) ? own : checkpoint
    return (nearest && restoreSnapshot(nearest.snapshot)) ?? firstState(this.#log)
  }

  /** By bisection: clocks that ran back between two sessions make it one of the events that fit. */
  async #seqAt(at: number): Promise<number> {
    let low = this.firstSeq
    let high = this.events
    while (low < high) {
      const middle = (low + high) >> 1
      if ((await this.eventAt(middle)).at <= at) low = middle + 1
      else high = middle
    }
    if (low === this.firstSeq)
      throw new TorrewindError('OPTION_INVALID', `the log has no event at ${showTime(at)} or before`)
    return low - 1
  }
}

const nextKeyframe = (seq: number): number => seq - (seq % KEYFRAME_EVENTS) + KEYFRAME_EVENTS

const showTime = (at: number): string => (Number.isSafeInteger(at) ? `${at} ms` : String(at))
