/** A session's log: how soon what is recorded is committed, and what follows once it is. */
import { Checkpointer } from './checkpointer.js'
import { Commits } from './commits.js'
import type { LoggedEvent } from './events/codec.js'
import type { TransferInput } from './events/inputs.js'
import type { TransferState } from './events/state.js'
import type { EventType } from './events/vocabulary.js'
import { HavePacer } from './have-pacer.js'
import { LIMITS } from './limits.js'
import type { Failure, Ports, TransferLog } from './ports.js'
import type { Retention } from './replay/compact.js'
import { Retainer } from './retainer.js'
import type { InfoHash } from './values.js'

export interface SessionLogOptions {
  readonly ports: Pick<Ports, 'clock' | 'logs'>
  readonly log: TransferLog
  readonly infoHash: InfoHash
  readonly retention?: Retention | undefined
  tell(input: TransferInput): void
  /** The log cannot keep up, or can again. */
  holdPeersBack(held: boolean): void
  /** Everything below this sequence number is committed. */
  reached(committedSeq: number): void
  /** It cannot be written any more. */
  failed(failure: Failure): void
}

/** With these the log is committed so soon, rather than when its record is full. */
const COMMITTED_WITHIN_MS: Partial<Record<EventType, number>> = {
  'piece-stored': LIMITS.logStoredDelayMs,
  'session-began': 0,
  'session-examined': 0,
  'session-ended': 0,
  'check-ended': 0,
  'file-placed': 0,
  paused: 0,
  resumed: 0,
  'download-began': 0,
  'download-completed': 0,
  'seeding-began': 0,
  'transfer-failed': 0,
  'metadata-completed': 0,
  'move-began': 0,
  'files-moved': 0,
  'move-failed': 0,
}

export class SessionLog {
  readonly commits: Commits
  readonly #options: SessionLogOptions
  readonly #state: Readonly<TransferState>
  readonly #checkpointer: Checkpointer
  readonly #retainer: Retainer | undefined
  readonly #havePacer: HavePacer
  /** Something was recorded that is to be committed within this time. */
  #commitWithinMs = Number.POSITIVE_INFINITY
  #held = false
  #stopped = false

  /** Goes on where the log ends, whose state this is. */
  constructor(options: SessionLogOptions, state: Readonly<TransferState>) {
    const { ports, log, infoHash, retention, tell } = options
    this.#options = options
    this.#state = state
    this.commits = new Commits(log)
    this.#checkpointer = new Checkpointer(log, state.nextSeq)
    this.#havePacer = new HavePacer({
      clock: ports.clock,
      state: () => state,
      tell: (committedSeq) => tell({ type: 'log-committed', committedSeq }),
    })
    if (retention !== undefined)
      this.#retainer = new Retainer({
        clock: ports.clock,
        logs: ports.logs,
        log,
        infoHash,
        retention,
        failed: (failure) => tell({ type: 'retention-failed', failure }),
      })
    log.onCommitted = (committedSeq) => this.#onCommitted(committedSeq)
    log.onFailed = (failure) => options.failed(failure)
  }

  /** Everything that happened so far is committed. Throws `LOG_FAILED`. */
  committed(): Promise<void> {
    return this.commits.upTo(this.#state.nextSeq)
  }

  /** Whether what is committed outlasts a loss of power too. */
  synced(): Promise<boolean> {
    if (this.commits.failure !== undefined || this.#stopped) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#options.log.sync((failure) => resolve(failure === undefined))
    })
  }

  /** After the event was evolved. */
  record(logged: LoggedEvent): void {
    this.commits.record(logged)
    const withinMs = COMMITTED_WITHIN_MS[logged.event.type]
    // Nothing follows the last piece that it could wait for.
    if (withinMs !== undefined)
      this.#commitWithinMs = this.#state.missing === 0 ? 0 : Math.min(this.#commitWithinMs, withinMs)
  }

  /** Between turns: what is urgent is committed soon. */
  flush(): void {
    if (this.#commitWithinMs === Number.POSITIVE_INFINITY) return
    this.#options.log.flush(this.#commitWithinMs)
    this.#commitWithinMs = Number.POSITIVE_INFINITY
  }

  /** Between turns, when what was decided went out. */
  look(): void {
    if (!this.#held && this.#pending > LIMITS.logPendingEventsPause) this.#hold(true)
    this.#checkpointer.look(this.#state)
  }

  /** Of the state at the end, whatever happened since the last one. */
  takeCheckpoint(): void {
    this.#checkpointer.take(this.#state)
  }

  /** Peers hear no more of what is stored, and nothing is synced any more. */
  stop(): void {
    this.#stopped = true
    this.#havePacer.stop()
  }

  async close(): Promise<void> {
    await this.#retainer?.close()
    await this.#options.log.close().catch(() => undefined) // a log that failed said so to `onFailed`
  }

  /** Events or inputs that the log has yet to commit, of whichever there are more. */
  get #pending(): number {
    const { pendingEvents, pendingInputs } = this.#options.log
    return Math.max(pendingEvents, pendingInputs)
  }

  #hold(held: boolean): void {
    this.#held = held
    this.#options.holdPeersBack(held)
  }

  #onCommitted(committedSeq: number): void {
    if (this.#held && this.#pending < LIMITS.logPendingEventsPause / 2) this.#hold(false)
    this.#checkpointer.reached(committedSeq)
    this.#retainer?.reached()
    this.#havePacer.committed(committedSeq)
    this.#options.reached(committedSeq)
    this.commits.reached(committedSeq)
  }
}
