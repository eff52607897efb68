/**
 * The appender: events into records, and records into commits, many at a time; and the inputs that were recorded with them.
 *
 * A record is closed when it is full or a flush is due. Records are committed when a few are full, when a flush is due,
 * or a moment after their first event: each commit wakes a thread, which costs more than writing does. While one commit
 * is under way further events gather, and a flush that came meanwhile starts the next one as soon as it ends.
 *
 * A record of inputs is closed whenever one of events is, and committed with it: so there is no event of a commit whose
 * input is not there. Of an input whose turn was cut in two by the end of a record, a crash may leave the first events
 * only. Inputs that make no event wake nobody: they are committed with those that do.
 */
import { assert } from '../assert.js'
import { RecordWriter } from '../events/codec.js'
import { InputRecordWriter } from '../events/input-codec.js'
import type { Input } from '../events/inputs.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Failure } from '../ports.js'
import { type Instant, instant } from '../values.js'

export interface SealedRecord {
  readonly firstSeq: number
  readonly count: number
  readonly bytes: Uint8Array
}
export interface SealedInputs extends SealedRecord {
  readonly firstNumber: number
}
/** What belongs together: the events since the last part, and the inputs of their turns. */
export interface SealedPart {
  readonly events: SealedRecord | undefined
  readonly inputs: SealedInputs | undefined
}

export interface AppenderOptions {
  readonly clock: Clock
  /** Number of the first event to be appended, and the hash of the record before it. */
  readonly nextSeq: number
  readonly previousHash: Uint8Array
  /** The same of inputs. */
  readonly inputs: { readonly nextNumber: number; readonly previousHash: Uint8Array }
  /** Commits all of the parts or none, and calls back later. */
  commit(parts: readonly SealedPart[], done: (failure: Failure | undefined) => void): void
  committed(committedSeq: number): void
  failed(failure: Failure): void
}

export class LogAppender {
  readonly #options: AppenderOptions
  readonly #record = new RecordWriter()
  readonly #inputs = new InputRecordWriter()
  /** What is closed and not yet handed over, in order. */
  #sealed: SealedPart[] = []
  #nextSeq: number
  #sealedSeq: number
  #committedSeq: number
  #previousHash: Uint8Array
  /** Number of the next input that is sealed, and of the next that is not committed. */
  #nextInput: number
  #committedInput: number
  #previousInputsHash: Uint8Array
  #sealedBytes = 0
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
    this.#nextInput = options.inputs.nextNumber
    this.#committedInput = options.inputs.nextNumber
    this.#previousInputsHash = options.inputs.previousHash
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  get committedSeq(): number {
    return this.#committedSeq
  }

  /** Of records that were closed. */
  get sealedBytes(): number {
    return this.#sealedBytes
  }

  get pendingEvents(): number {
    return this.#nextSeq - this.#committedSeq
  }

  get pendingInputs(): number {
    return this.#nextInput + this.#inputs.count - this.#committedInput
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

  /** Before the events of its turn. */
  appendInput(at: Instant, input: Input): void {
    assert(this.#closing === undefined, 'nothing is appended to a log that was closed')
    if (this.#failed) return
    // Only here, where the turns of all the inputs before are over, may those be closed without an event.
    if (this.#inputs.bytes >= LIMITS.logRecordBytesMax || this.#inputs.count === LIMITS.logRecordInputsMax) {
      this.#seal()
      this.#commit()
    }
    this.#inputs.add(this.#nextSeq, at, input)
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
    if (this.#record.count === 0 && this.#inputs.count === 0) return
    const part: SealedPart = { events: this.#sealEvents(), inputs: this.#sealInputs() }
    this.#sealed.push(part)
    this.#sealedBytes += (part.events?.bytes.length ?? 0) + (part.inputs?.bytes.length ?? 0)
  }

  #sealEvents(): SealedRecord | undefined {
    const { count } = this.#record
    if (count === 0) return undefined
    const firstSeq = this.#sealedSeq
    const { bytes, hash } = this.#record.finish(firstSeq, this.#previousHash)
    this.#sealedSeq += count
    this.#previousHash = hash
    return { firstSeq, count, bytes }
  }

  #sealInputs(): SealedInputs | undefined {
    const { count, firstSeq } = this.#inputs
    if (count === 0) return undefined
    const firstNumber = this.#nextInput
    const { bytes, hash } = this.#inputs.finish(firstNumber, this.#previousInputsHash)
    this.#nextInput += count
    this.#previousInputsHash = hash
    return { firstSeq, firstNumber, count, bytes }
  }

  #commit(): void {
    if (this.#committing || this.#failed) return
    if (this.#flushDue) this.#seal()
    this.#flushDue = false
    if (this.#sealed.length === 0) return
    const parts = this.#sealed
    const endSeq = this.#sealedSeq
    const endInput = this.#nextInput
    this.#sealed = []
    if (endSeq === this.#nextSeq) {
      this.#cancelWake?.()
      this.#cancelWake = undefined
    }
    this.#committing = true
    this.#options.commit(parts, (failure) => {
      this.#committing = false
      if (failure === undefined) this.#succeed(endSeq, endInput)
      else this.#fail(failure)
    })
  }

  #succeed(endSeq: number, endInput: number): void {
    this.#committedSeq = endSeq
    this.#committedInput = endInput
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
    if (this.#failed || (this.pendingEvents === 0 && !this.#committing)) this.#closed?.()
  }
}
