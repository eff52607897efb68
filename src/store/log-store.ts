/** The log store: the logs of many transfers on one shelf. */
import { assert } from '../assert.js'
import { TorrewindError } from '../errors.js'
import type {
  Clock,
  Compacted,
  LogPart,
  LogReader,
  LogReaders,
  LogStore,
  SnapshotBefore,
  TransferEntry,
  TransferLog,
} from '../ports.js'
import { equalBytes, type InfoHash, toHex } from '../values.js'
import { clearBelow, compactLog, measureLog } from './compaction.js'
import { loadBase } from './log-base.js'
import {
  allOf,
  baseKey,
  entryKey,
  everyEntry,
  everyRemoval,
  FORMAT_KEY,
  layerKey,
  readHashKey,
  readLayerKey,
  removalKey,
} from './log-keys.js'
import { openReader } from './log-reader.js'
import { type Shelf, writeDurably } from './shelf.js'
import { ShelfLog } from './transfer-log.js'

/** Format of the keys. Records and checkpoints have versions of their own. */
const FORMAT = 1

/** Throws `LOG_VERSION` where a newer version made it. */
const checkFormat = async (shelf: Shelf): Promise<boolean> => {
  const format = await shelf.get(FORMAT_KEY)
  if (format !== undefined && format[0] !== FORMAT) {
    throw new TorrewindError('LOG_VERSION', `the event log has format ${format[0]}; this version reads ${FORMAT}`)
  }
  return format !== undefined
}

/** Reads the logs on a shelf. Closes the shelf where that fails. */
export const openLogReaders = async (shelf: Shelf): Promise<LogReaders> => {
  try {
    await checkFormat(shelf)
  } catch (error) {
    await shelf.close()
    throw error
  }
  return new ShelfReaders(shelf)
}

/** Opens the logs on a shelf, of which this is the only writer. Closes the shelf where that fails. */
export const openLogStore = async (shelf: Shelf, clock: Clock): Promise<LogStore> => {
  try {
    const known = await checkFormat(shelf)
    if (!known) await writeDurably(shelf, [{ type: 'put', key: FORMAT_KEY, value: Uint8Array.of(FORMAT) }])
    const store = new ShelfStore(shelf, clock)
    await store.finishRemovals()
    return store
  } catch (error) {
    await shelf.close()
    throw error
  }
}

class ShelfReaders implements LogReaders {
  constructor(protected readonly shelf: Shelf) {}

  async transfers(): Promise<readonly TransferEntry[]> {
    const found: TransferEntry[] = []
    for await (const entries of this.shelf.entries(everyEntry)) {
      for (const [key, torrent] of entries) {
        const infoHash = readHashKey(key)
        if (infoHash !== undefined) found.push({ infoHash, torrent })
      }
    }
    return found
  }

  async transfer(infoHash: InfoHash): Promise<TransferEntry | undefined> {
    const torrent = await this.shelf.get(entryKey(infoHash))
    return torrent && { infoHash, torrent }
  }

  async reader(infoHash: InfoHash): Promise<LogReader | undefined> {
    const entry = await this.transfer(infoHash)
    return entry && openReader(this.shelf, infoHash)
  }

  close(): Promise<void> {
    return this.shelf.close()
  }
}

export class ShelfStore extends ShelfReaders implements LogStore {
  readonly #clock: Clock
  /** Logs that are open or being opened, by their info-hash in hexadecimal. */
  readonly #logs = new Map<string, Promise<TransferLog>>()
  #closing: Promise<void> | undefined

  constructor(shelf: Shelf, clock: Clock) {
    super(shelf)
    this.#clock = clock
  }

  async open(entry: TransferEntry): Promise<TransferLog> {
    assert(this.#closing === undefined, 'a closed store opens no log')
    const name = toHex(entry.infoHash)
    assert(!this.#logs.has(name), 'a log has one writer: it is open already')
    const opening = this.#open(entry, () => this.#logs.delete(name))
    this.#logs.set(name, opening)
    try {
      return await opening
    } catch (error) {
      this.#logs.delete(name)
      throw error
    }
  }

  async #open({ infoHash, torrent }: TransferEntry, released: () => void): Promise<TransferLog> {
    if ((await this.shelf.get(removalKey(infoHash))) !== undefined) await this.#finishRemoval(infoHash)
    const known = await this.transfer(infoHash)
    if (known === undefined || !equalBytes(known.torrent, torrent)) {
      await writeDurably(this.shelf, [{ type: 'put', key: entryKey(infoHash), value: torrent }])
    }
    const base = await loadBase(this.shelf, infoHash)
    if (base !== undefined) await clearBelow(this.shelf, infoHash, base.firstSeq)
    return ShelfLog.open(this.shelf, infoHash, this.#clock, base, released)
  }

  async compact(infoHash: InfoHash, before: number, snapshotBefore: SnapshotBefore): Promise<Compacted> {
    assert(!this.#logs.has(toHex(infoHash)), 'a log that is open is compacted by who has it')
    const reader = await openReader(this.shelf, infoHash)
    return compactLog({ shelf: this.shelf, hash: infoHash, reader, before, snapshotBefore })
  }

  measure(infoHash: InfoHash, partBytesMin = 0): Promise<readonly LogPart[]> {
    return measureLog(this.shelf, infoHash, partBytesMin)
  }

  async layers(infoHash: InfoHash): Promise<ReadonlyMap<number, Uint8Array>> {
    const found = new Map<number, Uint8Array>()
    for await (const entries of this.shelf.entries(allOf('layer', infoHash)))
      for (const [key, layer] of entries) {
        const file = readLayerKey(key)
        if (file !== undefined) found.set(file, layer)
      }
    return found
  }

  keepLayer(infoHash: InfoHash, file: number, layer: Uint8Array): Promise<void> {
    return writeDurably(this.shelf, [{ type: 'put', key: layerKey(infoHash, file), value: layer }])
  }

  async remove(infoHash: InfoHash): Promise<void> {
    assert(!this.#logs.has(toHex(infoHash)), 'a log is closed before it is removed')
    await writeDurably(this.shelf, [
      { type: 'del', key: entryKey(infoHash) },
      { type: 'put', key: removalKey(infoHash), value: new Uint8Array() },
    ])
    await this.#finishRemoval(infoHash)
  }

  /** Ends what a crash interrupted. */
  async finishRemovals(): Promise<void> {
    for await (const keys of this.shelf.keys(everyRemoval)) {
      for (const key of keys) {
        const infoHash = readHashKey(key)
        if (infoHash !== undefined) await this.#finishRemoval(infoHash)
      }
    }
  }

  async #finishRemoval(infoHash: InfoHash): Promise<void> {
    await this.shelf.clear(allOf('record', infoHash))
    await this.shelf.clear(allOf('inputs', infoHash))
    await this.shelf.clear(allOf('checkpoint', infoHash))
    await this.shelf.clear(allOf('layer', infoHash))
    await writeDurably(this.shelf, [
      { type: 'del', key: baseKey(infoHash) },
      { type: 'del', key: removalKey(infoHash) },
    ])
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // A log that could not be opened has told its caller so, and needs no closing.
    const opened = await Promise.allSettled(this.#logs.values())
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)))
    await this.shelf.close()
  }
}
