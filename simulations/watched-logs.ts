/** Logs that are watched: a log store of which somebody hears every event, when it is appended and when it is committed. */
import type { LoggedEvent } from '../src/events/codec.js'
import type { LoggedInput } from '../src/events/input-codec.js'
import type { Input } from '../src/events/inputs.js'
import type { TransferEvent } from '../src/events/vocabulary.js'
import type {
  Checkpoint,
  Compacted,
  Failure,
  LogPart,
  LogReader,
  LogStore,
  SnapshotBefore,
  TransferEntry,
  TransferLog,
} from '../src/ports.js'
import type { InfoHash, Instant } from '../src/values.js'

export interface LogWatch {
  appended(seq: number, at: Instant, event: TransferEvent): void
  /** Every event below this number is committed; called before the engine hears of it. */
  committed(committedSeq: number): void
}

async function* none(): AsyncGenerator<never, void, undefined> {}

/** The number of a node, an event that it logs, and of which of the swarm's torrents, from 1 on. */
export type EventListener = (node: number, seq: number, at: Instant, event: TransferEvent, torrent: number) => void

class WatchedLog implements TransferLog {
  onCommitted: ((committedSeq: number) => void) | undefined
  onFailed: ((failure: Failure) => void) | undefined
  readonly #inner: TransferLog
  readonly #watch: LogWatch

  constructor(inner: TransferLog, watch: LogWatch) {
    this.#inner = inner
    this.#watch = watch
    inner.onCommitted = (committedSeq) => {
      watch.committed(committedSeq)
      this.onCommitted?.(committedSeq)
    }
    inner.onFailed = (failure) => this.onFailed?.(failure)
  }

  get firstSeq(): number {
    return this.#inner.firstSeq ?? 0
  }
  get nextSeq(): number {
    return this.#inner.nextSeq
  }
  get committedSeq(): number {
    return this.#inner.committedSeq
  }
  get pendingEvents(): number {
    return this.#inner.pendingEvents
  }
  get pendingInputs(): number {
    return this.#inner.pendingInputs
  }
  append(at: Instant, event: TransferEvent): void {
    const seq = this.nextSeq
    this.#inner.append(at, event)
    this.#watch.appended(seq, at, event)
  }
  appendInput(at: Instant, input: Input): void {
    this.#inner.appendInput(at, input)
  }
  flush(withinMs?: number): void {
    this.#inner.flush(withinMs)
  }
  sync(done: (failure: Failure | undefined) => void): void {
    this.#inner.sync(done)
  }
  keepTorrent(torrent: Uint8Array, done: (failure: Failure | undefined) => void): void {
    this.#inner.keepTorrent(torrent, done)
  }
  read(from: number, to?: number): AsyncIterable<readonly LoggedEvent[]> {
    return this.#inner.read(from, to)
  }
  readInputs(from: number, to?: number): AsyncIterable<readonly LoggedInput[]> {
    return this.#inner.readInputs?.(from, to) ?? none()
  }
  loadCheckpoint(atMost?: number): Promise<Checkpoint | undefined> {
    return this.#inner.loadCheckpoint(atMost)
  }
  saveCheckpoint(seq: number, snapshot: Uint8Array): Promise<void> {
    return this.#inner.saveCheckpoint(seq, snapshot)
  }
  get writtenBytes(): number {
    return this.#inner.writtenBytes
  }
  compact(before: number, snapshotBefore: SnapshotBefore): Promise<Compacted> {
    return this.#inner.compact(before, snapshotBefore)
  }
  close(): Promise<void> {
    return this.#inner.close()
  }
}

export class WatchedLogs implements LogStore {
  readonly #inner: LogStore
  readonly #watchOf: (infoHash: InfoHash) => LogWatch

  constructor(inner: LogStore, watchOf: (infoHash: InfoHash) => LogWatch) {
    this.#inner = inner
    this.#watchOf = watchOf
  }

  async open(entry: TransferEntry): Promise<TransferLog> {
    return new WatchedLog(await this.#inner.open(entry), this.#watchOf(entry.infoHash))
  }
  transfers(): Promise<readonly TransferEntry[]> {
    return this.#inner.transfers()
  }
  transfer(infoHash: InfoHash): Promise<TransferEntry | undefined> {
    return this.#inner.transfer(infoHash)
  }
  reader(infoHash: InfoHash): Promise<LogReader | undefined> {
    return this.#inner.reader(infoHash)
  }
  compact(infoHash: InfoHash, before: number, snapshotBefore: SnapshotBefore): Promise<Compacted> {
    return this.#inner.compact(infoHash, before, snapshotBefore)
  }
  measure(infoHash: InfoHash, partBytesMin?: number): Promise<readonly LogPart[]> {
    return this.#inner.measure(infoHash, partBytesMin)
  }
  layers(infoHash: InfoHash): Promise<ReadonlyMap<number, Uint8Array>> {
    return this.#inner.layers(infoHash)
  }
  keepLayer(infoHash: InfoHash, file: number, layer: Uint8Array): Promise<void> {
    return this.#inner.keepLayer(infoHash, file, layer)
  }
  remove(infoHash: InfoHash): Promise<void> {
    return this.#inner.remove(infoHash)
  }
  close(): Promise<void> {
    return this.#inner.close()
  }
}
