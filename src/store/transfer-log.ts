/** The log of one transfer on a shelf: the appender, the reader and the checkpoints in one. */
import { assert } from '../assert.js'
import { compactedAway, TorrewindError } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import type { LoggedInput } from '../events/input-codec.js'
import type { Input } from '../events/inputs.js'
import type { TransferEvent } from '../events/vocabulary.js'
import type { Checkpoint, Clock, Compacted, Failure, SnapshotBefore, TransferLog } from '../ports.js'
import type { InfoHash, Instant } from '../values.js'
import { packCheckpoint, thinOut } from './checkpoints.js'
import { compactLog } from './compaction.js'
import { LogAppender, type SealedPart } from './log-appender.js'
import type { LogBase } from './log-base.js'
import { checkpointKey, entryKey, inputsKey, recordKey, removalKey } from './log-keys.js'
import { findState, listCheckpoints } from './log-reader.js'
import { findInputsEnd, type InputsEnd, readCommittedInputs } from './read-inputs.js'
import { checkDensity, findEnd, type LogEnd, readEvents } from './read-records.js'
import type { Operation, Shelf } from './shelf.js'

/** The records of a part, each under its key. */
const putsOf = (hash: InfoHash, { events, inputs }: SealedPart): readonly Operation[] => {
  const puts: Operation[] = []
  if (events !== undefined)
    puts.push({ type: 'put', key: recordKey(hash, events.firstSeq, events.count), value: events.bytes })
  if (inputs !== undefined) {
    const { firstSeq, firstNumber, count, bytes } = inputs
    puts.push({ type: 'put', key: inputsKey(hash, firstSeq, firstNumber, count), value: bytes })
  }
  return puts
}

export class ShelfLog implements TransferLog {
  onCommitted: ((committedSeq: number) => void) | undefined
  onFailed: ((failure: Failure) => void) | undefined
  readonly #shelf: Shelf
  readonly #hash: InfoHash
  readonly #appender: LogAppender
  readonly #released: () => void
  #base: LogBase | undefined
  /** Sequence numbers of the checkpoints there are, in order. */
  #checkpoints: readonly number[]
  /** The last checkpoint's write; writes are done in order. */
  #saving: Promise<void> = Promise.resolve()
  #compacting: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  /** Opens the log, having made sure that its end can be trusted. `released` is called when it was closed. */
  static async open(
    shelf: Shelf,
    hash: InfoHash,
    clock: Clock,
    base: LogBase | undefined,
    released: () => void,
  ): Promise<ShelfLog> {
    const checkpoints = await listCheckpoints(shelf, hash)
    const end = await findEnd(shelf, hash)
    await checkDensity(shelf, hash, checkpoints.at(-1) ?? base?.firstSeq ?? 0, end.nextSeq)
    const inputsEnd = await findInputsEnd(shelf, hash)
    return new ShelfLog(shelf, hash, clock, end, inputsEnd, { checkpoints, base }, released)
  }

