/**
 * Reads a snapshot of the event log: opening a database of LevelDB changes its files and needs them for itself, even
 * where it is only read, so what is opened is a copy.
 */
import type { LogCopy, LogReader, LogReaders, TransferEntry } from '../ports.js'
import type { InfoHash } from '../values.js'
import { LevelShelf } from './level-shelf.js'
import { openLogReaders } from './log-store.js'

/** The copy is removed when the snapshot is closed, or cannot be opened. Throws as opening the log itself does. */
export const openLogSnapshot = async (copy: LogCopy): Promise<LogReaders> => {
  try {
    return new Snapshot(await openLogReaders(await LevelShelf.open(copy.folder, false)), copy)
  } catch (error) {
    await copy.remove()
    throw error
  }
}

class Snapshot implements LogReaders {
  readonly #readers: LogReaders
  readonly #copy: LogCopy
  #closing: Promise<void> | undefined

  constructor(readers: LogReaders, copy: LogCopy) {
    this.#readers = readers
    this.#copy = copy
  }

  transfers(): Promise<readonly TransferEntry[]> {
    return this.#readers.transfers()
  }

  transfer(infoHash: InfoHash): Promise<TransferEntry | undefined> {
    return this.#readers.transfer(infoHash)
  }

  reader(infoHash: InfoHash): Promise<LogReader | undefined> {
    return this.#readers.reader(infoHash)
  }

  close(): Promise<void> {
    this.#closing ??= this.#readers.close().finally(() => this.#copy.remove())
    return this.#closing
  }
}
