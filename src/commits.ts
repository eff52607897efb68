/** Commits: what is committed of a transfer's log, told to those who wait for it and those who listen. */

import type { CommittedOptions } from './api.js'
import { compactedAway, TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import type { Failure, TransferLog } from './ports.js'
import { Observable, Subject } from './rx.js'

/** Throws `OPTION_INVALID`. */
const checkSeqs = (...seqs: readonly (number | undefined)[]): void => {
  for (const seq of seqs)
    if (seq !== undefined && (!Number.isSafeInteger(seq) || seq < 0))
      throw new TorrewindError('OPTION_INVALID', `events have whole numbers from 0, not ${seq}`)
}

async function* oneByOne(batches: AsyncIterable<readonly LoggedEvent[]>): AsyncGenerator<LoggedEvent> {
  for await (const batch of batches) yield* batch
}

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

  /** Committed events from one sequence number up to another, one by one: as `#batches` has them. */
  read(from?: number, to?: number): AsyncGenerator<LoggedEvent> {
    checkSeqs(from, to)
    return oneByOne(this.#batches(from, to === undefined ? Number.POSITIVE_INFINITY : to + 1))
  }

  /**
   * As an observable of batches, each read when the subscriber is ready for it: whoever is slow is behind in the log,
   * which is on disk, and not in a queue, which is in memory.
   */
  observe({ from, ready }: CommittedOptions): Observable<readonly LoggedEvent[]> {
    checkSeqs(from)
    return new Observable((subscriber) => {
      const batches = this.#batches(from, Number.POSITIVE_INFINITY)
      const hand = async (): Promise<void> => {
        for (;;) {
          await ready?.()
          if (subscriber.closed) return
          const { done, value } = await batches.next()
          if (done === true) return
          if (subscriber.closed) return
          subscriber.next(value)
        }
      }
      hand()
        .finally(() => batches.return(undefined))
        .then(
          () => subscriber.complete(),
          (error: unknown) => subscriber.error(error),
        )
    })
  }

  /**
   * Committed events, the first that there is where no `from` is given, up to, not with, another: history first, then live,
   * both from the log. Throws `EVENTS_COMPACTED` where they are gone, `TRANSFER_CLOSED` at a reader that was behind when
   * the log was closed, and what reading the log throws.
   */
  async *#batches(from: number | undefined, end: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    let next = from ?? this.#log.firstSeq ?? 0
    while (next < end) {
      const { firstSeq = 0, committedSeq } = this.#log
      if (next < firstSeq) throw compactedAway(next, firstSeq)
      if (next >= committedSeq) {
        if (this.#ended) return
        await this.#next()
        continue
      }
      for await (const batch of this.#stretch(next, Math.min(end, committedSeq))) {
        next += batch.length
        yield batch
      }
    }
  }

  async *#stretch(from: number, end: number): AsyncGenerator<readonly LoggedEvent[]> {
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