  private constructor(
    shelf: Shelf,
    hash: InfoHash,
    clock: Clock,
    end: LogEnd,
    inputsEnd: InputsEnd,
    { checkpoints, base }: { readonly checkpoints: readonly number[]; readonly base: LogBase | undefined },
    released: () => void,
  ) {
    this.#shelf = shelf
    this.#hash = hash
    this.#checkpoints = checkpoints
    this.#base = base
    this.#released = released
    this.#appender = new LogAppender({
      clock,
      nextSeq: end.nextSeq,
      previousHash: end.hash,
      inputs: { nextNumber: inputsEnd.nextNumber, previousHash: inputsEnd.hash },
      commit: (parts, done) =>
        shelf.write(
          parts.flatMap((part) => putsOf(hash, part)),
          done,
        ),
      committed: (committedSeq) => this.onCommitted?.(committedSeq),
      failed: (failure) => this.onFailed?.(failure),
    })
  }

  get firstSeq(): number {
    return this.#base?.firstSeq ?? 0
  }

  get nextSeq(): number {
    return this.#appender.nextSeq
  }

  get committedSeq(): number {
    return this.#appender.committedSeq
  }

  get writtenBytes(): number {
    return this.#appender.sealedBytes
  }

  get pendingEvents(): number {
    return this.#appender.pendingEvents
  }

  get pendingInputs(): number {
    return this.#appender.pendingInputs
  }

  append(at: Instant, event: TransferEvent): void {
    this.#appender.append(at, event)
  }

  appendInput(at: Instant, input: Input): void {
    this.#appender.appendInput(at, input)
  }

  flush(withinMs?: number): void {
    this.#appender.flush(withinMs)
  }

  read(from: number, to?: number): AsyncIterable<readonly LoggedEvent[]> {
    const end = Math.min(to ?? this.committedSeq, this.committedSeq)
    return this.#unlessOvertaken(from, this.firstSeq, readEvents(this.#shelf, this.#hash, from, end, this.#base))
  }

  readInputs(from: number, to?: number): AsyncIterable<readonly LoggedInput[]> {
    const { firstSeq, committedSeq } = this
    return readCommittedInputs({ shelf: this.#shelf, hash: this.#hash, firstSeq, committedSeq }, from, to)
  }

  /** Writes are done in order, and with one all before it come to the medium: this one takes away what is not there. */
  sync(done: (failure: Failure | undefined) => void): void {
    assert(this.#closing === undefined, 'a closed log is not synced')
    this.#shelf.writeDurably([{ type: 'del', key: removalKey(this.#hash) }], done)
  }

  keepTorrent(torrent: Uint8Array, done: (failure: Failure | undefined) => void): void {
    assert(this.#closing === undefined, 'a closed log keeps no torrent')
    this.#shelf.writeDurably([{ type: 'put', key: entryKey(this.#hash), value: torrent }], done)
  }

  async saveCheckpoint(seq: number, snapshot: Uint8Array): Promise<void> {
    assert(seq <= this.committedSeq, 'a checkpoint is of committed events only')
    assert(this.#closing === undefined, 'a closed log takes no checkpoint')
    const seqs = [...new Set([...this.#checkpoints, seq])].sort((left, right) => left - right)
    const gone = new Set(thinOut(seqs))
    this.#checkpoints = seqs.filter((each) => !gone.has(each))
    const operations: Operation[] = [...gone].map((each) => ({ type: 'del', key: checkpointKey(this.#hash, each) }))
    operations.push({ type: 'put', key: checkpointKey(this.#hash, seq), value: packCheckpoint(seq, snapshot) })
    const saving = new Promise<void>((resolve, reject) => {
      this.#shelf.write(operations, (failure) => {
        if (failure === undefined) resolve()
        else reject(new TorrewindError('LOG_FAILED', `a checkpoint could not be written: ${failure.message}`))
      })
    })
    this.#saving = saving.catch(() => undefined) // told to the caller
    await saving
  }

  loadCheckpoint(atMost = this.committedSeq): Promise<Checkpoint | undefined> {
    return findState(this.#shelf, this.#hash, { seqs: this.#checkpoints, base: this.#base }, atMost)
  }

  compact(before: number, snapshotBefore: SnapshotBefore): Promise<Compacted> {
    assert(this.#closing === undefined, 'a closed log is compacted by its store')
    const compacting = this.#compacting.then(() =>
      compactLog({
        shelf: this.#shelf,
        hash: this.#hash,
        reader: this,
        before,
        snapshotBefore,
        took: (base) => {
          this.#base = base
          this.#checkpoints = this.#checkpoints.filter((seq) => seq >= base.firstSeq)
        },
      }),
    )
    this.#compacting = compacting.catch(() => undefined) // told to the caller
    return compacting
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  /** What cannot be read may have been compacted away since: `began` is the first event that there was. */
  async *#unlessOvertaken<Item>(
    from: number,
    began: number,
    items: AsyncIterable<Item>,
  ): AsyncGenerator<Item, void, undefined> {
    try {
      yield* items
    } catch (error) {
      throw this.firstSeq === began ? error : compactedAway(Math.max(from, began), this.firstSeq)
    }
  }

  /** What is being written beside the events would else land in a log that was removed or is another's by then. */
  async #closeOnce(): Promise<void> {
    await this.#appender.close()
    await this.#compacting
    await this.#saving
    this.#released()
  }
}
