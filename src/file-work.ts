/** The work on a transfer's files in a session: they are looked at, moved, and rid of what was kept apart from them. */
import type { Contents } from './contents.js'
import { storageErrorCode, TorrewindError } from './errors.js'
import type { TransferInput } from './events/inputs.js'
import type { TransferState } from './events/state.js'
import type { EventType } from './events/vocabulary.js'
import type { Failure } from './ports.js'
import type { SessionLog } from './session-log.js'

export interface FileWorkOptions {
  readonly state: Readonly<TransferState>
  readonly contents: Pick<Contents, 'examine' | 'look' | 'move' | 'removeParts'>
  readonly log: Pick<SessionLog, 'committed' | 'synced'>
  tell(input: TransferInput): void
  /** The session is to end, or has. */
  isEnding(): boolean
  /** Throws `TRANSFER_CLOSED`. */
  assertOpen(): void
}

/** The next session goes on with the move. */
const LEFT_FOR_LATER: Failure = { code: 'ESTOPPED', message: 'it goes on with the next session' }

export class FileWork {
  readonly #options: FileWorkOptions
  #moving: Promise<Failure | undefined> | undefined
  /** Something was kept apart in this session, or before. */
  #hadParts: boolean

  constructor(options: FileWorkOptions) {
    this.#options = options
    this.#hadParts = options.state.apart.size > 0
  }

  record(type: EventType): void {
    if (type === 'files-kept-apart') this.#hadParts = true
  }

  /** The metadata came while the session was running. */
  lookAtNew(): void {
    const { contents, tell, isEnding } = this.#options
    contents.look((answer) => {
      if (isEnding()) return
      if (answer.type === 'done') tell({ type: 'files-examined', files: answer.value })
      else tell({ type: 'storage-failed', failure: answer.failure })
    })
  }

  /** Looking at the files makes the disk open them anew: what was removed or exchanged is no longer read. */
  async lookAgain(): Promise<void> {
    await this.#options.contents.examine().catch(() => undefined)
  }

  /**
   * Brings the files to another place. The log says so before the first of them is moved, so that a session after a crash
   * knows where to look. Throws `TRANSFER_MOVING`, `PATH_TAKEN` or a code of the disk.
   */
  async move(folder: string, names: ReadonlyMap<number, string>): Promise<void> {
    const { state, log, tell, assertOpen } = this.#options
    if (state.moving !== undefined || this.#moving !== undefined)
      throw new TorrewindError('TRANSFER_MOVING', `the files of ${state.name} are being moved already`)
    tell({ type: 'move-asked', folder, names: [...names].map(([file, path]) => ({ file, path })) })
    await log.committed()
    assertOpen()
    const failure = await this.#carryMoveOut(false)
    await log.committed()
    assertOpen()
    if (failure === undefined) return
    const code = failure.code === 'EEXIST' ? 'PATH_TAKEN' : storageErrorCode(failure.code)
    throw new TorrewindError(code, failure.message)
  }

  /** A move that a session before, or a failure, has left half done. */
  async finishMove(): Promise<void> {
    await this.#moving
    if (this.#options.state.moving !== undefined) await this.#carryMoveOut(true)
  }

  /** The move that is being carried out. */
  get moving(): Promise<unknown> | undefined {
    return this.#moving
  }

  /** Nothing is kept apart any more, or everything goes: at the end of a session. */
  async removeParts(reason: 'closed' | 'removed'): Promise<void> {
    const { state, contents } = this.#options
    if (this.#hadParts && (state.apart.size === 0 || reason === 'removed')) await contents.removeParts()
  }

  #carryMoveOut(resumed: boolean): Promise<Failure | undefined> {
    this.#moving = this.#moveOnce(resumed).finally(() => {
      this.#moving = undefined
    })
    return this.#moving
  }

  async #moveOnce(resumed: boolean): Promise<Failure | undefined> {
    const { contents, log, tell, isEnding: stopped } = this.#options
    // Or a loss of power would take the word of where the files are, and not the files.
    if (!(await log.synced()) || stopped()) return LEFT_FOR_LATER
    const failure = await contents.move({ resumed, stopped })
    if (failure === undefined) {
      tell({ type: 'files-moved' })
      await log.committed().catch(() => undefined)
      // Who hears of it may note where they are, and the log must say the same from then on.
      await log.synced()
    } else if (failure.code === 'ESTRANDED') tell({ type: 'storage-failed', failure })
    else if (failure.code !== 'ESTOPPED') tell({ type: 'move-failed', failure })
    return failure
  }
}
