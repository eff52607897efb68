/** A shelf on LevelDB: one folder, one process at a time. */
import { type DatabaseOptions, Level } from 'level'
import { messageOf, systemCode, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../ports.js'
import type { KeyRange } from './log-keys.js'
import type { Operation, Shelf } from './shelf.js'

const KIB = 1_024

/**
 * The log is written once and read in order, so that caches help little: these are small, and count for every data
 * folder. What the write buffer holds must be read again at the next opening.
 */
const OPTIONS = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  cacheSize: 1_024 * KIB,
  writeBufferSize: 2_048 * KIB,
  blockSize: 16 * KIB,
} as const satisfies DatabaseOptions<Uint8Array, Uint8Array>

/** LevelDB's words for what the system said. */
const SYSTEM_CODES: readonly (readonly [words: string, code: string])[] = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
  ['Too many open files', 'EMFILE'],
  ['File too large', 'EFBIG'],
  ['Input/output error', 'EIO'],
]

const failureOf = (error: unknown): Failure => {
  const message = messageOf(error)
  const known = SYSTEM_CODES.find(([words]) => message.includes(words))
  return { code: known?.[1] ?? systemCode(error) ?? 'UNKNOWN', message }
}

const refusalOf = (error: unknown, folder: string): TorrewindError => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const options = { cause: error }
  switch (systemCode(cause)) {
    case 'LEVEL_LOCKED':
      return new TorrewindError('DATA_LOCKED', `another process has ${folder} open`, options)
    case 'LEVEL_CORRUPTION':
      return new TorrewindError('LOG_DAMAGED', `the event log in ${folder} is damaged: ${messageOf(cause)}`, options)
    default:
      return new TorrewindError('DATA_UNUSABLE', `${folder} cannot be used: ${messageOf(cause)}`, options)
  }
}

/** Reading: what LevelDB finds damaged is `LOG_DAMAGED`, and a folder that was let go meanwhile `TRANSFER_CLOSED`. */
const readErrorOf = (error: unknown): unknown => {
  const code = systemCode(error)
  if (code === 'LEVEL_CORRUPTION' || code === 'LEVEL_IO_ERROR') {
    return new TorrewindError('LOG_DAMAGED', `the event log cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new TorrewindError('TRANSFER_CLOSED', 'the event log was closed while it was being read', { cause: error })
  }
  return error
}

/** What LevelDB gives is a `Buffer`, whose `slice` does not copy: nobody else needs to know of that. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

interface Many<Item> {
  nextv(size: number): Promise<Item[]>
  close(): Promise<void>
}

/** What the iterator has, many items at a time. It sees the database as it is now. */
const all = <Item, Shown>(
  open: () => Many<Item>,
  show: (item: Item) => Shown,
): AsyncGenerator<readonly Shown[], void, undefined> => {
  try {
    return chunks(open(), show)
  } catch (error) {
    throw readErrorOf(error)
  }
}

async function* chunks<Item, Shown>(
  iterator: Many<Item>,
  show: (item: Item) => Shown,
): AsyncGenerator<readonly Shown[], void, undefined> {
  try {
    for (;;) {
      const items = await iterator.nextv(1_000).catch((error: unknown) => Promise.reject(readErrorOf(error)))
      if (items.length === 0) return
      yield items.map(show)
    }
  } finally {
    await iterator.close()
  }
}

export class LevelShelf implements Shelf {
  readonly #db: Level<Uint8Array, Uint8Array>
  readonly #sync: boolean
  /** The first failure of a write. */
  #failure: Failure | undefined

  /** With `sync`, a write is on the medium when it is done; without, it survives the death of the process only. */
  static async open(folder: string, sync: boolean): Promise<LevelShelf> {
    const db = new Level<Uint8Array, Uint8Array>(folder, OPTIONS)
    try {
      await db.open()
    } catch (error) {
      throw refusalOf(error, folder)
    }
    return new LevelShelf(db, sync)
  }

  private constructor(db: Level<Uint8Array, Uint8Array>, sync: boolean) {
    this.#db = db
    this.#sync = sync
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    let value: Uint8Array | undefined // the types of `level` leave out that there may be none
    try {
      value = await this.#db.get(key)
    } catch (error) {
      throw readErrorOf(error)
    }
    return value && plain(value)
  }

  async lastKey({ from, to }: KeyRange): Promise<Uint8Array | undefined> {
    const range = { gte: from, lt: to, reverse: true, limit: 1 }
    for await (const keys of all(() => this.#db.keys(range), plain)) return keys[0]
    return undefined
  }

  keys({ from, to }: KeyRange): AsyncIterable<readonly Uint8Array[]> {
    return all(() => this.#db.keys({ gte: from, lt: to }), plain)
  }

  entries({ from, to }: KeyRange): AsyncIterable<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const range = { gte: from, lt: to, highWaterMarkBytes: LIMITS.logReadBytes }
    return all(
      () => this.#db.iterator(range),
      ([key, value]) => [plain(key), plain(value)] as const,
    )
  }

  write(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void {
    this.#write(operations, this.#sync, done)
  }

  writeDurably(operations: readonly Operation[], done: (failure: Failure | undefined) => void): void {
    this.#write(operations, true, done)
  }

  #write(operations: readonly Operation[], sync: boolean, done: (failure: Failure | undefined) => void): void {
    // What LevelDB appends after a torn write may be dropped when it is opened again, so nothing is written any more.
    const writing =
      this.#failure === undefined ? this.#db.batch([...operations], { sync }) : Promise.reject(this.#failure)
    writing.then(
      () => done(undefined),
      (error: unknown) => {
        this.#failure ??= failureOf(error)
        done(this.#failure)
      },
    )
  }

  async clear({ from, to }: KeyRange): Promise<void> {
    await this.#db.clear({ gte: from, lt: to })
    // On Node, `level` is classic-level, which can give the space back; its types do not say so.
    if ('compactRange' in this.#db && typeof this.#db.compactRange === 'function') await this.#db.compactRange(from, to)
  }

  close(): Promise<void> {
    return this.#db.close()
  }
}
