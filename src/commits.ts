/** Commits: what is committed of a transfer's log, told to those who wait for it and those who listen. */

import { TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import type { Failure, TransferLog } from './ports.js'
import { type Observable, Subject } from './rx.js'

export class Commits {
  readonly #log: TransferLog
  readonly #subject = new Subject<readonly LoggedEvent[]>()
  /** Events recorded and not yet committed, where somebody listens: kept for nobody they would only grow old. */
  #uncommitted: LoggedEvent[] = []
  #waiters: (() => void)[] = []
  #ended = false
  #failure: Failure | undefined

  constructor(log: TransferLog) {
    this.#log = log
  }

  get events$(): Observable<readonly LoggedEvent[]> {
    return this.#subject
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  record(logged: LoggedEvent): void {
    this.#log.append(logged.at, logged.event)
    if (this.#subject.observed) this.#uncommitted.push(logged)
  }

  /** The log committed everything below this sequence number. */
  reached(committedSeq: number): void {
    const left = this.#uncommitted.findIndex(({ seq }) => seq >= committedSeq)
    const events = this.#uncommitted.splice(0, left < 0 ? this.#uncommitted.length : left)
    this.#wakeAll()
    if (events.length > 0) this.#subject.next(events)
  }

  /** The log commits nothing more. */
  fail(failure: Failure): void {
    this.#failure = failure
    this.#wakeAll()
  }

  end(): void {
    this.#ended = true
    this.#wakeAll()
    this.#subject.complete()
  }

  /** Resolves when everything below this sequence number is committed, or the transfer ended. Throws `LOG_FAILED`. */
  async upTo(seq: number): Promise<void> {
    this.#log.flush()
    while (this.#log.committedSeq < seq && !this.#ended && this.#failure === undefined) await this.#next()
    if (this.#failure !== undefined) throw new TorrewindError('LOG_FAILED', this.#failure.message)
  }

  /**
   * Committed events from one sequence number up to, not with, another: history first, then live. Throws
   * `TRANSFER_CLOSED` at a reader that was behind when the log was closed, and what reading the log throws.
   */
  async *read(from: number, end: number): AsyncGenerator<LoggedEvent> {
    // Where the log was compacted there is nothing before.
    let next = Math.max(from, this.#log.firstSeq ?? 0)
    while (next < end) {
      if (next >= this.#log.committedSeq) {
        if (this.#ended) return
        await this.#next()
        continue
      }
      for await (const batch of this.#batches(next, Math.min(end, this.#log.committedSeq)))
        for (const logged of batch) {
          if (logged.seq < next || logged.seq >= end) continue
          next = logged.seq + 1
          yield logged
        }
    }
  }

  async *#batches(from: number, end: number): AsyncGenerator<readonly LoggedEvent[]> {
    try {
      yield* this.#log.read(from, end)
    } catch (error) {
      if (!this.#ended) throw error
      throw new TorrewindError('TRANSFER_CLOSED', `the log was closed before event ${from} was read`, { cause: error })
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  #wakeAll(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}
