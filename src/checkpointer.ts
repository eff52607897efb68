/** The checkpointer: keeps a snapshot of the state now and then, so that opening a long log is quick. */
import { TorrewindError } from './errors.js'
import { takeSnapshot } from './events/snapshot.js'
import type { TransferState } from './events/state.js'
import { LIMITS } from './limits.js'
import type { TransferLog } from './ports.js'

export class Checkpointer {
  readonly #log: TransferLog
  #lastSeq: number
  #everyEvents: number = LIMITS.checkpointEveryEvents
  /** Taken, and kept once everything below it is committed. */
  #taken: { readonly seq: number; readonly snapshot: Uint8Array } | undefined

  /** The state that the log was folded to needs no checkpoint of its own. */
  constructor(log: TransferLog, foldedSeq: number) {
    this.#log = log
    this.#lastSeq = foldedSeq
  }

  /** Between turns: takes a snapshot where enough happened since the last. */
  look(state: Readonly<TransferState>): void {
    if (state.nextSeq - this.#lastSeq >= this.#everyEvents) this.take(state)
  }

  take(state: Readonly<TransferState>): void {
    const snapshot = takeSnapshot(state)
    this.#lastSeq = state.nextSeq
    this.#everyEvents = Math.max(LIMITS.checkpointEveryEvents, snapshot.length / LIMITS.checkpointBytesPerEvent)
    this.#taken = { seq: state.nextSeq, snapshot }
  }

  reached(committedSeq: number): void {
    const taken = this.#taken
    if (taken === undefined || taken.seq > committedSeq) return
    this.#taken = undefined
    this.#log.saveCheckpoint(taken.seq, taken.snapshot).catch((error: unknown) => {
      // A checkpoint only saves time; a log that cannot be written says so to `onFailed`.
      if (!(error instanceof TorrewindError)) throw error
    })
  }
}
