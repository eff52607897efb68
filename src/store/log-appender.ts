/**
 * The appender: events into records, and records into commits, many at a time.
 *
 * A record is closed when it is full or a flush is due. Records are committed when a few are full, when a flush is due,
 * or a moment after their first event: each commit wakes a thread, which costs more than writing does. While one commit
 * is under way further events gather, and a flush that came meanwhile starts the next one as soon as it ends.
 */
import { assert } from '../assert.js'
import { RecordWriter } from '../events/codec.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Failure } from '../ports.js'
import { type Instant, instant } from '../values.js'

export interface SealedRecord {
  readonly firstSeq: number
  readonly count: number
  readonly bytes: Uint8Array
}

export interface AppenderOptions {
  readonly clock: Clock
  /** Number of the first event to be appended, and the hash of the record before it. */
  readonly nextSeq: number
  readonly previousHash: Uint8Array
  /** Commits all of the records or none, and calls back later. */
  commit(records: readonly SealedRecord[], done: (failure: Failure | undefined) => void): void
  committed(committedSeq: number): void
  failed(failure: Failure): void
}

export class LogAppender {
  readonly #options: AppenderOptions
  readonly #record = new RecordWriter()
  /** Records that are closed and not yet handed over, in order. */
  #sealed: SealedRecord[] = []
  #nextSeq: number
  #sealedSeq: number
  #committedSeq: number
  #previousHash: Uint8Array
  #committing = false
  #flushDue = false
  #failed = false
  #cancelWake: Cancel | undefined
  #wakeAt = 0
  #closing: Promise<void> | undefined
  #closed: (() => void) | undefined

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#nextSeq = options.nextSeq
    this.#sealedSeq = options.nextSeq
    this.#committedSeq = options.nextSeq
    this.#previousHash = options.previousHash
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  get committedSeq(): number {
    return this.#committedSeq
  }

  get pendingEvents(): number {
    return this.#nextSeq - this.#committedSeq
  }

  append(at: Instant, event: TransferEvent): void {
    assert(this.#closing === undefined, 'nothing is appended to a log that was closed')
    if (this.#failed) {
      this.#nextSeq++
      return
    }
    assert(this.pendingEvents < LIMITS.logPendingEventsMax, 'the engine pauses before too many events are pending')
    this.#record.add(at, event)
    this.#nextSeq++
    if (this.#record.count === LIMITS.logRecordEventsMax || this.#record.bytes >= LIMITS.logRecordBytesMax) {
      this.#seal()
      if (this.#sealed.length >= LIMITS.logCommitRecords) this.#commit()
    }
    if (this.#cancelWake === undefined) this.#wakeWithin(LIMITS.logCommitDelayMs)
  }

  flush(withinMs = 0): void {
    if (this.#failed || this.pendingEvents === 0) return
    if (withinMs > 0) this.#wakeWithin(withinMs)
    else {
      this.#flushDue = true
      this.#commit()
    }
  }

  #wakeWithin(delayMs: number): void {
    const { clock } = this.#options
    const at = clock.now() + delayMs
    if (this.#cancelWake !== undefined && this.#wakeAt <= at) return
    this.#cancelWake?.()
    this.#wakeAt = at
    this.#cancelWake = clock.wakeAt(instant(at), () => {
      this.#cancelWake = undefined
      this.flush()
    })
  }

  /** Resolves when everything is committed, or when that is not to be. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve
      this.flush()
      this.#finishClosing()
    })
    return this.#closing
  }

  #seal(): void {
    if (this.#record.count === 0) return
    const { count } = this.#record
    const { bytes, hash } = this.#record.finish(this.#sealedSeq, this.#previousHash)
    this.#sealed.push({ firstSeq: this.#sealedSeq, count, bytes })
    this.#sealedSeq += count
    this.#previousHash = hash
  }

  #commit(): void {
    if (this.#committing || this.#failed) return
    if (this.#flushDue) this.#seal()
    this.#flushDue = false
    if (this.#sealed.length === 0) return
    const records = this.#sealed
    const endSeq = this.#sealedSeq
    this.#sealed = []
    if (endSeq === this.#nextSeq) {
      this.#cancelWake?.()
      this.#cancelWake = undefined
    }
    this.#committing = true
    this.#options.commit(records, (failure) => {
      this.#committing = false
      if (failure === undefined) this.#succeed(endSeq)
      else this.#fail(failure)
    })
  }

  #succeed(endSeq: number): void {
    this.#committedSeq = endSeq
    this.#commit()
    this.#finishClosing()
    this.#options.committed(endSeq)
  }

  #fail(failure: Failure): void {
    this.#failed = true
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#sealed = []
    this.#finishClosing()
    this.#options.failed(failure)
  }

  #finishClosing(): void {
    if (this.#failed || this.pendingEvents === 0) this.#closed?.()
  }
}
